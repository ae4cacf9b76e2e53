"""Scoping: the institution says what it is, the catalogue says what follows, the CERT confirms.

A scope is a revision like an answer. What follows from a confirmed one is asked from then on: the
institution has these features, and the assessment asks this profile. In a running assessment the
earlier scope holds until the next one is confirmed, and no answer is ever lost.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cyberposture.errors import Fault, InvalidInput, NotFound, WrongState
from cyberposture.model.controls import Catalogue, Control, Profile
from cyberposture.model.institutions import Institution
from cyberposture.model.life import AssessmentState
from cyberposture.model.profiles import in_words
from cyberposture.model.scopes import Scope
from cyberposture.services.assessments.asked import (
    Asked,
    divide,
    is_said,
    open_asked,
    takes_answer,
)
from cyberposture.services.register import Change, Register
from cyberposture.store import assessments, institutions, scopes
from cyberposture.store.scopes import ScopeRecord

SCOPED: tuple[AssessmentState, ...] = ("planned", "scoping", "answering")
"""In these a scope may be described; later what is asked does not change any more."""
CII = "cii"
"""The feature that nobody declares: it comes with the highest tier."""


@dataclass(frozen=True)
class DomainCount:
    """What is asked of one domain: what the institution answers, and what the network decides."""

    id: str
    title: str
    to_answer: int
    network_alone: int


@dataclass(frozen=True)
class LeftOut:
    """A control that is not asked, and the condition that would bring it, in words."""

    control: Control
    condition: str


@dataclass(frozen=True)
class Brought:
    """A feature and the controls that are asked because of it."""

    feature: str
    title: str
    controls: tuple[str, ...]


@dataclass(frozen=True)
class Consequence:
    """What follows from a scope: how many controls of which domain, and why."""

    profile: Profile
    domains: tuple[DomainCount, ...]
    because: tuple[Brought, ...]
    left_out: tuple[LeftOut, ...]
    new: tuple[str, ...]
    """Controls that would be asked and are not asked now."""
    gone: tuple[str, ...]
    """Controls that are asked now and would not be."""
    set_aside: tuple[str, ...]
    """Those of them that have an answer, which is kept."""

    @property
    def to_answer(self) -> int:
        """How many controls the institution would answer."""
        return sum(one.to_answer for one in self.domains)

    @property
    def network_alone(self) -> int:
        """How many controls the network alone would decide."""
        return sum(one.network_alone for one in self.domains)


@dataclass(frozen=True)
class Scoping:
    """All that the scope page of an assessment shows."""

    asked: Asked
    profiles: tuple[Profile, ...]
    """Those of the institution's tier, the shortest first."""
    scope: Scope
    """The newest, sent or not; where there is none, what follows from the register."""
    history: tuple[ScopeRecord, ...]
    """Every revision, oldest first."""
    may_change: bool

    @property
    def waiting(self) -> ScopeRecord | None:
        """The scope that the CERT has not looked at yet."""
        sent = [one for one in self.history if one.is_sent]
        return sent[-1] if sent and sent[-1].decision is None else None

    @property
    def returned(self) -> ScopeRecord | None:
        """The scope that came back, as long as nothing new was sent."""
        sent = [one for one in self.history if one.is_sent]
        last = sent[-1] if sent else None
        if last is None or last.decision is None or last.decision.outcome != "returned":
            return None
        return last


def profiles_of(catalogue: Catalogue, institution: Institution) -> tuple[Profile, ...]:
    """Return the profiles for the institution's tier, the one that asks least first."""
    own = [one for one in catalogue.profiles if one.tier == institution.tier]
    return tuple(sorted(own, key=lambda one: len(catalogue.of_profile(one))))


