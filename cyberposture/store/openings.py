"""The named openings in PostgreSQL's fence: what a request of one institution needs of others.

A fence is never lowered for a whole request. A reading that rightly needs rows of another
institution goes through an opening by its name, for as long as that reading lasts; where the other
institution is known, the fence moves to it and still hides everybody else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.store.database import note_fence, raise_fence, raised_fence

Opening = Literal["providers-of-used-services", "users-of-own-services", "people-elsewhere",
                  "entries-of-other-chains", "mail-queued"]  # fmt: skip
OPENINGS: Final[dict[Opening, str]] = {
    "providers-of-used-services": "a score takes in how the provider of a service stands",
    "users-of-own-services": "whoever runs a service sees who uses it",
    "people-elsewhere": "what somebody may not do here can follow from a role held elsewhere",
    "entries-of-other-chains": "an act that is nobody's own is put on record in the system's chain",
    "mail-queued": "a message may be nobody's own, and none is queued twice",
}
"""Every opening there is, with what it is for."""


@contextmanager
def opening(connection: Connection, _: Opening, owner: UUID | None = None) -> Iterator[None]:
    """Let the readings within see the rows of `owner`, or of everybody where that is None.

    Nothing happens where no fence is raised. On an error the fence stands again as well.
    """
    fence = raised_fence(connection)
    if fence is None:
        yield
        return
    # Going back to a savepoint undoes the setting too, also where a statement failed within.
    try:
        with connection.begin_nested():
            raise_fence(connection, owner)
            yield
            raise_fence(connection, fence)
    finally:
        note_fence(connection, fence)
