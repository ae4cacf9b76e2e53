"""A new register begins: its content is adopted, its deny list confirmed, its watch set."""

from datetime import timedelta

from cyberposture.services.catalogue.adoption import Draft, record
from cyberposture.services.register import Register
from cyberposture.services.schedule import schedules
from cyberposture.store import calendar
from cyberposture.store.editions import find_adoption


def adopt_content(register: Register, *, reason: str = "") -> bool:
    """Adopt the content of a new register; return whether this was its first adoption.

    A register in which any edition was adopted is left alone: what follows an edition goes through
    `adoption.adopt`.
    """
    with register.reading() as connection:
        if find_adoption(connection) is not None:
            return False
    with register.change("edition-adopted", register.edition.catalogue, reason=reason) as change:
        record(change, Draft(register.content, register.edition))
    return True


def confirm_empty_deny_list(register: Register) -> None:
    """Confirm that the national deny list is empty, where nobody confirmed any list yet."""
    with register.reading() as connection:
        if calendar.find_deny_list(connection, as_of=register.clock()) is not None:
            return
    with register.change("deny-list-confirmed", reason="a new register begins") as change:
        calendar.record_deny_list(change.connection, [], change.by)
        change.tell(entries=[])


WATCH = {
    "due": timedelta(minutes=1),
    "urgent": timedelta(minutes=5),
    "watch": timedelta(hours=1),
    "expiry": timedelta(days=1),
    "remind": timedelta(hours=1),
    "news": timedelta(minutes=5),
    "deliver": timedelta(minutes=2),
}
"""What the clock does from the first day on, and how often. Source: our own default."""


def set_watch(register: Register) -> None:
    """Schedule looks at what is due, urgent notices and the watching of ourselves.

    But for what ever was scheduled by that name: a row that somebody removed stays on record and is
    not made again. What is looked at needs a letter of which its institution was told: until there
    is one, nothing is due that may be sent.
    """
    known = {one.code for one in schedules.list_schedules(register)}
    for kind, every in WATCH.items():
        if kind in known:
            continue
        schedules.add_schedule(
            register,
            kind,
            kind,
            "interval",
            str(every // timedelta(seconds=1)),
            next_run=register.clock() + every,
        )
