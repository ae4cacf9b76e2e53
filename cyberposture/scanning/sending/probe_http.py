"""Looks at a web service as a normal client would: a page, its headers, and a page that is missing.

No redirect is followed, no proxy used, no cookie sent back; of a body only a few marks are kept.
"""

import re
import socket
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Final

import h11

from cyberposture.model.observations import HTTPFact
from cyberposture.scanning.permission.gate import PermittedPlan
from cyberposture.scanning.sending.connect import (
    PROBE_SECONDS,
    Deadline,
    connected,
    lenient_context,
)

PATHS: Final = ("/", "/cyberposture-looks-for-a-missing-page")
"""The front page, and a page that cannot be there: its error shows what a server gives away."""

MAX_BODY: Final = 65_536
_MAX_HEADERS = 64
_MAX_VALUE = 1_000
_TITLE = re.compile(r"<title[^>]*>([^<]{0,200})", re.IGNORECASE)
_MARKS: Final = {
    "directory-listing": re.compile(
        r"<title>\s*(Index of /|Directory listing for /)|<h1>\s*Index of /", re.IGNORECASE
    ),
    "stack-trace": re.compile(
        r"Traceback \(most recent call last\)|\bat [\w$.]+\([\w$]+\.java:\d+\)"
        r"|Stack trace:\s*#0|Fatal error: Uncaught|System\.[\w.]*Exception:|ORA-\d{5}:"
    ),
    "login-form": re.compile(r"<input[^>]+type\s*=\s*[\"']?password", re.IGNORECASE),
    "server-status": re.compile(r"Apache Server Status for|<title>phpinfo\(\)", re.IGNORECASE),
}


@dataclass(frozen=True)
class Visitor:
    """How we introduce ourselves to a web service: a name with an address for questions."""

    user_agent: str


@dataclass(frozen=True)
class _Spot:
    """Where a page is asked for, and under which name."""

    address: str
    port: int
    tls: bool
    name: str | None

    def host(self) -> str:
        """Return what the Host header says."""
        bare = f"[{self.address}]" if ":" in self.address else self.address
        host = self.name or bare
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


@dataclass(frozen=True)
class _Exchange:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


def _request(host: str, path: str, visitor: Visitor) -> h11.Request:
    headers = [
        ("Host", host),
        ("User-Agent", visitor.user_agent),
        ("Accept", "text/html,*/*;q=0.1"),
        ("Connection", "close"),
    ]
    return h11.Request(method="GET", target=path, headers=headers)


def _exchange(spot: _Spot, path: str, visitor: Visitor) -> _Exchange:
    deadline = Deadline(PROBE_SECONDS)
    with connected(spot.address, spot.port, deadline) as plain:
        channel = plain
        if spot.tls:
            plain.settimeout(deadline.remaining_s())
            # The certificate is judged by its own technique; here we only want the page.
            channel = lenient_context().wrap_socket(plain, server_hostname=spot.name)
        try:
            spoken = h11.Connection(h11.CLIENT, max_incomplete_event_size=32_768)
            request = spoken.send(_request(spot.host(), path, visitor)) or b""
            channel.settimeout(deadline.remaining_s())
            channel.sendall(request + (spoken.send(h11.EndOfMessage()) or b""))
            return _read(spoken, channel, deadline)
        finally:
            channel.close()


def _read(spoken: h11.Connection, channel: socket.socket, deadline: Deadline) -> _Exchange:
    response: h11.Response | None = None
    body = b""
    while True:
        event = spoken.next_event()
        if event is h11.NEED_DATA:
            channel.settimeout(deadline.remaining_s())
            spoken.receive_data(channel.recv(16_384))
        elif isinstance(event, h11.Response):
            response = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        if response is not None and (
            isinstance(event, h11.EndOfMessage | h11.ConnectionClosed) or len(body) >= MAX_BODY
        ):
            return _Exchange(response.status_code, _headers(response), body[:MAX_BODY])
        if isinstance(event, h11.ConnectionClosed):
            raise h11.RemoteProtocolError("closed before an answer")


def _headers(response: h11.Response) -> tuple[tuple[str, str], ...]:
    pairs = []
    for name, value in list(response.headers)[:_MAX_HEADERS]:
        pairs.append((name.decode("latin-1"), value.decode("latin-1")[:_MAX_VALUE]))
    return tuple(pairs)


def read_cookie(value: str) -> dict[str, object] | None:
    """Return name and flags of one Set-Cookie value, or None where it cannot be read."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(value)
    except CookieError:
        return None
    for name, morsel in jar.items():
        return {
            "name": name[:100],
            "secure": bool(morsel["secure"]),
            "http_only": bool(morsel["httponly"]),
            "same_site": str(morsel["samesite"]) or None,
        }
    return None


def _seen(exchange: _Exchange) -> dict[str, object]:
    text = exchange.body.decode("utf-8", errors="replace")
    title = _TITLE.search(text)
    cookies = [read_cookie(value) for name, value in exchange.headers if name == "set-cookie"]
    return {
        "outcome": "answered",
        "status": exchange.status,
        "headers": exchange.headers,
        "cookies": tuple(cookie for cookie in cookies if cookie is not None),
        "title": title.group(1).strip() if title else None,
        "marks": tuple(mark for mark, pattern in _MARKS.items() if pattern.search(text)),
    }


def _fact(spot: _Spot, path: str, visitor: Visitor) -> HTTPFact:
    known = {"address": spot.address, "port": spot.port, "tls": spot.tls, "name": spot.name}
    try:
        seen = _seen(_exchange(spot, path, visitor))
    except TimeoutError:
        seen = {"outcome": "timed-out", "detail": "no whole answer in time"}
    except ConnectionRefusedError:
        seen = {"outcome": "refused", "detail": "the port is closed"}
    except h11.RemoteProtocolError as error:
        seen = {"outcome": "no-http", "detail": str(error)[:200]}
    except OSError as error:
        seen = {"outcome": "failed", "detail": (error.strerror or type(error).__name__)[:200]}
    return HTTPFact.model_validate({**known, "path": path, **seen})


def look_at_web(permitted: PermittedPlan, visitor: Visitor) -> tuple[HTTPFact, ...]:
    """Return one HTTP fact for each address, port and path of the permitted plan.

    The plan's parameter `tls` (0 or 1) says how the port is spoken to. After a first answer that
    never came, the other paths are not tried: one slow host is bothered once.
    """
    plan = permitted.plan
    tls = bool(plan.parameters.get("tls", 0))
    facts: list[HTTPFact] = []
    for address in plan.targets:
        for port in plan.ports or ():
            for path in PATHS:
                facts.append(_fact(_Spot(address, port, tls, plan.name), path, visitor))
                if facts[-1].outcome != "answered":
                    break
    return tuple(facts)
