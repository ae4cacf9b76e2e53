"""One control by itself: its card, every revision of its answer, what is said about it, questions.

What a reviewer says here, and what is marked for them, both sides read; all else stays inside.
"""

from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.errors import InvalidInput
from cyberposture.services.assessments import asking, delegating, discussing
from cyberposture.services.assessments.cards import read_control
from cyberposture.services.people.names import names_of
from cyberposture.store.remarks import RemarkKind, Thread
from cyberposture.web.pages.answers import about_cards, names_in
from cyberposture.web.pages.cards import reader_of, said_of
from cyberposture.web.pages.institution.questions import show_questions
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key

router = APIRouter(include_in_schema=False)
CONTROL = "/institutions/{institution}/rounds/{round_code}/answers/{domain}/{control}"
EVIDENCE = "/institutions/{institution}/rounds/{round_code}/evidence/{control}"
_KINDS: dict[str, RemarkKind] = {"reply": "reply", "resolve": "resolved", "reopen": "reopened"}


@dataclass(frozen=True)
class Place:
    """Which control is meant."""

    institution: str
    round_code: str
    domain: str
    control: str

    @property
    def path(self) -> str:
        """The page's own address."""
        base = f"/institutions/{self.institution}/rounds/{self.round_code}"
        return f"{base}/answers/{self.domain}/{self.control}"


class RemarkForm(BaseModel):
    """What somebody says; `for_reviewer` marks a new thread for the reviewer as well."""

    form_key: str = Field("", max_length=200)
    text: str = Field("", max_length=20_000)
    for_reviewer: str = Field("", max_length=3)
    kind: str = Field("reply", max_length=20)


class QuestionForm(BaseModel):
    """What somebody asks the CERT."""

    form_key: str = Field("", max_length=200)
    question: str = Field("", max_length=20_000)


class HandForm(BaseModel):
    """Into whose hands the control goes, or out of whose."""

    form_key: str = Field("", max_length=200)
    person: str = Field("", max_length=64)
    back: str = Field("", max_length=3)


@dataclass(frozen=True)
class Trouble:
    """What could not be done: the fault of each field, and what was typed."""

    faults: dict[str, str] = field(default_factory=dict)
    typed: dict[str, str] = field(default_factory=dict)


@router.get(CONTROL)
def show_control(
    visit: Annotated[Visit, Depends(Allowed("see-answers"))], place: Annotated[Place, Depends()]
) -> HTMLResponse:
    """Show one control with all that is beside its answer."""
    return _show(visit, place)


def _show(
    visit: Visit, place: Place, status: int = 200, trouble: Trouble | None = None
) -> HTMLResponse:
    reader = reader_of(visit, place.institution)
    found, revisions = read_control(
        visit.register, place.institution, place.round_code, place.control, reader
    )
    asked, (card,) = found.asked.told_in(visit.words.language), found.cards
    zone = ZoneInfo(asked.institution.zone)
    names = names_in(visit, found) | names_of(visit.register, [one.act.actor for one in revisions])
    may_assign = visit.may("assign", place.institution)
    return visit.show(
        "institution/one-control.html.j2",
        status,
        asked=asked,
        domain=next(one for one in asked.domains if one.id == card.control.domain),
        revisions=[said_of(one, visit.words, zone, names) for one in reversed(revisions)],
        threads=[_thread(visit, one, zone) for one in card.threads],
        is_reviewer=reader.is_reviewer,
        may_comment=visit.may("comment", place.institution),
        may_ask=visit.may("ask-the-cert", place.institution),
        may_assign=may_assign,
        choices=_choices(visit, place) if may_assign else [],
        holders=card.holders,
        shared=asking.list_shared(visit.register, controls=[place.control]),
        own_questions=_own_questions(visit, place, zone),
        trouble_of=trouble or Trouble(),
        **about_cards(visit, found, list(found.cards), names),
    )


@router.get(EVIDENCE)
def show_evidence(
    visit: Annotated[Visit, Depends(Allowed("attach-evidence"))],
    institution: str,
    round_code: str,
    control: str,
) -> HTMLResponse:
    """Show what stands behind one answer where nothing else is written that could be lost."""
    reader = reader_of(visit, institution)
    found, _ = read_control(visit.register, institution, round_code, control, reader)
    asked, (card,) = found.asked.told_in(visit.words.language), found.cards
    return visit.show(
        "institution/evidence-apart.html.j2",
        200,
        asked=asked,
        domain=next(one for one in asked.domains if one.id == card.control.domain),
        **about_cards(visit, found, [card], names_in(visit, found)),
    )


