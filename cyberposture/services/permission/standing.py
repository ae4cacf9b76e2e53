"""Authorisations as people list and read them: how far each is, who said what, what overlaps."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import NotFound
from cyberposture.model.authorisations import AuthorisationTerms
from cyberposture.model.people import Person
from cyberposture.scanning.permission.overlap import find_overlap
from cyberposture.services.permission.consents import find_missing
from cyberposture.services.permission.expiry import DAYS
from cyberposture.services.permission.ground import is_granted
from cyberposture.services.permission.requests import Requested, list_letters
from cyberposture.services.register import Register
from cyberposture.store import authorisations as store
from cyberposture.store import declarations, institutions, notices, people
from cyberposture.store.authorisations import AuthorisationRecord, LetterState
from cyberposture.store.notices import NoticeRecord
from cyberposture.store.paging import FIRST, Page, Turn

SOON: Final = timedelta(days=max(DAYS))
"""What ends within this time ends soon, as its notice says too."""


@dataclass(frozen=True)
class LetterView:
    """One authorisation as it stands now."""

    institution: str
    record: AuthorisationRecord
    terms: AuthorisationTerms
    state: LetterState
    notices: tuple[NoticeRecord, ...] = ()


@dataclass(frozen=True)
class LetterPage:
    """A page of authorisations, and how many stand how."""

    page: Page[LetterView]
    counts: dict[LetterState, int]


@dataclass(frozen=True)
class Overlap:
    """Another institution's letter that holds something of this one."""

    reference: str
    institution: str
    common: str


@dataclass(frozen=True)
class WholeLetter:
    """One authorisation with everything around it."""

    view: LetterView
    requested: tuple[Requested, ...]
    """Our letters under its reference number, the newest first."""
    overlaps: tuple[Overlap, ...]
    missing: tuple[tuple[str, str], ...]
    """Addresses of third parties that did not consent, each with the party."""
    names: dict[str, str]
    """The names of the people who signed, by code."""


def state_of(
    record: AuthorisationRecord, now: datetime, *, is_granted: bool, is_told: bool
) -> LetterState:
    """Return how far an authorisation is."""
    if record.withdrawn_at is not None:
        return "withdrawn"
    if record.valid_until <= now:
        return "expired"
    if not is_granted:
        return "awaits-grant"
    if not is_told:
        return "awaits-notice"
    if record.valid_from > now:
        return "not-begun"
    return "ends-soon" if record.valid_until <= now + SOON else "in-force"


def page_letters(
    register: Register,
    *,
    institution: str | None = None,
    among: Collection[str] | None = None,
    state: LetterState | None = None,
    turn: Turn = FIRST,
) -> LetterPage:
    """Return a page of authorisations, the newest first, of one institution, or `among` some.

    Raises:
        NotFound: the institution is not in the register.
    """
    now = register.clock()
    with register.reading() as connection:
        codes = institutions.codes_by_id(connection)
        wanted = _wanted(codes, institution, among)
        found = store.page_authorisations(
            connection, turn, now=now, soon=now + SOON, institutions=wanted, state=state
        )
        counts = store.count_states(connection, now=now, soon=now + SOON, institutions=wanted)
        views = _views(connection, found.rows, codes, now)
    return LetterPage(Page(tuple(views), found.before, found.after), counts)


def _wanted(
    codes: dict[UUID, str], institution: str | None, among: Collection[str] | None
) -> list[UUID] | None:
    if institution is not None:
        found = [key for key, code in codes.items() if code == institution]
        if not found:
            raise NotFound("institution", institution)
        return found
    return None if among is None else [key for key, code in codes.items() if code in among]


def _views(
    connection: Connection,
    records: Collection[AuthorisationRecord],
    codes: dict[UUID, str],
    now: datetime,
) -> list[LetterView]:
    known = {one.person.code: one.person for one in people.list_people(connection)}
    told = notices.list_of(connection, [one.id for one in records])
    return [_view(one, codes, known, told.get(one.id, []), now) for one in records]


