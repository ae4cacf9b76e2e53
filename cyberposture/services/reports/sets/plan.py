"""What goes into a set: which reports, about whom, for which audience.

What is in the folder of reports is taken by its subject: a new report on one of these subjects
needs no line here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.errors import NotFound, WrongState, WrongUsage
from cyberposture.model.controls import Catalogue
from cyberposture.model.institutions import Institution
from cyberposture.model.reports import (
    SMALLEST_PUBLIC_GROUP,
    Audience,
    ReportDefinition,
    Sight,
    Subject,
)
from cyberposture.reporting.fixed import Fixed
from cyberposture.services.catalogue.pinned import get_pinned
from cyberposture.services.register import Register
from cyberposture.services.reports.published import PublicRound, find_public, read_fixed
from cyberposture.services.reports.subjects import MAKERS, About
from cyberposture.store import institutions, publication, rounds, scores
from cyberposture.store.rounds import RoundRecord
from cyberposture.store.scores import ScoreSummary

Language = Literal["en", "ur"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
Per = Literal["set", "sector", "institution", "framework"]
"""`framework`: for each institution one in the order of each framework."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How reports on one subject lie in a set; `is_printed`: as PDF too."""

    subject: Subject
    per: Per
    folder: str = ""
    is_printed: bool = False


KINDS = (
    Kind("nation", "set", is_printed=True),
    Kind("exposure", "set"),
    Kind("round", "set"),
    Kind("sector", "sector", "sectors/"),
    Kind("institution", "institution", "institutions/", is_printed=True),
    Kind("crosswalk", "framework", "institutions/"),
)
"""In the order in which a set names them. A letter goes to one institution by itself, and a
consultation stands on its own."""

HOLDS: dict[tuple[Audience, str], frozenset[Subject]] = {
    ("cert", ""): frozenset({"nation", "exposure", "round", "sector", "institution"}),
    ("sector", "sector"): frozenset({"sector", "institution"}),
    ("board", ""): frozenset({"nation"}),
    ("board", "institution"): frozenset({"institution", "crosswalk"}),
    ("public", ""): frozenset({"nation", "sector", "institution"}),
}
"""What an audience's set holds, by what the set is about: a minister's office reads groups, and a
board its own institution; a regulator reads its own sector and nobody else's. In the order of other
frameworks stands one institution by itself: for each of a nation these would be most of its set."""


@dataclass(frozen=True, slots=True)
class SetWanted:
    """A set that is to be made."""

    audience: Audience
    round_code: str
    institution: str | None = None
    sector: str | None = None
    languages: tuple[Language, ...] = LANGUAGES
    with_pdf: bool = True
    """The nation and each institution as PDF too, where that can be printed here."""

    @property
    def about(self) -> str:
        """What it is about: an institution, a sector, or neither."""
        return "institution" if self.institution else "sector" if self.sector else ""


def wanted_of(
    audience: str,
    round_code: str | None,
    institution: str | None = None,
    sector: str | None = None,
    *,
    language: str = "both",
    with_pdf: bool = True,
) -> SetWanted:
    """Return the set that somebody asks for in words; `language` is en, ur or both.

    Raises:
        WrongUsage: there is no such audience or language, or no round is named.
    """
    known: tuple[Audience, ...] = get_args(Audience)
    reader = next((one for one in known if one == audience), None)
    if reader is None:
        raise WrongUsage(f"a set is made for one of: {', '.join(known)}")
    if language not in (*LANGUAGES, "both"):
        raise WrongUsage(f"a set is made in {', '.join(LANGUAGES)} or both")
    if not round_code:
        raise WrongUsage("a set is about one --round, whose scores are final")
    spoken = tuple(one for one in LANGUAGES if language in (one, "both"))
    return SetWanted(reader, round_code, institution, sector, spoken, with_pdf)


@dataclass(frozen=True, slots=True)
class Member:
    """An institution that has a page in the set."""

    id: UUID
    institution: Institution
    score: ScoreSummary

    @property
    def sector(self) -> str:
        """The sector in which it is counted."""
        return self.institution.sectors[0]


