"""What the CERT does with a consultation: answers comments, moderates, invites, records, closes."""

from dataclasses import dataclass
from typing import Annotated, Any, cast, get_args

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from cyberposture.clock import find_zone
from cyberposture.errors import CyberpostureError, InvalidInput, WrongState, WrongUsage
from cyberposture.exchange.sheets import build_row
from cyberposture.model.consultations import (
    Disposition,
    Event,
    Group,
    GroupKind,
    ModerationAction,
    Outcome,
)
from cyberposture.services.catalogue import comments, consultations
from cyberposture.services.catalogue.consulted import list_open_first
from cyberposture.store.comments import CommentRecord
from cyberposture.web.gaps import gaps_in
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key

router = APIRouter(include_in_schema=False)
HOME = "/cert/consultations"
ONE = f"{HOME}/{{consultation}}"
_REFUSED = (InvalidInput, WrongState, WrongUsage)
_FIELDS = {"place": "location"}
"""Fields of forms that are called otherwise than what they fill."""
Moderator = Annotated[Visit, Depends(Allowed("moderate-comments"))]


class AnswerForm(BaseModel):
    """What becomes of a comment, or why it is hidden or shown again."""

    form_key: str = Field(default="", max_length=200)
    outcome: str = Field(default="", max_length=20)
    reason: str = Field(default="", max_length=5_000)
    changed: str = Field(default="", max_length=2_000)
    action: str = Field(default="", max_length=20)


class OfficeForm(BaseModel):
    """A group, an event, or the end of a consultation."""

    form_key: str = Field(default="", max_length=200)
    name: str = Field(default="", max_length=500)
    kind: str = Field(default="", max_length=40)
    title: str = Field(default="", max_length=500)
    held_on: str = Field(default="", max_length=20)
    location: str = Field(default="", max_length=500)
    host: str = Field(default="", max_length=500)
    attendance: str = Field(default="", max_length=20)
    reason: str = Field(default="", max_length=5_000)


@dataclass(frozen=True)
class Trouble:
    """What was typed, and what is wrong with it: by field, or ("faults") as a whole."""

    form: BaseModel
    faults: dict[str, str]


def _found(form: BaseModel, error: CyberpostureError) -> Trouble:
    """Return what was refused, each fault at the field that it names."""
    if not isinstance(error, InvalidInput):
        return Trouble(form, {"faults": str(error)})
    faults = {}
    for one in error.faults:
        column, colon, said = one.what.removeprefix("column ").partition(": ")
        name = _FIELDS.get(column, column.partition(".")[0])
        is_field = bool(colon) and name in type(form).model_fields
        faults[name if is_field else "faults"] = said if is_field else one.what
    return Trouble(form, faults)


@router.get(HOME)
def list_consultations(visit: Moderator) -> HTMLResponse:
    """Show all consultations with what waits in them."""
    rows = [
        {
            "code": one.record.consultation.code,
            "title": one.record.consultation.title,
            "state": one.state,
            "last": _day(visit, one),
            "comments": one.tally.comments,
            "waiting": one.tally.waiting,
        }
        for one in list_open_first(visit.register)
    ]
    return visit.show("consultation/office.html.j2", rows=rows)


@router.get(ONE)
def show_consultation(visit: Moderator, consultation: str, waiting: str = "") -> HTMLResponse:
    """Show one consultation: its comments, groups and meetings, and how to end it."""
    return _show(visit, consultation, waiting=waiting)


@router.post(f"{ONE}/groups")
def invite_group(
    visit: Moderator, consultation: str, form: Annotated[OfficeForm, Form()]
) -> Response:
    """Put a group on the list of those invited."""
    require_form_key(visit, form.form_key)
    if gaps := gaps_in(visit.words, name=form.name):
        return _show(visit, consultation, Trouble(form, gaps))
    try:
        group = build_row(Group, "form", {"name": plain(form.name, 160), "kind": form.kind})
        consultations.invite_group(visit.register, consultation, group)
    except _REFUSED as error:
        return _show(visit, consultation, _found(form, error))
    return visit.go(f"{HOME}/{consultation}", "group-invited")


@router.post(f"{ONE}/events")
def record_event(
    visit: Moderator, consultation: str, form: Annotated[OfficeForm, Form()]
) -> Response:
    """Record a meeting."""
    require_form_key(visit, form.form_key)
    gaps = gaps_in(
        visit.words, title=form.title, held_on=form.held_on, location=form.location,
        host=form.host, attendance=form.attendance,
    )  # fmt: skip
    if gaps:
        return _show(visit, consultation, Trouble(form, gaps))
    given = {
        "title": plain(form.title, 160),
        "held_on": form.held_on,
        "place": plain(form.location, 160),
        "host": plain(form.host, 160),
        "attendance": form.attendance,
    }
    try:
        event = build_row(Event, "form", given)
        consultations.record_event(visit.register, consultation, event)
    except _REFUSED as error:
        return _show(visit, consultation, _found(form, error))
    return visit.go(f"{HOME}/{consultation}", "event-recorded")


