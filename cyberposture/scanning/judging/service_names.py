"""What nmap's names for services say of how they are spoken to."""

from typing import Final

TCPWRAPPED: Final = frozenset({"tcpwrapped", "ssl/tcpwrapped"})
TLS_SERVICES: Final = frozenset({"https", "ssl", "imaps", "pop3s", "smtps", "ldaps", "ftps"})
"""Names under which nmap reports TLS without its `ssl/` in front."""


def is_tls_service(name: str) -> bool:
    """Return whether a service name says that TLS is spoken from the first byte."""
    return name.startswith("ssl/") or name in TLS_SERVICES


def is_http_service(name: str) -> bool:
    """Return whether a service name says HTTP, in the clear or over TLS."""
    bare = name.removeprefix("ssl/")
    return bare in ("http", "https", "http-proxy", "http-alt") or name == "https"
