"""Fills an institution's own earlier rounds for its report."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.scores import ScoreResult
from cyberposture.reporting.own_rounds import OwnRound
from cyberposture.store import rounds, scores

PAST = 4
"""So many rounds before the present one are told of."""


def gather_past(
    connection: Connection, institution_id: UUID, before: datetime, own_round: UUID | None
) -> tuple[OwnRound, ...]:
    """Return the rounds in which an institution was scored before a moment, the oldest first.

    Of each the score that stands, corrected ones passed over, as it was made under its own edition;
    the round that the report is about is none of them.
    """
    standing = {
        one.round_id: one.id
        for one in scores.list_scores(connection, institution_id=institution_id, kind="round")
        if one.as_of < before and one.round_id != own_round
    }
    campaigns = [one for one in rounds.list_rounds(connection) if one.id in standing]
    found = []
    for campaign in campaigns[-PAST:]:
        kept = scores.get_score(connection, standing[campaign.id])
        whole = ScoreResult.model_validate(kept.result).institution
        found.append(
            OwnRound(
                code=campaign.round.code,
                title=campaign.round.title,
                rules=kept.catalogue_digest,
                declared=whole.declared,
                claims=whole.claims_verified,
                verified=whole.verified,
                band=whole.band,
            )
        )
    return tuple(found)
