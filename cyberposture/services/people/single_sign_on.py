"""Single sign-on by OpenID Connect: another house says who somebody is; we know whom we invited.

Authorisation code with PKCE, state and nonce, all three derived from one secret that only the
browser holds. A person is linked by their invitation and never by a mail address. Where the other
house does not say that it asked for a second factor, we ask for ours.

Source: OpenID Connect Core 1.0, sections 3.1 and 2; RFC 7636, September 2015; RFC 8176, June 2017.
"""

import base64
import hmac
from dataclasses import dataclass, field
from typing import Any, Final, cast
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from cyberposture.errors import MissingService, NotAuthorised
from cyberposture.services.people import second_factors
from cyberposture.services.people.attempts import Opened, finish_step, is_barred, let_in
from cyberposture.services.people.passwords import digest_of
from cyberposture.services.people.second_factors import Enrolment, Place
from cyberposture.services.people.signing_in import (
    STEP_LASTS,
    KeyAsked,
    ask_key_of,
    by_link,
    lay_account,
    open_account,
    require_active,
)
from cyberposture.services.register import Change, Register
from cyberposture.store import accounts, challenges, identities, people
from cyberposture.store.accounts import AccountRecord
from cyberposture.store.challenges import ChallengeKind, ChallengeRecord
from cyberposture.store.people import PersonRecord

TIMEOUT_S = 10
LEEWAY_S = 60
"""How far the clocks of both houses may lie apart."""
ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
MANY_FACTORS: Final = "mfa"
"""Source: RFC 8176, section 2: several factors were used."""
_REFUSED = ("not-signed-in", "the other house did not say who you are, or nobody invited you here")


@dataclass(frozen=True)
class Provider:
    """The house that says who people are, and how we are known there."""

    issuer: str
    client: str
    secret: str = field(repr=False)
    back: str
    """The address of ours to which it sends people back."""
    strong: frozenset[str] = frozenset()
    """What it calls (as `acr`) a sign-in by two factors."""


@dataclass(frozen=True)
class Begun:
    """A sign-in that was begun: what the browser keeps, and where it goes."""

    token: str
    address: str


@dataclass(frozen=True)
class FactorAsked:
    """Who it is, is known; our own second factor is still to be shown."""

    token: str
    key: KeyAsked | None


@dataclass(frozen=True)
class Linked:
    """An invitation was taken up; without a session, a first code is still to be shown."""

    opened: Opened | None
    enrolment: Enrolment | None


def _derived(token: str, purpose: str) -> str:
    raw = hmac.digest(token.encode(), purpose.encode(), "sha256")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def begin_sign_on(register: Register, provider: Provider) -> Begun:
    """Begin to sign in by the other house.

    Raises:
        MissingService: it does not answer, or not as it should.
    """
    return _begin(register, provider, "sso-in", None)


def begin_link(register: Register, provider: Provider, link: str) -> Begun:
    """Begin to take up an invitation by the other house.

    Raises:
        NotFound: there is no such link, or it was used or ran out.
        NotAuthorised: the person acts no more.
        MissingService: the other house does not answer, or not as it should.
    """
    with register.reading() as connection:
        record = by_link(connection, link, register.clock())
    return _begin(register, provider, "sso-link", record)


def _begin(
    register: Register, provider: Provider, kind: ChallengeKind, record: PersonRecord | None
) -> Begun:
    told = _discover(provider)
    token = second_factors.new_token()
    with register.change("sign-on-begun", "" if record is None else record.person.code) as change:
        challenges.insert_challenge(
            change.connection, digest_of(token), kind, None if record is None else record.id,
            at=change.now, ends_at=change.now + STEP_LASTS,
        )  # fmt: skip
    with _client(provider) as client:
        address, _ = client.create_authorization_url(
            told["authorization_endpoint"], state=_derived(token, "state"),
            code_verifier=_derived(token, "verifier"), nonce=_derived(token, "nonce"),
        )  # fmt: skip
    return Begun(token, address)


def _client(provider: Provider) -> OAuth2Client:
    return OAuth2Client(
        client_id=provider.client, client_secret=provider.secret, scope="openid",
        redirect_uri=provider.back, code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_basic",
        timeout=TIMEOUT_S, follow_redirects=False, trust_env=False,
    )  # fmt: skip


