"""Judges facts by checks: for each endpoint one verdict, with a sentence for people.

It reads no database, asks nobody and keeps nothing: the same facts, declarations and checks give
the same judgements, today and in ten years. The present time is never asked; what has a date is
judged at the moment at which it was seen.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from cyberposture.errors import Fault, InvalidInput, WrongUsage
from cyberposture.model.checks import Check, Checks, Subject, Verdict
from cyberposture.model.observations import Fact, Judgement
from cyberposture.scanning.judging.conditions import compile_expression
from cyberposture.scanning.judging.declared import HostContext, zone_of_vantage
from cyberposture.scanning.judging.endpoints import (
    Choice,
    absence,
    choice_of,
    find_endpoints,
    nothing_was_asked,
)
from cyberposture.scanning.judging.hostview import Endpoint, HostView, view_host
from cyberposture.scanning.judging.truth import FALSE, TRUE, UNKNOWN, UNTESTED, Truth
from cyberposture.scanning.judging.wording import (
    Sentence,
    compile_sentence,
    describe_endpoint,
    plain,
)
from cyberposture.scanning.judging.words_host import Condition

_BY_FAILURE: Final[dict[Truth, Verdict]] = {
    TRUE: "fail",
    FALSE: "pass",
    UNKNOWN: "inconclusive",
    UNTESTED: "not-tested",
}
_BY_ABSENCE: Final[dict[Truth, Verdict]] = {
    FALSE: "not-applicable",
    UNKNOWN: "inconclusive",
    UNTESTED: "not-tested",
}
_FALLBACK: Final[dict[Verdict, str]] = {
    "pass": "nothing against it was seen",
    "fail": "seen in this run",
    "inconclusive": "no usable answer",
    "not-tested": "no run asked for it",
    "not-applicable": "nothing of the kind was found",
}
MAX_ALIKE: Final = 4_096
"""How many likenesses of hosts a judge remembers before it begins again."""
_NOT_APPLICABLE: Final = "This does not concern {endpoint}: {detail}."
_NOT_TESTED: Final = "This was not looked at for {endpoint}: {detail}."
_UNDECIDED: Final = frozenset({"inconclusive", "not-tested"})


class Ruling(NamedTuple):
    """A verdict before it is put into words; it names no address, so that like hosts share it."""

    rule: "Rule"
    protocol: str
    port: int | None
    name: str | None
    tls: bool | None
    verdict: Verdict
    condition: Condition | None
    """Whose observations explain the verdict; None where there was nothing to observe."""
    is_potential: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One check, compiled."""

    check: Check
    choice: Choice
    applies_when: Condition | None
    fails_when: Condition
    potential_when: Condition | None
    told: frozenset[str]
    """The facts that its examples tell: it can be judged by them where no host answers."""
    sentences: dict[Verdict | Literal["potential"], Sentence]

    def is_for(self, vantage: str, subject: Subject = "host") -> bool:
        """Return whether the check judges facts of this vantage and subject."""
        wanted = self.check.vantage
        if self.choice.subject != subject:
            return False
        return wanted == "any" or (wanted == "internal") is (zone_of_vantage(vantage) is not None)

    def judge_endpoint(self, endpoint: Endpoint) -> Ruling:
        """Return the verdict on one endpoint."""
        _, protocol, port, name, tls = endpoint
        condition = self.applies_when
        if condition is not None:
            applies = condition.test(endpoint)
            if applies is not TRUE:
                return Ruling(self, protocol, port, name, tls, _BY_ABSENCE[applies], condition)
        condition = self.fails_when
        verdict = _BY_FAILURE[condition.test(endpoint)]
        doubt = self.potential_when
        if doubt is not None and verdict != "fail" and doubt.test(endpoint) is TRUE:
            return Ruling(self, protocol, port, name, tls, "inconclusive", doubt, True)
        return Ruling(self, protocol, port, name, tls, verdict, condition)

    def judge_view(self, view: HostView) -> list[Ruling]:
        """Return a verdict for each endpoint, or one for the host where it has none.

        What a table tells of a silent host can still be judged, and what is no host has no silence:
        there each condition says by itself what was looked up.
        """
        if view.subject != "host" or (self.told & view.told.keys()):
            return [self.judge_endpoint(Endpoint(view, self.choice.protocol))]
        if not view.answered:
            # Nothing at the address ever replied: whatever was tried there was tried in vain.
            return [self._whole("inconclusive" if view.tried else "not-tested")]
        if nothing_was_asked(self.choice, view):
            return [self._whole("not-tested")]
        endpoints = find_endpoints(self.choice, view)
        if not endpoints:
            return [self._whole(_BY_ABSENCE[absence(self.choice, view)])]
        return [self.judge_endpoint(endpoint) for endpoint in endpoints]

    def _whole(self, verdict: Verdict) -> Ruling:
        return Ruling(self, self.choice.protocol, None, None, None, verdict, None)

    def describe(self, ruling: Ruling, view: HostView, denied: str) -> str:
        """Return the sentence for a ruling on this host: safe plain text of bounded length."""
        port, address = ruling.port, view.address
        detail = denied
        if ruling.condition is not None:
            endpoint = Endpoint(view, ruling.protocol, port, ruling.name, ruling.tls)
            detail = ruling.condition.tell(endpoint)
        return self.sentences["potential" if ruling.is_potential else ruling.verdict](
            {
                "address": address,
                "port": "any port" if port is None else str(port),
                "endpoint": "the institution"
                if view.subject == "institution"
                else describe_endpoint(address, ruling.protocol, port, ruling.name),
                "detail": detail or _FALLBACK[ruling.verdict],
            }
        )


