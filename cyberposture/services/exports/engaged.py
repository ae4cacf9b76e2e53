"""What an assessment plan says of the network: letters as rules of engagement, and schedules."""

from uuid import UUID

from sqlalchemy import Connection

from cyberposture.exchange.oscal.plan_out import Engagement, Planned
from cyberposture.model.authorisations import AuthorisationTerms, TermsEntry
from cyberposture.model.gate import NameEntry
from cyberposture.services.permission.authorise import granters
from cyberposture.services.permission.letters import LOADS
from cyberposture.store import authorisations, schedules

LOOKS = ("scan", "due")
"""The kinds of schedule that look at the network."""


def letters_of(connection: Connection, institution_id: UUID) -> tuple[Engagement, ...]:
    """Return every letter of an institution, by its reference, without the people on it."""
    found = []
    for record in authorisations.list_authorisations(connection, institution_id=institution_id):
        terms = AuthorisationTerms.model_validate(record.terms)
        found.append(
            Engagement(
                reference=record.code,
                valid_from=record.valid_from,
                valid_until=record.valid_until,
                withdrawn_at=record.withdrawn_at,
                is_granted=bool(granters(record)),
                load=terms.load,
                load_words=LOADS[terms.load],
                scope=tuple(map(_entry, terms.scope)),
                exclusions=terms.exclusions,
                techniques=terms.techniques,
                letter_sha256=record.letter_sha256,
                terms_sha256=record.terms_sha256,
            )
        )
    return tuple(sorted(found, key=lambda one: one.reference))


def _entry(entry: TermsEntry) -> str:
    if isinstance(entry, NameEntry):
        return f"{entry.name} and all names below it" if entry.subdomains else entry.name
    if entry.ports is None:
        return f"{entry.cidr}, all ports"
    return f"{entry.cidr}, ports {', '.join(map(str, entry.ports))}"


def schedules_of(connection: Connection, institution_id: UUID) -> tuple[Planned, ...]:
    """Return the schedules that look at an institution again: its own, and those that serve all."""
    return tuple(
        Planned(
            code=one.code,
            trigger=one.trigger_kind,
            spec=one.trigger_spec,
            zone=one.zone,
            next_run=one.next_run,
            is_for_all=one.institution_id is None,
        )
        for one in schedules.list_schedules(connection, enabled_only=True)
        if one.kind in LOOKS
        and one.institution_id in (institution_id, None)
        and not (one.trigger_kind == "date" and one.last_run is not None)
    )
