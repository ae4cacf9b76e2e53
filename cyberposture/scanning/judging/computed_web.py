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


_STRAY: Final = {"repository": "a source repository", "environment-file": "a file of secrets"}


def stray_file(endpoint: Endpoint) -> Found:
    """Whether a file lies open that was never meant for visitors, recognised by its content."""
    pages = _answered(endpoint)
    if isinstance(pages, Truth):
        return Found(pages)
    asked = [page for page in pages if page.path in ("/.git/HEAD", "/.env")]
    if not asked:
        return Found(UNTESTED, "nobody asked for such files")
    found = [
        f"{_STRAY[mark]} at {quote(page.path)}"
        for page in asked
        for mark in page.marks
        if mark in _STRAY
    ]
    return Found(bool(found), listed(found) or f"{len(asked)} paths asked for")


CONTACT_PATH: Final = "/.well-known/security.txt"


def contact_file(endpoint: Endpoint) -> Found:
    """What the file with contacts for reports of flaws is worth.

    `valid`, `expired`, `no-expiry`, `no-contact` or `none`. A redirect is not followed, so it
    stays unknown. Source: RFC 9116, sections 2.5.3, 2.5.5 and 3.
    """
    page = _page(endpoint, CONTACT_PATH)
    if isinstance(page, Truth):
        return Found(page)
    if 300 <= (page.status or 0) < 400:
        return Found(UNKNOWN, "it leads to another address, which was not followed")
    if (page.status or 0) >= 500:
        return Found(UNKNOWN, f"status {page.status}")
    seen = endpoint.view.talks.contact_files.get((page.port, page.name))
    if seen is None:
        return Found("none", f"status {page.status}, no such file")
    if not seen.file.contacts:
        return Found("no-contact", "it names no contact")
    if seen.file.expires is None:
        return Found("no-expiry", "it does not say how long it holds")
    until = f"it holds until {seen.file.expires.date().isoformat()}"
    if seen.at is None:
        return Found(UNKNOWN, until)
    return Found("expired" if seen.file.expires < seen.at else "valid", until)


_SCRIPTS: Final = ("script-src", "default-src")


def inline_scripts(endpoint: Endpoint) -> Found:
    """Whether the content policy lets scripts run that stand in the page itself.

    With a nonce, a hash or `strict-dynamic` browsers leave `unsafe-inline` aside.
    Source: W3C Content Security Policy Level 3, section 6.7.3.2.
    """
    page = _page(endpoint)
    if isinstance(page, Truth):
        return Found(page)
    policy = _header(page, "content-security-policy")
    if policy is None:
        return Found(False, "no policy is set")
    rules = {words[0]: words[1:] for part in policy.lower().split(";") if (words := part.split())}
    named = next((kind for kind in _SCRIPTS if kind in rules), None)
    if named is None:
        return Found(True, "it says nothing of scripts")
    allowed = rules[named]
    guarded = any(word.startswith(("'nonce-", "'sha", "'strict-dynamic")) for word in allowed)
    is_open = "'unsafe-inline'" in allowed and not guarded
    return Found(is_open, quote(f"{named} {' '.join(allowed)}"))


def cookie_without_same_site(endpoint: Endpoint) -> Found:
    """Whether a cookie that looks like a session says nothing of requests from other sites."""
    pages = _answered(endpoint)
    if isinstance(pages, Truth):
        return Found(pages)
    sessions = [
        cookie
        for cookie in _cookies(pages)
        if _SESSION.search(str(cookie.get("name", "")))
        and not _NO_SESSION.search(str(cookie.get("name", "")))
    ]
    bare = [quote(str(c.get("name", "")), 40) for c in sessions if not c.get("same_site")]
    return Found(bool(bare), listed(bare) or f"{len(sessions)} session cookies seen")


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
