"""All that an assessment asks as one list: to search in, and to see what is still open."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from cyberposture.content.translations import in_language
from cyberposture.services.assessments.cards import Line, search_controls
from cyberposture.web.pages.cards import choice_of, in_words
from cyberposture.web.surroundings import Allowed, Visit, plain

router = APIRouter(include_in_schema=False)
CONTROLS = "/institutions/{institution}/rounds/{round_code}/controls"


class Wanted(BaseModel):
    """What is looked for: words, and whether only what is open, or one's own."""

    q: str = Field("", max_length=200)
    open: str = Field("", max_length=3)
    mine: str = Field("", max_length=3)


@router.get(CONTROLS)
def list_controls(
    visit: Annotated[Visit, Depends(Allowed("see-answers"))],
    institution: str,
    round_code: str,
    wanted: Annotated[Wanted, Query()],
) -> HTMLResponse:
    """List the questions in whose texts all words stand."""
    words = plain(wanted.q, 200)
    asked, found = search_controls(
        visit.register,
        institution,
        round_code,
        words=words,
        open_only=wanted.open == "yes",
        whose=visit.person.person if wanted.mine == "yes" else None,
    )
    texts = in_language(asked.translations, visit.words.language)
    return visit.show(
        "institution/controls.html.j2",
        asked=asked,
        q=words,
        open_only=wanted.open == "yes",
        mine=wanted.mine == "yes",
        lines=[
            (one.control, texts.title_of(one.control), _said(visit, one), one.holders)
            for one in found
        ],
    )


def _said(visit: Visit, line: Line) -> str:
    if not line.takes_answer:
        return str(visit.words.say("home.network_alone"))
    if line.answer is not None and line.answer.is_suggestion:
        return str(visit.words.say("one.suggestion"))
    return in_words(choice_of(line.answer), visit.words)
