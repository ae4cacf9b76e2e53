"""The entry point: gathers the command groups and turns errors into exit codes, once."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cyberposture import __version__
from cyberposture.cli import (
    assessment,
    attestation,
    audit,
    authorise,
    calendar,
    consultation,
    contradiction,
    declare,
    evidence,
    export,
    finding,
    gate,
    indicator,
    institution,
    intel,
    notice,
    pack,
    people,
    report,
    rounds,
    running,
    scan,
    schedule,
    score,
    service,
    single,
    watch,
    webhook,
    workbook,
    zone,
)
from cyberposture.cli.catalogue import commands as catalogue
from cyberposture.cli.surroundings import Surroundings, printable
from cyberposture.errors import (
    CheckFailed,
    CyberpostureError,
    InvalidInput,
    MissingService,
    NotAuthorised,
    NotFound,
    WrongState,
    WrongUsage,
)

EXIT_CODES: dict[type[CyberpostureError], int] = {
    WrongUsage: 2,
    InvalidInput: 3,
    NotAuthorised: 4,
    NotFound: 5,
    WrongState: 5,
    MissingService: 6,
    CheckFailed: 7,
}
"""The exit code of each kind of error, nearest class first; whatever is not named here is 1."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Measure how well institutions meet a national cyber security policy.",
)

GROUPS = {
    "assessment": assessment,
    "attestation": attestation,
    "audit": audit,
    "authorise": authorise,
    "calendar": calendar,
    "catalogue": catalogue,
    "consultation": consultation,
    "contradiction": contradiction,
    "declare": declare,
    "evidence": evidence,
    "export": export,
    "finding": finding,
    "gate": gate,
    "indicator": indicator,
    "institution": institution,
    "intel": intel,
    "notice": notice,
    "pack": pack,
    "people": people,
    "report": report,
    "round": rounds,
    "scan": scan,
    "schedule": schedule,
    "score": score,
    "service": service,
    "watch": watch,
    "webhook": webhook,
    "workbook": workbook,
    "zone": zone,
}

for _name, _module in GROUPS.items():
    _speaks_alone = bool(_module.app.info.invoke_without_command)
    app.add_typer(_module.app, name=_name, help=_module.HELP, no_args_is_help=not _speaks_alone)
single.register(app)
running.register(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cyberposture {__version__}")
        raise typer.Exit


@app.callback()
def _before(
    context: typer.Context,
    workspace: Annotated[
        Path | None,
        typer.Option("--workspace", help="Folder of the register, evidence and keys."),
    ] = None,
    actor: Annotated[
        str | None, typer.Option("--as", help="Who acts: the code of a person in the register.")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="The version.")
    ] = False,
) -> None:
    context.obj = Surroundings(workspace, actor)


def exit_code_of(error: CyberpostureError) -> int:
    """Return the exit code of an error: that of its nearest class in the table, else 1."""
    return next((EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES), 1)


def main() -> None:
    """Run the command line; every error that we know ends with its own exit code."""
    try:
        app()
    except CyberpostureError as error:
        sys.stderr.write(printable(str(error)) + "\n")
        advice = error.advice()
        if advice:
            sys.stderr.write(printable(advice) + "\n")
        sys.exit(exit_code_of(error))
    except BrokenPipeError:
        # Whoever read our output has seen enough; there is nobody left to tell.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        if error.filename is None:
            raise
        # A disk that is full or a folder that cannot be written is no fault of the program.
        sys.stderr.write(printable(f"{error.filename}: {error.strerror}") + "\n")
        sys.exit(EXIT_CODES[WrongState])
