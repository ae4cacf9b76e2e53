"""Looks at a web service as a normal client would: a page, its headers, and a page that is missing.

No redirect is followed, no proxy used, no cookie sent back; of a body only a few marks are kept.
"""

import contextlib
import re
import socket
from dataclasses import dataclass
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from typing import Final

import h11

from cyberposture.model.observations import ContactFile, HTTPFact
from cyberposture.scanning.permission.gate import PermittedPlan
from cyberposture.scanning.sending.connect import (
    PROBE_SECONDS,
    Deadline,
    connected,
    lenient_context,
)
from cyberposture.scanning.sending.talk import MustStop, never

PATHS: Final = ("/", "/cyberposture-looks-for-a-missing-page")
"""The front page, and a page that cannot be there: its error shows what a server gives away."""

CONTACT_PATH: Final = "/.well-known/security.txt"
"""Where people look whom to tell of a flaw, over HTTPS. Source: RFC 9116, section 3."""
POLICY_PATH: Final = "/.well-known/mta-sts.txt"
"""Where a mail domain's policy for transport stands. Source: RFC 8461, section 3.3."""
STRAY_PATHS: Final = ("/.git/HEAD", "/.env", "/server-status")
"""Files that are left lying by mistake, each asked for by its name; nothing else is guessed."""

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
    "bucket-listing": re.compile(
        r"<(ListBucketResult|ListAllMyBucketsResult|EnumerationResults)[\s>]"
    ),
    "open-index": re.compile(r'"tagline"\s*:\s*"You Know, for Search"'),
}
_STRAY_MARKS: Final = {
    "/.git/HEAD": ("repository", re.compile(r"\A(ref: refs/heads/[\w./-]+|[0-9a-f]{40})\s*\Z")),
    "/.env": (
        "environment-file",
        re.compile(r"^[A-Z][A-Z0-9_]*(PASSWORD|SECRET|KEY|TOKEN)[A-Z0-9_]*\s*=", re.MULTILINE),
    ),
}
"""What a stray file must look like: a page that answers everything with 200 has none of it."""
_POLICY_VERSION: Final = re.compile(r"^version:[ \t]*STSv1[ \t]*\r?$", re.MULTILINE)
_POLICY_MODE: Final = re.compile(r"^mode:[ \t]*(enforce|testing|none)[ \t]*\r?$", re.MULTILINE)
_CONTACT: Final = re.compile(r"^contact:[ \t]*(\S.*?)\s*$", re.IGNORECASE | re.MULTILINE)
_EXPIRES: Final = re.compile(r"^expires:[ \t]*(\S+)\s*$", re.IGNORECASE | re.MULTILINE)


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


def read_contact_file(text: str) -> ContactFile:
    """Return contacts and the end of validity; what is no date is none.

    Source: RFC 9116, sections 2.5.3 and 2.5.5.
    """
    contacts = tuple(found.group(1)[:200] for found in _CONTACT.finditer(text))[:10]
    said = _EXPIRES.search(text)
    expires = None
    if said is not None:
        with contextlib.suppress(ValueError):
            expires = datetime.fromisoformat(said.group(1).upper())
    if expires is not None and expires.tzinfo is None:
        expires = None
    return ContactFile(contacts=contacts, expires=expires)


def _kind(exchange: _Exchange) -> str:
    kinds = (value for name, value in exchange.headers if name == "content-type")
    return next(kinds, "").partition(";")[0].strip().lower()


def _found_in(exchange: _Exchange, path: str, text: str) -> dict[str, object]:
    """Return the marks of a body, and the contact file where it is one."""
    marks = [mark for mark, pattern in _MARKS.items() if pattern.search(text)]
    found: dict[str, object] = {}
    if exchange.status == 200:
        stray = _STRAY_MARKS.get(path)
        if stray is not None and stray[1].search(text):
            marks.append(stray[0])
        policy = _POLICY_MODE.search(text) if path == POLICY_PATH else None
        if policy is not None and _POLICY_VERSION.search(text):
            marks.append(f"mta-sts-{policy.group(1)}")
        if path == CONTACT_PATH and _kind(exchange) == "text/plain":
            found["contact_file"] = read_contact_file(text)
    return {"marks": tuple(marks), **found}


def _seen(exchange: _Exchange, path: str) -> dict[str, object]:
    text = exchange.body.decode("utf-8", errors="replace")
    title = _TITLE.search(text)
    cookies = [read_cookie(value) for name, value in exchange.headers if name == "set-cookie"]
    return {
        "outcome": "answered",
        "status": exchange.status,
        "headers": exchange.headers,
        "cookies": tuple(cookie for cookie in cookies if cookie is not None),
        "title": title.group(1).strip() if title else None,
        **_found_in(exchange, path, text),
    }


def _fact(spot: _Spot, path: str, visitor: Visitor) -> HTTPFact:
    known = {"address": spot.address, "port": spot.port, "tls": spot.tls, "name": spot.name}
    try:
        seen = _seen(_exchange(spot, path, visitor), path)
    except TimeoutError:
        seen = {"outcome": "timed-out", "detail": "no whole answer in time"}
    except ConnectionRefusedError:
        seen = {"outcome": "refused", "detail": "the port is closed"}
    except h11.RemoteProtocolError as error:
        seen = {"outcome": "no-http", "detail": str(error)[:200]}
    except OSError as error:
        seen = {"outcome": "failed", "detail": (error.strerror or type(error).__name__)[:200]}
    return HTTPFact.model_validate({**known, "path": path, **seen})


def _paths(technique: str, tls: bool, of_mail: bool) -> tuple[str, ...]:
    if of_mail:
        return (POLICY_PATH,)
    if technique == "http-files":
        return STRAY_PATHS
    return (*PATHS, CONTACT_PATH) if tls else PATHS


def look_at_web(
    permitted: PermittedPlan, visitor: Visitor, must_stop: MustStop = never
) -> tuple[HTTPFact, ...]:
    """Return one HTTP fact for each address, port and path of the permitted plan.

    The plan's parameter `tls` (0 or 1) says how the port is spoken to; `mail-domain` asks for the
    policy file of that domain's mail alone. After a first answer that
    never came, the other paths are not tried: one slow host is bothered once.
    """
    plan = permitted.plan
    tls = bool(plan.parameters.get("tls", 0))
    of_mail = "mail-domain" in plan.parameters
    facts: list[HTTPFact] = []
    for address in plan.targets:
        for port in plan.ports or ():
            for path in _paths(plan.technique, tls, of_mail):
                if must_stop():
                    return tuple(facts)
                facts.append(_fact(_Spot(address, port, tls, plan.name), path, visitor))
                if facts[-1].outcome != "answered":
                    break
    return tuple(facts)
