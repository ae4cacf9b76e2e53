"""Computed facts about cipher suites and algorithms, from the tables of vetted NSE scripts."""

import re
from typing import Final

from cyberposture.scanning.judging.hostview import Endpoint
from cyberposture.scanning.judging.truth import UNKNOWN, UNTESTED, Found, Truth
from cyberposture.scanning.judging.wording import listed, plain, quote


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


def _algorithms(endpoint: Endpoint, *kinds: str) -> list[str] | Truth:
    """Return the algorithms of these kinds that an SSH server offers, as NSE lists them."""
    script = endpoint.script("ssh2-enum-algos")
    if script is None:
        return UNKNOWN if "ssh2-enum-algos" in endpoint.view.script_runs else UNTESTED
    tables = script.tables if isinstance(script.tables, dict) else {}
    lists = [tables.get(kind) for kind in kinds]
    names = [name for one in lists if isinstance(one, list) for name in one]
    return [name for name in names if isinstance(name, str)] or UNKNOWN


_OLD_EXCHANGE: Final = re.compile(
    r"diffie-hellman-group1-sha1|diffie-hellman-group-exchange-sha1|rsa1024-sha1"
    r"|hmac-md5(-96)?(-etm@openssh\.com)?|ssh-dss|none"
)


def old_ssh_exchange(endpoint: Endpoint) -> Found:
    """Whether an SSH server offers a key exchange, a host key or a seal that is given up.

    Source: RFC 9142, section 4 (key exchange); RFC 6151, section 2.3 (MD5); RFC 8332 (host keys).
    """
    names = _algorithms(endpoint, "kex_algorithms", "server_host_key_algorithms", "mac_algorithms")
    if isinstance(names, Truth):
        return Found(names)
    old = [quote(name, 50) for name in names if _OLD_EXCHANGE.fullmatch(name.lower())]
    return Found(bool(old), listed(old, 3) if old else f"{len(names)} algorithms offered")


_GROUP: Final = re.compile(r"dh (\d{2,5})")
MIN_GROUP_BITS: Final = 2048
"""Source: RFC 9325, section 4.1: groups of at least 2048 bits."""


def short_key_exchange(endpoint: Endpoint) -> Found:
    """Whether keys are agreed on in a Diffie-Hellman group that is too small."""
    script = endpoint.script("ssl-enum-ciphers")
    if script is None:
        return Found(UNKNOWN if "ssl-enum-ciphers" in endpoint.view.script_runs else UNTESTED)
    if not isinstance(script.tables, dict):
        return Found(UNKNOWN)
    suites = [
        suite
        for version in script.tables.values()
        if isinstance(version, dict) and isinstance(version.get("ciphers"), list)
        for suite in version["ciphers"]
        if isinstance(suite, dict)
    ]
    if not suites:
        return Found(UNKNOWN, "no suite was seen")
    groups = [_GROUP.fullmatch(str(suite.get("kex_info"))) for suite in suites]
    short = sorted({int(g.group(1)) for g in groups if g and int(g.group(1)) < MIN_GROUP_BITS})
    if short:
        return Found(True, f"a group of {short[0]} bits")
    return Found(False, f"{len(suites)} suites seen")


_NAMES: Final = {"TLSv1": "TLSv1.0"}


def best_tls_version(endpoint: Endpoint) -> Found:
    """The version that was agreed on with us, who know them all: the newest that is offered."""
    shake = endpoint.handshake()
    if shake is None:
        return Found(UNTESTED)
    if shake.fact.outcome != "answered" or shake.fact.version is None:
        return Found(UNKNOWN, "no handshake was completed")
    version = _NAMES.get(shake.fact.version, shake.fact.version)
    return Found(version, f"{plain(version)[:20]} was agreed on")


LONGEST_LIFE_DAYS: Final = 398
"""Source: CA/Browser Forum, Baseline Requirements, section 6.3.2, since 2020-09-01."""


def long_lived_certificate(endpoint: Endpoint) -> Found:
    """Whether a certificate of a public authority was issued for longer than browsers accept."""
    shake = endpoint.handshake()
    if shake is None:
        return Found(UNTESTED)
    seen = shake.fact.certificate
    if seen is None:
        return Found(UNKNOWN, "no certificate was seen")
    days = (seen.not_after - seen.not_before).days
    return Found(days > LONGEST_LIFE_DAYS, f"issued for {days} days")


def publicly_trusted(endpoint: Endpoint) -> Found:
    """Whether the certificate's chain leads to an authority of the trust store."""
    shake = endpoint.handshake()
    if shake is None:
        return Found(UNTESTED)
    seen = shake.fact.certificate
    if seen is None or seen.trusted is None:
        return Found(UNKNOWN, "the chain could not be judged")
    return Found(seen.trusted, "" if seen.trusted else "its authority is not a public one")
