"""`cyberposture consultation`: drafts are opened to comments; each is answered and published."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from cyberposture.cli.consulted import (
    comment_document,
    consultation_document,
    history_document,
    show_comments,
    show_consultations,
    show_history,
)
from cyberposture.cli.options import By, Json, as_day, as_moment, one_of
from cyberposture.cli.surroundings import open_runtime, printable, require_place, say, show_json
from cyberposture.errors import WrongUsage

if TYPE_CHECKING:
    from cyberposture.model.consultations import Group

HELP = "Drafts of the catalogue, open to everybody's comments."
app = typer.Typer()

Code = Annotated[str, typer.Argument(metavar="CODE", help="The consultation, such as draft-1-1.")]
Reference = Annotated[str, typer.Argument(metavar="COMMENT", help="Such as C-2026-0007.")]
Reason = Annotated[str, typer.Option(help="Why.")]
Late = Annotated[str, typer.Option(help="Why it is taken although the consultation is closed.")]
Text = Annotated[str | None, typer.Option(help="What is said.")]
TextFile = Annotated[Path | None, typer.Option("--file", help="The same, from a text file.")]

MAX_TEXT_BYTES = 200_000


@app.command("open")
def open_consultation(
    context: typer.Context,
    code: Code,
    title: Annotated[str, typer.Option(help="As people call it.")],
    draft: Annotated[
        str, typer.Option(help="Folder of controls, or of all content; - for the content in use.")
    ],
    closes: Annotated[str, typer.Option(help="Last day, or a moment in ISO 8601 with zone.")],
    group: Annotated[
        list[str] | None, typer.Option(help="NAME:KIND of a group that is invited.")
    ] = None,
    zone: Annotated[str, typer.Option(help="IANA zone in which its days end.")] = "Asia/Karachi",
    by: By = None,
    reason: Annotated[str, typer.Option(help="Why it is open for less than 30 days.")] = "",
    as_json: Json = False,
) -> None:
    """Open a draft to everybody's comments, for at least 30 days."""
    from cyberposture.services.catalogue import consultations
    from cyberposture.services.catalogue.drafts import read_consulted

    groups = [_group(text) for text in group or ()]
    end = _end(closes, zone)
    register = open_runtime(context, by).register
    view = consultations.open_consultation(
        register, code, title,
        read_consulted(register, None if draft == "-" else Path(draft)),
        end, zone=zone, groups=groups, reason=reason,
    )  # fmt: skip
    if as_json:
        show_json(consultation_document(view))
        return
    opened = view.record.consultation
    typer.echo(f"{opened.edition} {opened.version} is open to comments until {closes}: {code}")


@app.command("invite")
def invite(
    context: typer.Context,
    code: Code,
    group: Annotated[str, typer.Argument(metavar="NAME:KIND", help="Who is invited.")],
    note: Annotated[str, typer.Option(help="How they were invited.")] = "",
    by: By = None,
) -> None:
    """Record that a group is invited."""
    from cyberposture.services.catalogue import consultations

    invited = _group(group, note)
    consultations.invite_group(open_runtime(context, by).register, code, invited)
    typer.echo(printable(f"{invited.name} is invited"))


@app.command("event")
def event(
    context: typer.Context,
    code: Code,
    title: Annotated[str, typer.Option(help="Such as 'Round table, Lahore'.")],
    date: Annotated[str, typer.Option(help="The day on which it was held.")],
    place: Annotated[str, typer.Option(help="Where.")],
    host: Annotated[str, typer.Option(help="Who was the host.")],
    attendance: Annotated[int, typer.Option(help="How many took part.")],
    by: By = None,
    as_json: Json = False,
) -> None:
    """Record a round table, so that comments made there can be entered."""
    from cyberposture.exchange.sheets import build_row
    from cyberposture.model.consultations import Event
    from cyberposture.services.catalogue import consultations

    given = {"title": title, "held_on": as_day("--date", date), "place": place, "host": host,
             "attendance": attendance}  # fmt: skip
    held = build_row(Event, "arguments", given)
    record = consultations.record_event(open_runtime(context, by).register, code, held)
    if as_json:
        show_json({"event": record.code, **held.model_dump(mode="json")})
        return
    typer.echo(f"the event is {record.code}")


