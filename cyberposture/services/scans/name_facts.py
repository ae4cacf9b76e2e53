"""Turns what lookups and questions to name servers brought into facts about names, zones and hosts.

The same answer can tell of a host (it looks names up for strangers) and of a zone (it is given
away there): each gets a fact of its own, so that nothing is ever judged under the wrong subject.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cyberposture.model.observations import DNSFact, Fact, HostFact, HTTPFact, PortFact
from cyberposture.model.plans import Plan

_COMPLETED = frozenset({"answered", "no-record", "no-such-name", "refused"})


def outcome_of(lookups: Iterable[DNSFact]) -> str:
    """Return how a series of lookups ended as a whole: one that was completed is an answer."""
    outcomes = {one.outcome for one in lookups}
    if outcomes & _COMPLETED:
        return "answered"
    if not outcomes:
        return "not-tested"
    return "timed-out" if "timed-out" in outcomes else "no-answer"


def facts_of_servers(
    plan: Plan, shared: Mapping[str, Any], seen: Sequence[DNSFact]
) -> tuple[Fact, ...]:
    """Return the facts about the zone that was asked for, and about each server as a host."""
    zone = str(plan.parameters.get("zone", ""))
    found: list[Fact] = []
    for target in plan.targets:
        own = tuple(one for one in seen if one.server == target)
        about_zone = tuple(one for one in own if one.name == zone) if zone else ()
        if about_zone:
            told = {"subject": "domain", "address": zone, "name": target, "tested": None}
            found.append(_fact(shared, about_zone, **told))
        if plan.technique == "dns-direct":
            host = _listening(target) if any(o.outcome in _COMPLETED for o in own) else None
            found.append(_fact(shared, own, address=target, host=host))
    return tuple(found)


def _fact(shared: Mapping[str, Any], lookups: tuple[DNSFact, ...], **more: Any) -> Fact:
    told = {**shared, **more, "outcome": outcome_of(lookups), "dns": lookups}
    return Fact.model_validate(told)


def _listening(target: str) -> HostFact:
    """Return that something answers at the host's port for names, over UDP."""
    return HostFact(
        address=target, state="up", ports=(PortFact(protocol="udp", port=53, state="open"),)
    )


def fact_of_policy(
    plan: Plan, shared: Mapping[str, Any], pages: Sequence[HTTPFact]
) -> tuple[Fact, ...]:
    """Return the fact about the mail domain whose policy file was fetched, told by its page."""
    outcome = "answered" if any(page.outcome == "answered" for page in pages) else "no-answer"
    return (
        Fact.model_validate(
            {
                **shared,
                "subject": "mail-domain",
                "address": plan.parameters["mail-domain"],
                "outcome": outcome,
                "tested": None,
                "http": tuple(pages),
            }
        ),
    )
