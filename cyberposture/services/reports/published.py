"""What the public is told of a round: its figures stay as they were told first.

The first report for the public fixes on what its figures stand, for each institution. Whatever is
told to the public of the same round later, in any form and language, rests on that and on nothing
that came after: whoever keeps two copies has the same figures twice. To take corrections in once
many moved would not do: who knows that rule can work out the few beside the many. Readers who may
read small groups read the register as it is.
"""

import hashlib
from dataclasses import dataclass
from uuid import UUID

import rfc8785
from sqlalchemy import Connection

from cyberposture.errors import WrongState
from cyberposture.reporting.inputs import NationInputs
from cyberposture.services.register import Register
from cyberposture.services.reports.public_inputs import public_inputs
from cyberposture.services.reports.public_standings import (
    PublicState,
    PublicTotals,
    Standings,
    gather_standings,
    gather_totals,
    read_standings,
)
from cyberposture.store import rounds, scores
from cyberposture.store.public_editions import PublicEdition, find_edition, insert_edition
from cyberposture.store.rounds import RoundRecord

KIND = "public-figures-fixed"


@dataclass(frozen=True, slots=True)
class PublicRound:
    """On what the public figures of a round stand."""

    edition: PublicEdition
    standings: Standings

    @property
    def scored(self) -> dict[UUID, UUID]:
        """The scores on which it stands, by institution."""
        return {key: one.score for key, one in self.standings.items() if one.score is not None}


def fix_public(register: Register, round_code: str) -> None:
    """Fix on what the public figures of a round stand, unless they are fixed already.

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
            chain.append(before)
        unfixed = [one for one in chain if find_edition(connection, one.id) is None]
    for campaign in reversed(unfixed):
        _fix(register, campaign)


def find_public(connection: Connection, round_id: UUID) -> PublicRound:
    """Return on what the public figures of a round stand.

    Raises:
        WrongState: they were never fixed.
    """
    edition = find_edition(connection, round_id)
    if edition is None:
        raise WrongState("the public figures of this round are not fixed yet")
    return PublicRound(edition, read_standings(connection, edition))


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
        standings = gather_standings(register, connection, campaign)
        totals = gather_totals(register, connection, campaign)
        before = _before(connection, campaign)
        earlier = None if before is None else find_edition(connection, before.id)
    told = {key: one.model_dump(mode="json") for key, one in standings.items()}
    digest = hashlib.sha256(rfc8785.dumps({str(key): one for key, one in told.items()}))
    with register.change(KIND, campaign.round.code) as change:
        insert_edition(
            change.connection,
            campaign.id,
            change.by,
            previous_id=None if earlier is None else earlier.id,
            told=totals.model_dump(mode="json"),
            standings=told,
        )
        change.tell(institutions=len(told), standings_sha256=digest.hexdigest())
