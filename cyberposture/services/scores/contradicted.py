"""Contradictions as people read them: what was claimed beside what the network showed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import NotFound
from cyberposture.model.checks import Check
from cyberposture.model.controls import Control
from cyberposture.services.register import Register
from cyberposture.store import contradiction_pages, institutions
from cyberposture.store import contradictions as store
from cyberposture.store.contradiction_pages import Claim, Observed
from cyberposture.store.contradictions import (
    ContradictionEvent,
    ContradictionRecord,
    ContradictionState,
)
from cyberposture.store.paging import FIRST, Page, Turn

MOST_OBSERVED: Final = 6
"""So many sentences of the network stand beside a claim; the others are counted."""


@dataclass(frozen=True)
class ContradictionLine:
    """One contradiction: the claim, and what stands against it."""

    institution: str
    round: str
    record: ContradictionRecord
    control: Control | None
    """None: it is no more in the catalogue."""
    check: Check | None
    claim: Claim | None
    """The answer as it was when the contradiction opened."""
    observed: tuple[Observed, ...]
    more: int


@dataclass(frozen=True)
class ContradictionPage:
    """A page of contradictions, how many there are, and the controls that they are about."""

    page: Page[ContradictionLine]
    count: int
    controls: tuple[str, ...]


def page_contradictions(
    register: Register,
    *,
    institution: str | None = None,
    among: Collection[str] | None = None,
    control: str | None = None,
    state: ContradictionState | None = None,
    turn: Turn = FIRST,
) -> ContradictionPage:
    """Return a page of contradictions, the newest first, of one institution, or `among` some.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        codes = institutions.codes_by_id(connection)
        wanted: list[UUID] | None = None
        if institution is not None:
            wanted = [key for key, code in codes.items() if code == institution]
            if not wanted:
                raise NotFound("institution", institution)
        if among is not None:
            seen = [key for key, code in codes.items() if code in among]
            wanted = seen if wanted is None else [one for one in wanted if one in seen]
        chosen = contradiction_pages.Chosen(wanted, control, state)
        found = contradiction_pages.page(connection, chosen, turn)
        lines = _lines(register, connection, found.rows, codes)
        count, controls = contradiction_pages.count(connection, chosen)
    return ContradictionPage(Page(tuple(lines), found.before, found.after), count, controls)


def get_contradiction(
    register: Register, institution: str, code: str
) -> tuple[ContradictionLine, tuple[ContradictionEvent, ...]]:
    """Return one contradiction of an institution with its events, oldest first.

    Raises:
        NotFound: there is no such contradiction, or it is another institution's.
    """
    with register.reading() as connection:
        record = store.get_contradiction(connection, code)
        codes = institutions.codes_by_id(connection)
        if codes[record.institution_id] != institution:
            raise NotFound("contradiction", code)
        (line,) = _lines(register, connection, [record], codes)
        return line, tuple(store.list_events(connection, record.id))


def _lines(
    register: Register,
    connection: Connection,
    records: Sequence[ContradictionRecord],
    codes: dict[UUID, str],
) -> list[ContradictionLine]:
    claims = contradiction_pages.claims_of(connection, records)
    observed = contradiction_pages.observed_for(connection, records)
    rounds = contradiction_pages.round_codes(connection, [one.assessment_id for one in records])
    catalogue, checks = register.content.catalogue, register.content.checks
    found: list[ContradictionLine] = []
    for one in records:
        told = observed.get((one.institution_id, one.check), [])
        found.append(
            ContradictionLine(
                institution=codes[one.institution_id],
                round=rounds[one.assessment_id],
                record=one,
                control=catalogue.find(one.control),
                check=checks.find(one.check),
                claim=claims.get(one.id),
                observed=tuple(told[:MOST_OBSERVED]),
                more=max(0, len(told) - MOST_OBSERVED),
            )
        )
    return found
