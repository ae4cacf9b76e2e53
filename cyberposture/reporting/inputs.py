"""What reports are made from: plain records that a service fills and nobody has shortened yet.

What an audience may see of it is decided in the views. Texts come from outside: trust none of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from cyberposture.content.editions import Edition
from cyberposture.content.translations import Translations
from cyberposture.model.assessments import Grade
from cyberposture.model.checks import Checks, Says, Severity, Verdict
from cyberposture.model.controls import Catalogue, Tier
from cyberposture.model.indicators import Indicator
from cyberposture.model.institutions import Institution
from cyberposture.model.scores import ScoreDocument, ScoreParameters, ScoreResult
from cyberposture.reporting.fixed import Fixed
from cyberposture.reporting.own_rounds import OwnRound
from cyberposture.scoring.claims import Claims
from cyberposture.scoring.plan import Step
from cyberposture.scoring.sampling import Estimate
from cyberposture.scoring.statistics import Standing
from cyberposture.scoring.systemic import Dependency


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The last entry of an audit chain when the report was made: whoever holds it is a witness."""

    chain: str
    seq: int
    digest: str
    key_id: str
    at: datetime | None = None
    signature: str = ""


@dataclass(frozen=True, slots=True)
class EvidencePiece:
    """A piece of evidence as it was attached to an answer; `sha256` is None for a mere place."""

    title: str
    sha256: str | None
    dated: date
    expires: date | None = None


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What the institution says of one control; neither level nor reason: unanswered."""

    level: int | None
    reason: str = ""
    not_applicable: str | None = None
    """The reason why it is claimed not to apply."""
    evidence: tuple[EvidencePiece, ...] = ()
    actor: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GivenReview:
    """A reviewer's own view of one control."""

    level: int | None
    grade: Grade | None
    approves_not_applicable: bool
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HeldContradiction:
    """A claim that the network contradicts; `comment` is the institution's, empty: none yet."""

    code: str
    control: str
    check: str
    opened_at: datetime
    state: str
    comment: str = ""
    commented_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GivenComment:
    """What the institution says to its result, on one control or (None) on the whole."""

    control: str | None
    text: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SeenFinding:
    """One failure at one endpoint over time; `port` is None for the host as a whole."""

    code: str
    check: str
    address: str
    protocol: str
    port: int | None
    subkey: str
    severity: Severity
    state: str
    """As the register has it: open, reopened, disputed, closed …"""
    first_seen: datetime
    last_seen: datetime
    closed_at: datetime | None
    says: str
    is_fresh: bool = False
    """Its repair clock still runs: shown, and not in the score yet."""
    counts_from: datetime | None = None
    """When the repair clock ends; None: it counts already, or is closed."""
    is_potential: bool = False
    """It waits for the institution's word, and counts for nothing until then."""


@dataclass(frozen=True, slots=True)
class FindingChange:
    """What became of a finding since the previous score."""

    code: str
    what: Literal["opened", "closed", "reopened"]
    at: datetime


@dataclass(frozen=True, slots=True)
class EndpointVerdict:
    """What one check says of one endpoint, and every step back to who allowed the look."""

    address: str
    protocol: str
    port: int | None
    verdict: Verdict
    says: str
    observed_at: datetime
    check_version: int
    scan: str
    chunk: int | None
    artefact_sha256: str | None
    authorisation: str | None


@dataclass(frozen=True, slots=True)
class Artefact:
    """One raw file of a scan, by digest, with the program that wrote it (such as `nmap 7.93`)."""

    chunk: int | None
    sha256: str
    program: str


@dataclass(frozen=True, slots=True)
class ScanRun:
    """One scan as it was run; `chunks` is how many pieces of work it had."""

    code: str
    vantage: str
    state: str
    started_at: datetime
    ended_at: datetime | None
    chunks: int
    artefacts: tuple[Artefact, ...] = ()


@dataclass(frozen=True, slots=True)
class HeldAuthorisation:
    """Who allowed us to look, at what load, until when."""

    id: str
    signatory: str
    signatory_role: str
    valid_from: datetime
    valid_until: datetime
    load: int
    """From 0 to 4: what may be sent."""
    letter_sha256: str
    received_by: str
    granted_by: str | None
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GateRefusal:
    """Something that the gate did not let through, by its reason code."""

    target: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class UnjudgedHost:
    """A host that was tried and could not be judged; it is never called clean."""

    address: str
    check: str
    """Which could not judge it."""
    reason: str
    """As the check said it."""


@dataclass(frozen=True, slots=True)
class KnownAddresses:
    """How many addresses are known (declared, allocated or resolved), allowed and looked at."""

    total: int
    authorised: int
    looked_at: int


@dataclass(frozen=True, slots=True)
class TakenScore:
    """A score with the document that it was computed from."""

    title: str
    """The title of its round; empty for the live score."""
    as_of: datetime
    document: ScoreDocument
    result: ScoreResult
    digest: str = ""
    """Under which the score record is found."""


@dataclass(frozen=True, slots=True)
class RepairClock:
    """A round's own repair clock, which overrides every other, with the reason."""

    days: int
    reason: str


