"""What an institution inherits from the services that it uses, as its score takes it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.assessments import Round
from cyberposture.model.checks import Checks
from cyberposture.model.controls import Catalogue
from cyberposture.model.scores import ScoredReview
from cyberposture.scoring.assemble import Tally, rows_of
from cyberposture.scoring.sharing import SharedPart
from cyberposture.services.findings.standing import standing_of, tallies
from cyberposture.services.institutions.shared_services import inherited_by
from cyberposture.services.register import Register
from cyberposture.store.institutions import get_institution_by_id
from cyberposture.store.openings import opening

Shared = Mapping[str, Sequence[SharedPart]]


def gather_shared(
    register: Register,
    connection: Connection,
    institution_id: UUID,
    as_of: datetime,
    *,
    said_at: datetime,
    catalogue: Catalogue,
    checks: Checks,
    campaign: Round | None,
) -> Shared:
    """Return the parts that providers hold, by control, with what the network shows of each.

    Of a provider the standing at `as_of` counts, and what it said at `said_at`.
    """
    found = inherited_by(connection, institution_id, as_of=said_at)
    seen: dict[UUID, dict[str, Tally]] = {}
    parts: dict[str, list[SharedPart]] = {}
    controls = {one.id: one for one in catalogue.controls}
    for control, inherited in found.items():
        if control not in controls:
            continue
        for one in inherited:
            provider = one.service.provider_id
            if provider not in seen:
                with opening(connection, "providers-of-used-services", provider):
                    record = get_institution_by_id(connection, provider, as_of=as_of)
                    clocks = catalogue.clocks(record.institution.sectors, as_of.date())
                    standing = standing_of(
                        register, connection, provider, as_of, campaign,
                        clocks=clocks, checks=checks,
                    )  # fmt: skip
                seen[provider] = tallies(standing)
            said = one.answer
            review = None
            if said.reviewed_level is not None and said.reviewed_grade is not None:
                review = ScoredReview(level=said.reviewed_level, grade=said.reviewed_grade)
            rows = tuple(rows_of(controls[control], checks.checks, seen[provider]))
            parts.setdefault(control, []).append(
                SharedPart(
                    one.service.code, control, said.level, said.grade, said.expires, said.duty,
                    review, rows,
                )
            )  # fmt: skip
    return parts
