"""`cyberposture scan page`: the page that explains our scans to whoever sees them in a log."""

from pathlib import Path
from typing import Annotated

import typer

from cyberposture.cli.surroundings import read_settings, require_place, say

LANGUAGES = ("en", "ur")
HOME = "scanner"
"""The folder of the page among the reports."""


def page(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="The HTML file to write.")],
    operator: Annotated[
        str, typer.Option(help="Who runs the scanner, if it is not the CERT that is set.")
    ] = "",
) -> None:
    """Write the page that tells whoever sees our scans who we are, and how to stop them."""
    from cyberposture.content.bundle import find_content
    from cyberposture.errors import WrongUsage
    from cyberposture.reporting.render import Renderer
    from cyberposture.reporting.view.scanner import ScannerFacts, scanner_page
    from cyberposture.runtime import user_agent_of

    settings = read_settings(context)
    require_place(out)
    body = settings.operating_body
    if not operator and not body.name:
        raise WrongUsage(
            "it is not said who runs the scanner",
            advice="set CYBERPOSTURE_CERT_NAME, or --operator",
        )
    facts = ScannerFacts(
        operator=operator or body.name,
        operator_ur=operator or body.called("ur"),
        scanner=settings.scanner_id,
        user_agent=user_agent_of(settings),
        addresses=settings.source_addresses,
        telephone=settings.duty_telephone,
        contact=settings.scanner_contact,
        url=settings.scanner_url,
        rate_pps=settings.rate_pps,
        connections=settings.connections_per_address,
    )
    renderer = Renderer(find_content(settings.content).reports)
    view = scanner_page(facts, [renderer.page_words(HOME, one) for one in LANGUAGES])
    out.write_text(renderer.render_page(HOME, "page.html.j2", view), encoding="utf-8")
    if not facts.addresses or facts.telephone is None:
        say("the addresses of the scanner, or its telephone, are not set: the page says so")
    typer.echo(f"{out} ({out.stat().st_size // 1024} KiB)")


def register(app: typer.Typer) -> None:
    """Add the command of this module to those of `scan`."""
    app.command("page")(page)
