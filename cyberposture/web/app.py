"""The portal as one application: its pages, its static files, and what every answer carries."""

import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from anyio import to_thread
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from cyberposture import __version__
from cyberposture.errors import CyberpostureError, InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.runtime import Runtime
from cyberposture.store.database import KEPT_OPEN
from cyberposture.web import api
from cyberposture.web.api.bearer import PREFIX, FaultShape, NoToken, is_for_machines, problem
from cyberposture.web.doorkeeper import WITHIN, Doorkeeper, TooManyAttempts
from cyberposture.web.guard import Guard
from cyberposture.web.pages import find_routers
from cyberposture.web.pages.sign_in import show_the_door, typed_in, way_back
from cyberposture.web.surroundings import (
    COOKIE,
    HERE,
    SignInFirst,
    make_portal,
    show_to_anybody,
)
from cyberposture.web.written import Unkept

_STATUS: dict[type[CyberpostureError], int] = {
    NotFound: 404,
    NoToken: 401,
    NotAuthorised: 403,
    InvalidInput: 422,
    WrongState: 409,
}


THREADS: Final = KEPT_OPEN
"""So many requests are worked on at once: each has a connection of its own, and none waits for one.

More would but take the interpreter from one another; scans have threads of their own.
"""


@asynccontextmanager
async def _with_threads(_: FastAPI) -> AsyncIterator[None]:
    to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield


def make_app(runtime: Runtime, *, is_whole: Callable[[], bool] = lambda: True) -> FastAPI:
    """Return the application over a runtime; `is_whole` says whether what runs beside it does.

    Raises:
        InvalidInput: a file of words is missing or wrong.
    """
    # Its own pages of documentation load scripts from elsewhere; the description itself is data.
    app = FastAPI(
        title="cyberposture",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        separate_input_output_schemas=False,
        lifespan=_with_threads,
    )
    app.state.portal = make_portal(runtime)
    app.state.is_whole = is_whole
    app.state.doorkeeper = Doorkeeper()
    for router in find_routers():
        app.include_router(router, include_in_schema=False)
    for router in find_routers(api):
        app.include_router(router)
    dress(app)
    return app


def dress(app: FastAPI) -> None:
    """Give an application what every answer carries: static files, guard, and pages for errors."""
    app.state.pages = frozenset(_pages(app.routes))
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    app.add_middleware(Guard)
    app.exception_handler(SignInFirst)(_to_the_door)
    app.exception_handler(TooManyAttempts)(_rests)
    app.exception_handler(CyberpostureError)(_refused)
    app.exception_handler(RequestValidationError)(_unreadable)
    for status in (404, 405):
        app.exception_handler(status)(_not_there)


def _pages(routes: Iterable[object]) -> Iterator[str]:
    """Yield the paths of all that can be read, also of the routers that were taken in."""
    for one in routes:
        taken_in = getattr(one, "original_router", None)
        if taken_in is not None:
            yield from _pages(taken_in.routes)
        elif "GET" in (getattr(one, "methods", None) or ()):
            yield str(getattr(one, "path", ""))


async def _to_the_door(request: Request, error: Exception) -> Response:
    has_ended = isinstance(error, SignInFirst) and error.has_ended
    answer: Response = RedirectResponse("/sign-in?ended=yes" if has_ended else "/sign-in", 303)
    # A browser that was closed meanwhile has no session at all any more, but may bring words.
    typed = await typed_in(request) if has_ended or _is_plain_form(request) else []
    if typed:
        back = await way_back(request)
        answer = show_the_door(request, 401, has_ended=True, typed=typed, back=back)
    if has_ended:
        answer.delete_cookie(COOKIE, path="/")
    return answer


def _is_plain_form(request: Request) -> bool:
    kind = request.headers.get("content-type", "")
    return kind.startswith("application/x-www-form-urlencoded")


def _rests(request: Request, _: Exception) -> Response:
    answer = _say(request, 429)
    answer.headers["Retry-After"] = str(int(WITHIN.total_seconds()))
    return answer


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, CyberpostureError)
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)
    if is_for_machines(request):
        faults = error.faults if isinstance(error, InvalidInput) else ()
        said = [FaultShape(where=fault.where, what=fault.what) for fault in faults]
        kind = _kind_of(error)
        return problem(status, kind, str(error), advice=error.advice() or "", faults=said)
    return await _say_and_show(request, status, str(error), error.advice() or "")


async def _say_and_show(
    request: Request, status: int, said: str = "", advice: str = ""
) -> Response:
    """Return the page that says what was refused, with the words that the form brought."""
    # A form with a file is read elsewhere, piece by piece, and its rest may never come.
    typed = await typed_in(request) if _is_plain_form(request) else []
    return await run_in_threadpool(_say, request, status, said, advice, typed=typed)


def _kind_of(error: CyberpostureError) -> str:
    """Return the short word for a problem: the error's own name in kebab case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__).lower()


async def _unreadable(request: Request, error: Exception) -> Response:
    if is_for_machines(request):
        assert isinstance(error, RequestValidationError)
        said = [
            FaultShape(where=".".join(map(str, one["loc"])), what=one["msg"])
            for one in error.errors()
        ]
        return problem(422, "invalid-input", "the request is not as it should be", faults=said)
    return await _say_and_show(request, 422)


def _not_there(request: Request, error: Exception) -> Response:
    if is_for_machines(request):
        status = error.status_code if isinstance(error, HTTPException) else 404
        return problem(status, "not-found", "there is nothing at this address for this method")
    return _say(request, 404)


def _say(
    request: Request,
    status: int,
    said: str = "",
    advice: str = "",
    *,
    typed: Sequence[Unkept] = (),
) -> Response:
    """Return the page that says what was refused and how to go on, with the words that came."""
    return show_to_anybody(
        request, "refused.html.j2", status, code=status, said=said, advice=advice, typed=typed
    )
