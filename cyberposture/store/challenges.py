"""Steps at the door that are half done, each taken once; only the digest of its secret is kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.store import tables as t

ChallengeKind = Literal["key-new", "key-shown", "factor-asked", "sso-in", "sso-link"]
_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ChallengeRecord:
    """One step that was begun."""

    kind: ChallengeKind
    person_id: UUID | None
    at: datetime
    ends_at: datetime
    used_at: datetime | None


def insert_challenge(
    connection: Connection,
    token_sha256: str,
    kind: ChallengeKind,
    person_id: UUID | None,
    *,
    at: datetime,
    ends_at: datetime,
) -> None:
    """Begin a step; what ran out a day ago is cleared away."""
    c = t.challenges
    connection.execute(sa.delete(c).where(c.c.ends_at < at - _KEPT))
    values = {"token_sha256": token_sha256, "kind": kind, "person_id": person_id}
    connection.execute(sa.insert(c), {**values, "at": at, "ends_at": ends_at})


def find_challenge(connection: Connection, token_sha256: str) -> ChallengeRecord | None:
    """Return the step with this digest, taken or not."""
    c = t.challenges
    columns = (c.c[name] for name in ChallengeRecord.__slots__)
    query = sa.select(*columns).where(c.c.token_sha256 == token_sha256)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else ChallengeRecord(**row)


def take_challenge(
    connection: Connection, token_sha256: str, kind: ChallengeKind, at: datetime
) -> ChallengeRecord | None:
    """Use up a step of this kind and return it; None where it is none, over, or was taken."""
    c = t.challenges
    open_one = sa.and_(
        c.c.token_sha256 == token_sha256,
        c.c.kind == kind,
        c.c.used_at.is_(None),
        c.c.ends_at > at,
    )
    if connection.execute(sa.update(c).where(open_one).values(used_at=at)).rowcount != 1:
        return None
    return find_challenge(connection, token_sha256)