def _own_questions(visit: Visit, place: Place, zone: ZoneInfo) -> list[dict[str, object]]:
    """Return what the institution asked the CERT about the control, for its own people."""
    if not visit.may("ask-the-cert", place.institution):
        return []
    found = asking.list_questions(visit.register, institution=place.institution)
    return show_questions(visit, [one for one in found if one.control == place.control], zone)


def _choices(visit: Visit, place: Place) -> list[tuple[str, str]]:
    """Return to whom the control can be given."""
    found = delegating.list_colleagues(visit.register, place.institution)
    return [("", str(visit.words.say("one.choose"))), *((one.person, one.name) for one in found)]


def _thread(visit: Visit, thread: Thread, zone: ZoneInfo) -> dict[str, object]:
    words = visit.words
    return {
        "id": thread.id,
        "is_resolved": thread.is_resolved,
        "is_for_reviewer": thread.is_for_reviewer,
        "remarks": [
            {
                "who": one.name,
                "when": words.minute(one.act.at, zone),
                "text": one.text,
                "kind": one.kind,
            }
            for one in thread.remarks
        ],
    }


def _refuse(
    visit: Visit, place: Place, error: InvalidInput, form: str, **typed: str
) -> HTMLResponse:
    """Show the page again with the fault beside the field of one of its forms."""
    faults = {f"{form}-{one.where}": one.what for one in error.faults}
    known = {f"{form}-{name}": text for name, text in typed.items()}
    return _show(visit, place, 422, Trouble(faults, known))


@router.post(f"{CONTROL}/remarks")
def say_something(
    visit: Annotated[Visit, Depends(Allowed("comment"))],
    place: Annotated[Place, Depends()],
    form: Annotated[RemarkForm, Form()],
) -> Response:
    """Begin a thread."""
    require_form_key(visit, form.form_key)
    reader = reader_of(visit, place.institution)
    text = plain(form.text)
    try:
        discussing.open_thread(
            visit.register,
            place.institution,
            place.round_code,
            place.control,
            text,
            is_for_reviewer=reader.is_reviewer or form.for_reviewer == "yes",
        )
    except InvalidInput as error:
        return _refuse(visit, place, error, "remark", text=text)
    return visit.go(place.path, "remark-made")


@router.post(f"{CONTROL}/remarks/{{thread}}")
def go_on_saying(
    visit: Annotated[Visit, Depends(Allowed("comment"))],
    place: Annotated[Place, Depends()],
    thread: UUID,
    form: Annotated[RemarkForm, Form()],
) -> Response:
    """Reply in a thread, settle it, or take it up again."""
    require_form_key(visit, form.form_key)
    reader = reader_of(visit, place.institution)
    text = plain(form.text)
    try:
        discussing.add_to_thread(
            visit.register,
            place.institution,
            place.round_code,
            thread,
            _KINDS.get(form.kind, "reply"),
            text=text,
            as_reviewer=reader.is_reviewer,
        )
    except InvalidInput as error:
        return _refuse(visit, place, error, str(thread), text=text)
    return visit.go(place.path, "remark-made")


@router.post(f"{CONTROL}/questions")
def ask_the_cert(
    visit: Annotated[Visit, Depends(Allowed("ask-the-cert"))],
    place: Annotated[Place, Depends()],
    form: Annotated[QuestionForm, Form()],
) -> Response:
    """Ask the CERT about this control."""
    require_form_key(visit, form.form_key)
    text = plain(form.question)
    try:
        asking.ask(
            visit.register,
            place.institution,
            text,
            round_code=place.round_code,
            control=place.control,
        )
    except InvalidInput as error:
        return _refuse(visit, place, error, "question", text=text)
    return visit.go(place.path, "question-asked")


@router.post(f"{CONTROL}/hands")
def give_or_take_back(
    visit: Annotated[Visit, Depends(Allowed("assign"))],
    place: Annotated[Place, Depends()],
    form: Annotated[HandForm, Form()],
) -> Response:
    """Put the control into somebody's hands, or take it back."""
    require_form_key(visit, form.form_key)
    where = (place.institution, place.round_code, form.person)
    try:
        if form.back == "yes":
            delegating.take_back(visit.register, *where, place.control)
        else:
            delegating.delegate(visit.register, *where, [place.control])
    except InvalidInput as error:
        return _refuse(visit, place, error, "hands", person=form.person)
    return visit.go(place.path, "kept")