def _view(
    record: AuthorisationRecord,
    codes: dict[UUID, str],
    known: dict[str, Person],
    told: list[NoticeRecord],
    now: datetime,
) -> LetterView:
    state = state_of(
        record, now, is_granted=is_granted(record, known),
        is_told=any(one.sent_at is not None for one in told),
    )  # fmt: skip
    terms = AuthorisationTerms.model_validate(record.terms)
    return LetterView(codes[record.institution_id], record, terms, state, tuple(told))


def get_letter(
    register: Register, reference: str, *, institution: str | None = None
) -> WholeLetter:
    """Return one authorisation with everything around it.

    With `institution` only its own, and without what concerns others.

    Raises:
        NotFound: there is no such authorisation.
    """
    now = register.clock()
    with register.reading() as connection:
        record = store.get_authorisation(connection, reference)
        codes = institutions.codes_by_id(connection)
        if institution not in (None, codes[record.institution_id]):
            raise NotFound("authorisation", reference)
        known = {one.person.code: one.person for one in people.list_people(connection)}
        told = notices.list_of(connection, [record.id]).get(record.id, [])
        view = _view(record, codes, known, told, now)
        declared = declarations.get_declaration(connection, record.institution_id, as_of=now)
        missing = tuple((a, party) for _, a, party in find_missing(view.terms, declared))
        overlaps: tuple[Overlap, ...] = ()
        if institution is None:
            overlaps = tuple(_overlaps(connection, view, codes, known, now))
        requested = tuple(list_letters(connection, reference))
    return WholeLetter(
        view, requested, overlaps, missing, {code: one.name for code, one in known.items()}
    )


def _overlaps(
    connection: Connection,
    view: LetterView,
    codes: dict[UUID, str],
    known: dict[str, Person],
    now: datetime,
) -> list[Overlap]:
    """Return the letters of others that are not over and hold something of this one."""
    found: list[Overlap] = []
    for other in store.list_authorisations(connection):
        is_own = other.institution_id == view.record.institution_id
        if is_own or other.withdrawn_at is not None or other.valid_until <= now:
            continue
        theirs = AuthorisationTerms.model_validate(other.terms)
        common = find_overlap(view.terms, theirs)
        if common is not None and is_granted(other, known):
            found.append(Overlap(other.code, codes[other.institution_id], str(common)))
    return found


def require_own(register: Register, reference: str, institution: str) -> None:
    """Return if an authorisation is this institution's.

    Raises:
        NotFound: it is not, or there is none.
    """
    with register.reading() as connection:
        owner = institutions.get_institution_id(connection, institution)
        if store.get_authorisation(connection, reference).institution_id != owner:
            raise NotFound("authorisation", reference)


def read_paper(
    register: Register, reference: str, kind: str, sha256: str, *, institution: str | None = None
) -> bytes:
    """Return a paper that belongs to an authorisation: its letter, our text, a notice.

    With `institution` only its own.

    Raises:
        NotFound: there is no such authorisation, or the paper does not belong to it.
        Corrupt: the file does not open, or is not what was kept.
    """
    with register.reading() as connection:
        record = store.get_authorisation(connection, reference)
        owner = institutions.get_owner_id(connection, institution)
        if owner not in (None, record.institution_id):
            raise NotFound("authorisation", reference)
        told = notices.list_of(connection, [record.id]).get(record.id, [])
        sheets = [
            entry["consent"]["letter_sha256"]
            for entry in record.terms["scope"]
            if entry.get("consent")
        ]
        waivers = [one.text_sha256 for one in told if one.kind == "waiver"]
        papers = {
            "letter": {record.letter_sha256, *sheets, *waivers},
            "letter-text": {one.sha256 for one in list_letters(connection, reference)},
            "notice": {one.text_sha256 for one in told if one.kind == "scans"},
        }
        if sha256 not in papers.get(kind, set()):
            raise NotFound("paper", reference)
        return register.blobs.get(connection, record.institution_id, kind, sha256)
