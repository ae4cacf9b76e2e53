"""Questions back: what reviewers ask about single answers, and what the institution replies.

All boxes are one form; each reply goes by its own button, because the reviewer reads it at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from cyberposture.errors import InvalidInput, WrongState
from cyberposture.services.assessments.questionnaire import read_questionnaire
from cyberposture.services.people.names import names_of
from cyberposture.services.review import clarifying
from cyberposture.web.languages import keep_language, turn_to
from cyberposture.web.pages.cert.campaigns import Faults, located
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key
from cyberposture.web.written import CONTROL

router = APIRouter(include_in_schema=False)
QUESTIONS = "/institutions/{institution}/rounds/{round_code}/clarifications"


_BOX: Final = "reply-"


@dataclass(frozen=True)
class Replies:
    """What the institution replies, by control; `do` is the one whose button was pressed."""

    form_key: str
    texts: Mapping[str, str]
    do: str
    language: str


async def replies_form(request: Request) -> Replies:
    """Return the replies that a request carries; as a coroutine it waits for its body."""
    form = await request.form()
    sent = {name: one for name, one in form.items() if isinstance(one, str)}
    return Replies(
        sent.get("form_key", "")[:200],
        {
            name.removeprefix(_BOX): plain(text, 2_000)
            for name, text in sent.items()
            if name.startswith(_BOX) and CONTROL.fullmatch(name.removeprefix(_BOX))
        },
        sent.get("do", "")[:20],
        sent.get("language", "")[:20],
    )


@router.get(QUESTIONS)
def show_questions(
    visit: Annotated[Visit, Depends(Allowed("see-answers"))], institution: str, round_code: str
) -> HTMLResponse:
    """Show what was asked back, what waits first."""
    return _show(visit, institution, round_code)


def _show(
    visit: Visit,
    institution: str,
    round_code: str,
    status: int = 200,
    *,
    faults: Faults | None = None,
    typed: Mapping[str, str] | None = None,
    done: str = "",
) -> HTMLResponse:
    asked = read_questionnaire(visit.register, institution, round_code)
    threads = clarifying.list_threads(visit.register, institution, round_code)
    names = names_of(visit.register, {one.act.actor for t in threads for one in t.said})
    zone = ZoneInfo(asked.institution.zone)
    at = f"/institutions/{institution}/rounds/{round_code}"
    shown = [
        (one, [(visit.words.minute(said.act.at, zone), names.get(said.act.actor, said.act.actor),
                said.act.reason) for said in reversed(one.said)],
         f"{at}/answers/{one.control.split('-', maxsplit=1)[0]}/{one.control}")
        for one in threads
    ]  # fmt: skip
    may_reply = visit.may("answer", institution) and asked.state in ("clarification", "in-review")
    waits = {one.control for one in threads if one.is_open and may_reply}
    typed = {control: text for control, text in (typed or {}).items() if text}
    return visit.show(
        "institution/clarifications.html.j2",
        status,
        asked=asked,
        round_code=round_code,
        at=at,
        threads=shown,
        waiting=sum(one.is_open for one in threads),
        may_reply=may_reply,
        waits=waits,
        faults=faults or [],
        typed=typed,
        homeless={control: text for control, text in typed.items() if control not in waits},
        **({"done": visit.words.say(f"done.{done}")} if done else {}),
    )


@router.post(QUESTIONS)
def reply(
    visit: Annotated[Visit, Depends(Allowed("answer"))],
    institution: str,
    round_code: str,
    form: Annotated[Replies, Depends(replies_form)],
) -> Response:
    """Send the reply whose button was pressed; what stands in other boxes stands there again."""
    turn_to(visit.request, form.language)
    return keep_language(visit.request, _reply(visit, institution, round_code, form), form.language)


def _reply(visit: Visit, institution: str, round_code: str, form: Replies) -> Response:
    require_form_key(visit, form.form_key)
    where, typed, control = (institution, round_code), form.texts, form.do
    if control:
        try:
            clarifying.reply(visit.register, *where, control, typed.get(control, ""))
        except InvalidInput:
            fault = str(visit.words.say("review.needs.reply"))
            faults = [(f"{_BOX}{control}", fault)]
            return _show(visit, *where, 422, faults=faults, typed=typed)
        except WrongState as error:
            return _show(visit, *where, 409, faults=located(error), typed=typed)
    left = {one: text for one, text in typed.items() if text and one != control}
    done = "replied" if control else ""
    if left:
        return _show(visit, *where, typed=left, done=done)
    return visit.go(f"/institutions/{institution}/rounds/{round_code}/clarifications", done)
