"""Tells one event to a program over HTTPS: signed, to a checked address, and following nobody.

The address is looked up once, checked, and connected to, so that no second look-up can lead
elsewhere. A redirect is an answer like any other: it is not followed.
"""

import hashlib
import hmac
import http.client
import json
import re
import socket
import ssl
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from cyberposture.errors import Fault, InvalidInput
from cyberposture.services.post.deadline import Deadline
from cyberposture.services.post.mail import Answer, one_line

REPLAY_WINDOW_S: Final = 300
"""A receiver refuses what was signed longer ago or lies further ahead. Source: our own default."""
EVENT_HEADER, TIME_HEADER, SIGNATURE_HEADER = (
    "Cyberposture-Event", "Cyberposture-Timestamp", "Cyberposture-Signature",
)  # fmt: skip
LONGEST_URL = 500
LONGEST_READ = 500
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_LOOPBACK_NAMES: Final = frozenset({"localhost"})


@dataclass(frozen=True)
class HookRoute:
    """How programs may be reached."""

    allows_private: bool = False
    trust_store: Path | None = None
    timeout_s: float = 10.0
    longest_s: float = 30.0


def check_url(url: str) -> SplitResult:
    """Return the parts of an endpoint's address: https, or http to this machine.

    Raises:
        InvalidInput: it is no such address, or holds a name, a password or a fragment.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidInput(Fault("url", str(error))) from error
    problem = None
    host = parts.hostname or ""
    if len(url) > LONGEST_URL or not url.isascii() or any(one <= " " for one in url):
        problem = f"at most {LONGEST_URL} signs of ASCII, without blanks"
    elif parts.scheme not in ("http", "https") or port == 0 or not _is_host(host):
        problem = "an address such as https://tools.example.org/posture"
    elif parts.scheme == "http" and not _is_here(host):
        problem = "only https, but for programs on this machine"
    elif parts.username is not None or parts.password is not None or parts.fragment:
        problem = "neither name nor password nor fragment; the signature says who we are"
    if problem is not None:
        raise InvalidInput(Fault("url", problem))
    return parts


def _is_address(host: str) -> bool:
    try:
        return "%" not in host and ip_address(host) is not None
    except ValueError:
        return False


def _is_host(host: str) -> bool:
    """Return whether this is an address, or a name as a name server knows it."""
    return _is_address(host) or (len(host) <= 253 and _NAME.fullmatch(host) is not None)


def _is_here(host: str) -> bool:
    """Return whether a host as it is written is this machine; no name server is asked."""
    return host in _LOOPBACK_NAMES or (_is_address(host) and ip_address(host).is_loopback)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Return whether an address is anybody's on the Internet, and carries no other one inside."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is not None:
            return is_public(inner)
        if int(address) >> 32 == 0x0064_FF9B << 64:  # RFC 6052, 2.1
            return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    return address.is_global and not address.is_multicast


def sign(secret: bytes, timestamp: int, body: bytes) -> str:
    """Return the signature header: HMAC-SHA-256 over the time, a full stop and the body.

    Source: RFC 2104; FIPS 180-4.
    """
    digest = hmac.new(secret, str(timestamp).encode() + b"." + body, hashlib.sha256)
    return f"v1={digest.hexdigest()}"


def tell(route: HookRoute, url: str, secret: bytes, body: str, *, timestamp: int) -> Answer:
    """Send an event to an endpoint and return what came of it; any 2xx takes it.

    `timestamp` is the present moment in whole seconds of Unix time.
    """
    data = body.encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "cyberposture",
        EVENT_HEADER: str(json.loads(body)["id"]),
        TIME_HEADER: str(timestamp),
        SIGNATURE_HEADER: sign(secret, timestamp, data),
        "Connection": "close",
    }
    try:
        parts = check_url(url)
        with Deadline(route.longest_s) as deadline:
            talk = _Pinned(route, parts, deadline)
            try:
                place = parts.path or "/"
                talk.request(
                    "POST", place + (f"?{parts.query}" if parts.query else ""), data, headers
                )
                answer = talk.getresponse()
                said = answer.read(LONGEST_READ).decode("utf-8", "replace")
            finally:
                talk.close()
    except InvalidInput as error:
        return Answer("refused", one_line(str(error)))
    except (http.client.HTTPException, OSError) as error:
        return Answer("later", one_line(str(error)) or type(error).__name__)
    return _as_answer(answer.status, said)


def _as_answer(status: int, said: str) -> Answer:
    text = one_line(f"{status} {said}")
    if 200 <= status < 300:
        return Answer("accepted", text)
    if 300 <= status < 400:
        return Answer("later", f"{status} a redirect, which is not followed")
    # 410 says that nobody listens here any more. Source: RFC 9110, 15.5.11.
    return Answer("refused" if status == 410 else "later", text)


class _Pinned(http.client.HTTPConnection):
    """The library's client on a connection to an address that was looked up and checked."""

    def __init__(self, route: HookRoute, parts: SplitResult, deadline: Deadline) -> None:
        self._route, self._deadline = route, deadline
        self._is_secure = parts.scheme == "https"
        # With the port of its scheme, a host is named without one. Source: RFC 9110, 7.2.
        self.default_port = 443 if self._is_secure else 80
        # The library would read the end of an IPv6 address as a port, where it is given none.
        port = parts.port or self.default_port
        super().__init__(parts.hostname or "", port, timeout=route.timeout_s)

    def connect(self) -> None:
        """Connect to the first of the host's addresses that answers; all of them must be allowed.

        Raises:
            OSError: none answers, the name is not known, or one of them is not allowed.
        """
        opened = self._open(self._look_up())
        self._deadline.guard(opened)
        self.sock = opened
        if self._is_secure:
            trusting = ssl.create_default_context(cafile=self._route.trust_store)
            self.sock = trusting.wrap_socket(opened, server_hostname=self.host)

    def _look_up(self) -> list[str]:
        addresses = [self.host]
        if not _is_address(self.host):
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
        for one in addresses:
            address = ip_address(one.partition("%")[0])
            if _is_here(self.host):
                if not address.is_loopback:
                    raise OSError(f"{self.host} lies at {one}, which is not this machine")
            elif not self._route.allows_private and not is_public(address):
                raise OSError(f"{self.host} lies at {one}, which is no public address")
        return addresses

    def _open(self, addresses: list[str]) -> socket.socket:
        problem: OSError | None = None
        for address in addresses:
            try:
                return socket.create_connection((address, self.port), self._route.timeout_s)
            except OSError as error:
                problem = error
        raise problem or OSError(f"{self.host} has no address")
