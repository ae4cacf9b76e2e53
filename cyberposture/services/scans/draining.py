"""Drains the due table: batch after batch, as turns are given, until nothing is due."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from cyberposture.errors import CyberpostureError, MissingService, NotAuthorised, WrongState
from cyberposture.services.register import Register
from cyberposture.services.scanner import Scanner
from cyberposture.services.scans.scan import Request, begin_scan, resume_scan, run_scan
from cyberposture.services.scans.turns import Batch, choose
from cyberposture.services.scans.views import count_under_way, find_lost
from cyberposture.services.schedule import due
from cyberposture.store import declarations, institutions
from cyberposture.store import due as store
from cyberposture.store.turns import forget_buckets

HANDED_ON = 16
"""So many batches are under way at the workers of a vantage unless a row says otherwise."""


@dataclass(frozen=True)
class Pace:
    """How much one drain may do: batches at once, and for how long new ones are begun.

    Where batches are handed on, workers run them, and the drain does not wait for them: it tops up
    what is under way to so many, and the next one goes on.
    """

    at_once: int = 2
    lasting: timedelta = timedelta(minutes=10)
    is_handed_on: bool = False


@dataclass(frozen=True)
class Drained:
    """What a drain came to."""

    batches: int
    targets: int
    states: dict[str, int]
    """How many scans ended in each state, or were handed on, or were refused."""


def bring_up_to_date(register: Register, vantage: str) -> None:
    """Enter what is declared by now, take out what vanished, and pull ahead for deadlines.

    What is declared changes with the dates of assets too, so this is done once a day.
    """
    with register.change("due-table-updated", vantage) as change:
        entered = left = 0
        for record in institutions.list_institutions(change.connection, as_of=change.now):
            is_active = institutions.is_active(record.institution, change.now)
            declaration = declarations.get_declaration(
                change.connection, record.id, as_of=change.now
            )
            if not is_active:
                declaration = declaration.model_copy(update={"assets": ()})
            came, went = due.enter_declared(
                change.connection, record.id, declaration, change.now, [vantage]
            )
            entered, left = entered + came, left + went
        deadlines = due.list_deadlines(change.connection, change.now)
        pulled = due.pull_ahead(change.connection, deadlines, change.now, vantage)
        forget_buckets(change.connection, full_before=change.now)
        change.tell(entered=entered, left=left, pulled=pulled)


def drain(register: Register, scanner: Scanner, pace: Pace, *, last: datetime | None) -> Drained:
    """Look at what is due, in the order of turns, and return what came of it.

    `last` is when this was done before: the first drain of a day brings the table up to date.

    Raises:
        MissingService: nmap is not there, or the register cannot be reached.
    """
    begun = register.clock()
    if last is None or last.date() != begun.date():
        bring_up_to_date(register, scanner.vantage)
    states: Counter[str] = Counter()
    batches = targets = 0
    with ThreadPoolExecutor(max_workers=pace.at_once) as pool:
        while register.clock() < begun + pace.lasting:
            under_way = count_under_way(register, scanner.vantage) if pace.is_handed_on else 0
            if under_way >= pace.at_once:
                break
            chosen = choose(register, scanner, pace.at_once - under_way)
            if not chosen:
                break
            batches += len(chosen)
            targets += sum(len(one.targets) for one in chosen)
            ended = [pool.submit(_run, register, scanner, pace, one) for one in chosen]
            states.update(one.result() for one in ended)
    return Drained(batches, targets, dict(states))


def _run(register: Register, scanner: Scanner, pace: Pace, batch: Batch) -> str:
    """Scan a batch and return how that ended; targets that it did not come to wait for a while."""
    request = Request(
        batch.institution,
        addresses=batch.addresses,
        is_partial=True,
        kind="scheduled",
        reason="due",
    )
    try:
        if pace.is_handed_on:
            begin_scan(register, scanner, request)
            return "handed-on"
        lost = find_lost(register, batch.institution, scanner.vantage)
        if lost is not None:
            resume_scan(register, scanner, lost)
        return run_scan(register, scanner, request).state
    except (NotAuthorised, WrongState) as error:
        _hold_back(register, batch, str(error))
        return "refused"
    except MissingService:
        raise
    except CyberpostureError as error:
        _hold_back(register, batch, f"the scan failed: {error}")
        raise


def _hold_back(register: Register, batch: Batch, why: str) -> None:
    with register.change("due-held-back", batch.institution, reason=why[:500]) as change:
        change.institution_id = batch.institution_id
        for target in batch.targets:
            present = store.find_due(
                change.connection,
                batch.institution_id,
                target.target,
                target.technique,
                target.vantage,
            )
            if present is not None and present.held_until == batch.held_until:
                due.hold_back(change.connection, present, change.now, why[:500])
        change.tell(targets=list(batch.addresses))
