"""`cyberposture report`: reports, one file each."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from cyberposture.cli.report_sets import make_set, verify_set
from cyberposture.cli.surroundings import open_runtime

HELP = "Reports as self-contained files, each for one audience."
app = typer.Typer()

Audience = Annotated[str, typer.Option(help="board, sector, cert or public; never a default.")]
Out = Annotated[Path, typer.Option(help="The file to write.")]
Institution = Annotated[str | None, typer.Option(help="About which institution.")]
Round = Annotated[str | None, typer.Option("--round", help="Else the live score.")]
Sector = Annotated[str | None, typer.Option(help="About which sector.")]
Scan = Annotated[str | None, typer.Option(help="After which scan.")]
Language = Annotated[str, typer.Option(help="en or ur.")]

NAMES = {
    "institution": "Where one institution stands, for its board and its security team.",
    "sector": "Where one sector stands in a round, for its regulator: spread, gaps, who waits.",
    "nation": "Where the nation stands in a round: two pages for a minister, then annexes.",
    "exposure": "What the network shows now, since when, what is late, and what nobody looked at.",
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
        language: Language = "en",
    ) -> None:
        from cyberposture.services.reports import report as service
        from cyberposture.services.reports.subjects import About

        runtime = open_runtime(context)
        about = About(institution=institution, round_code=round_code, sector=sector, scan=scan)
        path = service.write_report(
            runtime.register, runtime.folders, name, audience, about, out=out, language=language
        )
        typer.echo(f"{path} ({path.stat().st_size // 1024} KiB)")

    return command


for _name, _help in NAMES.items():
    app.command(_name, help=_help)(_named(_name))

app.command("set")(make_set)
app.command("verify-set")(verify_set)
