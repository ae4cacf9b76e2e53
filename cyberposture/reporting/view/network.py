"""The network: who allowed the look, what was looked at or could not be judged, what was found."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from cyberposture.reporting.inputs import HeldAuthorisation, ScanRun, SeenFinding
from cyberposture.reporting.plain import SHORT, Text, clean, given
from cyberposture.reporting.view.material import Material

FINDINGS_SHOWN = 500
"""The most urgent ones: with more, a report in Urdu would go beyond a megabyte."""
LINES_SHOWN = 100
"""How many refusals, hosts without a verdict and raw files of one scan are listed."""
SAYS, SAYS_OF_MANY, MANY = 110, 60, 500
"""How many characters of a finding's own sentence are shown, and how many where there are many."""
_SEVERITIES = ("critical", "high", "medium", "low")
CLOSED = frozenset({"closed", "false-positive", "accepted"})
"""The states in which a finding asks nothing of the institution."""


class FindingRow(NamedTuple):
    """One finding; a tuple, for there are thousands."""

    code: str
    endpoint: str
    state: str
    until: str
    """When it was closed, or from when it counts; else empty."""
    since: str
    says: str
    is_closed: bool


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """All findings of one check, with what to do about them."""

    check: str
    title: str
    severity: str
    severity_word: str
    why: str
    remedy: str
    count: Text
    rows: tuple[FindingRow, ...]
    has_trace: bool
    """Its verdicts are listed, so that there is something to link to."""


@dataclass(frozen=True, slots=True)
class ArtefactRow:
    """A raw file of a scan."""

    chunk: str
    sha256: str
    program: str


@dataclass(frozen=True, slots=True)
class ScanRow:
    """One scan."""

    code: str
    vantage: Text
    state: str
    began: str
    ended: str
    chunks: int
    files: tuple[ArtefactRow, ...]
    more_files: int


@dataclass(frozen=True, slots=True)
class AuthorisationRow:
    """One authorisation; persons only where the audience sees them."""

    id: str
    signed_by: Text | None
    valid: Text
    load: Text
    letter_sha256: str
    handled: Text | None
    withdrawn: Text | None


@dataclass(frozen=True, slots=True)
class Network:
    """Everything about looking at the network and what it showed."""

    looked: tuple[Text, ...]
    authorisations: tuple[AuthorisationRow, ...]
    scans: tuple[ScanRow, ...]
    unjudged: int
    unjudged_listed: tuple[tuple[str, str], ...]
    """Address and reason."""
    refusals: Text | None
    """Each reason and how often, in words."""
    refusals_listed: tuple[tuple[str, str, str], ...]
    """Target, reason and moment."""
    summary: tuple[Text, ...]
    groups: tuple[FindingGroup, ...]
    not_shown: int


def network_of(m: Material) -> Network:
    """Return the network's part of a report."""
    sees = m.lens.shows("addresses")
    groups, not_shown = _groups(m)
    reasons = Counter(m.words.name("refusal", refusal.reason) for refusal in m.inputs.refusals)
    return Network(
        looked=tuple(_looked(m)),
        authorisations=tuple(_authorisation(m, a) for a in m.inputs.authorisations),
        scans=tuple(_scan(m, scan) for scan in m.inputs.scans),
        unjudged=len(m.inputs.unjudged),
        unjudged_listed=tuple(
            (clean(host.address, 80), m.seen(host.check, "inconclusive", host.reason, SHORT))
            for host in m.inputs.unjudged[:LINES_SHOWN]
        )
        if sees
        else (),
        refusals=m.words.listed(
            [
                m.words.say("network.refused-because", reason=clean(reason), n=count)
                for reason, count in reasons.most_common()
            ]
        )
        if reasons
        else None,
        refusals_listed=tuple(
            (
                clean(refusal.target, 80),
                clean(m.words.name("refusal", refusal.reason)),
                m.minute(refusal.at),
            )
            for refusal in m.inputs.refusals[:LINES_SHOWN]
        )
        if sees
        else (),
        summary=tuple(_summary(m)),
        groups=groups,
        not_shown=not_shown,
    )


def _looked(m: Material) -> list[Text]:
    known = m.inputs.addresses
    if not known.total:
        return [m.words.say("network.nothing-known")]
    said = [
        m.words.say("network.authorised", authorised=known.authorised, n=known.total),
        m.words.say("network.looked-at", n=known.looked_at),
    ]
    unseen = known.total - known.looked_at
    if unseen > 0:
        said.append(m.words.say("network.never-a-pass", n=unseen))
    return said


