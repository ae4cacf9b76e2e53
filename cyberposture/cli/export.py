"""`cyberposture export`: the register for other programs, as files."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cyberposture.cli.options import Institution, Json, OnlyInstitution, one_of
from cyberposture.cli.surroundings import open_runtime, say, show_json
from cyberposture.errors import CheckFailed, Fault, InvalidInput, WrongUsage

if TYPE_CHECKING:
    from cyberposture.services.exports.handing import Made
    from cyberposture.services.register import Register

Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there.")]
Reason = Annotated[str, typer.Option(help="What it is for, and for whom.")]
Out = Annotated[Path, typer.Option("--out", help="Where the file is written.")]
KINDS = ("plan", "results", "poam")

HELP = "The register for other programs."
app = typer.Typer()


@contextmanager
def _progress() -> Iterator[Callable[[str, int], None]]:
    """Yield what shows each table as it is done: one line that changes, or plain lines."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield lambda table, rows: say(f"{table}: {rows}")
        return
    with console.status("reading the register") as status:
        yield lambda table, rows: status.update(f"{table}: {rows}")


@app.command("analysts")
def analysts(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(metavar="OUT.sqlite", help="Where the file is written.")],
    force: Force = False,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Write the whole register as one SQLite file with views, search and its own documentation."""
    from cyberposture.services.exports.analysts import export_analysts

    register = open_runtime(context).register
    with _progress() as progress:
        done = export_analysts(register, out, force=force, reason=reason, progress=progress)
    if as_json:
        show_json(
            {
                "path": done.path,
                "sha256": done.sha256,
                "size_bytes": done.size_bytes,
                "as_of": done.as_of,
                "rows": done.rows,
            }
        )
        return
    typer.echo(f"{out} holds {sum(done.rows.values())} rows in {len(done.rows)} tables")
    say(f"sha256 {done.sha256}; it lists weaknesses: keep it as you keep those")


@app.command("tables")
def tables(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="A folder that is not there.")],
    form: Annotated[str, typer.Option("--format", help="csv, json (lines) or parquet.")] = "csv",
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Write what the analysts' file holds as one file a table and view: CSV, JSON or Parquet."""
    from cyberposture.exchange.analysts.tables import FORMS
    from cyberposture.services.exports.tables import export_tables

    wanted = one_of(FORMS, form, "format")
    done = export_tables(open_runtime(context).register, wanted, out, reason=reason)
    if as_json:
        show_json(
            {
                "folder": done.folder,
                "format": done.format,
                "as_of": done.as_of,
                "rows": done.rows,
                "sha256": done.sha256,
            }
        )
        return
    typer.echo(f"{out} holds {sum(done.rows.values())} rows in {len(done.rows)} files")
    say("it lists weaknesses: keep it as you keep those")


@app.command("oscal")
def oscal(
    context: typer.Context,
    institution: Institution,
    out: Out,
    kind: Annotated[str, typer.Option(help="plan, results or poam (plan of action).")] = "results",
    round_code: Annotated[
        str | None,
        typer.Option("--round", help="The round; without it the standing of this moment."),
    ] = None,
    version: Annotated[
        str, typer.Option("--oscal-version", help="1.2.1 or 1.1.3, as its reader needs it.")
    ] = "1.2.1",
    force: Force = False,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Write an institution's assessment plan, results or plan of action in OSCAL."""
    from cyberposture.exchange.oscal.frame import VERSIONS
    from cyberposture.services.exports import oscal as exported

    wanted = one_of(KINDS, kind, "kind")
    named = one_of(VERSIONS, version, "version of OSCAL")
    if wanted == "plan" and round_code is None:
        raise WrongUsage("a plan is of a round: name it with --round")
    register = open_runtime(context).register
    if wanted == "plan" and round_code is not None:
        made = exported.make_plan(register, institution, round_code, version=named)
    elif wanted == "results":
        made = exported.make_results(register, institution, round_code, version=named)
    else:
        made = exported.make_poam(register, institution, round_code, version=named)
    _hand_out(register, made, out, force=force, reason=reason, as_json=as_json)


@app.command("findings")
def findings(
    context: typer.Context,
    out: Out,
    form: Annotated[str, typer.Option("--format", help="defectdojo, sarif, csv or json.")] = "csv",
    institution: OnlyInstitution = None,
    force: Force = False,
    reason: Reason = "",
    as_json: Json = False,
) -> None:
    """Write findings for ticket systems: DefectDojo's generic format, SARIF, CSV or JSON."""
    from cyberposture.services.exports.findings import FORMATS, make_findings

    wanted = one_of(FORMATS, form, "format")
    register = open_runtime(context).register
    made = make_findings(register, wanted, institution=institution)
    _hand_out(register, made, out, force=force, reason=reason, as_json=as_json)


def _hand_out(
    register: "Register", made: "Made", out: Path, *, force: bool, reason: str, as_json: bool
) -> None:
    from cyberposture.services.exports.handing import write_out

    write_out(register, made, out, force=force, reason=reason)
    if as_json:
        told = {"path": out, "sha256": made.sha256, "size_bytes": len(made.data)}
        show_json({**told, "as_of": made.as_of, **made.facts})
        return
    typer.echo(f"{out}: {len(made.data)} bytes")
    say(f"sha256 {made.sha256}")


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="Assessment results that this program wrote.")],
    as_json: Json = False,
) -> None:
    """Read assessment results back, and compute the score again from what travels in them."""
    from cyberposture.exchange.oscal.results_in import read_results
    from cyberposture.scoring.rollup import compute

    try:
        data = file.read_bytes()
    except OSError as error:
        raise InvalidInput(Fault(str(file), error.strerror or "cannot be read")) from error
    found = read_results(file.name, data)
    if compute(found.document) != found.result:
        raise CheckFailed(f"{file}: its document gives another result")
    heading, whole = found.heading, found.result.institution
    if as_json:
        show_json(
            {
                "institution": heading.institution,
                "round": heading.round,
                "as_of": heading.as_of,
                "document": found.document,
                "result": found.result,
                "document_sha256": heading.document_sha256,
                "result_sha256": heading.result_sha256,
            }
        )
        return
    typer.echo(
        f"{heading.institution}, {heading.round or 'live'}, {heading.as_of:%Y-%m-%d %H:%M} UTC: "
        f"declared {whole.declared}, verified {whole.verified} basis points, {whole.band}; "
        "the score comes out again"
    )
