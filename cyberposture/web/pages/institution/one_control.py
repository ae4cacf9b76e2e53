"""One control by itself: its card, every revision of its answer, what is said about it, questions.

All of it is one form: whichever button is pressed, the answer is kept. What others read goes by its
own button alone, because it cannot be taken back; until then it stands in its box as it was typed.
What a reviewer says here, and what is marked for them, both sides read; all else stays inside.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, Response

from cyberposture.errors import InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.services.assessments import asking, delegating, discussing
from cyberposture.services.assessments.cards import read_control
from cyberposture.services.people.names import names_of
from cyberposture.store.remarks import RemarkKind, Thread
from cyberposture.web.access import Action
from cyberposture.web.languages import keep_language, turn_to
from cyberposture.web.pages.answers import (
    EVIDENCE,
    UNTRIED,
    Outcome,
    Page,
    Trouble,
    about_cards,
    keep_cards,
    names_in,
)
from cyberposture.web.pages.cards import reader_of, said_of
from cyberposture.web.pages.institution.questions import show_questions
from cyberposture.web.surroundings import Allowed, Visit, allow, require_form_key
from cyberposture.web.written import Beside, PageForm, page_form

router = APIRouter(include_in_schema=False)
CONTROL = "/institutions/{institution}/rounds/{round_code}/answers/{domain}/{control}"
BEHIND = "/institutions/{institution}/rounds/{round_code}/evidence/{control}"
_KINDS: Final[dict[str, RemarkKind]] = {
    "reply": "reply", "resolve": "resolved", "reopen": "reopened",
}  # fmt: skip
_ACTIONS: Final[dict[str, Action]] = {
    "remark": "comment", **dict.fromkeys(_KINDS, "comment"), "question": "ask-the-cert",
    "hands": "assign", "back": "assign",
}  # fmt: skip
"""What a button beside the card does, and for whom it is."""


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
        return f"{self.page.path}/{self.control}"

    @property
    def page(self) -> Page:
        """The page of the control's domain."""
        return Page(self.institution, self.round_code, self.domain)


@dataclass(frozen=True)
class Again:
    """What a page shows once more: what came of it, and what still stands in its boxes."""

    outcome: Outcome = UNTRIED
    beside: Beside = field(default_factory=Beside)
    faults: Mapping[str, str] = field(default_factory=dict)
    """By the place of the box."""
    done: str = ""

    @property
    def unsent(self) -> dict[str, str]:
        """The places of boxes with words that were not sent, each with what it is for."""
        if self.outcome.is_old:
            return {}
        return {at: key for at, key in _boxes(self.beside) if at not in self.faults}


FRESH: Final = Again()


def _boxes(beside: Beside) -> Iterator[tuple[str, str]]:
    for thread in beside.replies:
        yield f"t-{thread}", "one.reply"
    for at, key in (("remark", "one.say"), ("person", "one.give"), ("question", "one.question")):
        if getattr(beside, at):
            yield at, key


@router.get(CONTROL)
def show_control(
    visit: Annotated[Visit, Depends(Allowed("see-answers"))], place: Annotated[Place, Depends()]
) -> HTMLResponse:
    """Show one control with all that is beside its answer."""
    return _show(visit, place)


def _show(visit: Visit, place: Place, status: int = 200, again: Again = FRESH) -> HTMLResponse:
    reader = reader_of(visit, place.institution)
    found, revisions = read_control(
        visit.register, place.institution, place.round_code, place.control, reader
    )
    asked, (card,) = found.asked.told_in(visit.words.language), found.cards
    zone = ZoneInfo(asked.institution.zone)
    outcome = again.outcome
    names = names_in(visit, found, *(one.theirs for one in outcome.troubles))
    names |= names_of(visit.register, [one.act.actor for one in revisions])
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
        kept=outcome.kept,
        is_old=outcome.is_old,
        beside=again.beside,
        faults=again.faults,
        unsent=again.unsent,
        **({"done": visit.words.say(f"done.{again.done}")} if again.done else {}),
        **about_cards(visit, found, list(found.cards), names, outcome.troubles),
    )


