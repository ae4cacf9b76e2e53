"""Counting verdicts over what is known, and the ports that checks need."""

from typing import Any

from check_samples import a_check

from cyberposture.model.checks import Check
from cyberposture.model.observations import Judgement
from cyberposture.scanning.judging.coverage import Tally, aggregate, ports_needed


def a_port_check(check_id: str = "lab.one", **changes: Any) -> Check:
    """Return a check that fails where anything at all is open."""
    fields = {"technique": "tcp-ports", "endpoints": {}, "fails_when": {"port_open": "any"}}
    return a_check(id=check_id, **{**fields, **changes})


def a_row(address: str, verdict: str, port: int | None = None, check: str = "lab.one") -> Judgement:
    return Judgement.model_validate(
        {
            "check": check,
            "version": 1,
            "address": address,
            "protocol": "tcp" if port else None,
            "port": port,
            "verdict": verdict,
            "says": "…",
        }
    )


def tally(check: Check, rows: list[Judgement], known: list[str]) -> Tally:
    return aggregate(rows, known, [check])[check.id]


def test_every_verdict_is_counted_once_and_the_inapplicable_not_at_all() -> None:
    rows = [
        a_row("a", "pass", 1),
        a_row("a", "fail", 2),
        a_row("b", "inconclusive"),
        a_row("c", "not-tested"),
        a_row("d", "not-applicable"),
    ]
    found = tally(a_port_check(), rows, ["a", "b", "c", "d"])
    assert found == Tally(passed=1, failed=1, inconclusive=1, not_tested=1)
    assert found.total() == 4


def test_a_known_address_that_nobody_looked_at_is_not_tested() -> None:
    found = tally(a_port_check(), [a_row("a", "pass")], ["a", *(f"unseen-{n}" for n in range(99))])
    assert found == Tally(passed=1, not_tested=99)


def test_a_check_without_any_judgement_still_counts_what_is_known() -> None:
    assert tally(a_port_check(), [], ["a", "b"]) == Tally(not_tested=2)


def test_a_host_with_many_closed_ports_never_outweighs_hosts_that_were_not_seen() -> None:
    check = a_port_check(endpoints={"ports": list(range(1, 11))})
    rows = [a_row("a", "pass", port) for port in range(1, 11)]
    assert tally(check, rows, ["a", "b", "c"]) == Tally(passed=10, not_tested=20)


def test_a_row_for_a_silent_host_stands_for_all_of_its_ports() -> None:
    check = a_port_check(endpoints={"ports": [1, 2, 3]})
    rows = [a_row("a", "inconclusive"), a_row("b", "not-tested")]
    assert tally(check, rows, ["a", "b"]) == Tally(inconclusive=3, not_tested=3)


def test_judgements_of_other_checks_change_nothing() -> None:
    rows = [a_row("a", "pass"), a_row("a", "fail", check="lab.two")]
    assert tally(a_port_check(), rows, ["a"]) == Tally(passed=1)


def test_a_live_address_that_is_not_known_counts_as_well() -> None:
    assert tally(a_port_check(), [a_row("stray", "fail")], ["a"]) == Tally(failed=1, not_tested=1)


def test_ports_are_gathered_by_technique() -> None:
    checks = [
        a_port_check(endpoints={"ports": [23, 22], "look_at": [2323]}),
        a_port_check("lab.two", technique="service-versions", endpoints={"usual": [6379]}),
        a_port_check(
            "lab.three", technique="udp-ports", endpoints={"protocol": "udp", "ports": [161]}
        ),
        a_port_check("lab.four"),
    ]
    assert ports_needed(checks) == {
        "service-versions": (6379,),
        "tcp-ports": (22, 23, 2323, 6379),
        "udp-ports": (161,),
    }


def test_ports_of_fragile_equipment_are_never_scanned_with_the_others() -> None:
    checks = [
        a_port_check(technique="ot-ports", endpoints={"ports": [502, 102]}),
        a_port_check("lab.two", endpoints={"ports": [502, 80]}),
    ]
    assert ports_needed(checks) == {"ot-ports": (102, 502), "tcp-ports": (80,)}
