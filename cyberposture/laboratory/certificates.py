"""A small certificate authority, made anew for each run, that issues good and bad certificates."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cyberposture.clock import Clock, utc_now
from cyberposture.laboratory.hosts import CertificateKind

KeyKind = Literal["ec", "rsa"]
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

WRONG_NAME = "somebody-else.example"
_LIFE: dict[CertificateKind, tuple[int, int]] = {
    "expired": (-400, -3),
    "not-yet-valid": (30, 210),
    "expiring-soon": (-170, 10),
}
"""Days from now to the first and the last moment of validity."""
_USUAL_LIFE = (-1, 180)


@dataclass(frozen=True)
class Issued:
    """One certificate on disk: the chain as a server sends it, and the private key."""

    kind: CertificateKind
    chain_file: Path
    key_file: Path


class Certificates:
    """The authority: fresh keys in memory, PEM files in a folder that the caller owns."""

    def __init__(self, folder: Path, *, clock: Clock = utc_now) -> None:
        self._folder = folder
        self._now = clock()
        self._authority_key = ec.generate_private_key(ec.SECP256R1())
        self._authority_name = _named("Laboratory Authority, not for use elsewhere")
        self._keys: dict[str, PrivateKey] = {}
        self.ca_file = folder / "authority.pem"
        """The authority's own certificate: the trust store of whoever scans the laboratory."""
        self.ca_file.write_bytes(_pem(self._own_certificate()))

    def issue(
        self, kind: CertificateKind, names: Sequence[str], address: str, *, key: KeyKind = "ec"
    ) -> Issued:
        """Return a certificate of this kind for these names and this address.

        Keys are shared between certificates of one run; a weak key is RSA of 1024 bits, whatever
        `key` says.
        """
        own = self._key("rsa-1024" if kind == "weak-key" else key)
        subject = WRONG_NAME if kind == "wrong-name" else (names[0] if names else address)
        alternatives: list[x509.GeneralName] = [x509.DNSName(subject)]
        if kind != "wrong-name":
            alternatives = [x509.DNSName(name) for name in names]
            alternatives.append(x509.IPAddress(ip_address(address)))
        alone = kind == "self-signed"
        signer: PrivateKey = own if alone else self._authority_key
        first, last = _LIFE.get(kind, _USUAL_LIFE)
        builder = _builder(
            subject=_named(subject),
            issuer=_named(subject) if alone else self._authority_name,
            key=own,
            signer=signer,
            validity=(self._now + timedelta(days=first), self._now + timedelta(days=last)),
        ).add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        ).add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        return self._write(
            f"{address}-{kind}-{key}", kind, builder.sign(signer, hashes.SHA256()), own
        )

    def _write(
        self, stem: str, kind: CertificateKind, certificate: x509.Certificate, key: PrivateKey
    ) -> Issued:
        issued = Issued(kind, self._folder / f"{stem}.pem", self._folder / f"{stem}.key")
        issued.chain_file.write_bytes(_pem(certificate))
        secret = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        with open(
            os.open(issued.key_file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb"
        ) as to:
            to.write(secret)
        return issued

    def _key(self, kind: str) -> PrivateKey:
        if kind not in self._keys:
            self._keys[kind] = (
                ec.generate_private_key(ec.SECP256R1())
                if kind == "ec"
                else rsa.generate_private_key(65537, 1024 if kind == "rsa-1024" else 2048)
            )
        return self._keys[kind]

    def _own_certificate(self) -> x509.Certificate:
        key = self._authority_key
        validity = (self._now - timedelta(days=1000), self._now + timedelta(days=1000))
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        name = self._authority_name
        return (
            _builder(subject=name, issuer=name, key=key, signer=key, validity=validity)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(key, hashes.SHA256())
        )


def _builder(
    *,
    subject: x509.Name,
    issuer: x509.Name,
    key: PrivateKey,
    signer: PrivateKey,
    validity: tuple[datetime, datetime],
) -> x509.CertificateBuilder:
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity[0])
        .not_valid_after(validity[1])
        .add_extension(own, critical=False)
        .add_extension(above, critical=False)
    )


def _named(common_name: str) -> x509.Name:
    # A common name holds 64 characters at most; the full name stands among the alternatives.
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Loopback Laboratory"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64]),
        ]
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
