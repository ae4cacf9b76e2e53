"""`cyberposture report`: reports, one file each."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, get_args

import typer

from cyberposture.cli.options import Json, one_of
from cyberposture.cli.report_sets import make_set, verify_set
from cyberposture.cli.surroundings import open_runtime, read_settings, show_json, show_table

HELP = "Reports as self-contained files, each for one audience."
app = typer.Typer()

Audience = Annotated[str, typer.Option(help="board, sector, cert or public; never a default.")]
Out = Annotated[Path, typer.Option(help="The file to write.")]
Institution = Annotated[str | None, typer.Option(help="About which institution.")]
Round = Annotated[str | None, typer.Option("--round", help="Else the live score.")]
Sector = Annotated[str | None, typer.Option(help="About which sector.")]
Scan = Annotated[str | None, typer.Option(help="After which scan.")]
Framework = Annotated[
    str | None, typer.Option(help="In whose order: an id of the crosswalk, such as nist-csf-2.")
]
Language = Annotated[str, typer.Option(help="en or ur.")]
Format = Annotated[str, typer.Option("--format", help="html, pdf or xlsx.")]

NAMES = {
    "institution": "Where one institution stands, for its board and its security team.",
    "crosswalk": "Where one institution stands, in the order of ISO 27001, CSF or the like.",
    "sector": "Where one sector stands in a round, for its regulator: spread, gaps, who waits.",
    "nation": "Where the nation stands in a round: two pages for a minister, then annexes.",
    "exposure": "What the network shows now, since when, what is late, and what nobody looked at.",
    "letter": "What one scan showed, for the institution: what to do, who allowed it, how to stop.",
    "round": "How a round goes: how far everybody is, who waits for what, what reviews say.",
}
"""The reports that come with the program, each a command of its own."""


def _named(name: str) -> Callable[..., None]:
    def command(
        context: typer.Context,
        audience: Audience,
        out: Out,
        institution: Institution = None,
        round_code: Round = None,
        sector: Sector = None,
        scan: Scan = None,
        framework: Framework = None,
        language: Language = "en",
        form: Format = "html",
    ) -> None:
        from cyberposture.reporting.forms import Form
        from cyberposture.services.reports import report as service
        from cyberposture.services.reports.subjects import About

        runtime = open_runtime(context)
        about = About(
            institution=institution, round_code=round_code, sector=sector, scan=scan,
            framework=framework,
            sent_from=runtime.settings.source_addresses,
        )  # fmt: skip
        path = service.write_report(
            runtime.register, runtime.folders, name, audience, about,
            out=out, language=language, form=one_of(get_args(Form), form, "format"),
        )  # fmt: skip
        typer.echo(f"{path} ({path.stat().st_size // 1024} KiB)")

    return command


for _name, _help in NAMES.items():
    app.command(_name, help=_help)(_named(_name))

app.command("set")(make_set)
app.command("verify-set")(verify_set)


@app.command("check")
def check(
    context: typer.Context,
    report: Annotated[str | None, typer.Option(help="Only this report; else all.")] = None,
    as_json: Json = False,
) -> None:
    """Render every report with the worst made-up data and say what is wrong; needs no workspace.

    Empty, maximal and hostile data, for each audience and language: it must be well-formed, hold
    together, fetch nothing, run nothing, and stay within its size.
    """
    from cyberposture.cli.progress import bar
    from cyberposture.content.bundle import find_content
    from cyberposture.content.loader import load_reports
    from cyberposture.errors import CheckFailed
    from cyberposture.reporting.render import Renderer
    from cyberposture.services.reports import check as service

    folder = find_content(read_settings(context).content).reports
    definitions = service.chosen(load_reports(folder), report)
    total, found = service.count_renderings(definitions), []
    with bar("report check") as progress:
        for one in service.check_reports(Renderer(folder), definitions):
            found.append(one)
            progress(one.report, len(found), total)
    faults = sum(len(one.faults) for one in found)
    if as_json:
        show_json({"rendered": [vars(one) for one in found], "faults": faults})
    else:
        rows = ((one.report, one.audience, one.language, one.data, f"{one.size_bytes // 1024:,}",
                 one.took_ms, "; ".join(one.faults[:3]) or "ok") for one in found)  # fmt: skip
        show_table(("report", "audience", "language", "data", "KiB", "ms", "found"), rows)
        typer.echo(f"{len(found)} renderings, {faults} faults")
    if faults:
        raise CheckFailed(f"{faults} faults in reports")
