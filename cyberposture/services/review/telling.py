"""Tells people of an institution what the CERT did: answered, decided, asked back, released, saw.

What happened is read from the register's own rows: nothing that was kept goes untold, and each is
told once. What needs no telling any more is withdrawn. A notice says that something is there and
where to read it, never what it says: mail passes through other hands.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.deadlines import last_day_of
from cyberposture.model.institutions import Institution
from cyberposture.model.life import AssessmentState, states_before
from cyberposture.model.people import Role
from cyberposture.services.assessments.answers_digest import HANDED_BACK
from cyberposture.services.assessments.delegating import Division
from cyberposture.services.assessments.still_open import ASKED
from cyberposture.services.post.wording import Whole, word_notice
from cyberposture.services.register import Register
from cyberposture.services.review import scans_told
from cyberposture.services.review.speaking import LEADS, SPEAKERS
from cyberposture.store import (
    clarifications,
    delegations,
    institutions,
    news,
    outbox,
    people,
    results,
)
from cyberposture.store.people import PersonRecord

Kind = Literal[
    "answered",
    "more-time",
    "asked-back",
    "handed-back",
    "preliminary",
    "final",
    "appeal",
    "scanned",
]
PREFIX: Final = "news-"
LOOK_BACK: Final = timedelta(days=7)
"""What is older was either told or is told by the portal alone. Source: our own default."""
KINDS: Final[dict[str, Kind]] = {
    ASKED: "asked-back",
    HANDED_BACK: "handed-back",
    "became preliminary": "preliminary",
    "became finalised": "final",
    "appeal granted": "appeal",
    "appeal rejected": "appeal",
}
"""What is told of, by the kind of the event in the life of an assessment."""
WHILE: Final[dict[Kind, tuple[AssessmentState, ...]]] = {
    "more-time": states_before("hand in"),
    "asked-back": ("clarification",),
    "handed-back": states_before("hand in"),
    "preliminary": ("preliminary",),
    "final": ("finalised", "archived"),
}
"""A notice of this kind needs saying only as long as the assessment is in one of these states."""


@dataclass(frozen=True)
class News:
    """One thing to tell: about what, to whom, and where it is read."""

    kind: Kind
    institution_id: UUID
    institution: str
    place: str
    """The institution and round, the question or the scan that it is about."""
    number: int
    path: str
    """The page on which it is read."""
    roles: frozenset[Role] = LEADS
    person: str | None = None
    """Whom it is for first of all; the roles are told where they are not there any more."""
    assessment_id: UUID | None = None
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """What the codes of all notices about this begin with, older ones included."""
        return f"{PREFIX}{self.kind}-{self.place}/"


@dataclass(frozen=True)
class Receiver:
    """Whom a notice goes to: a person, by whatever way they chose, or a mail address alone."""

    key: str
    """Ends the code of the message."""
    recipient: str
    language: str | None
    person_id: UUID | None


def tell_news(register: Register, reports: Path, portal: str) -> list[str]:
    """Queue what was not told yet, withdraw what is moot; return the codes of the new messages.

    Raises:
        NotFound: the folder of notices lacks one.
    """
    _withdraw(register)
    now = register.clock()
    with register.reading() as connection:
        since = now - LOOK_BACK
        latest = {one.stem: one for one in _find_news(connection, since, now)}
        known = outbox.list_messages(connection, prefix=PREFIX, since=since)
        told = {one.code.rpartition("/")[0] for one in known}
        # Where nobody is to be told yet, the next look finds it again.
        fresh = [
            one
            for one in latest.values()
            if f"{one.stem}{one.number}" not in told and _receivers(connection, one, now)
        ]
    return [code for one in fresh for code in _tell(register, one, reports, portal)]


def _find_news(connection: Connection, since: datetime, now: datetime) -> Iterator[News]:
    """Yield what happened and still needs saying, in time's order within its kind."""
    for answered in news.list_answered(connection, since):
        place = f"/institutions/{answered.institution}/questions"
        yield News(
            "answered", answered.institution_id, answered.institution, answered.code,
            answered.number, place, person=answered.asked_by, values={"question": answered.code},
        )  # fmt: skip
    for decision in news.list_decisions(connection, since):
        if decision.state in WHILE["more-time"]:
            place = f"{decision.institution}/{decision.round}"
            page = f"/institutions/{decision.institution}/rounds/{decision.round}/more-time"
            told = {"round": decision.title, "until": decision.until}
            yield News(
                "more-time", decision.institution_id, decision.institution, place, decision.number,
                page, values=told,
            )  # fmt: skip
    for scan in scans_told.list_told(connection, since, now):
        page = f"/institutions/{scan.institution}/network/last-letter?scan={scan.code}"
        yield News(
            "scanned", scan.institution_id, scan.institution, scan.code, 1, page,
            values={"scan": scan.code, "is_whole": scan.is_whole},
        )  # fmt: skip
    for step in news.list_steps(connection, KINDS, since):
        kind = KINDS[step.kind]
        if kind not in WHILE or step.state in WHILE[kind]:
            yield _news_of(step, kind)


_PAGES: Final[dict[Kind, str]] = {"asked-back": "clarifications", "handed-back": "summary"}
"""Where it is read, below its round; else on the page of the result."""


