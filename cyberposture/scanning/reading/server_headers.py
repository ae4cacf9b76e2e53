"""Reads which product a web server calls itself in its `Server` header, as far as it is plain.

Only products that tables of flaws know by name, and only where a version stands beside it: it is a
claim of the server's own, and weak like every banner.
"""

import re
from typing import Final, NamedTuple

from cyberposture.model.observations import HTTPFact, PortFact

_CLAIM: Final = re.compile(r"([A-Za-z][A-Za-z-]{1,30})[/(](\d{1,6}(?:\.[0-9A-Za-z]{1,20}){0,5})\b")


class _Known(NamedTuple):
    """A product as people call it, and its vendor and name in CPE."""

    name: str
    vendor: str
    product: str


_KNOWN: Final = {
    "apache": _Known("Apache httpd", "apache", "http_server"),
    "jetty": _Known("Jetty", "eclipse", "jetty"),
    "lighttpd": _Known("lighttpd", "lighttpd", "lighttpd"),
    "microsoft-iis": _Known("Microsoft IIS httpd", "microsoft", "internet_information_services"),
    "nginx": _Known("nginx", "nginx", "nginx"),
    "openresty": _Known("OpenResty", "openresty", "openresty"),
}
"""By what they write before their version. The names in CPE are those of the NVD's dictionary."""


def claimed_by(page: HTTPFact) -> PortFact | None:
    """Return the port of an answered page with the product that its server names, or None."""
    if page.outcome != "answered":
        return None
    header = next((value for name, value in page.headers if name == "server"), "")
    claim = _CLAIM.match(header)
    known = None if claim is None else _KNOWN.get(claim[1].lower())
    if claim is None or known is None:
        return None
    version = claim[2]
    return PortFact(
        protocol="tcp",
        port=page.port,
        state="open",
        service="ssl/http" if page.tls else "http",
        product=known.name,
        version=version,
        method="probed",
        cpe=(f"cpe:/a:{known.vendor}:{known.product}:{version.lower()}",),
    )
