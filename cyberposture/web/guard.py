"""What stands before every page: it refuses what is too large, and every answer leaves dressed.

It is written against the server's own interface, because the framework's wrapper for such things
costs more than many a page.
"""

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cyberposture.web.surroundings import portal_of
from cyberposture.web.uploads import MOST_DRAINED, UPLOADS

MOST_BYTES: Final = 2_000_000
"""A form is never larger; files come by a way of their own."""
LETTERS: Final = ("/signed", "/waiver")
"""Forms that carry letters beside a key, which may be as large as other files."""
HEADERS: Final = {
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


class Guard:
    """Stands between the server and the application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or refuse it for its size."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)

        async def send_dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                _dress(request, MutableHeaders(scope=message))
            await send(message)

        refusal = _refusal(request)
        await (self._app if refusal is None else refusal)(scope, receive, send_dressed)


def _refusal(request: Request) -> ASGIApp | None:
    """Return what is said to a request that is too large, or does not say how large it is."""
    headers = Headers(scope=request.scope)
    if "transfer-encoding" in headers:
        # What does not say how large it is could be of any size.
        return PlainTextResponse("say how long it is", 411)
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length) > _most_bytes(request):
        return PlainTextResponse("too large", 413)
    return None


def _most_bytes(request: Request) -> int:
    """Return how large a request may be; one with a file is read piece by piece where it is."""
    if not request.url.path.endswith((UPLOADS, *LETTERS)):
        return MOST_BYTES
    return MOST_DRAINED * portal_of(request).runtime.settings.upload_bytes


def _dress(request: Request, headers: MutableHeaders) -> None:
    """Let an answer carry what keeps it safe."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if not request.url.path.startswith(("/static/", "/style/")):
        # What one person saw must not be there for the next at the same machine.
        headers["Cache-Control"] = "no-store"
    if portal_of(request).is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
