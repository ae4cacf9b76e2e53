"""The controls that assessments ask, each list kept once under its digest and never changed."""

import hashlib
from collections.abc import Sequence, Set

import rfc8785
import sqlalchemy as sa
from sqlalchemy import Connection

from cyberposture.errors import NotFound
from cyberposture.store import tables as t
from cyberposture.store.once import insert_once


def keep_layout(connection: Connection, controls: Sequence[str]) -> str:
    """Keep a list of controls, once, and return the digest under which it is known."""
    digest = hashlib.sha256(rfc8785.dumps(list(controls))).hexdigest()
    insert_once(connection, t.answer_layouts, {"digest": digest, "controls": list(controls)})
    return digest


def get_layout(connection: Connection, digest: str) -> tuple[str, ...]:
    """Return the control ids of a layout, in order.

    Raises:
        NotFound: no assessment ever had this layout.
    """
    controls = read_layouts(connection, {digest}).get(digest)
    if controls is None:
        raise NotFound("layout", digest)
    return controls


def read_layouts(connection: Connection, digests: Set[str]) -> dict[str, tuple[str, ...]]:
    """Return the layouts with these digests, and others.

    What a digest names never changes, so each connection asks for a layout once.
    """
    known: dict[str, tuple[str, ...]] = connection.info.setdefault("answer_layouts", {})
    missing = digests - known.keys()
    if missing:
        a = t.answer_layouts
        for digest, controls in connection.execute(sa.select(a).where(a.c.digest.in_(missing))):
            known[digest] = tuple(controls)
    return known