def read_scoping(register: Register, institution: str, round_code: str) -> Scoping:
    """Return how the scope of an assessment stands.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        asked = open_asked(register, connection, institution, round_code)
        history = tuple(scopes.list_scopes(connection, asked.assessment.id))
    profiles = profiles_of(asked.catalogue, asked.institution)
    return Scoping(
        asked=asked,
        profiles=profiles,
        scope=history[-1].scope if history else _present(asked, profiles),
        history=history,
        may_change=asked.assessment.state in SCOPED and asked.campaign.closed_at is None,
    )


def _present(asked: Asked, profiles: tuple[Profile, ...]) -> Scope:
    """Return the scope as the register has it before anybody described it.

    Who was never asked anything begins with the shortest profile.
    """
    named = asked.assessment.scope.get("profile")
    is_new = asked.assessment.state in ("planned", "scoping") and not asked.given
    profile = profiles[0].id if is_new or named is None else str(named)
    return Scope(profile=profile, features=asked.institution.features)


def follow(asked: Asked, scope: Scope) -> Consequence:
    """Return what would be asked under a scope, and why.

    Raises:
        InvalidInput: it names a feature or a profile that there is not, or one of another tier.
    """
    profile = _checked(asked.catalogue, asked.institution, scope)
    catalogue = asked.catalogue
    wanted = asked.institution.model_copy(update={"features": scope.features})
    chosen = [control.id for control in catalogue.of_profile(profile)]
    then, left_out = divide(catalogue, chosen, wanted)
    before, after = {c.id for c in asked.controls}, {c.id for c in then}
    gone = tuple(sorted(before - after))
    return Consequence(
        profile=profile,
        domains=tuple(_counted(catalogue, then)),
        because=tuple(_brought(catalogue, then, wanted)),
        left_out=tuple(
            LeftOut(one, in_words(one.applies_when))
            for one in left_out
            if one.applies_when is not None
        ),
        new=tuple(sorted(after - before)),
        gone=gone,
        set_aside=tuple(one for one in gone if is_said(asked.given.get(one))),
    )


def _checked(catalogue: Catalogue, institution: Institution, scope: Scope) -> Profile:
    known = {one.id for one in catalogue.framework.features} - {CII}
    faults = [
        Fault(f"features.{n}", f"there is no feature {one}")
        for n, one in enumerate(scope.features)
        if one not in known
    ]
    profile = catalogue.find_profile(scope.profile)
    if profile is None or profile.tier != institution.tier:
        names = ", ".join(one.id for one in profiles_of(catalogue, institution))
        faults.append(Fault("profile", f"for this institution there are: {names}"))
    if faults or profile is None:
        raise InvalidInput(faults)
    return profile


def _counted(catalogue: Catalogue, controls: tuple[Control, ...]) -> Iterable[DomainCount]:
    for domain in catalogue.framework.domains:
        own = [control for control in controls if control.domain == domain.id]
        if own:
            to_answer = sum(takes_answer(control) for control in own)
            yield DomainCount(domain.id, domain.title, to_answer, len(own) - to_answer)


def _brought(
    catalogue: Catalogue, controls: tuple[Control, ...], institution: Institution
) -> Iterable[Brought]:
    """Yield each feature with the controls that would not be asked without it."""
    for feature in catalogue.framework.features:
        if feature.id not in institution.features:
            continue
        others = tuple(one for one in institution.features if one != feature.id)
        without = institution.model_copy(update={"features": others})
        kept = {one.id for one in divide(catalogue, [c.id for c in controls], without)[0]}
        owed = tuple(one.id for one in controls if one.id not in kept)
        yield Brought(feature.id, feature.title, owed)


def keep_scope(
    register: Register, institution: str, round_code: str, scope: Scope, *, send: bool
) -> int:
    """Keep a scope as a new revision and return its number; with `send` the CERT looks at it.

    Raises:
        NotFound: institution, round or assessment is not there.
        InvalidInput: it names a feature or a profile that there is not, or one of another tier.
        WrongState: the round is closed, or what is asked does not change any more.
    """
    kind = "scope-sent" if send else "scope-kept"
    with register.change(kind, institution) as change:
        asked = open_asked(register, change.connection, institution, round_code)
        change.institution_id = asked.institution_id
        _require_scoped(asked)
        follow(asked, scope)
        if asked.assessment.state == "planned":
            assessments.record_state(
                change.connection, asked.assessment.id, "scoping", change.by, expected=SCOPED
            )
        revision = scopes.record_scope_revision(
            change.connection, asked.assessment.id, scope, change.by, is_sent=send
        )
        change.tell(round=round_code, revision=revision, scope=scope.model_dump(mode="json"))
    return revision


def _require_scoped(asked: Asked) -> None:
    state = asked.assessment.state
    if asked.campaign.closed_at is not None:
        raise WrongState(f"the round {asked.campaign.round.code} is closed")
    if state not in SCOPED:
        raise WrongState(
            f"the assessment is {state}: what is asked does not change any more",
            advice="describe it in the next round",
        )


def confirm_scope(
    register: Register, institution: str, round_code: str, revision: int, *, reason: str = ""
) -> Consequence:
    """Confirm a scope and return what is asked from now on; a planned assessment now begins.

    Raises:
        NotFound: institution, round, assessment or revision is not there.
        InvalidInput: the tier changed meanwhile, and the profile is none of its.
        WrongState: a newer one was sent, something was said to it already, or it is too late.
    """
    with register.change("scope-confirmed", institution, reason=reason) as change:
        asked = open_asked(register, change.connection, institution, round_code)
        change.institution_id = asked.institution_id
        _require_scoped(asked)
        found = scopes.record_scope_decision(
            change.connection, asked.assessment.id, revision, "confirmed", change.by
        )
        then = follow(asked, found.scope)
        _enact(change, asked, found, then)
        change.tell(
            round=round_code,
            revision=revision,
            profile=then.profile.id,
            features=list(found.scope.features),
            to_answer=then.to_answer,
            set_aside=list(then.set_aside),
        )
    return then


def _enact(change: Change, asked: Asked, found: ScopeRecord, then: Consequence) -> None:
    """Let a confirmed scope hold: the institution's features, the profile, and the state."""
    connection, assessment_id = change.connection, asked.assessment.id
    if set(found.scope.features) != set(asked.institution.features):
        features = {"features": found.scope.features}
        new = asked.institution.model_copy(update=features)
        institutions.record_change(connection, new, change.by)
    scope: dict[str, Any] = {**found.scope.model_dump(mode="json"), "revision": found.revision}
    assessments.record_scope(connection, assessment_id, scope, change.by)
    controls = [control.id for control in asked.catalogue.of_profile(then.profile)]
    scopes.change_what_is_asked(connection, assessment_id, controls, change.by)
    if asked.assessment.state != "answering":
        assessments.record_state(connection, assessment_id, "answering", change.by, expected=SCOPED)


