"""The register at one moment, as the analysts' file reads it; nothing is changed here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.content.editions import Edition
from cyberposture.content.loader import Content
from cyberposture.store import assessments, institutions, rounds, scans
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.heads import SignedHead
from cyberposture.store.institutions import InstitutionRecord
from cyberposture.store.rounds import RoundRecord
from cyberposture.store.scans import ScanRecord


@dataclass(frozen=True)
class Snapshot:
    """One consistent state of the register with the content of the day.

    `head` is the signed head of the system's audit chain in that state, None where it is empty.
    """

    connection: Connection
    content: Content
    edition: Edition
    as_of: datetime
    head: SignedHead | None

    @cached_property
    def institutions(self) -> tuple[InstitutionRecord, ...]:
        """The institutions that are known at `as_of`, by code; all else is read through them."""
        known = institutions.list_institutions(self.connection, as_of=self.as_of)
        return tuple(sorted(known, key=lambda record: record.institution.code))

    @cached_property
    def rounds(self) -> tuple[RoundRecord, ...]:
        """The rounds, by code."""
        return tuple(sorted(rounds.list_rounds(self.connection), key=lambda r: r.round.code))

    @cached_property
    def round_codes(self) -> dict[UUID, str]:
        """The code of each round."""
        return {record.id: record.round.code for record in self.rounds}

    @cached_property
    def assessments(self) -> tuple[AssessmentRecord, ...]:
        """The assessments of all institutions, by institution and round."""
        found = [
            assessment
            for _, institution_id in self.owners()
            for assessment in assessments.list_assessments(
                self.connection, institution_id=institution_id
            )
        ]
        return tuple(sorted(found, key=lambda one: (one.institution, one.round)))

    @cached_property
    def assessment_names(self) -> dict[UUID, str]:
        """The readable name of each assessment."""
        return {assessment.id: name_of(assessment) for assessment in self.assessments}

    def owners(self) -> Iterator[tuple[str, UUID]]:
        """Yield code and key of each institution, by code."""
        for record in self.institutions:
            yield record.institution.code, record.id

    def scans_of(self, institution_id: UUID) -> list[ScanRecord]:
        """Return the scans of an institution in the order in which they were planned."""
        found = scans.list_scans(self.connection, institution_id=institution_id)
        return sorted(found, key=lambda scan: (scan.act.at, scan.code))


def name_of(assessment: AssessmentRecord) -> str:
    """Return the readable name of an assessment, as the audit log has it: INSTITUTION/ROUND."""
    return f"{assessment.institution}/{assessment.round}"
