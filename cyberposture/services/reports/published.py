"""What the public is told of a round: its figures stay as they were told first.

The first report for the public fixes on what its figures stand, for each institution. Whatever is
told to the public of the same round later rests on that, in any form and language, until so many
moved that none of them can be told apart by who keeps both (`reporting/editions.py`). Readers who
may read small groups read the register as it is.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import rfc8785
from sqlalchemy import Connection

from cyberposture.errors import WrongState
from cyberposture.reporting.editions import Cells, may_follow, network_cells, standing_cells
from cyberposture.reporting.inputs import NationInputs
from cyberposture.services.register import Register
from cyberposture.services.reports.public_inputs import public_inputs
from cyberposture.services.reports.public_standings import (
    PublicState,
    PublicTotals,
    Standings,
    dependencies_of,
    gather_standings,
    gather_totals,
    read_standings,
)
from cyberposture.store import publication, rounds, scores
from cyberposture.store.public_editions import PublicEdition, insert_edition, list_editions
from cyberposture.store.rounds import RoundRecord

KIND = "public-figures-fixed"


@dataclass(frozen=True, slots=True)
class PublicRound:
    """On what the newest public edition of a round stands."""

    edition: PublicEdition
    standings: Standings

    @property
    def scored(self) -> dict[UUID, UUID]:
        """The scores on which it stands, by institution."""
        return {key: one.score for key, one in self.standings.items() if one.score is not None}


@dataclass(frozen=True, slots=True)
class _Next:
    """An edition that is to be kept."""

    number: int
    previous_id: UUID | None
    totals: PublicTotals
    standings: Standings


def fix_public(register: Register, round_code: str) -> None:
    """Fix on what the public figures of a round stand, or let a later state take their place.

    Those of the rounds before are fixed too: the public is told how all moved since.

    Raises:
        NotFound: there is no such round.
        WrongState: no score of the round is final yet, or somebody else fixes them now.
    """
    with register.reading() as connection:
        chain = [rounds.get_round(connection, round_code)]
        if not scores.list_round_scores(connection, chain[0].id):
            raise WrongState(
                f"no score of the round {round_code} is final yet",
                advice="cyberposture assessment finalise --institution … --round …",
            )
        while (before := _before(connection, chain[-1])) is not None:
            if list_editions(connection, before.id):
                break
            chain.append(before)
    for campaign in reversed(chain):
        _fix(register, campaign)


def find_public(connection: Connection, round_id: UUID) -> PublicRound:
    """Return on what the public figures of a round stand.

    Raises:
        WrongState: they were never fixed.
    """
    editions = list_editions(connection, round_id)
    if not editions:
        raise WrongState("the public figures of this round are not fixed yet")
    return PublicRound(editions[-1], read_standings(connection, editions[-1]))


def gather_public(register: Register, connection: Connection, round_code: str) -> NationInputs:
    """Return everything from which the public is told of a round.

    Raises:
        NotFound: there is no such round.
        WrongState: its public figures were never fixed.
    """
    campaign = rounds.get_round(connection, round_code)
    found = find_public(connection, campaign.id)
    edition = found.edition
    totals = PublicTotals.model_validate(edition.told)
    state = PublicState(found.standings, edition.previous_id, totals, edition.act.at)
    return public_inputs(register, connection, campaign, state)


def _before(connection: Connection, campaign: RoundRecord) -> RoundRecord | None:
    """Return the round before, where anybody has a score in it."""
    opens = campaign.round.opens
    earlier = [one for one in rounds.list_rounds(connection) if one.round.opens < opens]
    if not earlier or not scores.list_round_scores(connection, earlier[-1].id):
        return None
    return earlier[-1]


def _fix(register: Register, campaign: RoundRecord) -> None:
    with register.reading() as connection:
        made = _Choice(register, connection, campaign).next()
    if made is None:
        return
    told = {key: one.model_dump(mode="json") for key, one in made.standings.items()}
    digest = hashlib.sha256(rfc8785.dumps({str(key): one for key, one in told.items()}))
    with register.change(KIND, campaign.round.code) as change:
        insert_edition(
            change.connection,
            campaign.id,
            change.by,
            number=made.number,
            previous_id=made.previous_id,
            told=made.totals.model_dump(mode="json"),
            standings=told,
        )
        change.tell(number=made.number, standings_sha256=digest.hexdigest())


class _Choice:
    """Which state of a round the public is told next."""

    def __init__(self, register: Register, connection: Connection, campaign: RoundRecord) -> None:
        self._register, self._connection, self._round = register, connection, campaign
        self._known = {str(one.institution_id) for one in publication.list_consents(connection)}
        self._smallest = max(
            limits.smallest_group
            for one in register.content.reports
            if one.subject in ("nation", "sector")
            and (limits := one.redaction.get("public")) is not None
        )

    def next(self) -> _Next | None:
        """Return the edition that is to be kept; None: the newest one is told again."""
        editions = list_editions(self._connection, self._round.id)
        fresh = gather_standings(self._register, self._connection, self._round)
        before = _before(self._connection, self._round)
        earlier = [] if before is None else list_editions(self._connection, before.id)
        previous_id = earlier[-1].id if earlier else None
        if not editions:
            totals = gather_totals(self._register, self._connection, self._round)
            return _Next(1, previous_id, totals, fresh)
        told = [read_standings(self._connection, one) for one in editions]
        last, kept = editions[-1], told[-1]
        # Who was asked, and in which sector and tier, stays as it was told first.
        now = {key: fresh.get(key, one) for key, one in kept.items()}
        beside = [(one, edition.previous_id) for one, edition in zip(told, editions, strict=True)]
        stands = self._may_stand(beside, _moved(kept, now, stands=True), previous_id)
        shows = self._may_show(told, _moved(kept, now, shows=True))
        if not (stands or shows):
            return None
        return _Next(
            number=last.number + 1,
            previous_id=previous_id if stands else last.previous_id,
            totals=PublicTotals.model_validate(last.told),
            standings=_moved(kept, now, stands=stands, shows=shows),
        )

    def _may_stand(
        self,
        told: Sequence[tuple[Standings, UUID | None]],
        now: Standings,
        previous_id: UUID | None,
    ) -> bool:
        """Return whether scores and claims moved, and may be told as they are now."""
        last, last_previous_id = told[-1]
        before, after = ({str(k): one.stands for k, one in s.items()} for s in (last, now))
        # Too few in all are too few under some figure; then nothing needs to be computed.
        few = before == after or not self._may_follow([{"": before}], {"": after})
        if previous_id == last_previous_id and few:
            return False
        earlier = [self._standing_cells(*one) for one in told]
        return self._may_follow(earlier, self._standing_cells(now, previous_id))

    def _may_show(self, told: Sequence[Standings], now: Standings) -> bool:
        """Return whether what the network shows moved, and may be told as it is now."""
        if all(now[key].shows == one.shows for key, one in told[-1].items()):
            return False
        return self._may_follow(map(self._network_cells, told), self._network_cells(now))

    def _may_follow(self, earlier: Iterable[Cells], now: Cells) -> bool:
        return may_follow(earlier, now, self._smallest, self._known)

    def _standing_cells(self, standings: Standings, previous_id: UUID | None) -> Cells:
        state = PublicState(standings, previous_id)
        inputs = public_inputs(self._register, self._connection, self._round, state)
        return standing_cells(inputs, self._smallest)

    def _network_cells(self, standings: Standings) -> Cells:
        checks = self._register.content.checks.checks
        return network_cells(
            {str(key): one.failing for key, one in standings.items()},
            dependencies_of(standings),
            {check.id for check in checks if check.severity == "critical"},
        )


def _moved(
    kept: Standings, now: Standings, *, stands: bool = False, shows: bool = False
) -> Standings:
    """Return what was told, with one part or both of how things are now."""
    return {key: one.mixed(now[key], stands=stands, shows=shows) for key, one in kept.items()}