@app.command("comment")
def comment(
    context: typer.Context,
    code: Code,
    author: Annotated[str, typer.Option(help="Who says it.")],
    control: Annotated[str | None, typer.Option(help="On a control, such as IAM-10.")] = None,
    clause: Annotated[str | None, typer.Option(help="On a clause, such as 3.5(1).")] = None,
    text: Text = None,
    file: TextFile = None,
    affiliation: Annotated[str, typer.Option(help="Where the author belongs.")] = "",
    email: Annotated[str, typer.Option(help="For an answer; never published.")] = "",
    group: Annotated[str | None, typer.Option(help="Name of an invited group.")] = None,
    private: Annotated[
        bool, typer.Option("--private", help="The author objects to publication.")
    ] = False,
    on_behalf: Annotated[
        bool, typer.Option("--on-behalf", help="Entered for the author, by the CERT.")
    ] = False,
    event: Annotated[str | None, typer.Option(help="Event at which it was said.")] = None,
    late: Late = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Enter one comment: on a control, on a clause, or on the draft as a whole."""
    from cyberposture.exchange.sheets import build_row
    from cyberposture.model.consultations import Comment
    from cyberposture.services.catalogue import comments

    given = {
        "control": control, "clause": clause, "author": author, "affiliation": affiliation,
        "email": email, "group": group, "text": _text(text, file), "is_public": not private,
        "event": event, "on_behalf": on_behalf,
    }  # fmt: skip
    made = build_row(Comment, "arguments", given)
    record = comments.enter(open_runtime(context, by).register, code, made, late=late)
    if as_json:
        show_json(comment_document(record))
        return
    typer.echo(f"the comment is {record.code}")


@app.command("import")
def import_comments(
    context: typer.Context,
    code: Code,
    file: Annotated[Path, typer.Argument(help="CSV with a heading; at least author and text.")],
    late: Late = "",
    by: By = None,
    as_json: Json = False,
) -> None:
    """Enter all comments of a CSV file, or none of them."""
    from cyberposture.services.catalogue import comments

    codes = comments.import_comments(open_runtime(context, by).register, code, file, late=late)
    if as_json:
        show_json({"comments": codes})
        return
    typer.echo(f"{len(codes)} comments are entered: {codes[0]} to {codes[-1]}")


@app.command("amend")
def amend(
    context: typer.Context,
    reference: Reference,
    text: Text = None,
    file: TextFile = None,
    publish: Annotated[
        bool | None, typer.Option("--public/--private", help="Whether it is published.")
    ] = None,
    reason: Reason = "",
    by: By = None,
) -> None:
    """Change a comment as its author asked; what it said before stays in its history."""
    from cyberposture.exchange.sheets import build_row
    from cyberposture.model.consultations import Amendment
    from cyberposture.services.catalogue import comments

    said = None if text is None and file is None else _text(text, file)
    wanted = build_row(Amendment, "arguments", {"text": said, "is_public": publish})
    record = comments.amend(open_runtime(context, by).register, reference, wanted, reason=reason)
    typer.echo(f"{record.code} has revision {record.said.revision}")


@app.command("list")
def list_all(
    context: typer.Context,
    code: Annotated[
        str | None, typer.Argument(metavar="[CODE]", help="Its comments; else all consultations.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the consultations, or the comments of one."""
    from cyberposture.services.catalogue import comments, consultations

    register = open_runtime(context).register
    if code is None:
        views = consultations.list_consultations(register)
        if as_json:
            show_json([consultation_document(view) for view in views])
        else:
            show_consultations(views)
        return
    found = comments.list_comments(register, code)
    if as_json:
        show_json([comment_document(one) for one in found])
    else:
        show_comments(found)


@app.command("show")
def show(context: typer.Context, reference: Reference, as_json: Json = False) -> None:
    """Show one comment with everything that became of it."""
    from cyberposture.services.catalogue import comments

    found = comments.get_comment(open_runtime(context).register, reference)
    if as_json:
        show_json(history_document(found))
    else:
        show_history(found)


@app.command("contact")
def contact(
    context: typer.Context, reference: Reference, reason: Reason = "", by: By = None
) -> None:
    """Print the mail address that an author left; that it was read goes on record."""
    from cyberposture.services.catalogue import comments

    register = open_runtime(context, by).register
    found = comments.read_contact(register, reference, reason=reason)
    typer.echo(printable(found) if found else "the author left no mail address")


@app.command("dispose")
def dispose(
    context: typer.Context,
    reference: Reference,
    outcome: Annotated[str, typer.Option(help="What came of it: accepted, partly or rejected.")],
    reason: Annotated[str, typer.Option(help="Why; it is published beside the comment.")],
    changed: Annotated[
        list[str] | None, typer.Option(help="A control of the coming edition that it changed.")
    ] = None,
    by: By = None,
) -> None:
    """Say what came of a comment; the last word stands, earlier ones are kept."""
    from cyberposture.exchange.sheets import build_row
    from cyberposture.model.consultations import Disposition, Outcome
    from cyberposture.services.catalogue import comments

    given = {
        "outcome": one_of(get_args(Outcome), outcome, "outcome"),
        "reason": reason,
        "changed": changed or [],
    }
    record = comments.dispose(
        open_runtime(context, by).register, reference, build_row(Disposition, "arguments", given)
    )
    typer.echo(f"{record.code} is {outcome if outcome != 'partly' else 'accepted in part'}")


@app.command("moderate")
def moderate(
    context: typer.Context,
    reference: Reference,
    reason: Annotated[str, typer.Option(help="Why; it is published in its place.")],
    hide: Annotated[bool, typer.Option("--hide", help="Show it no more.")] = False,
    restore: Annotated[bool, typer.Option("--restore", help="Show it again.")] = False,
    by: By = None,
) -> None:
    """Hide a comment, or show it again."""
    from cyberposture.services.catalogue import comments

    if hide == restore:
        raise WrongUsage("say what to do: --hide or --restore")
    register = open_runtime(context, by).register
    comments.moderate(register, reference, "hide" if hide else "restore", reason=reason)
    typer.echo(f"{reference} is {'hidden' if hide else 'shown again'}")


@app.command("close")
def close(
    context: typer.Context,
    code: Code,
    adopted: Annotated[
        str | None, typer.Option(help="Version (or digest) of the edition that came of it.")
    ] = None,
    abandoned: Annotated[bool, typer.Option("--abandoned", help="No edition comes of it.")] = False,
    reason: Annotated[str, typer.Option(help="Why, before its last day or to abandon it.")] = "",
    by: By = None,
) -> None:
    """Take no more comments; with --adopted link them to the edition that came of them."""
    from cyberposture.services.catalogue import consultations

    view = consultations.close_consultation(
        open_runtime(context, by).register, code,
        adopted=adopted, abandoned=abandoned, reason=reason,
    )  # fmt: skip
    typer.echo(f"{code} is {view.state}")
    if view.state == "closed" and view.tally.waiting:
        say(f"comments without a disposition: {view.tally.waiting}")


@app.command("report")
def report(
    context: typer.Context,
    code: Code,
    out: Annotated[Path, typer.Option(help="The file to write.")],
    file_format: Annotated[str, typer.Option("--format", help="html, json or csv.")] = "html",
    language: Annotated[str, typer.Option(help="en.")] = "en",
) -> None:
    """Write what was said and what came of it, for everybody to read."""
    from cyberposture.services.reports import consultation as service

    form = one_of(service.FORMATS, file_format, "format")
    require_place(out)
    runtime = open_runtime(context)
    path = service.write_consultation(
        runtime.register, runtime.folders, code, out, form, language=language
    )
    typer.echo(f"{path} ({path.stat().st_size // 1024} KiB)")


def _group(text: str, note: str = "") -> "Group":
    from cyberposture.exchange.sheets import build_row
    from cyberposture.model.consultations import Group, GroupKind

    name, sign, kind = text.rpartition(":")
    kinds: Sequence[str] = get_args(GroupKind)
    if not sign or kind not in kinds:
        raise WrongUsage(f"{text[:80]!r}: write NAME:KIND; the kinds are: {', '.join(kinds)}")
    return build_row(Group, "arguments", {"name": name, "kind": kind, "note": note})


def _end(text: str, zone: str) -> datetime:
    """Return the moment that a text names, or the end of the day that it names in its zone."""
    from zoneinfo import ZoneInfoNotFoundError

    from cyberposture.clock import find_zone

    try:
        hours = find_zone(zone)
    except ZoneInfoNotFoundError as error:
        raise WrongUsage(f"--zone: there is no zone {zone!r}") from error
    if "T" in text:
        return as_moment("--closes", text)
    after = as_day("--closes", text) + timedelta(days=1)
    return datetime(after.year, after.month, after.day, tzinfo=hours)


def _text(text: str | None, file: Path | None) -> str:
    from cyberposture.content.reading.files import decode_text, read_bytes

    if (text is None) == (file is None):
        raise WrongUsage("say it with --text or with --file")
    if file is None:
        return text or ""
    return decode_text(file.name, read_bytes(file, MAX_TEXT_BYTES), marked=True)
