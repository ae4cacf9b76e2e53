"""Rounds: a campaign opens under the edition of the day, and closes."""

from cyberposture.exchange.sheets import build_row
from cyberposture.model.assessments import Round
from cyberposture.model.foundation import Moment
from cyberposture.services.catalogue.pinned import require_in_force
from cyberposture.services.register import Change, Register
from cyberposture.store import rounds as store
from cyberposture.store.rounds import RoundRecord


def open_round(
    register: Register,
    code: str,
    title: str,
    due: Moment,
    *,
    repair_days: int | None = None,
    repair_days_reason: str = "",
    reason: str = "",
) -> RoundRecord:
    """Open a round under the current edition and return it.

    `repair_days` overrides every repair clock in this round; it is printed wherever it counts.

    Raises:
        InvalidInput: the code is not a plain word.
        WrongState: the code is taken, or the edition was not adopted.
    """
    with register.change("round-opened", code, reason=reason) as change:
        return open_within(
            register, change, code, title, due,
            repair_days=repair_days, repair_days_reason=repair_days_reason,
        )  # fmt: skip


def open_within(
    register: Register,
    change: Change,
    code: str,
    title: str,
    due: Moment,
    *,
    repair_days: int | None = None,
    repair_days_reason: str = "",
) -> RoundRecord:
    """Do what `open_round` does, within a change that is under way.

    Raises: as `open_round`.
    """
    require_in_force(register, change.connection)
    new = build_row(
        Round,
        "arguments",
        {
            "code": code,
            "title": title,
            "edition": register.edition.rules,
            "opens": change.now,
            "due": due,
            "repair_days": repair_days,
            "repair_days_reason": repair_days_reason,
        },
    )
    record = store.insert_round(change.connection, new, change.by)
    change.tell(round=new.model_dump(mode="json"))
    return record


def close_round(register: Register, code: str, *, reason: str = "") -> None:
    """Close a round.

    Raises:
        NotFound: there is no such round.
        WrongState: it is closed already.
    """
    with register.change("round-closed", code, reason=reason) as change:
        store.close_round(change.connection, code, change.by)


def list_rounds(register: Register) -> list[RoundRecord]:
    """Return all rounds in the order in which they open."""
    with register.reading() as connection:
        return store.list_rounds(connection)


def get_round(register: Register, code: str) -> RoundRecord:
    """Return one round.

    Raises:
        NotFound: there is no such round.
    """
    with register.reading() as connection:
        return store.get_round(connection, code)