def _authorisation(m: Material, a: HeldAuthorisation) -> AuthorisationRow:
    words, sees_people = m.words, m.lens.shows("people")
    handled = None
    if sees_people and a.granted_by:
        receiver, granter = given(a.received_by, 64), given(a.granted_by, 64)
        handled = words.say("authorisation.handled", receiver=receiver, granter=granter)
    elif sees_people:
        handled = words.say("authorisation.not-granted", receiver=given(a.received_by, 64))
    signed_by = None
    if sees_people:
        signatory = m.lens.show("people", a.signatory)
        role = m.lens.show("people", a.signatory_role)
        signed_by = words.say("authorisation.signed", signatory=signatory, role=role)
    return AuthorisationRow(
        id=clean(a.id, 64),
        signed_by=signed_by,
        valid=words.say("authorisation.valid", start=m.day(a.valid_from), end=m.day(a.valid_until)),
        load=words.say("authorisation.load", n=a.load, words=words.name("load", str(a.load))),
        letter_sha256=clean(a.letter_sha256, 64),
        handled=handled,
        withdrawn=None
        if a.withdrawn_at is None
        else words.say("authorisation.withdrawn", day=m.day(a.withdrawn_at)),
    )


def _scan(m: Material, scan: ScanRun) -> ScanRow:
    files = scan.artefacts if m.lens.shows("addresses") else ()
    return ScanRow(
        code=clean(scan.code, 64),
        vantage=vantage_of(m, scan.vantage),
        state=m.words.name("scan-state", clean(scan.state, 64)),
        began=m.minute(scan.started_at),
        ended="–" if scan.ended_at is None else m.minute(scan.ended_at),
        chunks=scan.chunks,
        files=tuple(
            ArtefactRow(
                chunk="–" if f.chunk is None else str(f.chunk),
                sha256=clean(f.sha256, 64),
                program=clean(f.program, 64),
            )
            for f in files[:LINES_SHOWN]
        ),
        more_files=max(0, len(files) - LINES_SHOWN),
    )


def vantage_of(m: Material, vantage: str) -> Text:
    """Return from where was looked; a zone's name is the institution's own."""
    side, _, zone = vantage.partition(":")
    if zone and m.lens.shows("addresses"):
        return m.words.say("vantage.zone", zone=given(zone, 64))
    return m.words.say("vantage.external" if side == "external" else "vantage.internal")


def _summary(m: Material) -> list[Text]:
    """Return how many findings are open, fresh and closed, in words."""
    findings = m.inputs.findings
    if not findings:
        return [m.words.say("findings.none")]
    closed = sum(finding.state in CLOSED for finding in findings)
    fresh = sum(finding.is_fresh and finding.state not in CLOSED for finding in findings)
    said = [m.words.say("findings.open", n=len(findings) - closed)]
    if fresh:
        said.append(m.words.say("findings.fresh", n=fresh))
    if closed:
        said.append(m.words.say("findings.closed", n=closed))
    return said


def _groups(m: Material) -> tuple[tuple[FindingGroup, ...], int]:
    """Return the findings by check, the gravest check first, and how many were left out."""
    by_check: defaultdict[str, list[SeenFinding]] = defaultdict(list)
    for finding in sorted(m.inputs.findings, key=_urgency)[:FINDINGS_SHOWN]:
        by_check[finding.check].append(finding)
    groups = tuple(_group(m, check, found) for check, found in by_check.items())
    return groups, max(0, len(m.inputs.findings) - FINDINGS_SHOWN)


def _urgency(finding: SeenFinding) -> tuple[bool, int, str, bool, float, str]:
    """Return the order of findings: open before closed, the gravest first, then the oldest."""
    return (
        finding.state in CLOSED,
        _SEVERITIES.index(finding.severity),
        finding.check,
        finding.is_fresh,
        finding.first_seen.timestamp(),
        finding.code,
    )


def _group(m: Material, check_id: str, found: list[SeenFinding]) -> FindingGroup:
    check = m.checks.get(check_id)
    still = sum(finding.state not in CLOSED for finding in found)
    severity = found[0].severity
    return FindingGroup(
        check=check_id,
        title=m.failure(check_id, still) if still else m.check_title(check_id),
        severity=severity,
        severity_word=m.words.say(f"severity.{severity}"),
        why=m.words.apart(check.why) if check else "",
        remedy=m.words.apart(check.remedy) if check else "",
        count=m.words.say("findings.in-group", n=still, closed=len(found) - still),
        rows=tuple(_row(m, finding) for finding in found) if m.lens.shows("addresses") else (),
        has_trace=check_id in m.inputs.verdicts,
    )


def _row(m: Material, finding: SeenFinding) -> FindingRow:
    is_closed = finding.state in CLOSED
    until = ""
    if is_closed and finding.closed_at is not None:
        until = m.words.say("finding.closed-on", day=m.day(finding.closed_at))
    elif finding.is_fresh and finding.counts_from is not None:
        until = m.words.say("finding.counts-from", day=m.day(finding.counts_from))
    state = "fresh" if finding.is_fresh and not is_closed else finding.state
    if finding.is_potential and not is_closed:
        state = "potential"
    return FindingRow(
        code=clean(finding.code, 64),
        endpoint=m.endpoint(finding.address, finding.protocol, finding.port),
        state=m.words.name("finding-state", clean(state, 40)),
        is_closed=is_closed,
        since=m.day(finding.first_seen),
        until=until,
        says=m.seen(
            finding.check,
            "potential" if finding.is_potential else "fail",
            finding.says,
            SAYS if len(m.inputs.findings) <= MANY else SAYS_OF_MANY,
        ),
    )
