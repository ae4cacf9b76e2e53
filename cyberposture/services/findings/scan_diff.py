"""Two scans of one institution side by side: what changed, and apart from it what was not seen.

What a scan did not test is never called closed, and what it could not decide never a change.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from cyberposture.errors import WrongState
from cyberposture.model.checks import Verdict
from cyberposture.model.observations import Certificate, PortFact
from cyberposture.scanning.judging.hostview import HostView
from cyberposture.scanning.reading.states import CONCLUSIVE, GONE, State
from cyberposture.services.findings.judging import look_at
from cyberposture.services.findings.rejudging import Cause, Difference, Place, newest_of, place_of
from cyberposture.services.register import Register
from cyberposture.store import institutions, scans
from cyberposture.store.facts import JudgementRecord, list_judgements
from cyberposture.store.scans import ScanRecord

_DECIDED = frozenset({"pass", "fail", "not-applicable"})
_WORDS = {
    State.OPEN: "open",
    State.CLOSED: "closed",
    State.FILTERED: "filtered",
    State.TCPWRAPPED: "accepts and closes",
    State.INCONCLUSIVE: "undecided",
    State.NOT_TESTED: "not tested",
}


class PortChange(NamedTuple):
    """One port whose state is another, in words."""

    address: str
    protocol: str
    port: int
    before: str
    after: str


class ServiceChange(NamedTuple):
    """One open port at which another service or version answers."""

    address: str
    protocol: str
    port: int
    before: str
    after: str


class CertificateChange(NamedTuple):
    """One endpoint that shows another certificate."""

    address: str
    port: int
    name: str | None
    issuers: tuple[str, str]
    valid_until: tuple[datetime, datetime]


@dataclass
class Changes:
    """What both scans know and what differs between them."""

    appeared: list[str] = field(default_factory=list)
    """Hosts that were silent and answer."""
    vanished: list[str] = field(default_factory=list)
    """Hosts that answer, and of whose open ports every one is known to be closed."""
    opened: list[PortChange] = field(default_factory=list)
    closed: list[PortChange] = field(default_factory=list)
    services: list[ServiceChange] = field(default_factory=list)
    certificates: list[CertificateChange] = field(default_factory=list)
    verdicts: list[Difference] = field(default_factory=list)


@dataclass
class Unseen:
    """Where one of the two scans saw too little to call anything a change."""

    only_before: list[str] = field(default_factory=list)
    only_after: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    """Hosts that answered and were asked again in vain."""
    undecided: list[PortChange] = field(default_factory=list)
    """Ports that were open and gave no usable answer, or are open and gave none before."""
    not_tested: list[PortChange] = field(default_factory=list)
    verdicts: list[Difference] = field(default_factory=list)
    """Judgements of which one side is not conclusive."""


@dataclass(frozen=True)
class ScanDiff:
    """Two scans of one institution, the older one first as it was asked for."""

    institution: str
    before: ScanRecord
    after: ScanRecord
    perhaps_blocked: bool
    changes: Changes
    unseen: Unseen


def compare(register: Register, before: str, after: str) -> ScanDiff:
    """Return what differs between two scans.

    Raises:
        NotFound: one of them is not in the register.
        WrongState: they are of two institutions, or from two vantages.
    """
    with register.reading() as connection:
        a, b = scans.get_scan(connection, before), scans.get_scan(connection, after)
        if (a.institution_id, a.vantage) != (b.institution_id, b.vantage):
            raise WrongState("only scans of one institution from one vantage can be compared")
        owner = institutions.get_institution_by_id(
            connection, a.institution_id, as_of=register.clock()
        )
        looks = [look_at(register, connection, scan, scan.act.at) for scan in (a, b)]
        judged = [newest_of(list_judgements(connection, scan_id=scan.id)) for scan in (a, b)]
    blocked = bool((b.summary or {}).get("perhaps_blocked"))
    changes, unseen = Changes(), Unseen()
    anew = [{place_of(r.judgement): r.judgement.verdict for r in look.rows} for look in looks]
    for one in _verdicts(judged[0], judged[1], anew):
        decided = one.before in _DECIDED and one.after in _DECIDED
        (changes if decided else unseen).verdicts.append(one)
    changes.verdicts += _endpoints_of_one(judged, looks[0].views, looks[1].views)
    changes.verdicts.sort(key=lambda one: str(one.place))
    _hosts(looks[0].views, looks[1].views, changes, unseen, blocked)
    return ScanDiff(owner.institution.code, a, b, blocked, changes, unseen)


def _verdicts(
    before: Mapping[Place, JudgementRecord],
    after: Mapping[Place, JudgementRecord],
    anew: list[dict[Place, Verdict]],
) -> Iterable[Difference]:
    for place in sorted(before.keys() & after.keys(), key=str):
        old, new = before[place], after[place]
        if old.judgement.verdict == new.judgement.verdict:
            continue
        yield Difference(
            place=place,
            before=old.judgement.verdict,
            after=new.judgement.verdict,
            versions=(old.judgement.version, new.judgement.version),
            says=new.judgement.says,
            cause=_cause(old, new, anew[0].get(place), anew[1].get(place)),
        )


def _endpoints_of_one(
    judged: list[dict[Place, JudgementRecord]],
    old: Mapping[str, HostView],
    new: Mapping[str, HostView],
) -> Iterable[Difference]:
    """Yield the endpoints that came or went, as far as the other scan looked at their ports."""
    before, after = judged
    for views, places in ((new, before.keys() - after.keys()), (old, after.keys() - before.keys())):
        for place in places:
            check, address, protocol, port, _ = place
            view, row = views.get(address), (before.get(place) or after[place]).judgement
            if port is None or protocol is None or row.verdict not in ("pass", "fail"):
                continue
            if view is None or view.state(protocol, port) not in GONE:
                continue
            went = place in before
            yield Difference(
                place=place,
                before=row.verdict if went else None,
                after=None if went else row.verdict,
                versions=(row.version, None) if went else (None, row.version),
                says=f"{check} has nothing to judge there any more." if went else row.says,
                cause="network",
            )


def _cause(
    old: JudgementRecord, new: JudgementRecord, old_anew: Verdict | None, new_anew: Verdict | None
) -> Cause:
    """Return what made the verdict another: under one rule only the network can have.

    Where the rules differ, both sides are judged by the present ones: what then still differs is
    the network's, and what differs from the verdict of then is the rule's.
    """
    if old.checks_digest == new.checks_digest:
        return "network"
    if old_anew == new_anew:
        return "rule"
    by_rule = (old_anew, new_anew) != (old.judgement.verdict, new.judgement.verdict)
    return "both" if by_rule else "network"


def _hosts(
    before: Mapping[str, HostView],
    after: Mapping[str, HostView],
    changes: Changes,
    unseen: Unseen,
    blocked: bool,
) -> None:
    for address in sorted({*before, *after}):
        old, new = before.get(address), after.get(address)
        if old is None or not old.tried:
            if new is not None and new.tried:
                unseen.only_after.append(address)
        elif new is None or not new.tried:
            unseen.only_before.append(address)
        elif old.answered and not new.answered:
            unseen.silent.append(address)
        else:
            if new.answered and not old.answered:
                changes.appeared.append(address)
            _ports(old, new, changes, unseen, blocked)


def _ports(old: HostView, new: HostView, changes: Changes, unseen: Unseen, blocked: bool) -> None:
    open_before: list[State] = []
    for protocol in ("tcp", "udp"):
        for port in sorted({*old.open_ports(protocol), *new.open_ports(protocol)}):
            was, now = old.state(protocol, port), new.state(protocol, port)
            if blocked and now is State.FILTERED:
                now = State.INCONCLUSIVE
            open_before += [now] if was is State.OPEN else []
            told = PortChange(old.address, protocol, port, _WORDS[was], _WORDS[now])
            if was is now:
                _service(old, new, protocol, port, changes)
            elif was in CONCLUSIVE and now in CONCLUSIVE:
                (changes.opened if now is State.OPEN else changes.closed).append(told)
            elif State.NOT_TESTED in (was, now):
                unseen.not_tested.append(told)
            else:
                unseen.undecided.append(told)
    nothing_left = not any(new.open_ports(protocol) for protocol in ("tcp", "udp"))
    if open_before and nothing_left and all(state in GONE for state in open_before):
        changes.vanished.append(old.address)


def _service(old: HostView, new: HostView, protocol: str, port: int, changes: Changes) -> None:
    was, now = (view.services.get((protocol, port)) for view in (old, new))
    if was is not None and now is not None and _called(was) != _called(now):
        changes.services.append(
            ServiceChange(old.address, protocol, port, _called(was), _called(now))
        )
    if protocol == "tcp":
        for name in old.tls.get(port, {}).keys() & new.tls.get(port, {}).keys():
            shown = [view.tls[port][name].fact.certificate for view in (old, new)]
            _certificate(old.address, port, name, shown, changes)


def _certificate(
    address: str,
    port: int,
    name: str | None,
    shown: list[Certificate | None],
    changes: Changes,
) -> None:
    was, now = shown
    if was is not None and now is not None and was.sha256 != now.sha256:
        changes.certificates.append(
            CertificateChange(
                address, port, name, (was.issuer, now.issuer), (was.not_after, now.not_after)
            )
        )


def _called(service: PortFact) -> str:
    parts = (service.service, service.product, service.version)
    return " ".join(part for part in parts if part)
