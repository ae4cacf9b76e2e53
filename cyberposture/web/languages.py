"""Turning the language in which a browser is spoken to: at once, and from then on."""

from typing import Final

from fastapi import Request
from fastapi.responses import Response

from cyberposture.web.surroundings import LANGUAGE_COOKIE, LANGUAGES, portal_of

_YEAR_S: Final = 31_536_000


def turn_to(request: Request, code: str) -> None:
    """Let this request be answered in a language of ours; anything else turns nothing."""
    if code in LANGUAGES:
        request.state.language = code


def keep_language(request: Request, answer: Response, code: str) -> Response:
    """Let the browser remember a language of ours, and return the answer that tells it so."""
    if code in LANGUAGES:
        answer.set_cookie(
            LANGUAGE_COOKIE, code, max_age=_YEAR_S, samesite="lax",
            secure=portal_of(request).is_secure, httponly=True,
        )  # fmt: skip
    return answer
