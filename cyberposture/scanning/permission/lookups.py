"""Decides whether a name may be looked up, and is the only maker of permitted lookups.

A lookup goes to the resolver and contacts nobody else, so windows, blackouts and excluded addresses
do not bear on it; a stop, the validity of the letter and its scope of names do. Deny wins.
"""

from datetime import datetime, timedelta
from typing import Any, Final, NoReturn, final, get_args

from cyberposture.errors import NotAuthorised
from cyberposture.model.gate import GateAuthorisation, NameEntry, Reason
from cyberposture.model.lookups import LookupAnswer, LookupPlan, LookupQuestion

_ORDER: Final[dict[str, int]] = {code: place for place, code in enumerate(get_args(Reason))}
LONGEST_S: Final = 600
"""A permission to look up ends after so many seconds at the latest; the figure is ours."""


def _answer_of(one: GateAuthorisation, question: LookupQuestion) -> Reason:
    end = question.now + timedelta(seconds=question.expected_s)
    if one.withdrawn_at is not None and one.withdrawn_at <= end:
        return "withdrawn"
    if question.now < one.valid_from:
        return "not-yet-valid"
    if question.now >= one.valid_until or end > one.valid_until:
        return "expired"
    names = [entry for entry in one.scope if isinstance(entry, NameEntry)]
    if not any(entry.holds(question.name) for entry in names):
        return "out-of-scope"
    return "load-too-high" if one.load < question.load else "allowed"


def decide_lookup(question: LookupQuestion) -> LookupAnswer:
    """Return whether the name may be looked up; the answer that got furthest says why not."""
    if question.stop:
        return LookupAnswer(decision="deny", reason="stopped")
    granted = [one for one in question.authorisations if one.granted]
    if not granted:
        return LookupAnswer(decision="deny", reason="no-authorisation")
    answers = [(_answer_of(one, question), one.id) for one in granted]
    for reason, code in answers:
        if reason == "allowed":
            return LookupAnswer(decision="allow", reason="allowed", authorisation=code)
    furthest = max((reason for reason, _ in answers), key=lambda reason: _ORDER[reason])
    return LookupAnswer(decision="deny", reason=furthest)


_ONLY_HERE: Final = object()


@final
class PermittedLookup:
    """Lookups that were allowed. Only `permit_lookup` makes one; it can't be copied or stored.

    It covers the name, the service labels under it (`_dmarc` and their kin), and the names that
    its own public records lead to, as every receiver of its mail and every resolver follows them.
    None of the addresses that come back is contacted: they are candidates for the gate.
    """

    __slots__ = ("authorisation", "decided_at", "not_after", "plan")

    plan: LookupPlan
    authorisation: str
    decided_at: datetime
    not_after: datetime
    """By when the last question must have been asked."""

    def __init__(
        self, token: object, plan: LookupPlan, authorisation: str, decided_at: datetime
    ) -> None:
        if token is not _ONLY_HERE:
            raise TypeError("a permitted lookup is made by permission.lookups.permit_lookup only")
        object.__setattr__(self, "plan", plan)
        object.__setattr__(self, "authorisation", authorisation)
        object.__setattr__(self, "decided_at", decided_at)
        object.__setattr__(self, "not_after", decided_at + timedelta(seconds=LONGEST_S))

    def __init_subclass__(cls, **_: Any) -> NoReturn:
        raise TypeError("PermittedLookup is final")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a permitted lookup cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a permitted lookup cannot be changed")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a permitted lookup cannot be copied or stored; ask again")

    @property
    def answer(self) -> LookupAnswer:
        """What was said of the lookup, as the audit log keeps it."""
        return LookupAnswer(decision="allow", reason="allowed", authorisation=self.authorisation)


def permit_lookup(plan: LookupPlan, question: LookupQuestion) -> PermittedLookup:
    """Return the plan as a permitted one.

    Raises:
        NotAuthorised: with the reason; `plan-mismatch` where the question is not about this plan.
    """
    same = (plan.name, plan.load) == (question.name, question.load)
    if not same or plan.expected_s > question.expected_s:
        raise NotAuthorised("plan-mismatch", "another lookup was asked for")
    answer = decide_lookup(question)
    if answer.authorisation is None:
        raise NotAuthorised(answer.reason, f"{plan.name} may not be looked up")
    return PermittedLookup(_ONLY_HERE, plan, answer.authorisation, question.now)