@router.get(BEHIND)
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


@router.post(f"{CONTROL}/written")
def keep_all(
    visit: Annotated[Visit, Depends(Allowed("comment"))],
    place: Annotated[Place, Depends()],
    form: Annotated[PageForm, Depends(page_form)],
) -> Response:
    """Keep the answer if it was changed, and do what the pressed button is for."""
    turn_to(visit.request, form.language)
    return keep_language(visit.request, _answer_to(visit, place, form), form.language)


def _answer_to(visit: Visit, place: Place, form: PageForm) -> Response:
    own = tuple(one for one in form.cards if one.control == place.control)
    try:
        require_form_key(visit, form.form_key)
    except NotAuthorised:
        troubles = tuple(Trouble(one) for one in own if one.is_changed)
        if not troubles and not form.beside.is_typed:
            raise
        return _show(visit, place, 403, Again(Outcome(troubles=troubles, is_old=True), form.beside))
    # Who may not do one of these is told so before anything is kept.
    doer = _as_whoever_may(visit, _ACTIONS.get(form.beside.pressed[0]))
    writer = _as_whoever_may(visit, "answer" if own else None)
    outcome = keep_cards(writer, place.page, replace(form, cards=own))
    return _do_and_show(doer, place, form, outcome)


def _as_whoever_may(visit: Visit, action: Action | None) -> Visit:
    """Return the visit as it is for an action, which may be in somebody else's place.

    Raises:
        NotAuthorised: this person may not do it.
    """
    return visit if action is None else allow(visit.request, visit.person, action)


def _do_and_show(visit: Visit, place: Place, form: PageForm, outcome: Outcome) -> Response:
    beside, status, done = form.beside, outcome.status, ""
    faults: dict[str, str] = {}
    try:
        done = _do(visit, place, beside)
        beside = beside.left if done else beside
    except (InvalidInput, WrongState) as error:
        said = error.faults[0].what if isinstance(error, InvalidInput) else str(error)
        faults = {_box_of(beside): said}
        status = max(status, 409 if isinstance(error, WrongState) else 422)
    if outcome.troubles or faults or beside.is_typed:
        return _show(visit, place, status, Again(outcome, beside, faults, done))
    if form.then == EVIDENCE:
        return visit.go(f"{place.page.round_at}/evidence/{place.control}")
    return visit.go(place.path, done or ("kept" if outcome.kept else ""))


def _box_of(beside: Beside) -> str:
    """Return the place of the box that was sent."""
    what, about = beside.pressed
    return f"t-{about}" if what in _KINDS else "person" if what in ("hands", "back") else what


def _do(visit: Visit, place: Place, beside: Beside) -> str:
    """Do what was pressed beside the card, and return the word for what was done; "": nothing."""
    register, (what, about) = visit.register, beside.pressed
    where = (place.institution, place.round_code)
    match what:
        case "remark":
            is_for_reviewer = reader_of(visit, place.institution).is_reviewer or beside.for_reviewer
            discussing.open_thread(
                register, *where, place.control, beside.remark, is_for_reviewer=is_for_reviewer
            )
        case "reply" | "resolve" | "reopen":
            _go_on_saying(visit, place, beside)
        case "question":
            asking.ask(
                register, place.institution, beside.question,
                round_code=place.round_code, control=place.control,
            )  # fmt: skip
            return "question-asked"
        case "hands":
            delegating.delegate(register, *where, beside.person, [place.control])
            return "kept"
        case "back":
            delegating.take_back(register, *where, about, place.control)
            return "kept"
        case _:
            return ""
    return "remark-made"


def _go_on_saying(visit: Visit, place: Place, beside: Beside) -> None:
    """Reply in a thread, settle it, or take it up again."""
    what, about = beside.pressed
    try:
        thread = UUID(about)
    except ValueError as error:
        raise NotFound("thread", about) from error
    discussing.add_to_thread(
        visit.register,
        place.institution,
        place.round_code,
        thread,
        _KINDS[what],
        text=beside.replies.get(about, ""),
        as_reviewer=reader_of(visit, place.institution).is_reviewer,
    )
