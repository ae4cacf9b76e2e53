"""How people come in: an invitation link, a password, a second factor, and then a session.

Every refusal sounds the same, so that nobody learns from it who is registered. There is no default
password: the first administrator comes in by a link as well.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection

from cyberposture.clock import to_iso
from cyberposture.errors import Fault, InvalidInput, NotAuthorised, NotFound
from cyberposture.model.people import Membership
from cyberposture.services.register import Change, Register
from cyberposture.store import accounts, people, sessions
from cyberposture.store.accounts import AccountRecord
from cyberposture.store.people import PersonRecord

LINK_LASTS = timedelta(days=7)
IDLE_LIMIT = timedelta(hours=2)
ABSOLUTE_LIMIT = timedelta(hours=12)
"""Sources of the limits: OWASP ASVS 5.0, 7.3.1 and 7.3.2 leave them to the operator."""
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 128
FREE_FAILURES = 5
LONGEST_LOCK = timedelta(hours=1)
STEP_S = 30
RECOVERY_CODES = 10
_SEEN_EVERY = timedelta(minutes=1)
_SECRET = "second-factor"

_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash(secrets.token_urlsafe())
"""Compared with where there is no account, so that its lack does not show in the time it takes."""


@dataclass(frozen=True)
class Enrolment:
    """A begun account: the seed to put into an authenticator, as text and as its usual link."""

    person: str
    seed: str
    uri: str


@dataclass(frozen=True)
class Opened:
    """A session that has just begun: what the browser keeps, and codes to print, if any."""

    token: str
    recovery_codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SignedIn:
    """Who is signed in, which roles they hold now, and the key that their forms must carry."""

    person: str
    name: str
    form_key: str
    memberships: tuple[Membership, ...]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def make_link(register: Register, code: str, *, reason: str = "") -> str:
    """Return the secret part of a link by which a person sets their password, once.

    Raises:
        NotFound: there is no such person.
        NotAuthorised: they act no more.
    """
    token = secrets.token_urlsafe(32)
    with register.change("sign-in-link-made", code, reason=reason) as change:
        record = people.get_person(change.connection, code)
        _require_active(record)
        ends_at = change.now + LINK_LASTS
        accounts.insert_link(change.connection, record.id, _digest(token), ends_at, change.by)
        change.tell(ends_at=to_iso(ends_at))
    return token


def _require_active(record: PersonRecord) -> None:
    if record.person.disabled_at is not None:
        raise NotAuthorised("disabled-person", f"{record.person.code} acts no more")


def _by_link(connection: Connection, token: str, now: datetime) -> PersonRecord:
    link = accounts.find_link(connection, _digest(token))
    if link is None or link.used_at is not None or now >= link.ends_at:
        raise NotFound("link", "…", advice="a link works once, for seven days: ask for a new one")
    record = people.get_person_by_id(connection, link.person_id)
    _require_active(record)
    return record


def whose_link(register: Register, token: str) -> str:
    """Return the name of the person that a link is for.

    Raises:
        NotFound: there is no such link, or it was used or ran out.
        NotAuthorised: the person acts no more.
    """
    with register.reading() as connection:
        return _by_link(connection, token, register.clock()).person.name


def begin_account(register: Register, token: str, password: str) -> Enrolment:
    """Set a password by a link and return the seed of the second factor; the link still works.

    Raises:
        NotFound: there is no such link, or it was used or ran out.
        InvalidInput: the password is too short, too long, or the person's own name.
        NotAuthorised: the person acts no more.
    """
    seed = pyotp.random_base32()
    with register.change("account-begun") as change:
        record = _by_link(change.connection, token, change.now)
        change.subject = record.person.code
        _require_good(password, record)
        sha256 = register.blobs.put(change.connection, None, _SECRET, seed.encode(), change.by)
        password_hash = _HASHER.hash(password)
        accounts.set_account(change.connection, record.id, password_hash, sha256, change.by)
        sessions.end_sessions_of(change.connection, record.id, change.now)
    return _enrolment(record, seed)


def _enrolment(record: PersonRecord, seed: str) -> Enrolment:
    uri = pyotp.TOTP(seed).provisioning_uri(name=record.person.code, issuer_name="cyberposture")
    return Enrolment(record.person.code, seed, uri)


def find_enrolment(register: Register, token: str) -> Enrolment | None:
    """Return what a link began and nobody confirmed yet, or None.

    Raises:
        NotFound: there is no such link, or it was used or ran out.
    """
    with register.reading() as connection:
        record = _by_link(connection, token, register.clock())
        account = accounts.find_account(connection, record.id)
        if account is None or account.confirmed_at is not None:
            return None
        seed = register.blobs.get(connection, None, _SECRET, account.secret_sha256).decode()
        return _enrolment(record, seed)


def _require_good(password: str, record: PersonRecord) -> None:
    own = {record.person.code.lower(), record.person.name.lower()}
    if len(password) < SHORTEST_PASSWORD:
        problem = f"at least {SHORTEST_PASSWORD} characters; three or four words do well"
    elif len(password) > LONGEST_PASSWORD:
        problem = f"at most {LONGEST_PASSWORD} characters"
    elif password.lower() in own or len(set(password)) < 4:
        problem = "this is easily guessed; three or four words that belong to no saying do well"
    else:
        return
    raise InvalidInput(Fault("password", problem))


def confirm_account(register: Register, token: str, code: str) -> Opened:
    """Show the second factor once: the account is open, the link used up, and a session begun.

    Raises:
        NotFound: there is no such link, or no password was set by it.
        InvalidInput: the code is not the one that the authenticator shows now.
    """
    with register.change("account-confirmed") as change:
        record = _by_link(change.connection, token, change.now)
        change.subject = record.person.code
        account = accounts.find_account(change.connection, record.id, lock=True)
        if account is None:
            raise NotFound("account", record.person.code, advice="set a password first")
        step = _step_of(register, change.connection, account, code, change.now)
        if step is None:
            problem = "this is not the code that is shown now; is the telephone's clock right?"
            raise InvalidInput(Fault("code", problem))
        accounts.confirm_account(change.connection, record.id, step, change.now)
        accounts.end_links(change.connection, record.id, change.now)
        codes = tuple(_readable(secrets.token_hex(5)) for _ in range(RECOVERY_CODES))
        digests = [_digest(_plain(one)) for one in codes]
        accounts.set_recovery_codes(change.connection, record.id, digests, change.by)
        return Opened(_begin_session(change.connection, record.id, change.now), codes)


def _readable(code: str) -> str:
    return f"{code[:5]}-{code[5:]}"


def _plain(code: str) -> str:
    return code.strip().replace("-", "").replace(" ", "").lower()


def _step_of(
    register: Register,
    connection: Connection,
    account: AccountRecord,
    code: str,
    now: datetime,
) -> int | None:
    """Return the time step whose code this is: now or one step before or after, never used yet."""
    seed = register.blobs.get(connection, None, _SECRET, account.secret_sha256).decode()
    present = int(now.timestamp()) // STEP_S
    factor = pyotp.TOTP(seed)
    given = "".join(code.split())
    for step in (present, present - 1, present + 1):
        if step > account.last_step and hmac.compare_digest(
            factor.generate_otp(step).encode(), given.encode()
        ):
            return step
    return None


def _begin_session(connection: Connection, person_id: UUID, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    form_key = secrets.token_urlsafe(24)
    sessions.insert_session(connection, _digest(token), person_id, form_key, now)
    return token


def sign_in(register: Register, code: str, password: str, second: str) -> Opened:
    """Begin a session for whoever knows the password and holds the second factor.

    `second` is the authenticator's code, or a recovery code, which works once.

    Raises:
        NotAuthorised: `not-signed-in`: something of it is wrong, or the account is locked for now.
    """
    refused = NotAuthorised("not-signed-in", "name, password or code is not right")
    with register.change("sign-in-tried") as change:
        record = people.find_person(change.connection, code.strip().lower())
        account = _find_account(change.connection, record)
        known = _matches(account.password if account else _NOBODY, password)
        if record is None or account is None or account.confirmed_at is None:
            change.tell(outcome="unknown")
            token = None
        else:
            change.subject = record.person.code
            token = _let_in(register, change, record, account, second, knows_password=known)
    # The attempt is on record; only now may it be refused.
    if token is None:
        raise refused
    return Opened(token)


def _find_account(connection: Connection, record: PersonRecord | None) -> AccountRecord | None:
    return None if record is None else accounts.find_account(connection, record.id, lock=True)


def _matches(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False


def _let_in(
    register: Register,
    change: Change,
    record: PersonRecord,
    account: AccountRecord,
    second: str,
    *,
    knows_password: bool,
) -> str | None:
    """Return the cookie of a new session, or None after noting the failure."""
    now, connection = change.now, change.connection
    if record.person.disabled_at is not None:
        change.tell(outcome="disabled")
        return None
    if account.locked_until is not None and now < account.locked_until:
        change.tell(outcome="locked")
        return None
    step = _step_of(register, connection, account, second, now) if knows_password else None
    recovered = (
        knows_password
        and step is None
        and accounts.use_recovery_code(connection, record.id, _digest(_plain(second)), now)
    )
    if step is None and not recovered:
        failures = account.failures + 1
        accounts.record_failure(connection, record.id, failures, _locked_until(failures, now))
        change.tell(outcome="refused", failures=failures)
        return None
    accounts.record_success(connection, record.id, step)
    change.tell(outcome="recovered" if recovered else "signed-in")
    return _begin_session(connection, record.id, now)


def _locked_until(failures: int, now: datetime) -> datetime | None:
    """Return until when no attempt is taken: a minute after the fifth, then ever longer."""
    if failures < FREE_FAILURES:
        return None
    return now + min(LONGEST_LOCK, timedelta(minutes=2 ** min(failures - FREE_FAILURES, 10)))


def find_signed_in(register: Register, token: str) -> SignedIn | None:
    """Return who a session belongs to, or None where it ended or nobody was there for too long."""
    now = register.clock()
    digest = _digest(token)
    with register.reading() as connection:
        session = sessions.find_session(connection, digest)
        if session is None or session.ended_at is not None:
            return None
        if now - session.seen_at > IDLE_LIMIT or now - session.started_at > ABSOLUTE_LIMIT:
            return None
        record = people.get_person_by_id(connection, session.person_id)
        if record.person.disabled_at is not None:
            return None
        held = people.list_memberships(connection, as_of=now, person=record.person.code)
    if now - session.seen_at > _SEEN_EVERY:
        with register.database.transaction() as connection:
            sessions.record_seen(connection, digest, now)
    memberships = tuple(one.membership for one in held)
    return SignedIn(record.person.code, record.person.name, session.form_key, memberships)


def sign_out(register: Register, token: str) -> None:
    """End a session."""
    with register.change("signed-out") as change:
        session = sessions.find_session(change.connection, _digest(token))
        if session is not None:
            record = people.get_person_by_id(change.connection, session.person_id)
            change.subject = record.person.code
        sessions.end_session(change.connection, _digest(token), change.now)
