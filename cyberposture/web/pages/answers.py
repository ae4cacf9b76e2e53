"""The questions of one domain on one page, one card a control; each answer is kept by itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, cast
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from cyberposture.content.translations import in_language
from cyberposture.errors import Conflict, Fault, InvalidInput
from cyberposture.model.assessments import Level
from cyberposture.services.assessments import questionnaire
from cyberposture.services.assessments.cards import Card, DomainPage, read_domain
from cyberposture.services.assessments.questionnaire import Kept
from cyberposture.services.people.names import names_of
from cyberposture.store.answers import AnswerRevision
from cyberposture.web.pages.cards import (
    NOT_APPLICABLE,
    Typed,
    reader_of,
    said_of,
    show_card,
    status_of,
    title_in,
)
from cyberposture.web.pages.institution.evidence_on_cards import evidence_on_cards
from cyberposture.web.pages.institution.inherited_on_cards import inherited_on_cards
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key

router = APIRouter(include_in_schema=False)
DOMAIN = "/institutions/{institution}/rounds/{round_code}/answers/{domain}"
Show = Literal["all", "open", "mine"]
_CONTROL = re.compile(r"[A-Z]{3}-[0-9]{2}")
_LEVELS = {"0": 0, "1": 1, "2": 2, "3": 3}


@dataclass(frozen=True)
class Page:
    """Which questions are meant: those of one domain, for one institution, in one round."""

    institution: str
    round_code: str
    domain: str

    @property
    def path(self) -> str:
        """The page's own address."""
        return f"/institutions/{self.institution}/rounds/{self.round_code}/answers/{self.domain}"


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
    trouble: Trouble | None = None,
    show: Show = "all",
) -> HTMLResponse:
    reader = reader_of(visit, page.institution)
    theirs = None if trouble is None else trouble.theirs
    with visit.register.one_state():
        found = read_domain(visit.register, page.institution, page.round_code, page.domain, reader)
        names = names_in(visit, found, theirs)
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
        left_out=[(one.id, title_in(one, texts)) for one in found.left_out],
        **about_cards(visit, found, cards, names, trouble),
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
    trouble: Trouble | None = None,
) -> dict[str, object]:
    """Return what `card.html.j2` needs: the cards in words, and what could not be kept."""
    asked, words = found.asked, visit.words
    zone = ZoneInfo(asked.institution.zone)
    typed = None if trouble is None else trouble.typed
    theirs = None if trouble is None else trouble.theirs
    after = [card.control.id for card in cards[1:] if card.takes_answer]
    return {
        "due": words.day(asked.due, zone),
        "cards": [
            show_card(
                card, asked, words, names, typed,
                after=next((one for one in after if one > card.control.id), ""),
            )
            for card in cards
        ],
        "may_answer": asked.may_answer and visit.may("answer", asked.institution.code),
        "trouble": "" if typed is None else typed.control,
        "fault": "" if trouble is None else trouble.fault,
        "trouble_field": "" if trouble is None else trouble.field,
        "done_at": visit.request.query_params.get("at", ""),
        "theirs": None if theirs is None else said_of(theirs, words, zone, names),
        "theirs_seen": 0 if theirs is None else theirs.revision,
        "evidence": evidence_on_cards(visit, found, cards),
        "inherited": inherited_on_cards(visit, found.inherited, zone),
    }  # fmt: skip


@router.post(f"{DOMAIN}/{{control}}")
def keep_answer(
    visit: Annotated[Visit, Depends(Allowed("answer"))],
    page: Annotated[Page, Depends(page_of)],
    control: str,
    form: Annotated[AnswerForm, Form()],
) -> Response:
    """Keep one answer; our script gets JSON, a browser without it the page again."""
    require_form_key(visit, form.form_key)
    typed = Typed(control, form.level, plain(form.reason))
    by_script = "application/json" in visit.request.headers.get("accept", "")
    try:
        kept = _keep(visit, page, typed, form.seen)
    except InvalidInput as error:
        said = visit.told(error.faults[0].what)
        if by_script:
            return JSONResponse({"fault": said}, 422)
        return _show(visit, page, 422, Trouble(typed, said, error.faults[0].where))
    except Conflict as error:
        if by_script:
            return JSONResponse({}, 409)
        theirs = cast("AnswerRevision", error.current)
        return _show(visit, page, 409, Trouble(typed, theirs=theirs))
    if not by_script and typed.level == "":
        # The words are kept; going on would look as if the question were answered.
        said = str(visit.words.say("card.choose_level"))
        return _show(visit, page, 422, Trouble(typed, said))
    if not by_script:
        then = form.then if _CONTROL.fullmatch(form.then) else control
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
