"""What is told of a scan that ended: how much it showed, and to which contacts beside the lead.

No address and no weakness stands in a notice: what was seen is in the letter, on the portal.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from cyberposture.model.checks import Severity
from cyberposture.model.institutions import Institution
from cyberposture.model.people import find_mail_address
from cyberposture.reporting.view.network import CLOSED
from cyberposture.services.findings.of_scan import span_of
from cyberposture.services.post.wording import Whole
from cyberposture.store import authorisations, news, outbox, scans
from cyberposture.store.findings import findings_at
from cyberposture.store.news import Ended

UNNOTICED: Final = timedelta(days=1)
"""So long nothing is said of a scan that the institution was to notice by itself. Source: our own
default."""


EVERY: Final = timedelta(days=7)
"""An institution is told of scans no more often, but for grave ones. Source: our own default."""
GRAVE: Final[tuple[Severity, ...]] = ("critical", "high")
"""What opened by a scan and is of these is told at once."""
PREFIX: Final = "news-scanned-"
"""What the codes of these notices begin with."""


def list_told(connection: Connection, since: datetime, now: datetime) -> Iterator[Ended]:
    """Yield the scans that ended after `since` and are to be told of now.

    Of an institution that was told within `EVERY` only those by which something grave opened; else
    the last one, which stands for those before it.
    """
    notices = outbox.list_messages(connection, prefix=PREFIX, since=min(since, now - EVERY))
    known = {one.code.removeprefix(PREFIX).partition("/")[0] for one in notices}
    told = {one.institution_id for one in notices if now - one.act.at < EVERY}
    waiting: dict[UUID, list[Ended]] = {}
    for one in news.list_ended(connection, since):
        if one.code not in known and (not one.is_announced or now - one.at >= UNNOTICED):
            waiting.setdefault(one.institution_id, []).append(one)
    first = min((one.began for ended in waiting.values() for one in ended), default=now)
    opened = news.list_opened(connection, first, GRAVE, CLOSED)
    for owner, ended in waiting.items():
        moments = [at for of, at in opened if of == owner]
        grave = [one for one in ended if any(one.began <= at <= one.at for at in moments)]
        yield from grave or ([] if owner in told else ended[-1:])


def facts_of(
    connection: Connection, code: str, owner: Institution, portal: str, now: datetime
) -> dict[str, Any]:
    """Return what the notice says: how many of each severity stand, as in the letter, and where
    to go.
    """
    scan = scans.get_scan(connection, code)
    span = span_of(connection, scan)
    known = findings_at(connection, scan.institution_id, now)
    standing = [one for one in known if span.shows(one) and one.state not in CLOSED]
    network = f"{portal.rstrip('/')}/institutions/{owner.code}/network"
    ended = (scan.ended_at or now).astimezone(ZoneInfo(owner.zone))
    return {
        **{name: sum(one.severity == name for one in standing) for name in get_args(Severity)},
        "ended": f"{ended:%Y-%m-%d %H:%M}",
        "findings_link": Whole(f"{network}/findings"),
        "stop_link": Whole(f"{network}/stop"),
    }


def mail_contacts(connection: Connection, code: str, owner: Institution) -> tuple[str, ...]:
    """Return the addresses of the contacts of the letters under which a scan ran, else of those
    of the institution; nobody is called for this.
    """
    scan = scans.get_scan(connection, code)
    named = [
        contact
        for record in authorisations.list_authorisations(
            connection, institution_id=scan.institution_id
        )
        if record.code in scan.authorisations and record.withdrawn_at is None
        for contact in record.terms["emergency_contacts"]
    ]
    return _mails(named) or _mails(owner.contacts)


def _mails(contacts: Iterable[str]) -> tuple[str, ...]:
    found = (find_mail_address(text) for text in contacts)
    return tuple(dict.fromkeys(mail for mail in found if mail is not None))
