"""Judges facts by checks: for each endpoint one verdict, with a sentence for people.

It reads no database, asks nobody and keeps nothing: the same facts, declarations and checks give
the same judgements, today and in ten years. The present time is never asked; what has a date is
judged at the moment at which it was seen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.checks import Check, Checks, Verdict
from cyberposture.model.observations import Fact, Judgement
from cyberposture.scanning.conditions import compile_expression
from cyberposture.scanning.declared import HostContext, zone_of_vantage
from cyberposture.scanning.endpoints import absence, find_endpoints, nothing_was_asked
from cyberposture.scanning.hostview import Endpoint, HostView, view_host
from cyberposture.scanning.truth import FALSE, TRUE, UNKNOWN, UNTESTED, Truth
from cyberposture.scanning.wording import Sentence, compile_sentence, describe_endpoint
from cyberposture.scanning.words_host import Condition

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
    "not-tested": "nobody looked",
    "not-applicable": "nothing of the kind was found",
}
_NOT_APPLICABLE: Final = "This does not concern {endpoint}: {detail}."
_NOT_TESTED: Final = "This was not looked at for {endpoint}: {detail}."


class Ruling(NamedTuple):
    """A verdict before it is put into words."""

    rule: "Rule"
    endpoint: Endpoint
    verdict: Verdict
    condition: Condition | None
    """Whose observations explain the verdict; None where there was nothing to observe."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One check, compiled."""

    check: Check
    applies_when: Condition | None
    fails_when: Condition
    sentences: dict[Verdict, Sentence]

    def is_for(self, vantage: str) -> bool:
        """Return whether the check judges facts of this vantage."""
        wanted = self.check.vantage
        return wanted == "any" or (wanted == "internal") is (zone_of_vantage(vantage) is not None)

    def judge_endpoint(self, endpoint: Endpoint) -> Ruling:
        """Return the verdict on one endpoint."""
        if self.applies_when is not None:
            applies = self.applies_when.test(endpoint)
            if applies is not TRUE:
                return Ruling(self, endpoint, _BY_ABSENCE[applies], self.applies_when)
        verdict = _BY_FAILURE[self.fails_when.test(endpoint)]
        return Ruling(self, endpoint, verdict, self.fails_when)

    def judge_view(self, view: HostView) -> list[Ruling]:
        """Return a verdict for each endpoint, or one for the host where it has none."""
        if not view.answered:
            # Nothing at the address ever replied: whatever was tried there was tried in vain.
            return [self._whole(view, "inconclusive" if view.tried else "not-tested")]
        if nothing_was_asked(self.check, view) and not self.check.endpoints.services:
            return [self._whole(view, "not-tested")]
        endpoints = find_endpoints(self.check, view)
        if not endpoints:
            return [self._whole(view, _BY_ABSENCE[absence(self.check, view)])]
        return [self.judge_endpoint(endpoint) for endpoint in endpoints]

    def _whole(self, view: HostView, verdict: Verdict) -> Ruling:
        return Ruling(self, Endpoint(view, self.check.endpoints.protocol), verdict, None)

    def describe(self, ruling: Ruling) -> str:
        """Return the sentence for a ruling: safe plain text of bounded length."""
        endpoint = ruling.endpoint
        detail = ruling.condition.tell(endpoint) if ruling.condition is not None else ""
        view = endpoint.view
        return self.sentences[ruling.verdict](
            {
                "address": view.address,
                "port": "any port" if endpoint.port is None else str(endpoint.port),
                "endpoint": describe_endpoint(
                    view.address, endpoint.protocol, endpoint.port, endpoint.name
                ),
                "detail": detail or _FALLBACK[ruling.verdict],
            }
        )


def _compile(check: Check) -> Rule:
    says = check.says
    applies = check.applies_when
    return Rule(
        check=check,
        applies_when=compile_expression(applies, f"{check.id}: applies_when") if applies else None,
        fails_when=compile_expression(check.fails_when, f"{check.id}: fails_when"),
        sentences={
            "pass": compile_sentence(says.passed),
            "fail": compile_sentence(says.fail),
            "inconclusive": compile_sentence(says.inconclusive),
            "not-applicable": compile_sentence(_NOT_APPLICABLE),
            "not-tested": compile_sentence(_NOT_TESTED),
        },
    )


def _subkey(ruling: Ruling) -> str:
    """Return what tells rows of one port apart: the name spoken to, and the inner vantage."""
    vantage = ruling.endpoint.view.vantage
    inner = vantage if zone_of_vantage(vantage) is not None else None
    return " ".join(part for part in (ruling.endpoint.name, inner) if part)


def _write_down(ruling: Ruling) -> Judgement:
    endpoint, check = ruling.endpoint, ruling.rule.check
    # Every value comes from models that were validated, so it is not validated once more.
    return Judgement.model_construct(
        check=check.id,
        version=check.version,
        address=endpoint.view.address,
        protocol=None if endpoint.port is None else endpoint.protocol,
        port=endpoint.port,
        subkey=_subkey(ruling),
        verdict=ruling.verdict,
        says=ruling.rule.describe(ruling),
    )


@dataclass(frozen=True)
class Judge:
    """A set of compiled checks; made by `compile_checks`."""

    rules: tuple[Rule, ...]

    def rule_on(self, view: HostView) -> list[Ruling]:
        """Return the rulings of every check of the view's vantage, in the order of the checks."""
        return [
            ruling
            for rule in self.rules
            if rule.is_for(view.vantage)
            for ruling in rule.judge_view(view)
        ]

    def judge_host(
        self, facts: Sequence[Fact], context: HostContext | None, vantage: str
    ) -> list[Judgement]:
        """Return what every check of `vantage` says of the one address that the facts speak of.

        Facts of other vantages are left aside. Without facts there is nothing to name, so there
        is no judgement either: known addresses without facts are counted by `aggregate`.
        """
        own = [fact for fact in facts if fact.vantage == vantage]
        if not own:
            return []
        view = view_host(own, context, vantage)
        return [_write_down(ruling) for ruling in self.rule_on(view)]


def compile_checks(checks: Checks | Iterable[Check]) -> Judge:
    """Return the checks compiled, in the order given.

    Raises:
        InvalidInput: a condition names a computed fact or a value that does not exist; all faults.
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


def _by_host(facts: Iterable[Fact]) -> dict[tuple[str, str], list[Fact]]:
    found: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:
        found.setdefault((fact.address, fact.vantage), []).append(fact)
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
        for (_, vantage), own in _by_host(facts).items()
        for row in judge.judge_host(own, None, vantage)
    ]
