"""Signed heads of audit chains, and the file outside the database that remembers them.

A head says how long a chain was and what stood last in it. Whoever holds one (the file, a printed
receipt) can show later that something before it was changed or taken away.
"""

import errno
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cyberposture.errors import Corrupt, MissingService
from cyberposture.store.keys import public_hex


@dataclass(frozen=True, slots=True)
class SignedHead:
    """The last entry of a chain at one moment, under the signature of the register."""

    chain: str
    seq: int
    digest: str
    at: str
    """ISO 8601, UTC."""
    key_id: str
    """The public key, 64 hexadecimal digits."""
    signature: str

    def is_signed_by(self, public_key: Ed25519PublicKey) -> bool:
        """Return whether this key signed exactly this head."""
        try:
            public_key.verify(bytes.fromhex(self.signature), _signed_bytes(self))
        except (InvalidSignature, ValueError):
            return False
        return self.key_id == public_hex(public_key)


def written_moment(at: datetime) -> str:
    """Return a moment as digests and signatures cover it: ISO 8601, UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def sign_head(
    signer: Ed25519PrivateKey, chain: str, seq: int, digest: str, at: datetime
) -> SignedHead:
    """Return the head of a chain under the signature of `signer`."""
    unsigned = SignedHead(
        chain, seq, digest, written_moment(at), public_hex(signer.public_key()), ""
    )
    signature = signer.sign(_signed_bytes(unsigned)).hex()
    return SignedHead(chain, seq, digest, unsigned.at, unsigned.key_id, signature)


class HeadsFile:
    """A file of signed heads, one JSON object a line; lines are only ever added."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._waiting: list[SignedHead] = []
        self._disk = threading.Lock()

    def append(self, head: SignedHead) -> None:
        """Add a head and return when it is on the disk.

        Heads of several threads that come while the disk is busy are written together.

        Raises:
            MissingService: the file cannot be written.
        """
        self._waiting.append(head)
        with self._disk:
            if head in self._waiting:
                together = self._waiting[:]
                self._write("".join(json.dumps(asdict(head)) + "\n" for head in together))
                del self._waiting[: len(together)]

    def read(self) -> Iterator[SignedHead]:
        """Yield every head in the order of the file; a line cut by a crash is left out.

        Raises:
            MissingService: the file is not there, or cannot be read.
            Corrupt: a whole line is no head.
        """
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").split("\n")
        except FileNotFoundError as error:
            raise MissingService(
                f"the audit heads are not at {self.path}",
                advice="without them a shortened chain cannot be told from a whole one",
            ) from error
        except OSError as error:
            raise MissingService(
                f"the audit heads cannot be read from {self.path}: {error.strerror}"
            ) from error
        for number, line in enumerate(lines, start=1):
            if line.startswith("{") != line.endswith("}") or not line:
                continue
            try:
                yield SignedHead(**json.loads(line))
            except (ValueError, TypeError) as error:
                raise Corrupt(f"{self.path}:{number}: this line is no audit head") from error

    def _write(self, lines: str) -> None:
        try:
            handle = os.open(self.path, os.O_CREAT | os.O_APPEND | os.O_RDWR, 0o600)
            try:
                _append(handle, lines.encode())
            finally:
                os.close(handle)
        except OSError as error:
            raise MissingService(
                f"the audit heads cannot be written to {self.path}: {error.strerror}"
            ) from error


def _append(handle: int, data: bytes) -> None:
    """Write at the end of the file, in one piece so that lines of two processes never mix."""
    size = os.fstat(handle).st_size
    if size:
        os.lseek(handle, size - 1, os.SEEK_SET)
        if os.read(handle, 1) != b"\n":
            data = b"\n" + data  # A crash cut the line before; ours is not to be lost with it.
    if os.write(handle, data) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(handle)


def _signed_bytes(head: SignedHead) -> bytes:
    return rfc8785.dumps(
        {
            "what": "cyberposture audit head 1",
            "chain": head.chain,
            "seq": head.seq,
            "digest": head.digest,
            "at": head.at,
        }
    )
