"""Keeps two institutions from holding the same addresses or names, unless both call them shared."""

from datetime import datetime

from sqlalchemy import Connection

from cyberposture.errors import WrongState
from cyberposture.model.authorisations import AuthorisationTerms
from cyberposture.model.people import Person
from cyberposture.scanning.permission.overlap import find_overlap
from cyberposture.services.permission.ground import is_granted
from cyberposture.store import authorisations as store
from cyberposture.store.authorisations import AuthorisationRecord


def require_own_scope(
    connection: Connection,
    record: AuthorisationRecord,
    terms: AuthorisationTerms,
    known: dict[str, Person],
    now: datetime,
) -> None:
    """Return if no letter of another institution that is in force holds anything of these terms.

    Until the transaction ends nobody else grants anything, so that no two do it at once.

    Raises:
        WrongState: one does; both reference numbers and the common range are named.
    """
    for other in store.list_authorisations(connection, is_locking=True):
        if other.institution_id == record.institution_id or other.withdrawn_at is not None:
            continue
        if not is_granted(other, known):
            continue
        theirs = AuthorisationTerms.model_validate(other.terms)
        if not _meet(terms, theirs, now):
            continue
        overlap = find_overlap(terms, theirs)
        if overlap is not None:
            raise WrongState(
                f"{terms.id} of {terms.institution} and {theirs.id} of {theirs.institution} "
                f"both hold {overlap}",
                advice="leave it out of one letter; where a third party hosts it for both, "
                "both letters name that party with its consent",
            )


def _meet(one: AuthorisationTerms, other: AuthorisationTerms, now: datetime) -> bool:
    """Return whether there is a moment from now on at which both are valid."""
    begins = max(now, one.valid_from, other.valid_from)
    return begins < min(one.valid_until, other.valid_until)
