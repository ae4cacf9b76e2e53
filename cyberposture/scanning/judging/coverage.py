"""Counts verdicts over what is known, so that a host that nobody looked at is never forgotten.

It also tells which ports the checks need looked at. It decides no verdict and no score.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cyberposture.model.checks import Check
from cyberposture.model.foundation import CheckId
from cyberposture.model.observations import Judgement

_OT: Final = "ot-ports"
_OWN_UDP: Final = "udp-exchange"
"""Our own questions say by themselves whether a port is open; nmap need not ask there as well."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How many endpoints of one check ended in each verdict; not-applicable ones are in none.

    Which of the failures are still fresh depends on their history, so the caller parts them.
    """

    passed: int = 0
    failed: int = 0
    inconclusive: int = 0
    not_tested: int = 0

    def total(self) -> int:
        """Return the number of endpoints in all."""
        return self.passed + self.failed + self.inconclusive + self.not_tested


def _endpoints_at_a_host(check: Check) -> int:
    """Return how many endpoints a host is known to have for a check before anyone looks."""
    return max(1, len(check.endpoints.ports))


def aggregate(
    judgements: Iterable[Judgement], known_addresses: Iterable[str], checks: Iterable[Check]
) -> dict[CheckId, Tally]:
    """Return a tally for every check, over the judgements and the addresses without any.

    `known_addresses` are the keys of what the checks judge: all checks share one subject.

    A host that is judged as a whole because nothing is known of its ports counts as often as the
    check names ports: otherwise one host with ten closed ports would outweigh nine unseen ones.
    An address counts as not tested by a check that has no judgement of it at all.
    """
    by_id = {check.id: check for check in checks}
    counts: dict[CheckId, dict[str, int]] = {check_id: {} for check_id in by_id}
    seen: dict[CheckId, set[str]] = {check_id: set() for check_id in by_id}
    for row in judgements:
        check = by_id.get(row.check)
        if check is None:
            continue
        seen[row.check].add(row.address)
        unseen = row.port is None and row.verdict in ("inconclusive", "not-tested")
        times = _endpoints_at_a_host(check) if unseen else 1
        counts[row.check][row.verdict] = counts[row.check].get(row.verdict, 0) + times
    known = frozenset(known_addresses)
    return {
        check_id: Tally(
            passed=found.get("pass", 0),
            failed=found.get("fail", 0),
            inconclusive=found.get("inconclusive", 0),
            not_tested=found.get("not-tested", 0)
            + len(known - seen[check_id]) * _endpoints_at_a_host(by_id[check_id]),
        )
        for check_id, found in counts.items()
    }


def ports_needed(checks: Iterable[Check]) -> dict[str, tuple[int, ...]]:
    """Return the ports that must be looked at, ascending, for each technique that looks at ports.

    Every TCP port a check judges or wants looked at is under `tcp-ports`, every UDP port under
    `udp-ports`; ports of fragile equipment are under `ot-ports` alone. The other techniques get
    the ports that their own checks name; what they look at beyond is what was found open.
    """
    needed: dict[str, set[int]] = {}
    fragile: set[int] = set()
    for check in checks:
        wanted = check.endpoints
        ports = set(wanted.all_ports())
        needed.setdefault(check.technique, set()).update(ports)
        if check.technique == _OT:
            fragile |= ports
        elif check.technique != _OWN_UDP:
            needed.setdefault(f"{wanted.protocol}-ports", set()).update(ports)
    return {
        technique: tuple(sorted(ports if technique == _OT else ports - fragile))
        for technique, ports in sorted(needed.items())
        if ports
    }
