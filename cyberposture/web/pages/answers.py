"""The questions of one domain on one page, one card a control; each answer is kept by itself."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal, cast
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from cyberposture.content.translations import in_language
from cyberposture.errors import Conflict, Fault, InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.model.assessments import Level
from cyberposture.services.assessments import questionnaire
from cyberposture.services.assessments.cards import Card, DomainPage, read_domain
from cyberposture.services.assessments.questionnaire import Kept
from cyberposture.services.people.names import names_of
from cyberposture.store.answers import AnswerRevision
from cyberposture.web.languages import keep_language, turn_to
from cyberposture.web.pages.cards import (
    NOT_APPLICABLE,
    reader_of,
    said_of,
    show_card,
    status_of,
)
from cyberposture.web.pages.institution.evidence_on_cards import evidence_on_cards
from cyberposture.web.pages.institution.inherited_on_cards import inherited_on_cards
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key
from cyberposture.web.written import CONTROL, PageForm, Typed, page_form

router = APIRouter(include_in_schema=False)
DOMAIN = "/institutions/{institution}/rounds/{round_code}/answers/{domain}"
Show = Literal["all", "open", "mine"]
EVIDENCE: Final = "evidence"
"""Where a button leads that goes on to what stands behind the answer."""
THEIRS: Final = "theirs"
"""What a button sends of a card where somebody else's answer is to stay."""
_LEVELS = {"0": 0, "1": 1, "2": 2, "3": 3}


@dataclass(frozen=True)
class Page:
    """Which questions are meant: those of one domain, for one institution, in one round."""

    institution: str
    round_code: str
    domain: str

    @property
    def round_at(self) -> str:
        """Where the pages of the round are."""
        return f"/institutions/{self.institution}/rounds/{self.round_code}"

    @property
    def path(self) -> str:
        """The page's own address."""
        return f"{self.round_at}/answers/{self.domain}"


async def page_of(institution: str, round_code: str, domain: str) -> Page:
    """Return which questions an address means; as a coroutine it needs no thread."""
    return Page(institution, round_code, domain)


class AnswerForm(BaseModel):
    """What a card sends: `seen` is the revision that the writer had before them."""

    form_key: str = Field("", max_length=200)
    level: str = Field("", max_length=20)
    reason: str = Field("", max_length=20_000)
    seen: int = Field(0, ge=0)
    then: str = Field("", max_length=20)
    """The control of the next card, where the writer goes on to it."""


@dataclass(frozen=True)
class Trouble:
    """Why what was typed is not kept: a fault in it, or somebody else's answer."""

    typed: Typed
    fault: str = ""
    field: str = ""
    """Which field of the card the fault is in; empty for the choice of a level."""
    theirs: AnswerRevision | None = None
    is_kept: bool = False
    """The words are kept all the same; what is missing is a level."""

    @property
    def unkept(self) -> Typed | None:
        """What stands on the page alone."""
        return None if self.is_kept else self.typed


