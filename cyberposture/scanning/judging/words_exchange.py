"""The words that speak of an exchange: TLS versions, certificates, headers and DNS records.

Each function returns a compiled condition. What was never exchanged is untested, and an exchange
that did not end is unknown; neither is ever taken for absence.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from cyberposture.model.checks import CertificateFlaw, DNSRecordIs, HeaderIs
from cyberposture.model.observations import Certificate
from cyberposture.scanning.judging.hostview import Endpoint
from cyberposture.scanning.judging.truth import FALSE, TRUE, UNKNOWN, UNTESTED, Truth, truth_of
from cyberposture.scanning.judging.wording import listed, plain, quote
from cyberposture.scanning.judging.words_host import Condition, at_open_port, silence

EXPIRES_SOON: Final = timedelta(days=14)
"""How long before its end a certificate counts as not renewed in time. The figure is ours."""
MIN_RSA_BITS: Final = 2048
MIN_EC_BITS: Final = 224
"""Source: NIST SP 800-131A Rev. 2, section 3, March 2019 (112 bits of security strength)."""
WEAK_HASHES: Final = frozenset({"md2", "md5", "sha1"})


def tls_version(versions: frozenset[str]) -> Condition:
    """Return the condition that one of these protocol versions is accepted."""

    def accepted(endpoint: Endpoint) -> tuple[set[str], bool]:
        """Return the versions seen, and whether all of them were asked for one by one."""
        handshakes = endpoint.view.tls.get(endpoint.port or 0, {}).values()
        seen = {shake.fact.version for shake in handshakes if shake.fact.version}
        script = endpoint.script("ssl-enum-ciphers")
        tables = script.tables if script is not None and isinstance(script.tables, dict) else {}
        told = {key for key in tables if isinstance(key, str) and key.startswith(("TLSv", "SSLv"))}
        return seen | told, bool(told)

    def test(endpoint: Endpoint) -> Truth:
        seen, all_asked = accepted(endpoint)
        if seen & versions:
            return TRUE
        return FALSE if all_asked else silence(endpoint, "ssl-enum-ciphers")

    def tell(endpoint: Endpoint) -> str:
        seen, all_asked = accepted(endpoint)
        shown = sorted(seen & versions) or sorted(seen)
        if shown and (all_asked or seen & versions):
            return f"accepts {listed([plain(version)[:20] for version in shown])}"
        return "which versions it accepts was not found out"

    return at_open_port(test, tell)


def _flaw(flaw: CertificateFlaw, certificate: Certificate, at: datetime | None) -> Truth:
    """Return whether the certificate has the flaw; its dates count from when it was seen."""
    match flaw:
        case "expired":
            return UNKNOWN if at is None else truth_of(certificate.not_after < at)
        case "not-yet-valid":
            return UNKNOWN if at is None else truth_of(certificate.not_before > at)
        case "expires-soon":
            if at is None:
                return UNKNOWN
            return truth_of(at <= certificate.not_after < at + EXPIRES_SOON)
        case "untrusted":
            return UNKNOWN if certificate.trusted is None else truth_of(not certificate.trusted)
        case "name-mismatch":
            if certificate.matches_name is None:
                return UNTESTED
            return truth_of(not certificate.matches_name)
        case "weak-key":
            kind, bits = certificate.key_kind.lower(), certificate.key_bits
            short = (kind == "rsa" and bits < MIN_RSA_BITS) or (kind == "ec" and bits < MIN_EC_BITS)
            hashed = (certificate.signature_hash or "").lower().replace("-", "")
            return truth_of(short or kind == "dsa" or hashed in WEAK_HASHES)


def certificate(flaw: CertificateFlaw) -> Condition:
    """Return the condition that the certificate has the flaw."""

    def test(endpoint: Endpoint) -> Truth:
        shake = endpoint.handshake()
        if shake is None:
            return UNTESTED
        if shake.fact.outcome != "answered" or shake.fact.certificate is None:
            return UNKNOWN
        return _flaw(flaw, shake.fact.certificate, shake.at)

    def tell(endpoint: Endpoint) -> str:
        shake = endpoint.handshake()
        if shake is None:
            return "no handshake was made"
        certificate = shake.fact.certificate
        if certificate is None:
            return "no certificate was seen"
        if flaw in ("expired", "expires-soon"):
            return f"valid until {certificate.not_after.date().isoformat()}"
        if flaw == "not-yet-valid":
            return f"valid from {certificate.not_before.date().isoformat()}"
        if flaw == "name-mismatch":
            return f"made out to {listed([quote(name) for name in certificate.names], 3) or 'none'}"
        if flaw == "weak-key":
            kind = f"{plain(certificate.key_kind)[:20]} of {certificate.key_bits} bits"
            return f"{kind}, signed with {plain(certificate.signature_hash or 'no hash')[:20]}"
        problem = certificate.trust_problem
        return quote(problem) if problem else f"issued by {quote(certificate.issuer)}"

    return at_open_port(test, tell)


def _text_test(wanted: HeaderIs | DNSRecordIs) -> Callable[[list[str] | Truth], Truth]:
    """Return the test whether the texts found are missing, contain or lack what is wanted."""
    needle = (wanted.contains or wanted.lacks or "").lower()

    def test(found: list[str] | Truth) -> Truth:
        if isinstance(found, Truth):
            return found
        if wanted.absent:
            return truth_of(not found)
        holds = any(needle in text.lower() for text in found)
        return truth_of(holds is (wanted.contains is not None))

    return test


def header(wanted: HeaderIs) -> Condition:
    """Return the condition that the front page has, or lacks, a header or a text in it."""
    holds = _text_test(wanted)

    def values(endpoint: Endpoint) -> list[str] | Truth:
        page = endpoint.page()
        if page is None:
            return UNTESTED
        if page.outcome != "answered":
            return UNKNOWN
        return [value for name, value in page.headers if name.lower() == wanted.name]

    def test(endpoint: Endpoint) -> Truth:
        return holds(values(endpoint))

    def tell(endpoint: Endpoint) -> str:
        found = values(endpoint)
        if isinstance(found, Truth):
            return "the page was not seen"
        if not found:
            return f"no header {wanted.name}"
        return f"{wanted.name}: {quote(found[0])}"

    return at_open_port(test, tell)


_COMPLETED: Final = frozenset({"answered", "no-record", "no-such-name"})


def dns_record(wanted: DNSRecordIs) -> Condition:
    """Return the condition that a completed lookup gave, or lacked, a record or a text in it."""
    holds = _text_test(wanted)

    def concerns(asked: str, name: str | None) -> bool:
        asked = asked.lower().rstrip(".")
        if name is not None:
            return asked == (f"{wanted.under}.{name}" if wanted.under else name).lower()
        return wanted.under is None or asked.startswith(f"{wanted.under}.")

    def meant(endpoint: Endpoint) -> str | None:
        return endpoint.name if endpoint.view.subject == "host" else endpoint.view.address

    def records(endpoint: Endpoint) -> list[str] | Truth:
        lookups = [
            lookup
            for lookup in endpoint.view.dns
            if lookup.kind == wanted.kind and concerns(lookup.name, meant(endpoint))
        ]
        completed = [lookup for lookup in lookups if lookup.outcome in _COMPLETED]
        if not completed:
            return UNKNOWN if lookups else UNTESTED
        return [record for lookup in completed for record in lookup.records]

    def test(endpoint: Endpoint) -> Truth:
        return holds(records(endpoint))

    def tell(endpoint: Endpoint) -> str:
        found = records(endpoint)
        if isinstance(found, Truth):
            return f"no {wanted.kind} lookup was completed"
        return listed([quote(record) for record in found], 2) or f"no {wanted.kind} record"

    return Condition(test, tell)