@dataclass(frozen=True, slots=True)
class Piece:
    """One report of a set, in each of its languages."""

    kind: Kind
    definition: ReportDefinition
    about: About
    stem: str
    """Its path, without language and ending."""
    member: Member | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a set is to hold, and what it does without."""

    wanted: SetWanted
    round: RoundRecord
    as_of: datetime
    members: tuple[Member, ...]
    """The institutions that have a page, by code."""
    visible: frozenset[UUID]
    """The institutions that may be named at all."""
    pieces: tuple[Piece, ...]
    without_score: int
    unnamed: int
    """Institutions that agreed to be named and are not, to protect others."""
    sees: frozenset[Sight]
    marking: str
    definition: ReportDefinition
    """Of the report that says what the audience is."""
    published: PublicRound | None = None
    """On what the figures of groups stand, where the public is told of them."""
    fixed: Fixed | None = None
    """Since when, and how many results changed since."""


def plan_set(register: Register, connection: Connection, wanted: SetWanted) -> Plan:
    """Return what the set holds.

    Raises:
        NotFound: round, institution or sector is not there.
        WrongUsage: no set is made for this audience about this.
        WrongState: there is nothing to tell of this round yet.
    """
    held = _held(register, wanted)
    record = rounds.get_round(connection, wanted.round_code)
    standing = scores.list_round_scores(connection, record.id)
    if not standing:
        raise WrongState(
            f"no score of the round {wanted.round_code} is final yet",
            advice="cyberposture assessment finalise --institution … --round …",
        )
    asked = _asked(register, connection, wanted)
    is_public = wanted.audience == "public"
    published = find_public(connection, record.id) if is_public else None
    by_id = {one.institution_id: one for one in standing}
    as_of = max(one.as_of for one in standing)
    if published is not None:
        by_id = {key: one for key, one in by_id.items() if key in published.scored}
        as_of = max(scores.list_as_of(connection, list(published.scored.values())), default=as_of)
    scored = [Member(key, one, by_id[key]) for key, one in asked.items() if key in by_id]
    if wanted.institution is not None and not scored:
        raise NotFound("round score", f"{wanted.institution} in {wanted.round_code}")
    members = _named(connection, scored) if is_public else tuple(scored)
    consenting = publication.consenting(connection, [m.id for m in scored])
    definitions = _definitions(register, wanted, held)
    shown = members if "institution" in held else ()
    catalogue = get_pinned(register, connection, record.round.edition).catalogue
    return Plan(
        wanted=wanted,
        round=record,
        as_of=as_of,
        members=shown,
        visible=frozenset(m.id for m in members)
        if is_public
        else frozenset(asked if shown else ()),
        pieces=tuple(_pieces(wanted, definitions, _sectors(scored, published), shown, catalogue)),
        without_score=0 if is_public else len(asked) - len(scored),
        unnamed=len(consenting) - len(members) if is_public else 0,
        sees=frozenset(s for d in definitions for s in d.redaction[wanted.audience].sees),
        marking=definitions[0].audiences[wanted.audience],
        definition=definitions[0],
        published=published,
        fixed=None if published is None else read_fixed(connection, published),
    )


def _held(register: Register, wanted: SetWanted) -> frozenset[Subject]:
    if wanted.institution and wanted.sector:
        raise WrongUsage("a set is about an institution or about a sector")
    held = HOLDS.get((wanted.audience, wanted.about))
    if held is None:
        needed = " or ".join(
            f"--{about}" if about else "neither --institution nor --sector"
            for audience, about in HOLDS
            if audience == wanted.audience
        )
        raise WrongUsage(f"a set for {wanted.audience} is made with {needed}")
    if wanted.sector is not None:
        known = {one.id for one in register.content.catalogue.framework.sectors}
        if wanted.sector not in known:
            raise NotFound("sector", wanted.sector)
    return held


def _asked(
    register: Register, connection: Connection, wanted: SetWanted
) -> dict[UUID, Institution]:
    """Return the institutions that the set could be about, by key."""
    now = register.clock()
    if wanted.institution is not None:
        one = institutions.get_institution(connection, wanted.institution, as_of=now)
        return {one.id: one.institution}
    found = institutions.list_institutions(connection, as_of=now, sector=wanted.sector)
    return {one.id: one.institution for one in found}


def _named(connection: Connection, scored: Sequence[Member]) -> tuple[Member, ...]:
    """Return the institutions that are named in public: they agreed, and expose nobody else.

    Who is named tells its own scores. Of a sector or a profile that is described as a group, none
    or at least five must then remain that nobody can tell apart.
    """
    agreed = publication.consenting(connection, [member.id for member in scored])
    named = {member.id for member in scored if member.id in agreed}
    while True:
        groups: defaultdict[tuple[str, str], list[Member]] = defaultdict(list)
        for member in scored:
            for group in (
                ("all", ""),
                ("sector", member.sector),
                ("tier", member.institution.tier),
            ):
                groups[group].append(member)
        exposing = {
            member.id
            for group in groups.values()
            if 0 < sum(m.id not in named for m in group) < SMALLEST_PUBLIC_GROUP
            for member in group
        }
        if not named & exposing:
            return tuple(member for member in scored if member.id in named)
        named -= exposing


def _definitions(
    register: Register, wanted: SetWanted, held: frozenset[Subject]
) -> list[ReportDefinition]:
    found = [
        definition
        for kind in KINDS
        for definition in register.content.reports
        if definition.subject == kind.subject
        and definition.subject in held & MAKERS.keys()
        and wanted.audience in definition.audiences
    ]
    if not found:
        raise WrongUsage(f"no report is made for {wanted.audience}")
    return found


def _sectors(scored: Sequence[Member], published: PublicRound | None) -> Mapping[str, int]:
    """Return how many of each sector have a score, as far as the public was told so."""
    if published is None:
        return Counter(member.sector for member in scored)
    return Counter(published.standings[key].sector for key in published.scored)


def _pieces(
    wanted: SetWanted,
    definitions: Sequence[ReportDefinition],
    sectors: Mapping[str, int],
    members: Sequence[Member],
    catalogue: Catalogue,
) -> Iterator[Piece]:
    code = wanted.round_code
    for definition in definitions:
        kind = next(kind for kind in KINDS if kind.subject == definition.subject)
        # A second report on a subject stands beside the first under its own name.
        also = "" if definition.id == definition.subject else f"-{definition.id}"
        match kind.per:
            case "set":
                yield Piece(kind, definition, About(round_code=code), definition.id)
            case "sector":
                smallest = definition.redaction[wanted.audience].smallest_group
                for sector in sorted(s for s, count in sectors.items() if count >= smallest):
                    about = About(round_code=code, sector=sector)
                    yield Piece(kind, definition, about, f"{kind.folder}{sector}{also}")
            case "institution":
                for member in members:
                    own = member.institution.code
                    about = About(institution=own, round_code=code)
                    yield Piece(kind, definition, about, f"{kind.folder}{own}{also}", member)
            case "framework":
                for member, framework in product(members, catalogue.neighbours):
                    own = member.institution.code
                    about = About(institution=own, round_code=code, framework=framework.id)
                    stem = f"{kind.folder}{own}{also}-{framework.id}"
                    yield Piece(kind, definition, about, stem, member)