@dataclass(frozen=True)
class Outcome:
    """What came of a page of cards: what was kept, and what was not and why."""

    kept: tuple[str, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    is_old: bool = False
    """The page was opened in a session that is over: nothing was kept, and all stands there."""

    @property
    def status(self) -> int:
        """The status of the page that shows it."""
        if not self.troubles:
            return 200
        return 409 if any(one.theirs for one in self.troubles) else 422


UNTRIED: Final = Outcome()


@router.get(DOMAIN)
def show_domain(
    visit: Annotated[Visit, Depends(Allowed("see-answers"))],
    page: Annotated[Page, Depends(page_of)],
    show: Show = "all",
) -> HTMLResponse:
    """Show the questions of a domain: all, those without an answer, or one's own."""
    return _show(visit, page, show=show)


def _is_shown(card: Card, show: Show, person: str) -> bool:
    if show == "open":
        return card.takes_answer and not card.is_answered
    return show == "all" or any(one.person == person for one in card.holders)


def _show(
    visit: Visit,
    page: Page,
    status: int = 200,
    outcome: Outcome = UNTRIED,
    show: Show = "all",
) -> HTMLResponse:
    reader = reader_of(visit, page.institution)
    with visit.register.one_state():
        found = read_domain(visit.register, page.institution, page.round_code, page.domain, reader)
        names = names_in(visit, found, *(one.theirs for one in outcome.troubles))
    words = visit.words
    asked = found.asked.told_in(words.language)
    place = next(n for n, one in enumerate(asked.domains) if one.id == page.domain)
    cards = [card for card in found.cards if _is_shown(card, show, reader.person)]
    texts = in_language(asked.translations, words.language)
    return visit.show(
        "domain.html.j2",
        status,
        asked=asked,
        domain=asked.domains[place],
        number=place + 1,
        before=asked.domains[place - 1] if place else None,
        after=asked.domains[place + 1] if place + 1 < len(asked.domains) else None,
        show=show,
        hidden=len(found.cards) - len(cards),
        left_out=[(one.id, texts.title_of(one)) for one in found.left_out],
        is_old=outcome.is_old,
        kept=outcome.kept,
        **about_cards(visit, found, cards, names, outcome.troubles),
    )


def names_in(visit: Visit, found: DomainPage, *others: AnswerRevision | None) -> dict[str, str]:
    """Return the names of everybody whose answers a page of cards shows, by code."""
    shown = [revision for card in found.cards for revision in (card.answer,)]
    shown += [card.earlier.answer for card in found.cards if card.earlier is not None]
    own = {visit.person.person: visit.person.name}
    acts = {one.act.actor for one in (*shown, *others) if one is not None}
    return own | names_of(visit.register, acts - own.keys())


def about_cards(
    visit: Visit,
    found: DomainPage,
    cards: list[Card],
    names: Mapping[str, str],
    troubles: Iterable[Trouble] = (),
) -> dict[str, object]:
    """Return what `card.html.j2` needs: the cards in words, and what could not be kept."""
    asked, words = found.asked, visit.words
    zone = ZoneInfo(asked.institution.zone)
    may_answer = asked.may_answer and visit.may("answer", asked.institution.code)
    wrong = {one.typed.control: one for one in troubles}
    takes = {card.control.id for card in cards if may_answer and card.takes_answer and card.is_open}
    after = [card.control.id for card in cards[1:] if card.takes_answer and card.is_open]
    return {
        "due": words.day(asked.due, zone),
        "cards": [
            show_card(
                card, asked, words, names,
                wrong[card.control.id].unkept if card.control.id in takes & wrong.keys() else None,
                after=next((one for one in after if one > card.control.id), ""),
            )
            for card in cards
        ],
        "may_answer": may_answer,
        "unkept": wrong,
        "homeless": [one for at, one in wrong.items() if at not in takes],
        "theirs": {
            one: said_of(trouble.theirs, words, zone, names)
            for one, trouble in wrong.items()
            if trouble.theirs is not None
        },
        "done_at": visit.request.query_params.get("at", ""),
        "evidence": evidence_on_cards(visit, found, cards),
        "inherited": inherited_on_cards(visit, found.inherited, zone),
    }  # fmt: skip


@router.post(DOMAIN)
def keep_answers(
    visit: Annotated[Visit, Depends(Allowed("answer"))],
    page: Annotated[Page, Depends(page_of)],
    form: Annotated[PageForm, Depends(page_form)],
) -> Response:
    """Keep every card on which something was changed, and the one whose button was pressed.

    Without a script the cards of a page are one form, and all come with every button. Each is kept
    by itself: what cannot be kept stands on its card again, with all that was typed. The button
    that turns the language keeps first as well.
    """
    turn_to(visit.request, form.language)
    return keep_language(visit.request, _answer_to(visit, page, form), form.language)


def _answer_to(visit: Visit, page: Page, form: PageForm) -> Response:
    try:
        require_form_key(visit, form.form_key)
    except NotAuthorised:
        typed = tuple(Trouble(one) for one in form.cards if one.is_changed)
        if not typed:
            raise
        # Somebody signed in anew beside this page: they press once more, with the key of today.
        return _show(visit, page, 403, Outcome(troubles=typed, is_old=True))
    outcome = keep_cards(visit, page, form)
    if outcome.troubles:
        return _show(visit, page, outcome.status, outcome)
    if form.then == EVIDENCE:
        return visit.go(f"{page.round_at}/evidence/{form.pressed}")
    goal = form.then if CONTROL.fullmatch(form.then) else form.pressed
    return RedirectResponse(f"{page.path}#{goal}" if goal else page.path, 303)


def keep_cards(visit: Visit, page: Page, form: PageForm) -> Outcome:
    """Keep every card on which something was changed, and the one whose button was pressed."""
    # Who goes on to the evidence of a card has not said by that that its answer is ready.
    pressed = "" if form.then in (EVIDENCE, THEIRS) else form.pressed
    left = form.pressed if form.then == THEIRS else ""
    meant = [
        one
        for one in form.cards
        if one.control == pressed or (one.is_changed and one.control != left)
    ]
    tried = [(one, _try(visit, page, one, pressed)) for one in meant]
    return Outcome(
        tuple(one.control for one, trouble in tried if trouble is None),
        tuple(trouble for _, trouble in tried if trouble is not None),
    )


def _try(visit: Visit, page: Page, typed: Typed, pressed: str) -> Trouble | None:
    """Keep one card of many; return why not, where that cannot be."""
    is_pressed = typed.control == pressed
    try:
        # Only who presses on this very card has chosen between theirs and their own.
        _keep(visit, page, typed, typed.met if is_pressed and typed.met else typed.had)
    except InvalidInput as error:
        return Trouble(typed, visit.told(error.faults[0].what), error.faults[0].where)
    except Conflict as error:
        return _met(typed, error)
    except (NotAuthorised, NotFound, WrongState) as error:
        return Trouble(typed, visit.told(str(error)))
    return _without_level(visit, typed) if is_pressed and not typed.level else None


def _met(typed: Typed, error: Conflict) -> Trouble:
    """Let both versions stand on the card: the next button of this very card chooses."""
    theirs = cast("AnswerRevision", error.current)
    return Trouble(replace(typed, met=theirs.revision), theirs=theirs)


def _without_level(visit: Visit, typed: Typed) -> Trouble:
    """Say that the words are kept; going on would look as if the question were answered."""
    return Trouble(typed, str(visit.words.say("card.choose_level")), is_kept=True)


@router.post(f"{DOMAIN}/{{control}}")
def keep_answer(
    visit: Annotated[Visit, Depends(Allowed("answer"))],
    page: Annotated[Page, Depends(page_of)],
    control: str,
    form: Annotated[AnswerForm, Form()],
) -> Response:
    """Keep one answer; our script gets JSON, a browser without it the page again."""
    require_form_key(visit, form.form_key)
    typed = Typed(control, form.level, plain(form.reason), form.seen)
    by_script = "application/json" in visit.request.headers.get("accept", "")
    try:
        kept = _keep(visit, page, typed, form.seen)
    except InvalidInput as error:
        said = visit.told(error.faults[0].what)
        if by_script:
            return JSONResponse({"fault": said}, 422)
        trouble = Trouble(typed, said, error.faults[0].where)
        return _show(visit, page, 422, Outcome(troubles=(trouble,)))
    except Conflict as error:
        if by_script:
            return JSONResponse({}, 409)
        return _show(visit, page, 409, Outcome(troubles=(_met(typed, error),)))
    if not by_script and typed.level == "":
        return _show(visit, page, 422, Outcome(troubles=(_without_level(visit, typed),)))
    if not by_script:
        then = form.then if CONTROL.fullmatch(form.then) else control
        return RedirectResponse(f"{page.path}#{then}", 303)
    zone, names = ZoneInfo(kept.institution.zone), {visit.person.person: visit.person.name}
    said = str(status_of(kept.revision, visit.words, zone, names))
    return JSONResponse({"revision": kept.revision.revision, "said": said})


def _keep(visit: Visit, page: Page, typed: Typed, seen: int) -> Kept:
    does_not_apply = typed.level == NOT_APPLICABLE
    if does_not_apply and not typed.reason:
        raise InvalidInput(Fault("reason", str(visit.words.say("card.needs_reason"))))
    if typed.level == typed.reason == "" and not seen:
        raise InvalidInput(Fault("level", str(visit.words.say("card.choose_level"))))
    if typed.level not in ("", NOT_APPLICABLE, *_LEVELS):
        raise InvalidInput(Fault("level", str(visit.words.say("card.needs_level"))))
    return questionnaire.keep_answer(
        visit.register,
        page.institution,
        page.round_code,
        typed.control,
        level=cast("Level | None", _LEVELS.get(typed.level)),
        not_applicable=typed.reason if does_not_apply else None,
        reason="" if does_not_apply else typed.reason,
        seen_revision=seen,
    )