@router.post(f"{ONE}/close")
def close(visit: Moderator, consultation: str, form: Annotated[OfficeForm, Form()]) -> Response:
    """Take no more comments."""
    require_form_key(visit, form.form_key)
    try:
        consultations.close_consultation(visit.register, consultation, reason=plain(form.reason))
    except _REFUSED as error:
        return _show(visit, consultation, _found(form, error))
    return visit.go(f"{HOME}/{consultation}", "consultation-closed")


@router.get(f"{ONE}/comments/{{comment}}")
def show_comment(visit: Moderator, consultation: str, comment: str) -> HTMLResponse:
    """Show one comment with its history, and what can be done about it."""
    return _show_comment(visit, consultation, comment)


@router.post(f"{ONE}/comments/{{comment}}/answer")
def answer_comment(
    visit: Moderator, consultation: str, comment: str, form: Annotated[AnswerForm, Form()]
) -> Response:
    """Record what comes of a comment."""
    require_form_key(visit, form.form_key)
    if gaps := gaps_in(visit.words, outcome=form.outcome, reason=form.reason):
        return _show_comment(visit, consultation, comment, Trouble(form, gaps))
    given = {
        "outcome": form.outcome,
        "reason": plain(form.reason),
        "changed": tuple(form.changed.replace(",", " ").split()),
    }
    try:
        comments.dispose(visit.register, comment, build_row(Disposition, "form", given))
    except _REFUSED as error:
        return _show_comment(visit, consultation, comment, _found(form, error))
    return visit.go(f"{HOME}/{consultation}/comments/{comment}", "disposed")


@router.post(f"{ONE}/comments/{{comment}}/moderate")
def moderate_comment(
    visit: Moderator, consultation: str, comment: str, form: Annotated[AnswerForm, Form()]
) -> Response:
    """Hide a comment, or show it again."""
    require_form_key(visit, form.form_key)
    if gaps := gaps_in(visit.words, why=form.reason):
        return _show_comment(visit, consultation, comment, Trouble(form, gaps))
    try:
        if form.action not in get_args(ModerationAction):
            raise WrongUsage("a comment is hidden, or shown again")
        action = cast("ModerationAction", form.action)
        comments.moderate(visit.register, comment, action, reason=plain(form.reason))
    except _REFUSED as error:  # at its own field: the other `reason` is published
        trouble = Trouble(form, {"why": "; ".join(_found(form, error).faults.values())})
        return _show_comment(visit, consultation, comment, trouble)
    return visit.go(f"{HOME}/{consultation}/comments/{comment}", "moderated")


def _day(visit: Visit, one: consultations.ConsultationView) -> str:
    consultation = one.record.consultation
    return visit.words.day(consultation.last_day, find_zone(consultation.zone))


def _show(
    visit: Visit, code: str, trouble: Trouble | None = None, *, waiting: str = ""
) -> HTMLResponse:
    one = consultations.get_consultation(visit.register, code)
    given = comments.list_comments(visit.register, code)
    zone = find_zone(one.record.consultation.zone)
    rows = [_row(visit, each, zone) for each in given if not waiting or each.disposition is None]
    events = [
        (each.code, each.event.title, visit.words.day(each.event.held_on, zone), each.event.place)
        for each in one.events
    ]
    return visit.show(
        "consultation/one.html.j2", 200 if trouble is None else 422,
        code=code, heading=one.record.consultation.title, state=one.state, last=_day(visit, one),
        tally=one.tally, rows=rows, waiting=waiting, events=events,
        groups=[each.group for each in one.groups], kinds=get_args(GroupKind),
        form=OfficeForm() if trouble is None else trouble.form,
        fault={} if trouble is None else trouble.faults,
    )  # fmt: skip


def _row(visit: Visit, one: CommentRecord, zone: Any) -> dict[str, Any]:
    return {
        "code": one.code,
        "about": one.about,
        "author": one.said.author,
        "day": visit.words.day(one.act.at, zone),
        "outcome": "" if one.disposition is None else one.disposition.disposition.outcome,
        "is_hidden": one.is_hidden,
        "is_public": one.said.is_public,
    }


def _show_comment(
    visit: Visit, code: str, comment: str, trouble: Trouble | None = None
) -> HTMLResponse:
    view = consultations.get_consultation(visit.register, code)
    found = comments.get_comment(visit.register, comment)
    zone, words = find_zone(view.record.consultation.zone), visit.words
    past = [
        (one.act, words.say(f"consultation.outcome.{one.disposition.outcome}"))
        for one in found.dispositions
    ]
    past += [(one.act, words.say(f"consultation.office.{one.action}")) for one in found.moderations]
    past.sort(key=lambda one: one[0].at, reverse=True)
    return visit.show(
        "consultation/answer.html.j2", 200 if trouble is None else 422,
        consultation=code, heading=view.record.consultation.title, one=found.record,
        day=words.day(found.record.act.at, zone), is_over=view.record.concluded is not None,
        outcomes=get_args(Outcome), fault={} if trouble is None else trouble.faults,
        history=[
            (words.minute(act.at, zone), act.actor, f"{said}: {act.reason}") for act, said in past
        ],
        form=AnswerForm() if trouble is None else trouble.form,
    )  # fmt: skip
