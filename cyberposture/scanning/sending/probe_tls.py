"""Looks at TLS as a normal client would: one handshake that judges the chain, one that does not.

The certificate is judged against the trust store that the caller names, at the present time but
with its dates left aside, so that an expired certificate and an unknown issuer stay two findings.
"""

import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from cyberposture.model.observations import Certificate, TLSFact
from cyberposture.scanning.permission.gate import PermittedPlan
from cyberposture.scanning.sending.connect import (
    PROBE_SECONDS,
    Deadline,
    connected,
    lenient_context,
)
from cyberposture.scanning.sending.talk import MustStop, never

_NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python's ssl module does not name."""


@dataclass(frozen=True)
class _Handshake:
    version: str | None
    cipher: str | None
    certificate: bytes | None


def judging_context(trust_store: Path | None) -> ssl.SSLContext:
    """Return a client context that connects to anybody but fails where the chain is not trusted."""
    context = lenient_context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= _NO_CHECK_TIME
    if trust_store is None:
        context.load_default_certs()
    else:
        context.load_verify_locations(cafile=str(trust_store))
    return context


def _shake(address: str, port: int, name: str | None, context: ssl.SSLContext) -> _Handshake:
    deadline = Deadline(PROBE_SECONDS)
    with connected(address, port, deadline) as plain:
        plain.settimeout(deadline.remaining_s())
        with context.wrap_socket(plain, server_hostname=name) as secured:
            cipher = secured.cipher()
            return _Handshake(
                secured.version(), cipher[0] if cipher else None, secured.getpeercert(True)
            )


def _key(certificate: x509.Certificate) -> tuple[str, int]:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "unknown", 0
    match key:
        case rsa.RSAPublicKey():
            return "RSA", key.key_size
        case ec.EllipticCurvePublicKey():
            return "EC", key.curve.key_size
        case dsa.DSAPublicKey():
            return "DSA", key.key_size
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            return "EdDSA", 256
        case _:
            return "unknown", 0


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    names = [str(name) for name in found.get_values_for_type(x509.DNSName)]
    names += [str(address) for address in found.get_values_for_type(x509.IPAddress)]
    return tuple(name[:253] for name in names[:100])


def names_match(names: tuple[str, ...], wanted: str) -> bool:
    """Return whether one of a certificate's names covers `wanted`; letter case does not count.

    Source: RFC 9525, section 6.3: a wildcard stands for exactly the left-most label.
    """
    wanted = wanted.lower().rstrip(".")
    for name in (name.lower().rstrip(".") for name in names):
        if name == wanted:
            return True
        if name.startswith("*.") and "." in wanted and wanted.split(".", 1)[1] == name[2:]:
            return True
    return False


def read_certificate(
    der: bytes, name: str | None, trusted: bool | None, problem: str | None
) -> Certificate | None:
    """Return the facts of a DER certificate, or None where it cannot be read."""
    try:
        found = x509.load_der_x509_certificate(der)
        kind, bits = _key(found)
        names = _names(found)
        hashed = found.signature_hash_algorithm
        return Certificate(
            subject=found.subject.rfc4514_string()[:500],
            issuer=found.issuer.rfc4514_string()[:500],
            names=names,
            not_before=found.not_valid_before_utc,
            not_after=found.not_valid_after_utc,
            key_kind=kind,
            key_bits=bits,
            signature_hash=hashed.name if hashed is not None else None,
            sha256=hashlib.sha256(der).hexdigest(),
            trusted=trusted,
            trust_problem=problem,
            matches_name=names_match(names, name) if name is not None else None,
        )
    except (ValueError, UnsupportedAlgorithm):
        return None


class _StoppedError(Exception):
    """Somebody stopped between two connections."""


def _look(
    address: str, port: int, name: str | None, trust_store: Path | None, must_stop: MustStop
) -> TLSFact:
    trusted: bool | None = True
    problem: str | None = None
    try:
        seen = _shake(address, port, name, judging_context(trust_store))
    except ssl.SSLCertVerificationError as error:
        trusted, problem = False, error.verify_message[:200]
        if must_stop():
            raise _StoppedError from error
        seen = _shake(address, port, name, lenient_context())
    certificate = None
    if seen.certificate:
        certificate = read_certificate(seen.certificate, name, trusted, problem)
    return TLSFact(
        address=address,
        port=port,
        name=name,
        outcome="answered",
        version=seen.version,
        cipher=seen.cipher,
        certificate=certificate,
    )


def look_at_tls(
    permitted: PermittedPlan, trust_store: Path | None, must_stop: MustStop = never
) -> tuple[TLSFact, ...]:
    """Return one TLS fact for each address and port of the permitted plan, up to a stop.

    A refusal, a silence and an answer that is no TLS stay three outcomes; nothing is raised for
    what the other side does.
    """
    plan = permitted.plan
    facts: list[TLSFact] = []
    try:
        for address in plan.targets:
            for port in plan.ports or ():
                if must_stop():
                    raise _StoppedError
                facts.append(_fact(address, port, plan.name, trust_store, must_stop))
    except _StoppedError:
        # What was seen until then stands; nothing more is opened.
        return tuple(facts)
    return tuple(facts)


def _fact(
    address: str, port: int, name: str | None, trust_store: Path | None, must_stop: MustStop
) -> TLSFact:
    def ended(outcome: str, detail: str) -> TLSFact:
        return TLSFact.model_validate(
            {"address": address, "port": port, "name": name, "outcome": outcome,
             "detail": detail[:200]}
        )  # fmt: skip

    try:
        return _look(address, port, name, trust_store, must_stop)
    except TimeoutError:
        return ended("timed-out", "no handshake in time")
    except ConnectionRefusedError:
        return ended("refused", "the port is closed")
    except ssl.SSLError as error:
        # Something answered in another protocol, or closed in the middle of the handshake.
        reason = error.reason or "handshake failed"
        kind = "no-tls" if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST") else "failed"
        return ended(kind, reason)
    except OSError as error:
        return ended("failed", error.strerror or type(error).__name__)