def _told_in(check: Check) -> Mapping[str, frozenset[type]]:
    """Return the kinds of value of each told fact in the check's own examples.

    They are the only place where such a name is written a second time, so they catch its slips.
    """
    found: dict[str, set[type]] = {}
    for example in check.examples:
        for name, value in example.facts.told.items():
            found.setdefault(name, set()).update([] if value is None else [type(value)])
    return {name: frozenset(kinds) for name, kinds in found.items()}


def _compile(check: Check) -> Rule:
    says = check.says
    applies, doubt = check.applies_when, check.potential_when
    told = _told_in(check)
    return Rule(
        check=check,
        choice=choice_of(check),
        applies_when=compile_expression(applies, f"{check.id}: applies_when", told)
        if applies
        else None,
        fails_when=compile_expression(check.fails_when, f"{check.id}: fails_when", told),
        potential_when=compile_expression(doubt, f"{check.id}: potential_when", told)
        if doubt
        else None,
        told=frozenset(told),
        sentences={
            "pass": compile_sentence(says.passed),
            "fail": compile_sentence(says.fail),
            "inconclusive": compile_sentence(says.inconclusive),
            "potential": compile_sentence(says.potential or says.inconclusive),
            "not-applicable": compile_sentence(_NOT_APPLICABLE),
            "not-tested": compile_sentence(_NOT_TESTED),
        },
    )


def _subkey(name: str | None, vantage: str) -> str:
    """Return what tells rows of one port apart: the name spoken to, and the inner vantage."""
    inner = vantage if zone_of_vantage(vantage) is not None else None
    return " ".join(part for part in (name, inner) if part)


def _write_down(ruling: Ruling, view: HostView, denied: str) -> Judgement:
    """Return the judgement; `denied` is why the check's technique was not allowed, if it was not.

    What nobody was allowed to try is not tested, even where other looks left it in doubt.
    """
    check = ruling.rule.check
    if denied and ruling.verdict in _UNDECIDED:
        ruling = ruling._replace(verdict="not-tested", condition=None, is_potential=False)
    else:
        denied = ""
    return Judgement(
        check=check.id,
        version=check.version,
        address=view.address,
        protocol=None if ruling.port is None else check.endpoints.protocol,
        port=ruling.port,
        subkey=_subkey(ruling.name, view.vantage),
        verdict=ruling.verdict,
        says=ruling.rule.describe(ruling, view, denied),
        is_potential=ruling.is_potential,
    )


def _reasons_in(facts: Iterable[Fact]) -> dict[str, str]:
    """Return by technique why nothing was tried, where a fact says so."""
    return {
        fact.technique: plain(str(fact.parameters["reason"]))
        for fact in facts
        if fact.outcome == "not-tested" and "reason" in fact.parameters
    }


