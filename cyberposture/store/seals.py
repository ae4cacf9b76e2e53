"""Seals: an Ed25519 signature under a document that leaves the register, or comes back to it.

A seal covers the RFC 8785 JSON of the document together with a word that says what it is, so that a
seal under one kind of paper says nothing about another.
"""

from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cyberposture.errors import InvalidInput
from cyberposture.model.offline import Seal
from cyberposture.store.keys import public_hex


def seal(signer: Ed25519PrivateKey, what: str, document: dict[str, Any]) -> Seal:
    """Return the seal of `signer` under a document; the same document gets the same seal.

    Raises:
        InvalidInput: the document is not plain JSON.
    """
    signature = signer.sign(_signed_bytes(what, document))
    return Seal(key=public_hex(signer.public_key()), signature=signature.hex())


def is_sealed(under: Seal, what: str, document: dict[str, Any]) -> bool:
    """Return whether the key that the seal names sealed exactly this document."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(under.key))
        key.verify(bytes.fromhex(under.signature), _signed_bytes(what, document))
    except (InvalidSignature, InvalidInput, ValueError):
        return False
    return True


def fingerprint(key: str) -> str:
    """Return a public key as people compare it: its first 32 digits in groups of four."""
    return " ".join(key[place : place + 4] for place in range(0, 32, 4))


def _signed_bytes(what: str, document: dict[str, Any]) -> bytes:
    whole: Any = {"what": what, "document": document}
    try:
        return rfc8785.dumps(whole)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise InvalidInput(f"{what} is no plain JSON: {error}") from error
