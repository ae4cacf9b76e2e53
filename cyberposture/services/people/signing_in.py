"""How people come in: an invitation link, a password, a second factor, and then a session.

Every refusal sounds the same, so that nobody learns from it who is registered. There is no default
password: the first administrator comes in by a link as well.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.clock import to_iso
from cyberposture.errors import Fault, InvalidInput, NotAuthorised, NotFound
from cyberposture.model.people import Membership, Person
from cyberposture.services.people import second_factors
from cyberposture.services.people.attempts import (
    NOT_IN,
    Opened,
    begin_session,
    finish_step,
    is_barred,
    let_in,
    note_failure,
)
from cyberposture.services.people.passwords import (
    NOBODY,
    digest_of,
    digest_of_code,
    hash_password,
    make_recovery_codes,
    matches,
    require_good,
)
from cyberposture.services.people.second_factors import Enrolment, Place
from cyberposture.services.register import Change, Register
from cyberposture.store import accounts, challenges, factors, people, sessions
from cyberposture.store.accounts import AccountRecord
from cyberposture.store.people import PersonRecord

LINK_LASTS = timedelta(days=7)
STEP_LASTS = timedelta(minutes=10)
"""How long a step at the door stays half done."""
IDLE_LIMIT = timedelta(hours=2)
ABSOLUTE_LIMIT = timedelta(hours=12)
"""Sources of the limits: OWASP ASVS 5.0, 7.3.1 and 7.3.2 leave them to the operator."""
_SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class KeyAsked:
    """The password was right, and a security key is to be shown: the step, and what is asked."""

    token: str
    options: str


class LinkUsed(NotFound):
    """A link that opened something once and opens nothing any more."""

    def __init__(self) -> None:
        super().__init__("link", "…", advice="it was used, or a newer one took its place")


@dataclass(frozen=True)
class SignedIn:
    """Who is signed in, which roles they hold now, and the key that their forms must carry."""

    person: str
    name: str
    form_key: str
    memberships: tuple[Membership, ...]
    language: Literal["en", "ur"] | None = None


def make_link(register: Register, code: str, *, reason: str = "") -> str:
    """Return the secret part of a link by which a person sets their password, once.

    Raises:
        NotFound: there is no such person.
        NotAuthorised: they act no more.
    """
    token = second_factors.new_token()
    with register.change("sign-in-link-made", code, reason=reason) as change:
        record = people.get_person(change.connection, code)
        keep_link(change, record, token)
    return token


def keep_link(change: Change, record: PersonRecord, token: str) -> None:
    """Let a link bring this person in; links from before open nothing any more.

    Raises:
        NotAuthorised: the person acts no more.
    """
    require_active(record)
    ends_at = change.now + LINK_LASTS
    accounts.insert_link(change.connection, record.id, digest_of(token), ends_at, change.by)
    change.tell(link_ends_at=to_iso(ends_at))


def require_active(record: PersonRecord) -> None:
    """Return if a person acts.

    Raises:
        NotAuthorised: `disabled-person`.
    """
    if record.person.disabled_at is not None:
        raise NotAuthorised("disabled-person", f"{record.person.code} acts no more")


def by_link(connection: Connection, token: str, now: datetime) -> PersonRecord:
    """Return whom a link is for.

    Raises:
        NotFound: there is no such link, or it ran out.
        LinkUsed: it was used, or a newer one took its place.
        NotAuthorised: the person acts no more.
    """
    link = accounts.find_link(connection, digest_of(token))
    if link is not None and link.used_at is not None:
        raise LinkUsed
    if link is None or now >= link.ends_at:
        raise NotFound("link", "…", advice="a link works once, for seven days: ask for a new one")
    record = people.get_person_by_id(connection, link.person_id)
    require_active(record)
    return record


def whose_link(register: Register, token: str) -> Person:
    """Return the person that a link is for.

    Raises:
        NotFound: there is no such link, or it was used or ran out.
        NotAuthorised: the person acts no more.
    """
    with register.reading() as connection:
        return by_link(connection, token, register.clock()).person


def begin_account(register: Register, token: str, password: str) -> Enrolment:
    """Set a password by a link and return the seed of the second factor; the link still works.

    Raises:
        NotFound: there is no such link, or it was used or ran out.
        InvalidInput: the password is too short, too long, or the person's own name.
        NotAuthorised: the person acts no more.
    """
    with register.change("account-begun") as change:
        record = by_link(change.connection, token, change.now)
        change.subject = record.person.code
        require_good(password, record.person)
        return lay_account(register, change, record, hash_password(password))


def lay_account(
    register: Register, change: Change, record: PersonRecord, password_hash: str
) -> Enrolment:
    """Begin an account anew: all that opened it before is over, and a new seed waits."""
    connection = change.connection
    accounts.set_account(connection, record.id, password_hash, change.by)
    factors.remove_factors(connection, record.id, change.by)
    second_factors.add_authenticator(register, change, record.id, "authenticator")
    sessions.end_sessions_of(connection, record.id, change.now)
    (waiting,) = factors.list_factors(connection, record.id, confirmed_only=False)
    return second_factors.enrolment_of(register, connection, record.person, waiting)


def find_enrolment(register: Register, token: str) -> Enrolment | None:
    """Return what a link began and nobody confirmed yet, or None.

    Raises:
        NotFound: there is no such link, or it was used or ran out.
    """
    with register.reading() as connection:
        record = by_link(connection, token, register.clock())
        account = accounts.find_account(connection, record.id)
        if account is None or account.confirmed_at is not None:
            return None
        (waiting,) = factors.list_factors(connection, record.id, confirmed_only=False)
        return second_factors.enrolment_of(register, connection, record.person, waiting)


def confirm_account(register: Register, token: str, code: str, *, browser: str = "") -> Opened:
    """Show the second factor once: the account is open, the link used up, and a session begun.

    Raises:
        NotFound: there is no such link, or no password was set by it.
        InvalidInput: the code is not the one that the authenticator shows now.
    """
    with register.change("account-confirmed") as change:
        connection, now = change.connection, change.now
        record = by_link(connection, token, now)
        change.subject = record.person.code
        if accounts.find_account(connection, record.id, lock=True) is None:
            raise NotFound("account", record.person.code, advice="set a password first")
        waiting = factors.list_factors(connection, record.id, confirmed_only=False)
        step = second_factors.step_of(register, connection, waiting[0], code, now)
        if step is None:
            problem = "this is not the code that is shown now; is the telephone's clock right?"
            raise InvalidInput(Fault("code", problem))
        factors.record_use(connection, waiting[0].id, step, now, confirms=True)
        return open_account(change, record, browser=browser)


def open_account(change: Change, record: PersonRecord, *, browser: str = "") -> Opened:
    """Let an account open the portal, use up its link, and begin a session."""
    accounts.confirm_account(change.connection, record.id, change.now)
    accounts.end_links(change.connection, record.id, change.now)
    codes = give_recovery_codes(change, record)
    return Opened(begin_session(change, record, browser), codes)


def give_recovery_codes(change: Change, record: PersonRecord) -> tuple[str, ...]:
    """Make new recovery codes in place of all that a person had, and return them."""
    codes = make_recovery_codes()
    digests = [digest_of_code(one) for one in codes]
    accounts.set_recovery_codes(change.connection, record.id, digests, change.by)
    return codes


def sign_in(
    register: Register, code: str, password: str, second: str, *, browser: str = ""
) -> Opened:
    """Begin a session for whoever knows the password and holds the second factor.

    `second` is an authenticator's code, or a recovery code, which works once.

    Raises:
        NotAuthorised: `not-signed-in`: something of it is wrong, or the account is locked for now.
    """
    token = None
    with register.change("sign-in-tried") as change:
        known = _by_password(change, code, password)
        if known is not None:
            record, account = known
            how = second_factors.shows_code(register, change, record.id, second)
            token = let_in(change, record, account, how, browser)
    # The attempt is on record; only now may it be refused.
    if token is None:
        raise NotAuthorised(*NOT_IN)
    return Opened(token)


def _by_password(
    change: Change, code: str, password: str
) -> tuple[PersonRecord, AccountRecord] | None:
    """Return who this is by name and password, or None after noting the failure."""
    record = people.find_person(change.connection, code.strip().lower())
    account = None
    if record is not None:
        account = accounts.find_account(change.connection, record.id, lock=True)
    known = matches(account.password if account else NOBODY, password)
    if record is None or account is None or account.confirmed_at is None:
        change.tell(outcome="unknown")
        return None
    change.subject = record.person.code
    if is_barred(change, record, account):
        return None
    if not known:
        note_failure(change, record, account)
        return None
    return record, account


def ask_for_key(register: Register, code: str, password: str, place: Place) -> KeyAsked:
    """Ask whoever knows the password for one of their security keys.

    Raises:
        NotAuthorised: `not-signed-in`: something is wrong, or this person has no security key.
    """
    asked = None
    with register.change("sign-in-tried") as change:
        known = _by_password(change, code, password)
        if known is not None and second_factors.has_key(change.connection, known[0].id):
            change.tell(outcome="key-asked")
            asked = ask_key_of(change, known[0], place)
        elif known is not None:
            note_failure(change, *known)
    if asked is None:
        raise NotAuthorised(*NOT_IN)
    return asked


def ask_key_of(change: Change, record: PersonRecord, place: Place) -> KeyAsked:
    """Begin the step at which a person shows a security key."""
    token = second_factors.new_token()
    challenges.insert_challenge(
        change.connection, digest_of(token), "key-shown", record.id,
        at=change.now, ends_at=change.now + STEP_LASTS,
    )  # fmt: skip
    options = second_factors.options_for_key(change.connection, record.id, place, token)
    return KeyAsked(token, options)


def sign_in_with_key(
    register: Register, token: str, response: str, place: Place, *, browser: str = ""
) -> Opened:
    """Begin a session for whoever knew the password and now shows a security key.

    Raises:
        NotAuthorised: `not-signed-in`: the key is not theirs, or the step is over.
    """

    def show(change: Change, person_id: UUID) -> str | None:
        return second_factors.shows_key(change, person_id, place, token=token, response=response)

    return finish_step(register, token, "key-shown", show, browser=browser)


def find_signed_in(register: Register, token: str) -> SignedIn | None:
    """Return who a session belongs to, or None where it ended or nobody was there for too long."""
    now = register.clock()
    digest = digest_of(token)
    with register.reading() as connection:
        found = sessions.find_holder(connection, digest)
        if found is None:
            return None
        session, record = found
        if session.ended_at is not None or record.person.disabled_at is not None:
            return None
        if now - session.seen_at > IDLE_LIMIT or now - session.started_at > ABSOLUTE_LIMIT:
            return None
        held = people.list_held(connection, record.person.code, as_of=now)
    if now - session.seen_at > _SEEN_EVERY:
        with register.database.transaction() as connection:
            sessions.record_seen(connection, digest, now)
    memberships = tuple(one.membership for one in held)
    person = record.person
    return SignedIn(person.code, person.name, session.form_key, memberships, person.language)


def sign_out(register: Register, token: str) -> None:
    """End a session."""
    with register.change("signed-out") as change:
        session = sessions.find_session(change.connection, digest_of(token))
        if session is not None:
            record = people.get_person_by_id(change.connection, session.person_id)
            change.subject = record.person.code
        sessions.end_session(change.connection, digest_of(token), change.now)
