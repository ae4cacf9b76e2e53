"""HTTP as a server speaks it: one request a connection, answered from the site's pages."""

from dataclasses import dataclass
from email.utils import format_datetime
from http import HTTPStatus

from cyberposture.laboratory.conversation import Conversation
from cyberposture.laboratory.services.pages import (
    CARELESS_HEADERS,
    HSTS,
    KEPT_HEADERS,
    KEPT_SERVER,
    NEGLECTED_SERVER,
    Header,
    Page,
    kept_page,
    neglected_page,
)
from cyberposture.laboratory.station import Station

ENDLESS_HEADER_BYTES = 10 * 1024 * 1024
_LONGEST_HEAD_BYTES = 16 * 1024
_LONGEST_BODY_BYTES = 16 * 1024
_CHUNK_BYTES = 64 * 1024
_NEGLECTED_SITES = frozenset({"neglected", "listing", "stack-trace"})


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    head: str


async def speak_http(client: Conversation, station: Station) -> None:
    """Answer one request, then close."""
    head = await client.read_until(b"\r\n\r\n", _LONGEST_HEAD_BYTES)
    request = _parse(head)
    if station.service.site == "endless-header":
        await _send_endless_header(client)
        return
    if request is None:
        page, method = Page(400, "Bad request\n", media_type="text/plain"), "GET"
    else:
        await _discard_body(client, request)
        page, method = _answer(request, station), request.method
    await client.send(_render(page, station, with_body=method != "HEAD"))


def _parse(head: bytes) -> _Request | None:
    text = head.decode("latin-1")
    words = text.split("\r\n", 1)[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/") or not words[1].startswith(("/", "*")):
        return None
    return _Request(method=words[0], path=words[1].split("?")[0], head=text)


async def _discard_body(client: Conversation, request: _Request) -> None:
    for line in request.head.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.lower() == "content-length" and value.strip().isdecimal():
            await client.read_exactly(min(int(value), _LONGEST_BODY_BYTES))


def _answer(request: _Request, station: Station) -> Page:
    service, name = station.service, station.host.name
    neglected = service.site in _NEGLECTED_SITES
    if request.method == "TRACE" and neglected:
        return Page(200, request.head, media_type="message/http")
    if request.method == "POST" and request.path == "/login":
        return Page(403, "Not accepted\n", media_type="text/plain")
    if request.method == "OPTIONS":
        allowed = "GET, HEAD, OPTIONS, POST, TRACE" if neglected else "GET, HEAD, OPTIONS"
        return Page(204, "", (("Allow", allowed),))
    if request.method not in ("GET", "HEAD"):
        return Page(405, "Not allowed\n", (("Allow", "GET, HEAD, OPTIONS"),), "text/plain")
    if service.site == "redirect":
        return Page(301, "", (("Location", f"https://{name}{request.path}"),))
    if neglected:
        return neglected_page(service, request.path, name)
    return kept_page(service, request.path, name, station.clock())


def _render(page: Page, station: Station, *, with_body: bool) -> bytes:
    service = station.service
    body = page.body.encode()
    neglected = service.site in _NEGLECTED_SITES
    server = NEGLECTED_SERVER if neglected else KEPT_SERVER
    headers: list[Header] = [
        ("Date", format_datetime(station.clock(), usegmt=True)),
        ("Server", server if service.banner is None else service.banner),
        ("Content-Type", page.media_type),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
    ]
    if not neglected:
        headers.extend(CARELESS_HEADERS if service.site == "careless" else KEPT_HEADERS)
    if service.kind == "https" and service.hsts and not neglected:
        headers.append(HSTS)
    headers.extend(page.headers)
    lines = [f"HTTP/1.1 {page.status} {HTTPStatus(page.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8")
    return head + body if with_body else head


async def _send_endless_header(client: Conversation) -> None:
    await client.send(b"HTTP/1.1 200 OK\r\nX-Filler: ")
    for _ in range(ENDLESS_HEADER_BYTES // _CHUNK_BYTES):
        await client.send(b"a" * _CHUNK_BYTES)
    await client.send(b"\r\nContent-Length: 0\r\n\r\n")
