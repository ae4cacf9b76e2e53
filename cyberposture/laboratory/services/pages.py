"""The laboratory's web pages: a well-kept site and the ways in which sites are neglected."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from cyberposture.laboratory.hosts import Service

Header = tuple[str, str]

# nmap names a web server only by a product that it knows, so the sites dress up as two of them.
KEPT_SERVER = "nginx"
NEGLECTED_SERVER = "Apache/2.2.8 (Unix) formkit/1.4.2"
HSTS = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
KEPT_HEADERS: tuple[Header, ...] = (
    ("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'; base-uri 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)


@dataclass(frozen=True)
class Page:
    """One answer: status, the headers that are its own, and the body."""

    status: int
    body: str
    headers: tuple[Header, ...] = ()
    media_type: str = "text/html; charset=utf-8"


_DAYS_LEFT = {"valid": 180, "expired": -3}
_BUCKET = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult><Name>papers</Name>'
    "<Contents><Key>scans/identity-0001.pdf</Key></Contents></ListBucketResult>\n"
)
_INDEX = '{"name": "node-1", "cluster_name": "records", "tagline": "You Know, for Search"}\n'
_STRAY = {
    "/.git/HEAD": "ref: refs/heads/main\n",
    "/.env": "APP_NAME=portal\nDB_PASSWORD=not-a-real-one\n",
}


def _unlike_others(service: Service, path: str) -> Page | None:
    """Return what only a site of this kind shows, or None where it is like the others."""
    if service.site == "stray" and path in _STRAY:
        return Page(200, _STRAY[path], media_type="text/plain; charset=utf-8")
    if path == "/" and service.site == "bucket":
        return Page(200, _BUCKET, media_type="application/xml")
    if path == "/" and service.site == "index":
        return Page(200, _INDEX, media_type="application/json; charset=utf-8")
    return None


def _contact_file(service: Service, name: str, now: datetime) -> Page | None:
    days = _DAYS_LEFT.get(service.contact_file)
    if days is None:
        return None
    until = (now + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    text = f"Contact: mailto:security@{name}\nExpires: {until}\nPreferred-Languages: en\n"
    return Page(200, text, media_type="text/plain; charset=utf-8")


def kept_page(service: Service, path: str, name: str, now: datetime) -> Page:
    """Return a page of a well-kept site; over HTTPS it sets a well-kept cookie."""
    special = _unlike_others(service, path)
    if special is not None:
        return special
    if path == "/" and service.site == "careless":
        return _careless_front(service, name)
    if path == "/":
        cookie = ("Set-Cookie", "session=none; Path=/; Secure; HttpOnly; SameSite=Lax")
        return Page(
            200,
            _document(
                _title(service, f"{name}: public service"), "<p>Opening hours: nine to four.</p>"
            ),
            (cookie,) if service.kind == "https" else (),
        )
    if path == "/login" and service.kind == "https":
        return Page(200, _document(_title(service, f"{name}: sign in"), _login_form()))
    if path == "/.well-known/security.txt":
        found = _contact_file(service, name, now)
        if found is not None:
            return found
    if path == "/.well-known/mta-sts.txt" and service.kind == "https":
        text = "version: STSv1\nmode: enforce\nmx: mail.*\nmax_age: 604800\n"
        return Page(200, text, media_type="text/plain")
    return Page(404, _document("Not found", "<p>There is no such page.</p>"))


CARELESS_HEADERS: tuple[Header, ...] = (
    ("Content-Security-Policy", "default-src 'self' 'unsafe-inline'; frame-ancestors 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
)


def _careless_front(service: Service, name: str) -> Page:
    cookie = ("Set-Cookie", "session=none; Path=/; Secure; HttpOnly")
    return Page(200, _document(_title(service, name), "<p>Welcome.</p>"), (cookie,))


def neglected_page(service: Service, path: str, name: str) -> Page:
    """Return a page of a neglected site; `service.site` says which neglect its front page shows."""
    front = {"listing": "/files/", "stack-trace": "/error"}.get(service.site, "/login")
    shown = front if path == "/" else path
    if shown == "/files/":
        return Page(200, _listing())
    if shown == "/error":
        return Page(500, _document("Internal error", f"<pre>{_stack_trace()}</pre>"))
    if shown == "/login":
        cookie = ("Set-Cookie", "PORTALSESSION=1; Path=/")
        return Page(
            200, _document(_title(service, f"{name}: staff portal"), _login_form()), (cookie,)
        )
    return Page(404, _document("404", f"<p>Nothing here.</p><hr><i>{NEGLECTED_SERVER}</i>"))


def _title(service: Service, usual: str) -> str:
    return usual if service.title is None else service.title


def _document(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n'
        f'<head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    )


def _login_form() -> str:
    return (
        '<form method="post" action="/login">\n'
        '<label>Name <input name="user" autocomplete="username"></label>\n'
        '<label>Password <input type="password" name="password"></label>\n'
        "<button>Sign in</button>\n</form>"
    )


def _listing() -> str:
    rows = "\n".join(
        f'<li><a href="{name}">{name}</a> {size}</li>'
        for name, size in (("backup-old.zip", "41M"), ("payroll.xls", "220K"), ("notes.txt", "2K"))
    )
    return _document(
        "Index of /files/", f'<ul>\n<li><a href="/">Parent Directory</a></li>\n{rows}\n</ul>'
    )


def _stack_trace() -> str:
    return (
        "Traceback (most recent call last):\n"
        '  File "/srv/portal/views.py", line 88, in show\n'
        "    rows = database.read(request.path)\n"
        'DatabaseError: relation "visitors" does not exist'
    )