class Judge:
    """A set of compiled checks; made by `compile_checks`."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self._alike: dict[Hashable, list[Ruling]] = {}

    def rule_on(self, view: HostView) -> list[Ruling]:
        """Return the rulings of every check of the view's vantage, in the order of the checks.

        Of a nation's addresses most show the same few closed ports. What was ruled on one of them
        holds for the next, so hosts without any exchange are ruled on once for each likeness.
        """
        likeness = view.likeness()
        if likeness is None:
            return self._rule_anew(view)
        known = self._alike.get(likeness)
        if known is None:
            if len(self._alike) >= MAX_ALIKE:
                self._alike.clear()
            known = self._alike[likeness] = self._rule_anew(view)
        return known

    def _rule_anew(self, view: HostView) -> list[Ruling]:
        found: list[Ruling] = []
        for rule in self.rules:
            if rule.is_for(view.vantage, view.subject):
                found += rule.judge_view(view)
        return found

    def judge_host(
        self,
        facts: Sequence[Fact],
        context: HostContext | None,
        vantage: str,
        denied: Mapping[str, str] | None = None,
    ) -> list[Judgement]:
        """Return what every check of `vantage` says of the one subject that the facts speak of.

        `denied` holds, by technique, why the gate did not allow it at this address; it matters
        only for a technique by which the address was not looked at.

        Facts of other vantages are left aside. Without facts there is nothing to name, so there
        is no judgement either: known addresses without facts are counted by `aggregate`.
        """
        own = [fact for fact in facts if fact.vantage == vantage]
        if not own:
            return []
        if len({(fact.subject, fact.address) for fact in own}) > 1:
            raise WrongUsage("facts of several subjects are judged one by one")
        view = view_host(own, context, vantage)
        looked = {fact.technique for fact in own if fact.outcome != "not-tested"}
        told = {code: f"the gate denied it ({why})" for code, why in (denied or {}).items()}
        reasons = {**_reasons_in(own), **told}
        closed = {code: why for code, why in reasons.items() if code not in looked}
        rulings = self.rule_on(view)
        if view.subject == "host" and not view.tried and view.told:
            # A table that tells of an address is no look at it: only what it tells is judged.
            rulings = [ruling for ruling in rulings if ruling.verdict != "not-tested"]
        return [
            _write_down(ruling, view, closed.get(ruling.rule.check.technique, ""))
            for ruling in rulings
        ]


def compile_checks(checks: Checks | Iterable[Check]) -> Judge:
    """Return the checks compiled, in the order given.

    Raises:
        InvalidInput: a condition names a fact or a value that does not exist; all faults.
    """
    given = checks.checks if isinstance(checks, Checks) else tuple(checks)
    faults: list[Fault] = []
    rules: list[Rule] = []
    for check in given:
        try:
            rules.append(_compile(check))
        except InvalidInput as error:
            faults.extend(error.faults)
    if faults:
        raise InvalidInput(faults)
    return Judge(tuple(rules))


def _by_host(facts: Iterable[Fact]) -> dict[tuple[str, str, str], list[Fact]]:
    found: dict[tuple[str, str, str], list[Fact]] = {}
    for fact in facts:
        found.setdefault((fact.subject, fact.address, fact.vantage), []).append(fact)
    return found


def judge_door(facts: Iterable[Fact], checks: Checks | Iterable[Check]) -> list[dict[str, Any]]:
    """Return the rows of `scan judge`: a dictionary for each judgement, host by host.

    Keys: check, version, address, protocol, port (null for the host as a whole), verdict, says.
    No declarations are known at this door, so what compares with a register is not tested.

    Raises:
        InvalidInput: a check's condition is wrong.
    """
    judge = compile_checks(checks)
    return [
        {
            "check": row.check,
            "version": row.version,
            "address": row.address,
            "protocol": row.protocol,
            "port": row.port,
            "verdict": row.verdict,
            "says": row.says,
        }
        for (_, _, vantage), own in _by_host(facts).items()
        for row in judge.judge_host(own, None, vantage)
    ]
