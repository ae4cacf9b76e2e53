"""A draft that everybody may read and comment on, without an account, until its last day."""

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field

from cyberposture.clock import find_zone
from cyberposture.content.translations import in_language
from cyberposture.errors import InvalidInput, NotFound, WrongState
from cyberposture.exchange.sheets import build_row
from cyberposture.model.consultations import Comment
from cyberposture.model.controls import Control
from cyberposture.reporting.words import Words
from cyberposture.services.catalogue import comments
from cyberposture.services.catalogue.consulted import (
    OpenDraft,
    control_of,
    list_open_first,
    read_open_draft,
)
from cyberposture.services.reports.consultation import NAME, read_consultation
from cyberposture.services.reports.report import find_definition
from cyberposture.store.comments import CommentRecord
from cyberposture.web.pages.sign_in import from_own_page
from cyberposture.web.surroundings import (
    DOOR,
    language_of,
    plain,
    portal_of,
    show_to_anybody,
)

router = APIRouter(include_in_schema=False)
MOST_A_MINUTE = 30
"""So many comments of people without an account are taken a minute, from all together."""
WHOLE = "draft"
"""Stands in an address for the draft as a whole, where else a control's id stands."""


class Pace:
    """Counts what came in the last minute, so that a flood finds a closed door."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._times: deque[float] = deque()

    def take(self) -> bool:
        """Return whether one more may come in now, and count it if so."""
        now = time.monotonic()
        with self._lock:
            while self._times and self._times[0] < now - 60:
                self._times.popleft()
            if len(self._times) >= MOST_A_MINUTE:
                return False
            self._times.append(now)
            return True


_PACE = Pace()


class CommentForm(BaseModel):
    """What the form of a comment sends; `website` is a field that people do not see."""

    author: str = Field(default="", max_length=500)
    affiliation: str = Field(default="", max_length=500)
    email: str = Field(default="", max_length=500)
    text: str = Field(default="", max_length=20_000)
    private: str = Field(default="", max_length=10)
    website: str = Field(default="", max_length=500)


@dataclass(frozen=True)
class Page:
    """Which page is meant: a control of a draft, or `WHOLE`."""

    request: Request
    consultation: str
    control: str


@dataclass(frozen=True)
class Trouble:
    """Why what was typed is not taken: pairs of field and fault."""

    form: CommentForm
    faults: tuple[tuple[str, str], ...]
    status: int = 422


@dataclass(frozen=True)
class Said:
    """A comment as the page shows it."""

    code: str
    about: str
    day: str
    author: str
    affiliation: str
    text: str
    hidden_because: str
    outcome: str
    answer: str
    changed: tuple[str, ...]


def said_of(one: CommentRecord, words: Words, zone_name: str) -> Said:
    """Return a comment for a page; of a hidden one, no word."""
    hidden = one.is_hidden
    answer = None if one.disposition is None else one.disposition.disposition
    reason = one.moderation.act.reason if hidden and one.moderation is not None else ""
    return Said(
        code=one.code,
        about=one.about,
        day=words.day(one.act.at, find_zone(zone_name)),
        author="" if hidden else one.said.author,
        affiliation="" if hidden else one.said.affiliation,
        text="" if hidden else one.said.text,
        hidden_because=reason,
        outcome="" if answer is None else answer.outcome,
        answer="" if answer is None else answer.reason,
        changed=() if answer is None else answer.changed,
    )


@router.get("/consultations")
def list_consultations(request: Request) -> HTMLResponse:
    """Show the drafts that may be commented on, and those whose time is over."""
    portal = portal_of(request)
    words = portal.words[language_of(request)]
    rows = [
        {
            "code": one.record.consultation.code,
            "title": one.record.consultation.title,
            "edition": f"{one.record.consultation.edition} {one.record.consultation.version}",
            "state": one.state,
            "last": words.day(one.record.consultation.last_day, find_zone("UTC")),
            "comments": one.tally.shown + one.tally.hidden,
        }
        for one in list_open_first(portal.register_of(DOOR))
    ]
    return show_to_anybody(request, "consultation/list.html.j2", rows=rows)


@router.get("/consultations/{consultation}")
def show_draft(request: Request, consultation: str, q: str = "") -> HTMLResponse:
    """Show the controls of a draft by domain, with how much was said of each."""
    portal = portal_of(request)
    draft = read_open_draft(portal.register_of(DOOR), consultation)
    words = portal.words[language_of(request)]
    named = in_language(draft.translations, words.language).names(draft.catalogue)["domains"]
    wanted = plain(q, 100).casefold()
    groups = []
    for domain in draft.catalogue.framework.domains:
        found = [
            {"id": control.id, "title": title, "said": draft.said[control.id]}
            for control in draft.catalogue.controls
            if control.domain == domain.id
            for title in [_told(draft, control, words)["title"]]
            if wanted in f"{control.id} {title} {control.statement}".casefold()
        ]
        if found:
            groups.append({"title": named[domain.id], "controls": found})
    return show_to_anybody(
        request, "consultation/draft.html.j2", groups=groups, q=q,
        whole=WHOLE, **_head(draft, words),
    )  # fmt: skip


@router.get("/consultations/{consultation}/on/{control}")
def show_control(request: Request, consultation: str, control: str) -> HTMLResponse:
    """Show one control of a draft, or the draft as a whole, and what was said of it."""
    return _show(Page(request, consultation, control))


@router.post("/consultations/{consultation}/on/{control}", dependencies=[Depends(from_own_page)])
def take_comment(
    request: Request, consultation: str, control: str, form: Annotated[CommentForm, Form()]
) -> Response:
    """Enter a comment and show its reference number."""
    portal, page = portal_of(request), Page(request, consultation, control)
    if form.website:
        # Only a machine fills in what nobody sees; it is told what it expects to hear.
        return RedirectResponse(f"/consultations/{consultation}", 303)
    if not _PACE.take():
        said = str(portal.words[language_of(request)].say("consultation.busy"))
        return _show(page, Trouble(form, (("text", said),), 429))
    given = {
        "control": None if control == WHOLE else control,
        "author": plain(form.author, 160),
        "affiliation": plain(form.affiliation, 200),
        "email": plain(form.email, 254),
        "text": plain(form.text, 10_000),
        "is_public": not form.private,
    }
    missing = _missing(portal.words[language_of(request)], given)
    if missing:
        return _show(page, Trouble(form, missing))
    try:
        comment = build_row(Comment, "comment", given)
        made = comments.enter(portal.register_of(DOOR), consultation, comment)
    except (InvalidInput, WrongState) as error:
        return _show(page, Trouble(form, (("text", str(error)),)))
    return RedirectResponse(f"/consultations/{consultation}/received/{made.code}", 303)


@router.get("/consultations/{consultation}/received/{comment}")
def show_receipt(request: Request, consultation: str, comment: str) -> HTMLResponse:
    """Show the reference number of a comment, and nothing else of it."""
    portal = portal_of(request)
    register = portal.register_of(DOOR)
    found = comments.get_comment(register, comment)
    if found.record.consultation != consultation:
        raise NotFound("comment", comment)
    draft = read_open_draft(register, consultation)
    words = portal.words[language_of(request)]
    return show_to_anybody(
        request, "consultation/received.html.j2", comment=found.record.code,
        is_public=found.record.said.is_public, **_head(draft, words),
    )  # fmt: skip


@router.get("/consultations/{consultation}/comments")
def show_comments(request: Request, consultation: str) -> HTMLResponse:
    """Show every comment that may be read, with what came of it."""
    portal = portal_of(request)
    draft = read_open_draft(portal.register_of(DOOR), consultation)
    words = portal.words[language_of(request)]
    zone = draft.record.consultation.zone
    return show_to_anybody(
        request, "consultation/comments.html.j2",
        said=[said_of(one, words, zone) for one in draft.comments], **_head(draft, words),
    )  # fmt: skip


@router.get("/consultations/{consultation}/report")
def send_report(request: Request, consultation: str) -> HTMLResponse:
    """Send the report on a consultation: what was said, and what came of it."""
    portal = portal_of(request)
    register = portal.register_of(DOOR)
    definition = find_definition(register, NAME)
    asked = language_of(request)
    language = asked if asked in definition.languages else "en"
    text = read_consultation(register, portal.renderer, consultation, language=language)
    policy = f"{portal.renderer.policy(definition)}; frame-ancestors 'none'"
    return HTMLResponse(text, headers={"Content-Security-Policy": policy})


def _missing(words: Words, given: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name, str(words.say(f"consultation.needs_{name}")))
        for name in ("author", "text")
        if not given[name]
    )


def _head(draft: OpenDraft, words: Words) -> dict[str, Any]:
    consultation = draft.record.consultation
    return {
        "consultation": consultation.code,
        "heading": consultation.title,
        "edition": f"{consultation.edition} {consultation.version}",
        "note": draft.catalogue.framework.note,
        "state": draft.state,
        "last": words.day(consultation.last_day, find_zone(consultation.zone)),
        "all_comments": len(draft.comments),
    }


def _told(draft: OpenDraft, control: Control, words: Words) -> dict[str, Any]:
    """Return the texts of a control in the reader's language, where the draft has them."""
    texts = in_language(draft.translations, words.language)
    told: Any = texts.controls[control.id] if texts.tells(control) else control
    levels = told.levels or control.levels
    return {
        "title": told.title,
        "statement": told.statement,
        "levels": [] if levels is None else sorted(levels.model_dump(by_alias=True).items()),
        "is_draft": texts.state(control) == "draft",
    }


def _show(page: Page, trouble: Trouble | None = None) -> HTMLResponse:
    portal = portal_of(page.request)
    draft = read_open_draft(portal.register_of(DOOR), page.consultation)
    words = portal.words[language_of(page.request)]
    meant = None if page.control == WHOLE else control_of(draft, page.control)
    about = "" if meant is None else meant.id
    zone = draft.record.consultation.zone
    faults = () if trouble is None else trouble.faults
    return show_to_anybody(
        page.request,
        "consultation/control.html.j2",
        200 if trouble is None else trouble.status,
        control=meant,
        told=None if meant is None else _told(draft, meant, words),
        said=[said_of(one, words, zone) for one in draft.comments if one.about == about],
        form=CommentForm() if trouble is None else trouble.form,
        faults=faults,
        fault=dict(faults),
        place=page.control,
        **_head(draft, words),
    )
