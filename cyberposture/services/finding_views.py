"""Findings as people list and read them, with every event."""

from dataclasses import dataclass

from cyberposture.model.findings import FindingState
from cyberposture.services.register import Register
from cyberposture.store import findings as store
from cyberposture.store import institutions
from cyberposture.store.findings import FindingEvent, FindingRecord


@dataclass(frozen=True)
class FindingHistory:
    """One finding with its events, oldest first."""

    finding: FindingRecord
    events: tuple[FindingEvent, ...]


def list_findings(
    register: Register, institution: str | None = None, state: FindingState | None = None
) -> list[FindingRecord]:
    """Return findings by first sight.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        institution_id = institutions.get_owner_id(connection, institution)
        states = None if state is None else (state,)
        return store.list_findings(connection, institution_id=institution_id, states=states)


def get_history(register: Register, code: str) -> FindingHistory:
    """Return one finding with its events.

    Raises:
        NotFound: there is no such finding.
    """
    with register.reading() as connection:
        finding = store.get_finding(connection, code)
        events = store.list_events(connection, finding_id=finding.id)
        return FindingHistory(finding, tuple(events))
