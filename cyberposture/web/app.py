"""The portal as one application: its pages, its static files, and what every answer carries."""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles

from cyberposture.errors import CyberpostureError, InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.runtime import Runtime
from cyberposture.web.pages import find_routers
from cyberposture.web.surroundings import HERE, SignInFirst, make_portal, portal_of

MOST_BYTES = 2_000_000
"""A form is never larger; files come by a way of their own."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_STATUS: dict[type[CyberpostureError], int] = {
    NotFound: 404,
    NotAuthorised: 403,
    InvalidInput: 422,
    WrongState: 409,
}


def make_app(runtime: Runtime) -> FastAPI:
    """Return the application over a runtime.

    Raises:
        InvalidInput: a file of words is missing or wrong.
    """
    # Its own pages of documentation load scripts from elsewhere.
    app = FastAPI(title="cyberposture", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.portal = make_portal(runtime)
    for router in find_routers():
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=HERE / "static"))
    app.middleware("http")(_guard)
    app.exception_handler(SignInFirst)(_to_the_door)
    app.exception_handler(CyberpostureError)(_refused)
    app.exception_handler(RequestValidationError)(_unreadable)
    for status in (404, 405):
        app.exception_handler(status)(_not_there)
    return app


async def _guard(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse what is too large, and let every answer carry what keeps it safe."""
    length = request.headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > MOST_BYTES:
        answer = Response("too large", 413, media_type="text/plain")
    else:
        answer = await go_on(request)
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    if not request.url.path.startswith(("/static/", "/style/")):
        # What one person saw must not be there for the next at the same machine.
        answer.headers["Cache-Control"] = "no-store"
    if portal_of(request).is_secure:
        answer.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return answer


def _to_the_door(request: Request, _: Exception) -> Response:
    return RedirectResponse("/sign-in", 303)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, CyberpostureError)
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), 500)
    return _say(request, status, str(error), error.advice() or "")


def _unreadable(request: Request, _: Exception) -> Response:
    return _say(request, 422)


def _not_there(request: Request, _: Exception) -> Response:
    return _say(request, 404)


def _say(request: Request, status: int, said: str = "", advice: str = "") -> Response:
    """Return the page that says what was refused and how to go on."""
    view = {"person": None, "code": status, "said": said, "advice": advice}
    return portal_of(request).render(request, "refused.html.j2", status, **view)
