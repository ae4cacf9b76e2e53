"""The two secrets of a workspace: the master key of all files, and the key that signs audit heads.

The public half of the second is kept beside it, for auditors. Keys are made by `create_` alone,
when a workspace is laid; one that is missing later is an error, never made anew, because that would
hide a loss.
"""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cyberposture.errors import (
    Corrupt,
    Fault,
    InvalidInput,
    MissingService,
    NotFound,
    WrongState,
)

KEY_BYTES = 32
"""Length of an AES-256 key and of an Ed25519 seed."""


def create_master_key(path: Path) -> bytes:
    """Make the key under which all data keys are wrapped, readable by its owner only; return it.

    Raises:
        WrongState: there is a file already.
    """
    return _create(path, os.urandom(KEY_BYTES))


def load_master_key(path: Path) -> bytes:
    """Return the master key, 32 bytes.

    Raises:
        MissingService: the file is not there.
        Corrupt: it holds no key.
    """
    return _load(path, "master key")


def create_signing_key(path: Path) -> Ed25519PrivateKey:
    """Make the key that signs the heads of the audit chains; return it.

    Raises:
        WrongState: there is a file already.
    """
    return Ed25519PrivateKey.from_private_bytes(_create(path, os.urandom(KEY_BYTES)))


def load_signing_key(path: Path) -> Ed25519PrivateKey:
    """Return the key that signs the heads of the audit chains.

    Raises:
        MissingService: the file is not there.
        Corrupt: it holds no key.
    """
    return Ed25519PrivateKey.from_private_bytes(_load(path, "signing key"))


def keep_public_key(path: Path, key: Ed25519PublicKey) -> None:
    """Write a public key to a file that everybody may read and hand on."""
    path.write_text(public_hex(key) + "\n", encoding="ascii")


def load_public_key(path: Path) -> Ed25519PublicKey:
    """Return the public key in a file.

    Raises:
        NotFound: there is no such file.
        InvalidInput: it holds no key.
    """
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(path.read_text().strip()))
    except FileNotFoundError as error:
        raise NotFound(
            "public key file",
            str(path),
            advice="`cyberposture init` leaves it in keys/audit.pub, beside the private key",
        ) from error
    except (OSError, ValueError) as error:
        raise InvalidInput(
            Fault(path.name, "holds no public key: 64 hexadecimal digits")
        ) from error


def public_hex(key: Ed25519PublicKey) -> str:
    """Return a public key as 64 hexadecimal digits, as people and receipts carry it."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def _create(path: Path, secret: bytes) -> bytes:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError as error:
        raise WrongState(f"there is a key at {path} already; it is never replaced") from error
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secret.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return secret


def _load(path: Path, what: str) -> bytes:
    try:
        text = path.read_text(encoding="ascii")
        secret = bytes.fromhex(text.strip())
    except FileNotFoundError as error:
        raise MissingService(
            f"the {what} is not at {path}",
            advice="bring it back from the safe place it was copied to; do not make a new one",
        ) from error
    except PermissionError as error:
        raise MissingService(f"the {what} at {path} may not be read by this account") from error
    except ValueError as error:
        raise Corrupt(f"the file {path} holds no {what}") from error
    if len(secret) != KEY_BYTES:
        raise Corrupt(f"the file {path} holds no {what}")
    return secret
