"""Computed facts about cipher suites and algorithms, from the tables of vetted NSE scripts."""

import re
from typing import Final

from cyberposture.scanning.judging.hostview import Endpoint
from cyberposture.scanning.judging.truth import UNKNOWN, UNTESTED, Found, Truth
from cyberposture.scanning.judging.wording import listed, quote


def _suites(endpoint: Endpoint) -> list[str] | Truth:
    """Return the names of all cipher suites that the endpoint accepted, as NSE lists them."""
    script = endpoint.script("ssl-enum-ciphers")
    if script is None:
        return UNKNOWN if "ssl-enum-ciphers" in endpoint.view.script_runs else UNTESTED
    if not isinstance(script.tables, dict):
        return UNKNOWN
    names = []
    for version in script.tables.values():
        suites = version.get("ciphers") if isinstance(version, dict) else None
        for suite in suites if isinstance(suites, list) else ():
            name = suite.get("name") if isinstance(suite, dict) else None
            if isinstance(name, str):
                names.append(name)
    return names or UNKNOWN


_WEAK: Final = re.compile(r"NULL|EXPORT|_anon_|RC4|RC2|_DES_|3DES|DES40|IDEA|_MD5$", re.IGNORECASE)
_STATIC: Final = re.compile(
    r"^TLS_(RSA|PSK|RSA_PSK|KRB5|ECDH_(RSA|ECDSA)|DH_(RSA|DSS))_(EXPORT_)?WITH_", re.IGNORECASE
)


def _accepts(endpoint: Endpoint, pattern: re.Pattern[str]) -> Found:
    names = _suites(endpoint)
    if isinstance(names, Truth):
        return Found(names)
    found = [quote(name) for name in dict.fromkeys(names) if pattern.search(name)]
    return Found(bool(found), listed(found, 3) if found else f"{len(names)} suites seen")


def weak_suite(endpoint: Endpoint) -> Found:
    """Whether a suite without encryption or authentication, or with a broken cipher, is accepted.

    Source: RFC 9325, section 4.1; RFC 7465 (RC4); RFC 5469 (DES and IDEA).
    """
    return _accepts(endpoint, _WEAK)


def static_key_suite(endpoint: Endpoint) -> Found:
    """Whether a suite is accepted under which a stolen key opens recorded traffic.

    Source: RFC 9325, section 4.1 (key transport and static Diffie-Hellman).
    """
    return _accepts(endpoint, _STATIC)


_BROKEN_SSH: Final = re.compile(r"^(none|des|des-cbc(-ssh1)?|des-cbc@ssh\.com|arcfour.*)$")


def broken_ssh_encryption(endpoint: Endpoint) -> Found:
    """Whether an SSH server offers no encryption at all, DES, or RC4.

    Source: RFC 8758 (RC4); RFC 4253, section 6.3 (`none` is not recommended).
    """
    script = endpoint.script("ssh2-enum-algos")
    if script is None:
        return Found(UNKNOWN if "ssh2-enum-algos" in endpoint.view.script_runs else UNTESTED)
    tables = script.tables if isinstance(script.tables, dict) else {}
    offered = tables.get("encryption_algorithms")
    names = [name for name in offered if isinstance(name, str)] if isinstance(offered, list) else []
    if not names:
        return Found(UNKNOWN, "its list of algorithms could not be read")
    broken = [quote(name, 40) for name in names if _BROKEN_SSH.match(name.lower())]
    return Found(bool(broken), listed(broken) or f"{len(names)} algorithms offered")
