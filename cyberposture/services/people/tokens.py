"""Tokens: a person lets a machine act for them, for named purposes and a limited time.

A token never reaches further than its owner's roles at the moment of use. Its secret is shown once.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, get_args
from uuid import UUID

from cyberposture.clock import to_iso
from cyberposture.errors import Fault, InvalidInput, NotFound
from cyberposture.model.people import Membership
from cyberposture.services.people.passwords import digest_of
from cyberposture.services.register import Register
from cyberposture.store import people
from cyberposture.store import tokens as store
from cyberposture.store.tokens import TokenRecord

Scope = Literal["results", "answers", "answers-write", "findings", "institutions"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
LONGEST_DAYS = 365
MOST_TOKENS = 20
"""So many tokens of one person may be in use at once."""
PREFIX = "cyberposture_"
"""Begins every secret, so that scanners of source code recognise one that leaked."""
_SEEN_EVERY = timedelta(minutes=5)


@dataclass(frozen=True)
class Bearer:
    """Whoever a machine acts for, with the roles held now, and what the token may be used for."""

    person: str
    name: str
    memberships: tuple[Membership, ...]
    scopes: frozenset[str]


def make_token(
    register: Register, name: str, scopes: tuple[str, ...], days: int, *, reason: str = ""
) -> tuple[TokenRecord, str]:
    """Return a new token of whoever acts, with its secret, which is kept nowhere.

    Raises:
        InvalidInput: it has no name, an unknown purpose or none, or lives too long.
        NotFound: whoever acts is not in the register.
    """
    faults = []
    if not name.strip() or len(name) > 80:
        faults.append(Fault("name", "say what it is for, in 80 characters at most"))
    if not scopes or set(scopes) - set(SCOPES):
        faults.append(Fault("scopes", f"one or more of: {', '.join(SCOPES)}"))
    if not 1 <= days <= LONGEST_DAYS:
        faults.append(Fault("days", f"from 1 to {LONGEST_DAYS}"))
    if faults:
        raise InvalidInput(faults)
    secret = PREFIX + secrets.token_urlsafe(32)
    with register.change("token-made", register.actor, reason=reason) as change:
        owner = people.get_person(change.connection, register.actor)
        running = [
            one
            for one in store.list_tokens(change.connection, owner.id)
            if one.ended_at is None and one.ends_at > change.now
        ]
        if len(running) >= MOST_TOKENS:
            what = f"you have {MOST_TOKENS} tokens in use: end one of them first"
            raise InvalidInput(Fault("name", what))
        ends_at = change.now + timedelta(days=days)
        ordered = tuple(one for one in SCOPES if one in scopes)
        record = store.make_record(owner.id, name.strip(), ordered, change.now, ends_at)
        store.insert_token(change.connection, digest_of(secret), record, change.by)
        change.tell(token=str(record.id), scopes=list(ordered), ends_at=to_iso(ends_at))
    return record, secret


def end_token(register: Register, token: UUID, *, reason: str = "") -> None:
    """Make a token of whoever acts useless from now on.

    Raises:
        NotFound: they have no such token, or it ended already.
    """
    with register.change("token-ended", register.actor, reason=reason) as change:
        owner = people.get_person(change.connection, register.actor)
        store.end_token(change.connection, owner.id, token, change.by)
        change.tell(token=str(token))


def list_tokens(register: Register) -> list[TokenRecord]:
    """Return the tokens of whoever acts, the newest first."""
    with register.reading() as connection:
        owner = people.get_person(connection, register.actor)
        return store.list_tokens(connection, owner.id)


def find_bearer(register: Register, secret: str) -> Bearer | None:
    """Return for whom a secret speaks, or None where it is unknown, ended or ran out."""
    now = register.clock()
    with register.reading() as connection:
        token = store.find_token(connection, digest_of(secret))
        if token is None or token.ended_at is not None or now >= token.ends_at:
            return None
        try:
            owner = people.get_person_by_id(connection, token.person_id)
        except NotFound:
            return None
        if owner.person.disabled_at is not None:
            return None
        held = people.list_held(connection, owner.person.code, as_of=now)
    if token.used_at is None or now - token.used_at > _SEEN_EVERY:
        with register.database.transaction() as connection:
            store.record_use(connection, token.id, now)
    memberships = tuple(one.membership for one in held)
    return Bearer(owner.person.code, owner.person.name, memberships, frozenset(token.scopes))