def _news_of(step: news.Step, kind: Kind) -> News:
    page = _PAGES.get(kind, "result")
    return News(
        kind, step.institution_id, step.institution, f"{step.institution}/{step.round}",
        step.number, f"/institutions/{step.institution}/rounds/{step.round}/{page}",
        roles=LEADS if kind == "asked-back" else SPEAKERS, assessment_id=step.assessment_id,
        values={"round": step.title, "granted": step.kind == "appeal granted"},
    )  # fmt: skip


def _withdraw(register: Register) -> None:
    """Withdraw what waits to be sent and is not so any more."""
    with register.reading() as connection:
        queued = outbox.list_messages(connection, state="queued", prefix=PREFIX)
        owners = {one.institution_id for one in queued if one.institution_id is not None}
        states = news.states_of(connection, owners) if owners else {}
    present = tuple(
        f"{PREFIX}{kind}-{institution}/{round_code}/"
        for (institution, round_code), state in states.items()
        for kind, holds in WHILE.items()
        if state in holds
    )
    bound = tuple(f"{PREFIX}{kind}-" for kind in WHILE)
    past = [one.id for one in queued
            if one.code.startswith(bound) and not one.code.startswith(present)]  # fmt: skip
    if past:
        with register.change("notices-withdrawn", "news") as change:
            change.tell(messages=outbox.withdraw_messages(change.connection, past, "it is over"))


def _tell(register: Register, one: News, reports: Path, portal: str) -> list[str]:
    """Queue one thing for everybody whom it concerns, in place of older news of the same."""
    with register.change("news-told", one.place) as change:
        change.institution_id = one.institution_id
        outbox.withdraw_about(change.connection, one.stem, "there is something newer")
        owner = institutions.get_institution_by_id(
            change.connection, one.institution_id, as_of=change.now
        ).institution
        values = {
            "institution": owner.name,
            "link": Whole(portal.rstrip("/") + one.path),
            **_facts(change.connection, one, owner),
        }
        if one.kind == "scanned":
            values |= scans_told.facts_of(change.connection, one.place, owner, portal, change.now)
        codes = []
        for to in _receivers(change.connection, one, change.now):
            told = values | {"has_account": to.person_id is not None}
            wording = word_notice(reports, one.kind, to.language, told)
            codes.append(f"{one.stem}{one.number}/{to.key}")
            outbox.queue_message(
                change.connection, change.by, code=codes[-1],
                channel="mail" if to.person_id is None else "inbox", recipient=to.recipient,
                subject=wording.subject, body=wording.body, language=wording.language,
                institution_id=one.institution_id, person_id=to.person_id,
            )  # fmt: skip
        change.tell(news=one.kind, number=one.number, messages=codes)
    return codes


def _facts(connection: Connection, one: News, owner: Institution) -> dict[str, Any]:
    """Return what a notice says beside the institution's name and the place to read more."""
    values = dict(one.values)
    if one.kind == "more-time":
        until = values.pop("until")
        values["last_day"] = "" if until is None else last_day_of(until, owner.zone).isoformat()
    if one.kind == "asked-back":
        values["controls"] = len(_asked_back(connection, one))
    if one.kind == "preliminary" and one.assessment_id is not None:
        shown = results.find_result(connection, one.assessment_id)
        until = None if shown is None else shown.comments_until
        values["last_day"] = "" if until is None else last_day_of(until, owner.zone).isoformat()
    return {**values, "zone": owner.zone}


def _asked_back(connection: Connection, one: News) -> frozenset[str]:
    assert one.assessment_id is not None
    return clarifications.open_controls(clarifications.list_said(connection, one.assessment_id))


def _receivers(connection: Connection, one: News, now: datetime) -> list[Receiver]:
    """Return everybody whom it goes to: people first, then addresses that are none of theirs."""
    people_there = _people(connection, one, now)
    found = [
        Receiver(record.person.code, record.person.code, record.person.language, record.id)
        for record in people_there
    ]
    if one.kind != "scanned":
        return found
    owner = institutions.get_institution_by_id(connection, one.institution_id, as_of=now)
    known = {record.person.mail for record in people_there}
    language = next((to.language for to in found), None)
    for mail in scans_told.mail_contacts(connection, one.place, owner.institution):
        if mail not in known:
            key = f"contact-{sha256(mail.encode()).hexdigest()[:12]}"
            found.append(Receiver(key, mail, language, None))
    return found


def _people(connection: Connection, one: News, now: datetime) -> list[PersonRecord]:
    """Return which people it concerns who are there still, by name of sign-in."""
    held = people.list_memberships(connection, as_of=now, institution_id=one.institution_id)
    there = {row.membership.person for row in held}
    named = {row.membership.person for row in held if row.membership.role in one.roles}
    if one.person in there:
        named = {one.person} if one.person is not None else named
    if one.kind == "asked-back" and one.assessment_id is not None:
        division = Division(tuple(delegations.list_delegations(connection, one.assessment_id)))
        waiting = _asked_back(connection, one)
        named |= {p for p in there for control in waiting if division.has(p, control)}
    found = [people.get_person(connection, code) for code in sorted(named)]
    return [record for record in found if record.person.disabled_at is None]