@dataclass(frozen=True, slots=True)
class ContentInputs:
    """The rules, checks and texts that the report was made under."""

    catalogue: Catalogue
    checks: Checks
    edition: Edition
    program_version: str
    translations: tuple[Translations, ...] = ()
    """The texts in other languages; a view reads them by way of `told_in`."""
    said: Mapping[str, tuple[Says, Says]] | None = None
    """By check: its sentences in English, in which the register keeps what was seen, and in the
    language of the readers; None: these read English."""


@dataclass(frozen=True, slots=True)
class InstitutionInputs:
    """Everything that is known of one institution when its report is made."""

    content: ContentInputs
    institution: Institution
    kind: Literal["round", "live"]
    round_code: str | None
    score: TakenScore
    audit_head: AuditHead
    addresses: KnownAddresses
    previous: TakenScore | None = None
    past: tuple[OwnRound, ...] = ()
    """How it stood in the rounds before, the oldest first."""
    repair_clock: RepairClock | None = None
    steps: tuple[Step, ...] = ()
    """The next improvements, ranked by `scoring.plan.rank_improvements`."""
    answers: Mapping[str, GivenAnswer] = field(default_factory=dict)
    reviews: Mapping[str, GivenReview] = field(default_factory=dict)
    contradictions: tuple[HeldContradiction, ...] = ()
    comments: tuple[GivenComment, ...] = ()
    findings: tuple[SeenFinding, ...] = ()
    changes: tuple[FindingChange, ...] = ()
    verdicts: Mapping[str, tuple[EndpointVerdict, ...]] = field(default_factory=dict)
    """By check id: the newest verdict on each endpoint."""
    scans: tuple[ScanRun, ...] = ()
    authorisations: tuple[HeldAuthorisation, ...] = ()
    refusals: tuple[GateRefusal, ...] = ()
    unjudged: tuple[UnjudgedHost, ...] = ()
    consents_to_be_named: bool = False
    """Its written consent to stand in public reports under its name."""


@dataclass(frozen=True, slots=True)
class InstitutionRow:
    """One institution in a nation's round; without a result it did not answer.

    The baseline results are over the controls of tier A alone, which every institution is asked:
    only these are compared across tiers.
    """

    code: str
    name: str
    sector: str
    tier: Tier
    result: ScoreResult | None
    baseline: ScoreResult | None
    previous_baseline: ScoreResult | None = None
    contradictions: int = 0
    """How many of its claims stand contradicted, by whichever checks."""
    observation_overdue: bool = False
    """As its score document has it: unknown gates hold too."""
    claims: Claims = field(default_factory=dict)
    """How many of its claims of each level the network bears out, contradicts or leaves open."""


@dataclass(frozen=True, slots=True)
class ReviewSample:
    """What was found of a sample of the claims, at how many institutions."""

    institutions: int
    """At how many all that was drawn is reviewed."""
    gap: Estimate | None
    """How far claims lie above what was found; None: nothing was drawn."""


@dataclass(frozen=True, slots=True)
class CheckFailure:
    """Where one check fails now: institutions by code, and how many endpoints in all."""

    check: str
    institutions: tuple[str, ...]
    endpoints: int
    previous_institutions: int | None = None
    """At how many institutions it failed when the previous round was finalised; None: not known."""


@dataclass(frozen=True, slots=True)
class EnteredIndicator:
    """A national indicator as it was entered last; without a date nobody entered it yet."""

    indicator: Indicator
    value: str = ""
    """As the register keeps it; `Indicator.kept` reads it."""
    source: str = ""
    dated: date | None = None
    is_due: bool = True
    """It was never entered, or is older than it should be."""


@dataclass(frozen=True, slots=True)
class NationInputs:
    """Everything that a nation's report is made from: one row for each institution asked."""

    content: ContentInputs
    round_code: str
    round_title: str
    as_of: datetime
    zone: str
    """The IANA zone in which dates are printed."""
    rows: tuple[InstitutionRow, ...]
    parameters: ScoreParameters
    audit_head: AuditHead
    previous_title: str | None = None
    previous: tuple[Standing, ...] | None = None
    """All who were asked in the previous round, as they stood on its baseline; None: those of
    `rows` that have an earlier result."""
    dependencies: tuple[Dependency, ...] = ()
    """On what they depend, through shared services too."""
    sample: ReviewSample | None = None
    named: int = 0
    """How many of them consented, now or once, to stand in public reports under their names."""
    failures: tuple[CheckFailure, ...] = ()
    indicators: tuple[EnteredIndicator, ...] = ()
    fixed: Fixed | None = None
    """Since when the public is told these figures; None: they are those of the register now."""
    is_invented: bool = False
    """Whatever was found stands at addresses and names that nobody can have: a laboratory."""


@dataclass(frozen=True, slots=True)
class SetEntry:
    """One file of a set of reports, as the set's index links it."""

    href: str
    """Relative to the index, inside its folder."""
    title: str
    subject: Literal["institution", "nation", "set"]
    sector: str | None = None
    result: ScoreResult | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class SetInputs:
    """A folder of reports for one audience: its files, and what matters most in them."""

    content: ContentInputs
    title: str
    as_of: datetime
    zone: str
    entries: tuple[SetEntry, ...]
    parameters: ScoreParameters
    audit_head: AuditHead
    sentences: tuple[str, ...] = ()
    """The most important sentences, the first three of which are shown."""
    commands: tuple[tuple[str, str], ...] = ()
    """Command lines to go on with, each with what it shows."""
