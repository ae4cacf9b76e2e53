"""`cyberposture attestation`: who says that an institution's answers are true, and how."""

from pathlib import Path
from typing import Annotated

import typer

from cyberposture.cli.options import By, Institution, Json, as_day
from cyberposture.cli.surroundings import open_runtime, show_json

HELP = "Sign an institution's answers, by link, key or paper."
app = typer.Typer()
Round = Annotated[str, typer.Option("--round", help="Code of the round.")]
Digits = Annotated[str, typer.Option(help="The first eight digits of the digest that was read.")]


@app.command("show")
def show(
    context: typer.Context, institution: Institution, round_code: Round, as_json: Json = False
) -> None:
    """Show the digest of the answers, and whether the newest attestation of them still holds."""
    from cyberposture.services.assessments import attesting

    register = open_runtime(context).register
    digest = attesting.read_digest(register, institution, round_code)
    found = attesting.read_attested(register, institution, round_code)
    record = None if found is None else found.record
    told = {
        "digest": digest,
        "attested_by": record.signatory_name if record else None,
        "method": record.method if record else None,
        "signed_on": record.signed_on if record else None,
        "statement": record.statement if record else None,
        "signature": record.signature if record else None,
        "holds": found.holds if found else False,
        "changed": [one.control for one in found.changed] if found else [],
    }
    if as_json:
        show_json(told)
        return
    typer.echo(f"digest of the answers: {digest}")
    if found is None or record is None:
        typer.echo("nobody attested them")
    elif found.holds:
        typer.echo(f"attested by {record.signatory_name} on {record.signed_on}: {record.method}")
    else:
        changed = " ".join(one.control for one in found.changed)
        typer.echo(f"what {record.signatory_name} attested was changed since: {changed}")


@app.command("link")
def make_link(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="The signatory's code.")],
    institution: Institution,
    round_code: Round,
) -> None:
    """Make a link by which a signatory signs, once, with their second factor."""
    from cyberposture.services.assessments import attesting

    runtime = open_runtime(context)
    token = attesting.make_link(runtime.register, institution, round_code, person)
    base = f"{runtime.settings.portal_url}/institutions/{institution}/rounds/{round_code}"
    typer.echo(f"{base}/attest/{token}")


@app.command("sign")
def sign(
    context: typer.Context,
    institution: Institution,
    round_code: Round,
    digest: Digits,
    key: Annotated[Path, typer.Option(help="File of the signatory's own key.")],
    by: By = None,
) -> None:
    """Sign with the signatory's own key: anybody can check that without trusting this register."""
    from cyberposture.services.assessments import attesting
    from cyberposture.services.people.people import read_key

    register = open_runtime(context, by).register
    done = attesting.attest_by_key(register, institution, round_code, read_key(key), digits=digest)
    typer.echo(f"attested by {done.signatory_name}: {done.digest}")


@app.command("paper")
def take_paper(
    context: typer.Context,
    scan: Annotated[Path, typer.Argument(help="PDF, PNG or JPEG of the signed paper.")],
    institution: Institution,
    round_code: Round,
    digest: Digits,
    name: Annotated[str, typer.Option(help="Who signed, as it stands on the paper.")],
    signed_on: Annotated[str, typer.Option(help="Day of the signature: YYYY-MM-DD.")],
) -> None:
    """Keep the scan of a paper that somebody signed by hand."""
    from cyberposture.content.reading.files import read_bytes
    from cyberposture.services.assessments import attesting
    from cyberposture.services.assessments.pieces import NewFile

    runtime = open_runtime(context)
    most = runtime.settings.upload_bytes
    done = attesting.attest_on_paper(
        runtime.register, institution, round_code,
        attesting.OnPaper(name, as_day("--signed-on", signed_on), digest),
        scan=NewFile(read_bytes(scan, most, scan.name), scan.name), most_bytes=most,
    )  # fmt: skip
    typer.echo(f"attested on paper by {done.signatory_name}: {done.digest}")