def _discover(provider: Provider) -> dict[str, Any]:
    """Return what the other house says of itself, if it is the one that is meant."""
    told = _fetch(f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
    if told.get("issuer") != provider.issuer:
        raise MissingService("the sign-on service gives another name than the one in the settings")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not isinstance(told.get(name), str) or not _is_safe(told[name]):
            raise MissingService(f"the sign-on service names no safe {name}")
    return told


def _is_safe(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    )


def _fetch(address: str) -> dict[str, Any]:
    try:
        with httpx2.Client(timeout=TIMEOUT_S, trust_env=False) as client:
            answer = client.get(address).raise_for_status()
            found = answer.json()
    except (httpx2.HTTPError, ValueError) as error:
        raise MissingService("the sign-on service does not answer as it should") from error
    if not isinstance(found, dict):
        raise MissingService("the sign-on service does not answer as it should")
    return found


def _claims(register: Register, provider: Provider, token: str, code: str) -> dict[str, Any]:
    """Return what the other house says of whoever brought the code.

    Raises:
        NotAuthorised: it does not vouch for anybody, or for somebody who asked elsewhere.
        MissingService: it does not answer.
    """
    told = _discover(provider)
    try:
        with _client(provider) as client:
            given = client.fetch_token(
                told["token_endpoint"], code=code, code_verifier=_derived(token, "verifier")
            )
        keys = KeySet.import_key_set(cast("Any", _fetch(told["jwks_uri"])))
        read = jwt.decode(str(given.get("id_token", "")), keys, algorithms=list(ALGORITHMS))
        jwt.JWTClaimsRegistry(
            now=int(register.clock().timestamp()), leeway=LEEWAY_S,
            iss={"essential": True, "value": provider.issuer},
            aud={"essential": True, "value": provider.client},
            exp={"essential": True}, iat={"essential": True}, sub={"essential": True},
            nonce={"essential": True, "value": _derived(token, "nonce")},
        ).validate(read.claims)  # fmt: skip
    except httpx2.HTTPError as error:
        raise MissingService("the sign-on service does not answer as it should") from error
    except (AuthlibBaseError, JoseError, ValueError) as error:
        raise NotAuthorised(*_REFUSED) from error
    claims = dict(read.claims)
    if claims.get("azp", provider.client) != provider.client:
        raise NotAuthorised(*_REFUSED)
    return claims


def _is_strong(claims: dict[str, Any], provider: Provider) -> bool:
    methods = claims.get("amr")
    has_many = isinstance(methods, list) and MANY_FACTORS in methods
    return has_many or claims.get("acr") in provider.strong


def _take(
    register: Register, token: str, state: str, kind: ChallengeKind
) -> ChallengeRecord | None:
    with register.change("sign-on-returned") as change:
        if not hmac.compare_digest(state.encode(), _derived(token, "state").encode()):
            change.tell(outcome="foreign")
            return None
        return challenges.take_challenge(change.connection, digest_of(token), kind, change.now)


def is_link(register: Register, token: str) -> bool:
    """Return whether a sign-on was begun to take up an invitation."""
    with register.reading() as connection:
        step = challenges.find_challenge(connection, digest_of(token))
    return step is not None and step.kind == "sso-link"


def come_back(
    register: Register, provider: Provider, place: Place, *, token: str, state: str, code: str,
    browser: str = "",
) -> Opened | FactorAsked:  # fmt: skip
    """Let in whom the other house sent back, or ask for our second factor.

    Raises:
        NotAuthorised: `not-signed-in`: it was begun elsewhere, or nobody linked it to a person.
        MissingService: the other house does not answer.
    """
    if _take(register, token, state, "sso-in") is None:
        raise NotAuthorised(*_REFUSED)
    claims = _claims(register, provider, token, code)
    found: Opened | FactorAsked | None = None
    with register.change("sign-in-tried") as change:
        known = _known(change, provider, str(claims["sub"]))
        if known is not None and _is_strong(claims, provider):
            opened = let_in(change, *known, "signed-on", browser)
            found = None if opened is None else Opened(opened)
        elif known is not None:
            found = _ask_for_factor(change, known[0], place)
    if found is None:
        raise NotAuthorised(*_REFUSED)
    return found


def _known(
    change: Change, provider: Provider, subject: str
) -> tuple[PersonRecord, AccountRecord] | None:
    person_id = identities.find_person_id(change.connection, provider.issuer, subject)
    if person_id is None:
        change.tell(outcome="unknown")
        return None
    record = people.get_person_by_id(change.connection, person_id)
    account = accounts.find_account(change.connection, person_id, lock=True)
    change.subject = record.person.code
    if account is None or account.confirmed_at is None:
        change.tell(outcome="unknown")
        return None
    return None if is_barred(change, record, account) else (record, account)


def _ask_for_factor(change: Change, record: PersonRecord, place: Place) -> FactorAsked:
    change.tell(outcome="factor-asked")
    token = second_factors.new_token()
    challenges.insert_challenge(
        change.connection, digest_of(token), "factor-asked", record.id,
        at=change.now, ends_at=change.now + STEP_LASTS,
    )  # fmt: skip
    has_key = second_factors.has_key(change.connection, record.id)
    return FactorAsked(token, ask_key_of(change, record, place) if has_key else None)


def finish_with_code(register: Register, token: str, code: str, *, browser: str = "") -> Opened:
    """Begin a session for whom the other house knew, by the code of one of their authenticators.

    Raises:
        NotAuthorised: `not-signed-in`: the code is not right, or the step is over.
    """

    def show(change: Change, person_id: UUID) -> str | None:
        return second_factors.shows_code(register, change, person_id, code)

    return finish_step(register, token, "factor-asked", show, browser=browser)


def come_back_linked(
    register: Register, provider: Provider, *, token: str, state: str, code: str, browser: str = ""
) -> Linked:
    """Take up an invitation: from now on the other house opens this account.

    Where it asked for two factors, a session begins; else an authenticator is to be confirmed by
    the same invitation.

    Raises:
        NotAuthorised: `not-signed-in`: it was begun elsewhere, or is over.
        WrongState: somebody else is known by this sign-on.
        MissingService: the other house does not answer.
    """
    step = _take(register, token, state, "sso-link")
    if step is None or step.person_id is None:
        raise NotAuthorised(*_REFUSED)
    claims = _claims(register, provider, token, code)
    with register.change("sign-on-linked") as change:
        record = people.get_person_by_id(change.connection, step.person_id)
        change.subject = record.person.code
        require_active(record)
        if not accounts.has_open_link(change.connection, record.id, change.now):
            raise NotAuthorised(*_REFUSED)
        subject = str(claims["sub"])
        identities.insert_identity(
            change.connection, record.id, provider.issuer, subject, change.by
        )
        change.tell(issuer=provider.issuer)
        enrolment = lay_account(register, change, record, "")
        if _is_strong(claims, provider):
            return Linked(open_account(change, record, browser=browser), None)
        return Linked(None, enrolment)
