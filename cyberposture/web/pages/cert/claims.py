"""One claim before a reviewer: what is said, what proves it, what speaks against it."""

from dataclasses import dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.content.translations import in_language
from cyberposture.errors import Conflict, Fault, InvalidInput, WrongState
from cyberposture.exchange.sheets import build_row
from cyberposture.model.assessments import Review
from cyberposture.model.controls import Control
from cyberposture.reporting.words import Words
from cyberposture.services.assessments.asked import Asked
from cyberposture.services.people.names import names_of
from cyberposture.services.review import clarifying, finding, reading
from cyberposture.services.review.reading import Claim
from cyberposture.store.answers import AnswerRevision
from cyberposture.web.pages.cards import choice_of, reason_of
from cyberposture.web.pages.cert.campaigns import Faults, leniently, located
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key

router = APIRouter(include_in_schema=False)
CLAIM = "/cert/reviews/{institution}/{round_code}/claims/{control}"
DOES_NOT_APPLY = "na"
GRADES = ("E0", "E1", "E2", "E3")


class OpinionForm(BaseModel):
    """What a reviewer found; `seen` is the revision of the answer that they had before them."""

    form_key: str = Field("", max_length=200)
    level: str = Field("", max_length=5)
    grade: str = Field("", max_length=5)
    reason: str = Field("", max_length=20_000)
    seen: int = Field(0, ge=0)


class QuestionForm(BaseModel):
    """A question back."""

    form_key: str = Field("", max_length=200)
    question: str = Field("", max_length=20_000)


@dataclass(frozen=True)
class Place:
    """Which claim is meant."""

    institution: str
    round_code: str
    control: str

    @property
    def base(self) -> str:
        """The address of the whole review."""
        return f"/cert/reviews/{self.institution}/{self.round_code}"

    @property
    def path(self) -> str:
        """The page's own address."""
        return f"{self.base}/claims/{self.control}"


@router.get(CLAIM)
def show_claim(
    visit: Annotated[Visit, Depends(Allowed("review"))], place: Annotated[Place, Depends()]
) -> HTMLResponse:
    """Show one claim with everything that a reviewer needs."""
    return _show(visit, place)


def _show(
    visit: Visit,
    place: Place,
    status: int = 200,
    *,
    faults: Faults | None = None,
    typed: OpinionForm | None = None,
    question: str = "",
    is_conflict: bool = False,
) -> HTMLResponse:
    claim = reading.read_claim(visit.register, place.institution, place.round_code, place.control)
    zone = ZoneInfo(claim.review.asked.institution.zone)
    acts = [one.act for one in claim.answers] + [one.act for one in claim.spoken]
    acts += [one.act for one in claim.said]
    names = names_of(visit.register, {act.actor for act in acts})
    answer = claim.answer
    return visit.show(
        "cert/claim.html.j2",
        status,
        place=place,
        claim=claim,
        asked=claim.review.asked,
        item=claim.item,
        control=claim.control,
        meaning=_meaning(visit, claim),
        title=title_in(visit.words, claim.review.asked, claim.control),
        statement=_statement(visit, claim),
        options=_options(visit, claim),
        grades=[(g, g, str(visit.words.say(f"review.grades.{g}"))) for g in GRADES],
        said=_said(visit, answer, names, zone),
        earlier=[_said(visit, one, names, zone) for one in reversed(claim.answers[:-1])],
        evidence=[] if answer is None else _evidence(visit.words, answer, zone),
        thread=[(visit.words.minute(one.act.at, zone), names.get(one.act.actor, one.act.actor),
                 one.act.reason) for one in claim.said],
        spoken=[(one, names.get(one.act.actor, one.act.actor),
                 visit.words.minute(one.act.at, zone)) for one in claim.spoken],
        contradictions=[
            (one, visit.words.day(one.opened_at, zone)) for one in claim.contradictions
        ],
        seen=0 if answer is None else answer.revision,
        mine=_typed(claim, typed),
        faults=faults or [],
        fault=leniently(faults or []),
        question=question,
        is_conflict=is_conflict,
        can_review=claim.review.asked.assessment.state in ("in-review", "clarification"),
        has_turn=_has_turn(claim),
    )  # fmt: skip


def _evidence(
    words: Words, answer: AnswerRevision, zone: ZoneInfo
) -> list[tuple[str, str, str, str]]:
    """Return what stands beside a claim: title, date, when it runs out, and its digest, cut."""
    return [
        (
            one.title,
            words.day(one.dated, zone),
            "" if one.expires is None else words.day(one.expires, zone),
            one.sha256[:12],
        )
        for one in answer.answer.evidence
    ]


def title_in(words: Words, asked: Asked, control: Control) -> str:
    """Return a control's title in the reader's language, if somebody translated it."""
    return in_language(asked.pinned.translations, words.language).title_of(control)


def _statement(visit: Visit, claim: Claim) -> str:
    texts = in_language(claim.review.asked.pinned.translations, visit.words.language)
    control = claim.control
    return (texts.controls[control.id] if texts.tells(control) else control).statement


def _levels(visit: Visit, claim: Claim) -> dict[str, str]:
    levels = claim.control.levels
    texts = in_language(claim.review.asked.pinned.translations, visit.words.language)
    if texts.tells(claim.control):
        levels = texts.controls[claim.control.id].levels or levels
    return {} if levels is None else {
        str(n): str(text) for n, text in levels.model_dump(by_alias=True).items()
    }  # fmt: skip


