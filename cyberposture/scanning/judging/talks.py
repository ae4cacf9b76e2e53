"""The short talks that our own probes had with one host, merged: newest answers first.

It keeps what was told and judges nothing.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from cyberposture.model.observations import ContactFile, Fact, MailFact, PortFact, ServiceFact
from cyberposture.scanning.ports import PortKey

_NMAP_NAMES: Final = {"rdp": "ms-wbt-server", "smb": "microsoft-ds", "ipmi": "asf-rmcp"}
"""nmap's names for what our probes call by another."""


class SeenFile(NamedTuple):
    """A site's contact file and the moment at which it was read."""

    file: ContactFile
    at: datetime | None


class Talks:
    """What was said by whom; filled from the newest fact to the oldest."""

    __slots__ = ("contact_files", "mail", "mail_at", "services")

    def __init__(self) -> None:
        self.mail: dict[tuple[int, str], MailFact] = {}
        """By port and by what was asked: `abilities` or `relay`."""
        self.mail_at: dict[int, datetime | None] = {}
        """When what a mail server offers was seen, by port."""
        self.services: dict[tuple[PortKey, str], ServiceFact] = {}
        """By port and by the protocol that was tried."""
        self.contact_files: dict[tuple[int, str | None], SeenFile] = {}

    def __bool__(self) -> bool:
        return bool(self.mail or self.services)

    def add(self, fact: Fact) -> None:
        """Take what an older fact tells where no newer one gave an answer."""
        for mail in fact.mail:
            seen = self.mail.get((mail.port, mail.asked))
            if seen is None or (mail.outcome == "answered" != seen.outcome):
                self.mail[(mail.port, mail.asked)] = mail
                if mail.asked == "abilities":
                    self.mail_at[mail.port] = fact.ended_at or fact.started_at
        for talk in fact.services:
            key = ((talk.protocol, talk.port), talk.speaks)
            known = self.services.get(key)
            if known is None or (talk.outcome == "answered" != known.outcome):
                self.services[key] = talk
        for page in fact.http:
            if page.contact_file is not None:
                at = fact.ended_at or fact.started_at
                file = SeenFile(page.contact_file, at)
                self.contact_files.setdefault((page.port, page.name), file)

    def identified(self) -> Iterator[tuple[PortKey, PortFact]]:
        """Yield what answered in its own protocol, as nmap would have reported it."""
        spoken = {("tcp", port): "smtp" for (port, _), m in self.mail.items() if _answered(m)}
        for (key, speaks), talk in self.services.items():
            if _answered(talk):
                spoken[key] = _NMAP_NAMES.get(speaks, speaks)
        implicit = {("tcp", port) for (port, _), m in self.mail.items() if m.tls and not m.starttls}
        for key, name in spoken.items():
            secured = f"ssl/{name}" if key in implicit else name
            yield (
                key,
                PortFact(
                    protocol=key[0], port=key[1], state="open", service=secured, method="probed"
                ),
            )


def _answered(talk: MailFact | ServiceFact) -> bool:
    return talk.outcome == "answered"
