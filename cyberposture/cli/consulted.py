"""What the commands of `cyberposture consultation` print: tables for people, JSON for machines.

No mail address is ever among it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from cyberposture.cli.surroundings import printable, show_table

if TYPE_CHECKING:
    from cyberposture.services.catalogue.comments import CommentHistory
    from cyberposture.services.catalogue.consultations import ConsultationView
    from cyberposture.store.comments import (
        CommentRecord,
        CommentRevision,
        DispositionRecord,
        Moderation,
    )

WIDTH = 70
"""Characters of a comment in a table; `show` prints all of it."""


def consultation_document(view: "ConsultationView") -> dict[str, Any]:
    """Return a consultation with its groups, events and counts."""
    record, tally, adoption = view.record, view.tally, view.adoption
    return {
        **record.consultation.model_dump(mode="json"),
        "state": view.state,
        "reason": record.act.reason,
        "opened_by": record.act.actor,
        "closed_at": None if record.closed is None else record.closed.at,
        "closed_why": None if record.closed is None else record.closed.reason,
        "concluded_at": None if record.concluded is None else record.concluded.at,
        "adopted": None
        if adoption is None
        else {
            "number": adoption.number,
            "version": adoption.version,
            "rules": adoption.catalogue,
            "texts": adoption.texts,
            "at": adoption.act.at,
        },
        "groups": [
            {**one.group.model_dump(mode="json"), "invited_at": one.invited_at}
            for one in view.groups
        ],
        "events": [{"code": one.code, **one.event.model_dump(mode="json")} for one in view.events],
        "counts": {
            "comments": tally.comments,
            "shown": tally.shown,
            "private": tally.private,
            "hidden": tally.hidden,
            "late": tally.late,
            "waiting": tally.waiting,
            **{name: tally.outcomes[name] for name in ("accepted", "partly", "rejected")},
        },
    }


def comment_document(one: "CommentRecord") -> dict[str, Any]:
    """Return a comment as it stands."""
    return {
        "code": one.code,
        "consultation": one.consultation,
        "control": one.control,
        "clause": one.clause,
        "author": one.said.author,
        "affiliation": one.said.affiliation,
        "group": one.said.group,
        "text": one.said.text,
        "is_public": one.said.is_public,
        "is_hidden": one.is_hidden,
        "event": one.event,
        "on_behalf": one.on_behalf,
        "late_reason": one.late_reason or None,
        "received_at": one.act.at,
        "entered_by": one.act.actor,
        "revision": one.said.revision,
        "disposition": None if one.disposition is None else _disposition(one.disposition),
    }


def history_document(found: "CommentHistory") -> dict[str, Any]:
    """Return a comment with all revisions, acts of moderation and dispositions."""
    return {
        **comment_document(found.record),
        "revisions": [_revision(one) for one in found.revisions],
        "moderations": [_moderation(one) for one in found.moderations],
        "dispositions": [_disposition(one) for one in found.dispositions],
    }


def _revision(one: "CommentRevision") -> dict[str, Any]:
    return {
        "revision": one.revision,
        "text": one.text,
        "is_public": one.is_public,
        "by": one.act.actor,
        "at": one.act.at,
        "reason": one.act.reason,
    }


def _moderation(one: "Moderation") -> dict[str, Any]:
    return {
        "action": one.action,
        "reason": one.act.reason,
        "by": one.act.actor,
        "at": one.act.at,
    }


def _disposition(one: "DispositionRecord") -> dict[str, Any]:
    return {
        "revision": one.revision,
        **one.disposition.model_dump(mode="json"),
        "by": one.act.actor,
        "at": one.act.at,
    }


def show_consultations(views: Sequence["ConsultationView"]) -> None:
    """Print one line a consultation."""
    rows = (
        (
            view.record.consultation.code,
            view.record.consultation.title,
            f"{view.record.consultation.edition} {view.record.consultation.version}",
            view.state,
            view.record.consultation.last_day,
            view.tally.comments,
            view.tally.waiting,
        )
        for view in views
    )
    show_table(("code", "title", "draft of", "state", "last day", "comments", "unanswered"), rows)


def show_comments(found: Sequence["CommentRecord"]) -> None:
    """Print one line a comment."""
    rows = (
        (
            one.code,
            one.about or "the draft",
            one.said.author,
            one.said.group or "",
            _short(one.said.text),
            "" if one.disposition is None else one.disposition.disposition.outcome,
            _marks(one),
        )
        for one in found
    )
    show_table(("comment", "on", "author", "group", "text", "disposition", ""), rows)


def show_history(found: "CommentHistory") -> None:
    """Print a comment and everything that became of it."""
    one = found.record
    who = ", ".join(part for part in (one.said.author, one.said.affiliation) if part)
    marks = _marks(one)
    typer.echo(printable(f"{one.code} on {one.about or 'the draft as a whole'}, by {who}"))
    typer.echo(printable(f"{one.act.at:%Y-%m-%d}{f' ({marks})' if marks else ''}\n"))
    typer.echo(printable(one.said.text))
    rows = [
        *(("said", f"revision {r.revision}", r.act) for r in found.revisions[1:]),
        *(("moderated", m.action, m.act) for m in found.moderations),
        *(("disposed", d.disposition.outcome, d.act) for d in found.dispositions),
    ]
    if rows:
        typer.echo()
        show_table(
            ("", "what", "when", "by", "why"),
            (
                (kind, what, f"{act.at:%Y-%m-%d %H:%M}", act.actor, act.reason)
                for kind, what, act in sorted(rows, key=lambda row: row[2].at)
            ),
        )


def _marks(one: "CommentRecord") -> str:
    marks = {
        "private": not one.said.is_public,
        "hidden": one.is_hidden,
        "late": bool(one.late_reason),
        "on behalf": one.on_behalf,
    }
    return ", ".join(mark for mark, is_true in marks.items() if is_true)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WIDTH else line[: WIDTH - 1].rstrip() + "…"
