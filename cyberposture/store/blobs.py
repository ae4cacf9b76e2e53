"""The one door for files: compressed, digested, encrypted; never served unless all of it checks.

Every institution has a data key of its own, wrapped by the master key. Destroying it makes its
files unreadable for ever, in every backup too.
"""

import hashlib
import os
import zlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, RowMapping

from cyberposture.errors import Corrupt, NotFound, WrongState
from cyberposture.store import tables as t
from cyberposture.store.acts import Act
from cyberposture.store.keys import KEY_BYTES
from cyberposture.store.once import insert_once

SYSTEM = "system"
"""The holder of files and audit entries that belong to no institution."""
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class BlobRecord:
    """That a file is kept, and how large it was before compression."""

    institution_id: UUID | None
    kind: str
    sha256: str
    size_bytes: int
    at: datetime


class BlobDoor:
    """Puts files in and gets them out, under the master key that it is given."""

    def __init__(self, master_key: bytes) -> None:
        self._master = AESGCM(master_key)
        self.master_id = hashlib.sha256(b"cyberposture master key" + master_key).hexdigest()[:16]
        """Tells one master key from another, and nothing about it."""

    def put(
        self, connection: Connection, institution_id: UUID | None, kind: str, data: bytes, act: Act
    ) -> str:
        """Keep `data` and return its SHA-256; what is kept already is not written twice.

        `kind` is a word such as `evidence`, `letter` or `scan`: it is needed to get it back.

        Raises:
            Corrupt: the institution's key does not open under this master key.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        if has_blob(connection, institution_id, kind, sha256):
            return sha256
        key_id, key = self._current_key(connection, institution_id, act)
        nonce = os.urandom(_NONCE_BYTES)
        bound = _bound(institution_id, kind, sha256)
        insert_once(
            connection,
            t.blobs,
            {
                "id": uuid4(),
                "institution_id": institution_id,
                "holder": _holder(institution_id),
                "kind": kind,
                "sha256": sha256,
                "size_bytes": len(data),
                "key_id": key_id,
                "nonce": nonce,
                "sealed": AESGCM(key).encrypt(nonce, zlib.compress(data), bound),
                "at": act.at,
            },
        )
        return sha256

    def get(
        self, connection: Connection, institution_id: UUID | None, kind: str, sha256: str
    ) -> bytes:
        """Return the file as it was put in.

        Raises:
            NotFound: this institution has no such file of this kind.
            WrongState: the institution's key was destroyed.
            Corrupt: file, key or digest do not belong together; nothing is returned.
        """
        b, k = t.blobs, t.data_keys
        query = (
            sa.select(b, k.c.wrapped, k.c.destroyed_at)
            .join(k, k.c.id == b.c.key_id)
            .where(b.c.holder == _holder(institution_id), b.c.kind == kind, b.c.sha256 == sha256)
        )
        living_first = query.order_by(k.c.destroyed_at.is_not(None)).limit(1)
        row = connection.execute(living_first).mappings().one_or_none()
        if row is None:
            raise NotFound(kind, sha256)
        if row["destroyed_at"] is not None:
            raise WrongState(f"the key of this {kind} was destroyed; it cannot be read any more")
        key = self._unwrap(row["key_id"], institution_id, row["wrapped"])
        data = _open(key, row, _bound(institution_id, kind, sha256))
        if hashlib.sha256(data).hexdigest() != sha256:
            raise Corrupt(f"the {kind} {sha256} is not what was put in")
        return data

    def rotate_key(self, connection: Connection, institution_id: UUID | None, act: Act) -> None:
        """Use a fresh data key for what is put in from now on; what is there stays readable."""
        k = t.data_keys
        connection.execute(
            sa.update(k)
            .where(k.c.holder == _holder(institution_id), k.c.retired_at.is_(None))
            .values(**act.ended("retired"))
        )
        self._create_key(connection, institution_id, act)

    def rewrap_keys(self, connection: Connection, new_master: "BlobDoor") -> int:
        """Wrap every data key anew under another master key and return how many there were.

        Raises:
            Corrupt: a key does not open under the present master key; nothing may be committed.
        """
        k = t.data_keys
        query = sa.select(k.c.id, k.c.institution_id, k.c.wrapped).where(k.c.wrapped.is_not(None))
        rows = connection.execute(query.with_for_update()).all()
        for key_id, institution_id, wrapped in rows:
            key = self._unwrap(key_id, institution_id, wrapped)
            connection.execute(
                sa.update(k)
                .where(k.c.id == key_id)
                .values(
                    wrapped=new_master._wrap(key_id, institution_id, key),
                    master=new_master.master_id,
                )
            )
        return len(rows)

    def _current_key(
        self,
        connection: Connection,
        institution_id: UUID | None,
        act: Act,
    ) -> tuple[UUID, bytes]:
        k = t.data_keys
        query = sa.select(k.c.id, k.c.wrapped).where(
            k.c.holder == _holder(institution_id),
            k.c.retired_at.is_(None),
            k.c.destroyed_at.is_(None),
        )
        # Two first files at once may each make a key: both stay readable, the newest is used.
        row = connection.execute(query.order_by(k.c.at.desc(), k.c.id).limit(1)).one_or_none()
        if row is None:
            return self._create_key(connection, institution_id, act)
        return row.id, self._unwrap(row.id, institution_id, row.wrapped)

    def _create_key(
        self,
        connection: Connection,
        institution_id: UUID | None,
        act: Act,
    ) -> tuple[UUID, bytes]:
        key_id, key = uuid4(), os.urandom(KEY_BYTES)
        connection.execute(
            sa.insert(t.data_keys),
            {
                "id": key_id,
                "institution_id": institution_id,
                "holder": _holder(institution_id),
                "master": self.master_id,
                "wrapped": self._wrap(key_id, institution_id, key),
                **act.written(),
            },
        )
        return key_id, key

    def _wrap(self, key_id: UUID, institution_id: UUID | None, key: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._master.encrypt(nonce, key, _bound(institution_id, "key", str(key_id)))

    def _unwrap(self, key_id: UUID, institution_id: UUID | None, wrapped: bytes) -> bytes:
        bound = _bound(institution_id, "key", str(key_id))
        try:
            return self._master.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], bound)
        except (InvalidTag, ValueError) as error:
            raise Corrupt(f"the data key {key_id} does not open under this master key") from error


def destroy_keys(connection: Connection, institution_id: UUID, act: Act) -> int:
    """Forget every data key of an institution and return how many; its files are lost for ever."""
    k = t.data_keys
    done = connection.execute(
        sa.update(k)
        .where(k.c.holder == _holder(institution_id), k.c.destroyed_at.is_(None))
        .values(wrapped=None, **act.ended("destroyed"))
    )
    return done.rowcount


def has_blob(connection: Connection, institution_id: UUID | None, kind: str, sha256: str) -> bool:
    """Return whether such a file is kept and its key was not destroyed."""
    b, k = t.blobs, t.data_keys
    query = (
        sa.select(b.c.id)
        .join(k, k.c.id == b.c.key_id)
        .where(b.c.holder == _holder(institution_id), b.c.kind == kind, b.c.sha256 == sha256)
        .where(k.c.destroyed_at.is_(None))
    )
    return connection.execute(query).first() is not None


def list_blobs(
    connection: Connection, institution_id: UUID | None, kind: str | None = None
) -> list[BlobRecord]:
    """Return what is kept for an institution (None: for the centre), oldest first."""
    b = t.blobs
    columns = (b.c[name] for name in BlobRecord.__slots__)
    query = sa.select(*columns).where(b.c.holder == _holder(institution_id))
    if kind is not None:
        query = query.where(b.c.kind == kind)
    rows = connection.execute(query.order_by(b.c.at, b.c.sha256)).mappings()
    return [BlobRecord(**row) for row in rows]


def _holder(institution_id: UUID | None) -> str:
    return SYSTEM if institution_id is None else str(institution_id)


def _bound(institution_id: UUID | None, kind: str, name: str) -> bytes:
    """Return what a sealed thing is bound to, so that it opens in its own place only."""
    return "\n".join(("cyberposture", _holder(institution_id), kind, name)).encode()


def _open(key: bytes, row: RowMapping, bound: bytes) -> bytes:
    try:
        packed = AESGCM(key).decrypt(row["nonce"], row["sealed"], bound)
        return zlib.decompress(packed)
    except (InvalidTag, ValueError, zlib.error) as error:
        raise Corrupt(f"the {row['kind']} {row['sha256']} was changed; it is not served") from error