def return_scope(
    register: Register, institution: str, round_code: str, revision: int, *, reason: str
) -> None:
    """Send a scope back with the reason; the institution describes it anew.

    Raises:
        InvalidInput: no reason is given.
        NotFound: institution, round, assessment or revision is not there.
        WrongState: a newer one was sent, or something was said to it already.
    """
    if not reason.strip():
        raise InvalidInput(Fault("reason", "say what is missing or not right"))
    with register.change("scope-returned", institution, reason=reason) as change:
        asked = open_asked(register, change.connection, institution, round_code)
        change.institution_id = asked.institution_id
        scopes.record_scope_decision(
            change.connection, asked.assessment.id, revision, "returned", change.by
        )
        change.tell(round=round_code, revision=revision)


def list_waiting(register: Register) -> list[ScopeRecord]:
    """Return the scopes that wait for the CERT, the one that waits longest first."""
    with register.reading() as connection:
        return scopes.list_waiting(connection)


def get_scope(
    register: Register, institution: str, round_code: str, revision: int
) -> tuple[Scoping, ScopeRecord, Consequence]:
    """Return one revision as the CERT looks at it, with what would follow from it.

    Raises:
        NotFound: institution, round, assessment or revision is not there.
        InvalidInput: the tier changed meanwhile, and the profile is none of its.
    """
    found = read_scoping(register, institution, round_code)
    record = next((one for one in found.history if one.revision == revision), None)
    if record is None:
        raise NotFound("scope revision", str(revision))
    return found, record, follow(found.asked, record.scope)