def _meaning(visit: Visit, claim: Claim) -> str:
    """Return what the claimed level means for this control."""
    return _levels(visit, claim).get(choice_of(claim.answer), "")


def _options(visit: Visit, claim: Claim) -> list[tuple[str, str, str]]:
    """Return what a reviewer may find: each level and, if it is claimed, that it does not apply."""
    levels, say = _levels(visit, claim), visit.words.say
    options = [(n, f"{n} {say(f'level.{n}')}", levels.get(n, "")) for n in ("0", "1", "2", "3")]
    if claim.answer is not None and claim.answer.answer.not_applicable is not None:
        help_text = str(say("review.approve_help"))
        options.append((DOES_NOT_APPLY, str(say("review.approve")), help_text))
    return options


def _has_turn(claim: Claim) -> bool:
    """Return whether a finding of this person would be taken now."""
    item, part = claim.item, claim.review.part
    if item is not None and item.stand == "asked-back":
        return False
    both = item is not None and item.risk.is_gate and {"first", "second"} <= item.spoke
    return item is not None and item.stand == "differs" if part == "third" else not both


def _said(
    visit: Visit, answer: AnswerRevision | None, names: dict[str, str], zone: ZoneInfo
) -> dict[str, object]:
    choice = choice_of(answer)
    if answer is None or not choice:
        return {"choice": str(visit.words.say("review.unanswered")), "reason": "", "when": "",
                "who": "", "level": ""}  # fmt: skip
    key = "card.does_not_apply" if choice == DOES_NOT_APPLY else f"level.{choice}"
    return {
        "level": "" if choice == DOES_NOT_APPLY else choice,
        "choice": str(visit.words.say(key)),
        "reason": reason_of(answer),
        "when": visit.words.minute(answer.act.at, zone),
        "who": names.get(answer.act.actor, answer.act.actor),
    }


def _typed(claim: Claim, typed: OpinionForm | None) -> dict[str, str]:
    if typed is not None:
        return {"level": typed.level, "grade": typed.grade, "reason": plain(typed.reason)}
    mine = claim.mine
    if mine is None:
        return {"level": "", "grade": "", "reason": ""}
    level = DOES_NOT_APPLY if mine.approves_not_applicable else str(mine.level)
    return {"level": level, "grade": mine.grade or "", "reason": mine.reason}


def read_review(form: OpinionForm, control: str) -> Review:
    """Return what a form says.

    Raises:
        InvalidInput: something is missing; each fault at its field.
    """
    applies = form.level != DOES_NOT_APPLY
    given: dict[str, Any] = {
        "control": control,
        "level": int(form.level) if form.level in ("0", "1", "2", "3") else None,
        "grade": (form.grade or None) if applies else None,
        "approves_not_applicable": not applies,
        "reason": plain(form.reason, 2_000),
    }
    return build_row(Review, "finding", given)


@router.post(CLAIM)
def keep_opinion(
    visit: Annotated[Visit, Depends(Allowed("review"))],
    place: Annotated[Place, Depends()],
    form: Annotated[OpinionForm, Form()],
) -> Response:
    """Keep what the reviewer found, and go on to the next claim."""
    require_form_key(visit, form.form_key)
    where = (place.institution, place.round_code)
    try:
        given = _require_whole(visit, form, place.control)
        finding.give_opinion(visit.register, *where, given, seen_revision=form.seen)
    except Conflict:
        return _show(visit, place, 409, typed=form, is_conflict=True)
    except InvalidInput as error:
        return _show(visit, place, 422, typed=form, faults=located(error))
    except WrongState as error:
        return _show(visit, place, 409, typed=form, faults=located(error))
    claim = reading.read_claim(visit.register, *where, place.control)
    onward = place.base if claim.following is None else f"{place.base}/claims/{claim.following}"
    return visit.go(onward, "finding-kept")


def _require_whole(visit: Visit, form: OpinionForm, control: str) -> Review:
    """Return what was found, or say in the reader's words which field is missing."""
    missing = [
        name
        for name, given in (("level", form.level), ("grade", form.grade), ("reason", form.reason))
        if not given.strip() and not (name == "grade" and form.level == DOES_NOT_APPLY)
    ]
    if missing:
        raise InvalidInput(
            [Fault(name, str(visit.words.say(f"review.needs.{name}"))) for name in missing]
        )
    return read_review(form, control)


@router.post(f"{CLAIM}/ask")
def ask_back(
    visit: Annotated[Visit, Depends(Allowed("review"))],
    place: Annotated[Place, Depends()],
    form: Annotated[QuestionForm, Form()],
) -> Response:
    """Reopen the control with a question."""
    require_form_key(visit, form.form_key)
    text = plain(form.question, 2_000)
    where = (place.institution, place.round_code, place.control)
    try:
        clarifying.ask_back(visit.register, *where, text)
    except InvalidInput:
        fault = str(visit.words.say("review.needs.question"))
        return _show(visit, place, 422, faults=[("question", fault)], question=text)
    except WrongState as error:
        return _show(visit, place, 409, faults=located(error), question=text)
    return visit.go(place.path, "asked-back")
