"""Computed facts about web services: where pages lead, what they set, and what they give away."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from cyberposture.model.observations import HTTPFact
from cyberposture.scanning.judging.hostview import Endpoint
from cyberposture.scanning.judging.truth import UNKNOWN, UNTESTED, Found, Truth
from cyberposture.scanning.judging.wording import listed, quote


def _page(endpoint: Endpoint, path: str = "/") -> HTTPFact | Truth:
    page = endpoint.page(path)
    if page is None:
        return UNTESTED
    return page if page.outcome == "answered" else UNKNOWN


def _header(page: HTTPFact, name: str) -> str | None:
    return next((value for key, value in page.headers if key.lower() == name), None)


def serves(endpoint: Endpoint) -> Found:
    """What the front page is: `page` (HTML), `data`, `redirect`, or `nothing` (an error)."""
    page = _page(endpoint)
    if isinstance(page, Truth):
        return Found(page)
    status = page.status or 0
    if 200 <= status < 300:
        kind = _header(page, "content-type")
        is_page = "html" in kind.lower() if kind else page.title is not None
        return Found("page" if is_page else "data", f"status {status}")
    return Found("redirect" if 300 <= status < 400 else "nothing", f"status {status}")


def https_redirect(endpoint: Endpoint) -> Found:
    """Whether plain HTTP sends the visitor on to HTTPS at once.

    A redirect to another host in the clear is not followed, so it stays unknown.
    """
    page = _page(endpoint)
    if isinstance(page, Truth):
        return Found(page)
    target = (_header(page, "location") or "").strip()
    if not 300 <= (page.status or 0) < 400 or not target:
        return Found(False, f"status {page.status} without a redirect")
    lowered = target.lower()
    if lowered.startswith("https://"):
        return Found(True, f"redirect to {quote(target)}")
    own = {endpoint.name, endpoint.view.address} - {None}
    other = re.match(r"(?:http:)?//([^/:?#]+)", lowered)
    if other and other.group(1) not in own:
        return Found(UNKNOWN, f"redirect to {quote(target)}, which was not followed")
    return Found(False, f"redirect to {quote(target)}")


_MAX_AGE: Final = re.compile(r'(?:^|;)\s*max-age\s*=\s*"?(\d{1,12})"?\s*(?:;|$)', re.IGNORECASE)


def hsts_max_age(endpoint: Endpoint) -> Found:
    """For how many seconds browsers are told to use HTTPS only; 0 where they are told nothing.

    Source: RFC 6797, section 6.1.1; section 8.1: only the first such header counts.
    """
    page = _page(endpoint)
    if isinstance(page, Truth):
        return Found(page)
    value = _header(page, "strict-transport-security")
    if value is None:
        return Found(0, "no such header")
    age = _MAX_AGE.search(value)
    return Found(int(age.group(1)) if age else 0, quote(value))


def login_over_http(endpoint: Endpoint) -> Found:
    """Whether a password is asked for in the clear: by a form, or by the browser's own window."""
    if endpoint.tls:
        return Found(False)
    page = _page(endpoint)
    if isinstance(page, Truth):
        return Found(page)
    if "login-form" in page.marks:
        return Found(True, f"a login form at {quote(page.path)}")
    if page.status == 401 and _header(page, "www-authenticate") is not None:
        return Found(True, "the browser is told to ask for a password")
    return Found(False, f"status {page.status}, no login asked for")


def _answered(endpoint: Endpoint) -> list[HTTPFact] | Truth:
    front = _page(endpoint)
    if isinstance(front, Truth):
        return front
    return [page for page in endpoint.pages().values() if page.outcome == "answered"]


def _cookies(pages: Iterable[HTTPFact]) -> Iterator[dict[str, Any]]:
    return (cookie for page in pages for cookie in page.cookies)


def sets_cookies(endpoint: Endpoint) -> Found:
    """Whether the pages that were seen set any cookie."""
    pages = _answered(endpoint)
    if isinstance(pages, Truth):
        return Found(pages)
    names = [quote(str(cookie.get("name", "")), 40) for cookie in _cookies(pages)]
    return Found(bool(names), listed(names))


_SESSION: Final = re.compile(r"sess|sid\b|auth|login|remember|jwt", re.IGNORECASE)
_NO_SESSION: Final = re.compile(r"csrf|xsrf", re.IGNORECASE)


def cookie_without_flags(endpoint: Endpoint) -> Found:
    """Whether a cookie lacks Secure, or one that looks like a session lacks HttpOnly.

    Tokens against forged requests are left out of the second rule: scripts have to read them.
    """
    pages = _answered(endpoint)
    if isinstance(pages, Truth):
        return Found(pages)
    lacking = []
    for cookie in _cookies(pages):
        name = str(cookie.get("name", ""))
        if not cookie.get("secure"):
            lacking.append(f"{quote(name, 40)} lacks Secure")
        is_session = _SESSION.search(name) and not _NO_SESSION.search(name)
        if is_session and not cookie.get("http_only"):
            lacking.append(f"{quote(name, 40)} lacks HttpOnly")
    return Found(bool(lacking), listed(lacking) or "every cookie carries its flags")


def marked(mark: str) -> Callable[[Endpoint], Found]:
    """Return a fact: whether the probe recognised `mark` in one of the pages."""

    def seen(endpoint: Endpoint) -> Found:
        pages = _answered(endpoint)
        if isinstance(pages, Truth):
            return Found(pages)
        paths = [quote(page.path) for page in pages if mark in page.marks]
        return Found(bool(paths), f"at {listed(paths)}" if paths else "")

    return seen


_TELLING: Final = ("server", "x-powered-by", "x-aspnet-version", "x-aspnetmvc-version")
_VERSION: Final = re.compile(r"\d+\.\d+")


def banner_version(endpoint: Endpoint) -> Found:
    """Whether an answer's headers name a product's version."""
    pages = _answered(endpoint)
    if isinstance(pages, Truth):
        return Found(pages)
    told = [
        f"{name}: {quote(value)}"
        for page in pages
        for name in _TELLING
        if (value := _header(page, name)) is not None and _VERSION.search(value)
    ]
    return Found(bool(told), listed(list(dict.fromkeys(told)), 2))
