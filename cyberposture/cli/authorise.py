"""`cyberposture authorise`: letters and authorisations, without which nothing is sent."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cyberposture.cli.options import AnyJson, Institution, Json, OnlyInstitution
from cyberposture.cli.surroundings import (
    open_runtime,
    require_place,
    say,
    show_json,
    show_table,
)

if TYPE_CHECKING:
    from cyberposture.runtime import Runtime

HELP = "Letters and authorisations, without which nothing is sent."
app = typer.Typer()
Person = Annotated[str, typer.Option("--by", help="Code of the person who signs.")]
Language = Annotated[
    str, typer.Option(help="en; another one, such as ur, stands below the English text.")
]
Key = Annotated[
    Path | None, typer.Option("--key", help="The person's private key; else in the workspace.")
]


@app.command("request")
def request(
    context: typer.Context,
    institution: Institution,
    reference: Annotated[str, typer.Option(help="Reference number, such as A-2026-017.")],
    out: Annotated[Path, typer.Option(help="Where the letter is written.")],
    load: Annotated[int, typer.Option(min=0, max=4, help="Highest load.")] = 3,
    days: Annotated[int, typer.Option(min=1, help="Validity in days.")] = 365,
    exclude: Annotated[list[str] | None, typer.Option(help="CIDR left alone.")] = None,
    technique: Annotated[
        list[str] | None, typer.Option(help="Technique that needs express mention.")
    ] = None,
    special_allowed: Annotated[
        bool, typer.Option("--special-allowed", help="Loopback or private addresses, expressly.")
    ] = False,
    language: Language = "en",
) -> None:
    """Write the letter that the institution may sign, from what it declares."""
    from cyberposture.services.permission import requests

    require_place(out)
    runtime = open_runtime(context)
    letter = requests.request_letter(
        runtime.register,
        runtime.folders.reports,
        institution,
        reference,
        load=load,
        days=days,
        exclusions=tuple(exclude or ()),
        opt_in=tuple(technique or ()),
        special_allowed=special_allowed,
        language=language,
    )
    out.write_text(letter.text, encoding="utf-8")
    typer.echo(f"{out}: sha256 {letter.sha256}")


@app.command("add")
def add(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="YAML with the terms of the signed letter.")],
    letter: Annotated[Path, typer.Option(help="The signed letter as it was received.")],
    by: Person,
    key: Key = None,
) -> None:
    """Record a signed letter; nothing is allowed until a second person grants it."""
    from cyberposture.services.people import people
    from cyberposture.services.permission import authorise

    runtime = open_runtime(context, by)
    private = people.read_key(key or runtime.key_file_of(by))
    record = authorise.add(runtime.register, file, letter, by, private)
    typer.echo(f"{record.code} is recorded; it awaits a grant by a second person")


@app.command("grant")
def grant(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Reference number.")],
    by: Person,
    key: Key = None,
) -> None:
    """Grant a recorded authorisation, as the second person."""
    from cyberposture.services.people import people
    from cyberposture.services.permission import authorise

    runtime = open_runtime(context, by)
    private = people.read_key(key or runtime.key_file_of(by))
    authorise.grant(runtime.register, code, by, private)
    typer.echo(f"{code} is granted")


@app.command("notice")
def notice(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Reference number.")],
    out: Annotated[
        Path | None, typer.Option(help="Write a new notice, as things stand now, to this file.")
    ] = None,
    language: Language = "en",
    sent: Annotated[
        str | None, typer.Option(help="Record that it went out, and how: letter, mail, by hand.")
    ] = None,
    acknowledged: Annotated[
        str | None, typer.Option(help="Record who of the institution confirmed that it came.")
    ] = None,
    waived: Annotated[
        Path | None, typer.Option(help="Record the letter in which it wants no notice.")
    ] = None,
    by: Annotated[str | None, typer.Option("--by", help="Code of the person who acts.")] = None,
) -> None:
    """Tell an institution before its first scan; without options the notice is shown again.

    It names window, load, scanner, telephone and the code with which anybody can stop the checks.
    Nothing is sent under an authorisation before its notice is recorded as sent, or waived.
    """
    from cyberposture.errors import WrongUsage
    from cyberposture.services.permission import notices

    given = [value for value in (out, sent, acknowledged, waived) if value is not None]
    if len(given) > 1:
        raise WrongUsage("one at a time: --out, --sent, --acknowledged or --waived")
    runtime = open_runtime(context, by)
    if out is not None:
        _write_notice(runtime, code, out, language)
    elif sent is not None:
        notices.record_sent(runtime.register, code, runtime.register.actor, sent)
        typer.echo(f"{code}: the notice is recorded as sent")
    elif acknowledged is not None:
        notices.record_acknowledged(runtime.register, code, runtime.register.actor, acknowledged)
        typer.echo(f"{code}: the notice is acknowledged")
    elif waived is not None:
        notices.waive(runtime.register, code, waived, runtime.register.actor)
        typer.echo(f"{code}: the institution wants no notice")
    else:
        typer.echo(notices.read_notice(runtime.register, code), nl=False)


def _write_notice(runtime: "Runtime", code: str, out: Path, language: str) -> None:
    from cyberposture.services.permission import notices

    require_place(out)
    letter = notices.write_notice(
        runtime.register, runtime.folders.reports, runtime.sender, code, language=language
    )
    out.write_text(letter.text, encoding="utf-8")
    typer.echo(f"{out}: sha256 {letter.sha256}; it must still be sent")


@app.command("revoke")
def revoke(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Reference number.")],
    by: Person,
    withdrawn_by: Annotated[str, typer.Option(help="Who of the institution wanted it.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    key: Key = None,
) -> None:
    """Withdraw an authorisation, with or without a key; checks under it end at once."""
    from cyberposture.services.people import people
    from cyberposture.services.permission import authorise

    runtime = open_runtime(context, by)
    file = key or runtime.key_file_of(by)
    # Nobody is kept from stopping: where no key is at hand, the withdrawal is unsigned and holds.
    private = people.read_key(file) if key is not None or file.exists() else None
    authorise.withdraw(
        runtime.register, code, by, private, withdrawn_by=withdrawn_by, reason=reason
    )
    signed = "" if private is not None else "; without a signature: no key was at hand"
    typer.echo(f"{code} is withdrawn{signed}")


@app.command("list")
def list_all(
    context: typer.Context,
    institution: OnlyInstitution = None,
    as_json: Json = False,
) -> None:
    """List authorisations with their state."""
    from cyberposture.services.permission import authorise

    found = authorise.list_standing(open_runtime(context).register, institution)
    if as_json:
        show_json([_document(one) for one in found])
        return
    rows = (
        (one.terms.id, one.terms.institution, _state(one), one.terms.load,
         one.terms.valid_from.date(), one.terms.valid_until.date(), one.terms.signatory)
        for one in found
    )  # fmt: skip
    columns = ("reference", "institution", "state", "load", "from", "until", "signatory")
    show_table(columns, rows)
    say(f"{len(found)} authorisations")


@app.command("show")
def show(context: typer.Context, code: str, as_json: AnyJson = False) -> None:
    """Show one authorisation whole, as JSON: terms, receipt, grants, withdrawal."""
    from cyberposture.errors import NotFound
    from cyberposture.services.permission import authorise

    for one in authorise.list_standing(open_runtime(context).register):
        if one.terms.id == code:
            show_json(_document(one))
            return
    raise NotFound("authorisation", code)


def _state(one: object) -> str:
    from cyberposture.services.permission.authorise import Standing

    assert isinstance(one, Standing)
    if one.record.withdrawn_at is not None:
        return "withdrawn"
    if not one.is_granted:
        return "awaits a second person"
    return "granted" if one.is_told else "granted, awaits its notice"


def _document(one: object) -> dict[str, object]:
    from cyberposture.services.permission.authorise import Standing

    assert isinstance(one, Standing)
    return {
        "id": one.terms.id,
        "institution": one.terms.institution,
        "state": _state(one),
        "terms": one.terms.document(),
        "receipt": one.record.receipt,
        "grants": list(one.record.grants),
        "withdrawal": one.record.withdrawal,
        "notices": [
            {"code": n.code, "kind": n.kind, "text_sha256": n.text_sha256, "written_at": n.act.at,
             "sent_at": n.sent_at, "sent_by": n.sent_by, "how": n.sent_why,
             "acknowledged_at": n.acknowledged_at, "acknowledged_by": n.acknowledged_why}
            for n in one.notices
        ],
    }  # fmt: skip
