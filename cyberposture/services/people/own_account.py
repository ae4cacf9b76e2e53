"""What people change of their own account: password, second factors, codes, sessions, language."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from cyberposture.errors import Fault, InvalidInput, NotFound, WrongState
from cyberposture.exchange.sheets import build_row
from cyberposture.model.people import Membership, Person
from cyberposture.services.people import second_factors
from cyberposture.services.people.attempts import is_barred, note_failure
from cyberposture.services.people.passwords import digest_of, hash_password, matches, require_good
from cyberposture.services.people.second_factors import Enrolment, Place
from cyberposture.services.people.signing_in import (
    ABSOLUTE_LIMIT,
    IDLE_LIMIT,
    STEP_LASTS,
    KeyAsked,
    give_recovery_codes,
)
from cyberposture.services.register import Change, Register
from cyberposture.store import accounts, challenges, factors, identities, people, sessions
from cyberposture.store.accounts import AccountRecord
from cyberposture.store.factors import FactorRecord
from cyberposture.store.people import PersonRecord
from cyberposture.store.sessions import SessionRecord

LONGEST_NAME = 60
FRESH = timedelta(minutes=10)
"""So long after signing in what opens the door may be added without being asked again. Ours."""


@dataclass(frozen=True)
class OwnSession:
    """A session of the person, and whether it is the one that asks."""

    session: SessionRecord
    is_this: bool


@dataclass(frozen=True)
class OwnAccount:
    """All that a person sees of their account."""

    person: Person
    has_password: bool
    factors: tuple[FactorRecord, ...]
    codes_left: int
    sessions: tuple[OwnSession, ...]
    issuers: tuple[str, ...]
    roles: tuple[Membership, ...]


def read_account(register: Register, token: str) -> OwnAccount:
    """Return the account of whoever acts; `token` is the secret of the session that asks."""
    now = register.clock()
    with register.reading() as connection:
        record = people.get_person(connection, register.actor)
        account = accounts.find_account(connection, record.id)
        held = people.list_held(connection, register.actor, as_of=now)
        return OwnAccount(
            record.person,
            account is not None and bool(account.password),
            tuple(factors.list_factors(connection, record.id)),
            accounts.count_recovery_codes(connection, record.id),
            tuple(
                OwnSession(session, digest == digest_of(token))
                for digest, session in sessions.list_sessions(connection, record.id)
                if _is_alive(session, now)
            ),
            tuple(identities.list_issuers(connection, record.id)),
            tuple(one.membership for one in held),
        )


def is_fresh(register: Register, token: str) -> bool:
    """Return whether the session with this secret began so lately that nobody is asked again."""
    with register.reading() as connection:
        session = sessions.find_session(connection, digest_of(token))
    return session is not None and register.clock() - session.started_at <= FRESH


def _is_alive(session: SessionRecord, now: datetime) -> bool:
    return now - session.seen_at <= IDLE_LIMIT and now - session.started_at <= ABSOLUTE_LIMIT


def _own(change: Change) -> tuple[PersonRecord, AccountRecord]:
    record = people.get_person(change.connection, change.by.actor)
    change.subject = record.person.code
    account = accounts.find_account(change.connection, record.id, lock=True)
    if account is None:
        raise NotFound("account", record.person.code)
    return record, account


def change_password(register: Register, token: str, old: str, new: str) -> None:
    """Set another password and end every other session.

    Raises:
        InvalidInput: the old password is not right (which counts as a failed attempt), or the new
            one is easily guessed.
        WrongState: there were too many attempts, and the account rests.
    """
    refused: str | None = None
    with register.change("password-changed") as change:
        record, account = _own(change)
        if is_barred(change, record, account):
            refused = "rests"
        elif account.password and not matches(account.password, old):
            note_failure(change, record, account)
            refused = "wrong"
        else:
            require_good(new, record.person, field="new")
            accounts.set_password(change.connection, record.id, hash_password(new))
            accounts.record_success(change.connection, record.id)
            sessions.end_sessions_of(change.connection, record.id, change.now, but=digest_of(token))
            change.tell(outcome="changed")
    # The attempt is on record; only now may it be refused.
    if refused == "wrong":
        raise InvalidInput(Fault("old", "this is not your present password"))
    if refused is not None:
        raise WrongState("there were too many attempts; your account rests for a few minutes")


def begin_authenticator(register: Register, name: str) -> tuple[UUID, Enrolment]:
    """Begin one more authenticator; it opens nothing until a code of it was shown.

    Raises:
        InvalidInput: it has no name.
    """
    with register.change("factor-begun") as change:
        record, _ = _own(change)
        for old in factors.list_factors(change.connection, record.id, confirmed_only=False):
            if old.confirmed_at is None:
                factors.remove_factor(change.connection, record.id, old.id, change.by)
        named = _named(name)
        factor = second_factors.add_authenticator(register, change, record.id, named)
        change.tell(kind="authenticator", name=named)
        kept = _find(change, record.id, factor)
        return factor, second_factors.enrolment_of(register, change.connection, record.person, kept)


def waiting_authenticator(register: Register, factor_id: UUID) -> Enrolment:
    """Return what an authenticator that was begun has to be told.

    Raises:
        NotFound: there is none that waits.
    """
    with register.reading() as connection:
        record = people.get_person(connection, register.actor)
        for one in factors.list_factors(connection, record.id, confirmed_only=False):
            if one.id == factor_id and one.confirmed_at is None:
                return second_factors.enrolment_of(register, connection, record.person, one)
    raise NotFound("second factor", str(factor_id))


def confirm_authenticator(register: Register, factor_id: UUID, code: str) -> None:
    """Show a code of a new authenticator, which opens the door from then on.

    Raises:
        NotFound: there is none that waits.
        InvalidInput: it is not the code that is shown now.
    """
    with register.change("factor-added") as change:
        record, _ = _own(change)
        factor = _find(change, record.id, factor_id)
        step = second_factors.step_of(register, change.connection, factor, code, change.now)
        if factor.confirmed_at is not None:
            raise NotFound("second factor", str(factor_id))
        if step is None:
            problem = "this is not the code that is shown now; is the telephone's clock right?"
            raise InvalidInput(Fault("code", problem))
        factors.record_use(change.connection, factor.id, step, change.now, confirms=True)
        change.tell(kind=factor.kind, name=factor.name)


def _find(change: Change, person_id: UUID, factor_id: UUID) -> FactorRecord:
    for one in factors.list_factors(change.connection, person_id, confirmed_only=False):
        if one.id == factor_id:
            return one
    raise NotFound("second factor", str(factor_id))


def _named(name: str) -> str:
    named = " ".join(name.split())[:LONGEST_NAME]
    if not named:
        raise InvalidInput(Fault("name", "give it a name that you know it by"))
    return named


def begin_key(register: Register, place: Place) -> KeyAsked:
    """Begin one more security key: return the step, and what the browser asks the key."""
    token = second_factors.new_token()
    with register.change("factor-begun") as change:
        record, _ = _own(change)
        challenges.insert_challenge(
            change.connection, digest_of(token), "key-new", record.id,
            at=change.now, ends_at=change.now + STEP_LASTS,
        )  # fmt: skip
        options = second_factors.options_for_new_key(
            change.connection, record.id, record.person, place, token
        )
        change.tell(kind="key")
    return KeyAsked(token, options)


def add_key(register: Register, token: str, response: str, name: str, place: Place) -> None:
    """Keep the security key that answered under a name; it opens the door from now on.

    Raises:
        NotFound: nothing was asked, or too long ago.
        InvalidInput: it has no name, or is not the answer of a key to what was asked.
    """
    with register.change("factor-added") as change:
        record, _ = _own(change)
        step = challenges.take_challenge(change.connection, digest_of(token), "key-new", change.now)
        if step is None or step.person_id != record.id:
            raise NotFound("step", "…", advice="begin once more: a step lasts ten minutes")
        named = _named(name)
        second_factors.add_key(change, record.id, named, place, token=token, response=response)
        change.tell(kind="key", name=named)


def remove_factor(register: Register, factor_id: UUID) -> None:
    """Let a second factor open nothing any more; the last one stays.

    Raises:
        NotFound: the person has no such factor.
        WrongState: it is the last one.
    """
    with register.change("factor-removed") as change:
        record, _ = _own(change)
        factor = _find(change, record.id, factor_id)
        others = [
            one for one in factors.list_factors(change.connection, record.id)
            if one.id != factor.id
        ]  # fmt: skip
        if not others:
            raise WrongState("this is your last second factor: add another one first")
        factors.remove_factor(change.connection, record.id, factor.id, change.by)
        change.tell(kind=factor.kind, name=factor.name)


def renew_recovery_codes(register: Register) -> tuple[str, ...]:
    """Make new recovery codes in place of all old ones and return them, this one time."""
    with register.change("recovery-codes-renewed") as change:
        record, _ = _own(change)
        return give_recovery_codes(change, record)


def end_other_sessions(register: Register, token: str) -> None:
    """End every session of the person but the one that asks."""
    with register.change("other-sessions-ended") as change:
        record, _ = _own(change)
        sessions.end_sessions_of(change.connection, record.id, change.now, but=digest_of(token))


def set_ways(register: Register, mail: str, language: Literal["en", "ur"]) -> None:
    """Keep where and in which language the person is written to; no mail: on the portal alone.

    Raises:
        InvalidInput: it is no mail address.
    """
    with register.change("ways-changed") as change:
        record, _ = _own(change)
        given = record.person.model_dump() | {"mail": mail.strip() or None, "language": language}
        person = build_row(Person, "arguments", given)
        people.change_ways(change.connection, record.id, person.mail, language)
        change.tell(language=language)
