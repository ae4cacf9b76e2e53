"""What everybody may read of a consultation, for machines: one JSON document, or a CSV sheet.

Both are made from the same publication as the page.
"""

import csv
import io
import json
from dataclasses import asdict
from typing import Any

from cyberposture.clock import to_iso
from cyberposture.reporting.consultation_inputs import ConsultationInputs, GivenComment
from cyberposture.reporting.publication import Publication, publish

COLUMNS = (
    "code",
    "about",
    "subject",
    "title",
    "author",
    "affiliation",
    "group",
    "event",
    "on_behalf",
    "late",
    "received_at",
    "revision",
    "text",
    "disposition",
    "reason",
    "changed",
    "disposed_at",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A sheet that opens a cell beginning so may calculate it."""


def json_text(inputs: ConsultationInputs) -> str:
    """Return the publication of a consultation as one JSON document with stable keys."""
    said = publish(inputs)
    document = {
        "consultation": _consultation(said),
        "groups": [
            {"name": group.name, "kind": group.kind, "invited_at": to_iso(group.invited_at),
             "note": group.note}
            for group in said.inputs.groups
        ],
        "events": [
            {**asdict(event), "held_on": event.held_on.isoformat()} for event in said.inputs.events
        ],
        "counts": {
            "all": asdict(said.all),
            "by_group": [{"group": name, **asdict(number)} for name, number in said.groups],
            "private": asdict(said.private),
            "hidden": asdict(said.hidden),
            "median_days": said.median_days,
        },
        "comments": [_comment(said, one) for one in said.shown],
        "hidden": [{"code": code, "reason": why} for code, why in said.removed],
    }  # fmt: skip
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def csv_text(inputs: ConsultationInputs) -> str:
    """Return the comments of a publication, one a row; no cell can be taken for a formula."""
    said = publish(inputs)
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    for one in said.shown:
        row = _comment(said, one)
        disposed = row.pop("disposition") or {}
        row |= {
            "disposition": disposed.get("outcome"),
            "reason": disposed.get("reason"),
            "changed": " ".join(disposed.get("changed", ())),
            "disposed_at": disposed.get("at"),
        }
        writer.writerow([_cell(row[column]) for column in COLUMNS])
    return stream.getvalue()


def _consultation(said: Publication) -> dict[str, Any]:
    inputs, adopted = said.inputs, said.inputs.adopted
    edition = inputs.content.edition
    return {
        "code": inputs.code,
        "title": inputs.title,
        "state": inputs.state,
        "draft": edition.model_dump(mode="json"),
        "opens": to_iso(inputs.opens),
        "closes": to_iso(inputs.closes),
        "short_because": inputs.short_why or None,
        "closed_at": None if inputs.closed_at is None else to_iso(inputs.closed_at),
        "adopted": None if adopted is None else {**asdict(adopted), "at": to_iso(adopted.at)},
        "as_of": to_iso(inputs.as_of),
        "audit_head": {
            "chain": inputs.audit_head.chain,
            "seq": inputs.audit_head.seq,
            "digest": inputs.audit_head.digest,
        },
    }


def _comment(said: Publication, one: GivenComment) -> dict[str, Any]:
    titles = said.inputs.controls if one.about == "control" else said.inputs.clauses
    return {
        "code": one.code,
        "about": one.about,
        "subject": one.subject or None,
        "title": titles.get(one.subject),
        "author": one.author,
        "affiliation": one.affiliation or None,
        "group": one.group,
        "event": one.event,
        "on_behalf": one.on_behalf,
        "late": one.late_reason or None,
        "received_at": to_iso(one.received_at),
        "revision": one.revision,
        "text": one.text,
        "disposition": None
        if one.disposed is None
        else {
            "outcome": one.disposed.outcome,
            "reason": one.disposed.reason,
            "changed": list(one.disposed.changed),
            "at": to_iso(one.disposed.at),
        },
    }


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
