"""What the public is told of a round: its figures stay as they were told first.

The first report for the public fixes on what its figures stand, for each institution. Whatever is
told to the public of the same round later, in any form and language, rests on that and on nothing
that came after: whoever keeps two copies has the same figures twice. To take corrections in once
many moved would not do: who knows that rule can work out the few beside the many. What is told of
them is how many there were, in whole groups. As nothing told too early could be mended, a round is
told when it is over. Readers who may read small groups read the register as it is.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import rfc8785
from sqlalchemy import Connection

from cyberposture.errors import WrongState
from cyberposture.reporting.fixed import Fixed
from cyberposture.reporting.inputs import NationInputs
from cyberposture.services.assessments.assess import FINAL_STATES
from cyberposture.services.assessments.campaigns import find_campaign
from cyberposture.services.assessments.funnels import places_in
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
from cyberposture.store import assessments, publication, rounds, scores
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
        WrongState: it is not over, or one before it is not; or somebody else fixes them now.
    """
    with register.reading() as connection:
        unfixed = list_untold(connection, round_code, register.clock())
    for campaign in unfixed:
        _fix(register, campaign)


def list_untold(connection: Connection, round_code: str, now: datetime) -> list[RoundRecord]:
    """Return the rounds whose figures are fixed when this one's are told, the oldest first.

    There is none where its figures were told before.

    Raises:
        NotFound: there is no such round.
        WrongState: it is not over, or one before it is not.
    """
    campaign: RoundRecord | None = rounds.get_round(connection, round_code)
    found: list[RoundRecord] = []
    while campaign is not None and find_edition(connection, campaign.id) is None:
        _require_over(connection, campaign, now)
        found.insert(0, campaign)
        campaign = _before(connection, campaign)
    return found


def _require_over(connection: Connection, campaign: RoundRecord, now: datetime) -> None:
    """Return if nobody who is asked in a round waits for a result, or it is closed.

    Whoever is invited or planned and has opened nothing yet waits too.

    Raises:
        WrongState: somebody waits, or there is no result at all.
    """
    code = campaign.round.code
    if not scores.list_round_scores(connection, campaign.id):
        raise WrongState(
            f"no score of the round {code} is final yet",
            advice="cyberposture assessment finalise --institution … --round …",
        )
    if campaign.closed_at is not None:
        return
    opened = assessments.list_assessments(connection, round_id=campaign.id)
    places = places_in(connection, find_campaign(connection, code), now)
    unopened = sum(one.assessment is None for one in places)
    waiting = unopened + sum(one.state not in FINAL_STATES for one in opened)
    if waiting:
        raise WrongState(
            f"the figures of the round {code} are told once every institution that is asked has"
            " a final result, or the round is closed",
            advice=f"not final yet: {waiting} of {len(opened) + unopened};"
            " finish them, or close the round",
        )


def find_public(connection: Connection, round_id: UUID) -> PublicRound:
    """Return on what the public figures of a round stand.

    Raises:
        WrongState: they were never fixed.
    """
    edition = find_edition(connection, round_id)
    if edition is None:
        raise WrongState("the public figures of this round are not fixed yet")
    return PublicRound(edition, read_standings(connection, edition))


def read_fixed(connection: Connection, found: PublicRound) -> Fixed:
    """Return since when the figures of a round are told, and how many results changed since."""
    asked, now = found.standings, scores.list_round_scores(connection, found.edition.round_id)
    consents = publication.list_consents(connection)
    return Fixed(
        at=found.edition.act.at,
        asked=len(asked),
        changed=sum(
            one.institution_id in asked and one.id != asked[one.institution_id].score for one in now
        ),
        named=len({one.institution_id for one in consents} & asked.keys()),
    )


def gather_public(register: Register, connection: Connection, round_code: str) -> NationInputs:
    """Return everything from which the public is told of a round.

    Raises:
        NotFound: there is no such round.
        WrongState: its public figures were never fixed.
    """
    campaign = rounds.get_round(connection, round_code)
    found = find_public(connection, campaign.id)
    totals = PublicTotals.model_validate(found.edition.told)
    previous_id, fixed = found.edition.previous_id, read_fixed(connection, found)
    state = PublicState(found.standings, previous_id, totals, fixed)
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
