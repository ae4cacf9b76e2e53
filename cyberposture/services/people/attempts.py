"""Attempts at the door: counted, barred when there were too many, and let in in one way only."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from cyberposture.errors import NotAuthorised
from cyberposture.services.people import second_factors
from cyberposture.services.people.passwords import digest_of
from cyberposture.services.register import Change, Register
from cyberposture.store import accounts, challenges, people, sessions
from cyberposture.store.accounts import AccountRecord
from cyberposture.store.challenges import ChallengeKind
from cyberposture.store.people import PersonRecord

FREE_FAILURES = 5
LONGEST_LOCK = timedelta(hours=1)
NOT_IN: Final = ("not-signed-in", "name, password or code is not right")
"""What every refusal at the door says, whatever was wrong."""
_LONGEST_BROWSER = 120


@dataclass(frozen=True)
class Opened:
    """A session that has just begun: what the browser keeps, and codes to print, if any."""

    token: str
    recovery_codes: tuple[str, ...] = ()


def is_barred(change: Change, record: PersonRecord, account: AccountRecord) -> bool:
    """Return whether nothing opens this account now, and note it."""
    if record.person.disabled_at is not None:
        change.tell(outcome="disabled")
        return True
    if account.locked_until is not None and change.now < account.locked_until:
        change.tell(outcome="locked")
        return True
    return False


def note_failure(change: Change, record: PersonRecord, account: AccountRecord) -> None:
    """Count one more failure: after the fifth the account rests, each time longer."""
    failures = account.failures + 1
    locked_until = _locked_until(failures, change.now)
    accounts.record_failure(change.connection, record.id, failures, locked_until)
    change.tell(outcome="refused", failures=failures)


def _locked_until(failures: int, now: datetime) -> datetime | None:
    """Return until when no attempt is taken: a minute after the fifth, then ever longer."""
    if failures < FREE_FAILURES:
        return None
    return now + min(LONGEST_LOCK, timedelta(minutes=2 ** min(failures - FREE_FAILURES, 10)))


def let_in(
    change: Change, record: PersonRecord, account: AccountRecord, how: str | None, browser: str
) -> str | None:
    """Return the secret of a new session where the second factor was shown, else note that."""
    if how is None:
        note_failure(change, record, account)
        return None
    accounts.record_success(change.connection, record.id)
    change.tell(outcome=how)
    return begin_session(change, record, browser)


def begin_session(change: Change, record: PersonRecord, browser: str) -> str:
    """Begin a session and return its secret."""
    token = second_factors.new_token()
    sessions.insert_session(
        change.connection, digest_of(token), record.id, secrets.token_urlsafe(24), change.now,
        browser=browser[:_LONGEST_BROWSER],
    )  # fmt: skip
    return token


def finish_step(
    register: Register,
    token: str,
    kind: ChallengeKind,
    show: Callable[[Change, UUID], str | None],
    *,
    browser: str,
) -> Opened:
    """Take up a step at the door that is half done, and begin a session if its factor is shown.

    `show` returns how the person of this id showed it, or None. The step is used up either way.

    Raises:
        NotAuthorised: `not-signed-in`: the factor is not theirs, or the step is over.
    """
    opened = None
    with register.change("sign-in-tried") as change:
        step = challenges.take_challenge(change.connection, digest_of(token), kind, change.now)
        if step is None or step.person_id is None:
            change.tell(outcome="unknown")
        else:
            record = people.get_person_by_id(change.connection, step.person_id)
            account = accounts.find_account(change.connection, record.id, lock=True)
            change.subject = record.person.code
            if account is not None and not is_barred(change, record, account):
                opened = let_in(change, record, account, show(change, record.id), browser)
    if opened is None:
        raise NotAuthorised(*NOT_IN)
    return Opened(opened)
