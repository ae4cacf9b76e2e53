"""Says in good time that an authorisation ends: to the institution, and to whoever received it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.authorisations import AuthorisationTerms
from cyberposture.model.people import find_mail_address
from cyberposture.services.permission.ground import is_granted
from cyberposture.services.permission.letters import on_paper, render_paper
from cyberposture.services.register import Register
from cyberposture.store import authorisations, institutions, outbox, people
from cyberposture.store.authorisations import AuthorisationRecord
from cyberposture.store.outbox import Channel

DAYS: Final = (30, 7)
"""So many days ahead; the figures are our own default."""


class Ending(NamedTuple):
    """An authorisation that ends soon, and by which mark that is to be said."""

    record: AuthorisationRecord
    days: int

    def code(self, to: str) -> str:
        """Return the code of the message, which exists once."""
        return f"expiry-{self.days}-{self.record.code}-{to}"


def find_endings(connection: Connection, now: datetime) -> Iterator[Ending]:
    """Yield each authorisation in force that ends soon, with the nearest mark that was passed."""
    known = {record.person.code: record.person for record in people.list_people(connection)}
    for record in authorisations.list_authorisations(connection):
        if record.withdrawn_at is not None or not now < record.valid_until:
            continue
        passed = [days for days in DAYS if record.valid_until - timedelta(days=days) <= now]
        if passed and is_granted(record, known):
            yield Ending(record, min(passed))


def announce_endings(
    register: Register, reports: Path, telephone: str | None, *, language: str = "en"
) -> list[str]:
    """Write what is due to the outbox, each message once, and return the codes of the new ones.

    Raises:
        NotFound: there is no such paper in this language.
    """
    with register.reading() as connection:
        due = [
            ending
            for ending in find_endings(connection, register.clock())
            if not outbox.has_message(connection, ending.code("institution"))
        ]
    written: list[str] = []
    for ending in due:
        written += _announce(register, reports, telephone, ending, language)
    return written


def _announce(
    register: Register, reports: Path, telephone: str | None, ending: Ending, language: str
) -> list[str]:
    record = ending.record
    terms = AuthorisationTerms.model_validate(record.terms)
    with register.change("expiry-announced", record.code) as change:
        change.institution_id = record.institution_id
        owner = institutions.get_institution_by_id(
            change.connection, record.institution_id, as_of=change.now
        ).institution
        values = {
            "reference": record.code,
            "days": ending.days,
            "institution": owner.name,
            "valid_until": on_paper(record.valid_until),
            "signatory": terms.signatory,
            "letter_sha256": terms.letter_sha256,
            "telephone": telephone,
        }
        letter = render_paper(reports, "expiry", language, values, body=register.body)
        receiver = people.get_person(change.connection, terms.received_by)
        written: list[str] = []
        for to, channel, recipient, person_id in (
            *_contacts(terms.emergency_contacts),
            ("receiver", "inbox", receiver.person.code, receiver.id),
        ):
            is_new = outbox.queue_message(
                change.connection,
                change.by,
                code=ending.code(to),
                channel=channel,
                recipient=recipient,
                subject=letter.text.partition("\n")[0],
                body=letter.text,
                language=language,
                institution_id=record.institution_id,
                person_id=person_id,
            )
            written += [ending.code(to)] if is_new else []
        change.tell(days=ending.days, messages=written, text_sha256=letter.sha256)
    return written


def _contacts(named: Sequence[str]) -> Iterator[tuple[str, Channel, str, UUID | None]]:
    """Yield each contact of a letter: by the mail address in what was written, or by a call."""
    for number, text in enumerate(dict.fromkeys(named), start=1):
        to = "institution" if number == 1 else f"institution-{number}"
        mail = find_mail_address(text)
        yield (to, "telephone", text, None) if mail is None else (to, "mail", mail, None)
