"""The content in the analysts' file: what is expected, what is looked for, and the editions.

A control or check that the register still names but the present edition does not hold any more
keeps a bare row, so that no reference leads nowhere.
"""

from collections.abc import Iterator

from cyberposture.exchange.analysts.shape import Column, Row, Table, fields
from cyberposture.exchange.analysts.snapshot import Snapshot
from cyberposture.store.editions import list_editions

IN_EDITION = Column(
    "in_edition",
    "flag",
    "Whether the present edition holds it; if not, the register knows only its id.",
)


def _domains(snapshot: Snapshot) -> Iterator[Row]:
    for domain in sorted(snapshot.content.catalogue.framework.domains, key=lambda d: d.id):
        yield {**fields(domain, "id", "title", "factor_pct"), "in_edition": True}


def _controls(snapshot: Snapshot) -> Iterator[Row]:
    plain = ("id", "version", "domain", "title", "statement", "intent", "evidence_mode", "weight")
    for control in snapshot.content.catalogue.controls:
        levels = control.levels
        yield {
            **fields(control, *plain, "tier"),
            "gate_from_tier": control.gate,
            "level_0": levels.absent if levels else None,
            "level_1": levels.part if levels else None,
            "level_2": levels.whole if levels else None,
            "level_3": levels.reviewed if levels else None,
            "in_edition": True,
        }


def _clauses(snapshot: Snapshot) -> Iterator[Row]:
    for clause in sorted(snapshot.content.catalogue.clauses, key=lambda c: c.id):
        yield fields(clause, "id", "page", "addressee", "text", "demand", "level")


def _control_clauses(snapshot: Snapshot) -> Iterator[Row]:
    for control in snapshot.content.catalogue.controls:
        for source in control.sources:
            same = fields(source, "clause", "instrument", "edition", "derivation")
            yield {"control": control.id, **same}


def _observations(snapshot: Snapshot) -> Iterator[Row]:
    for observation in sorted(snapshot.content.checks.observations, key=lambda o: o.code):
        yield fields(observation, "code", "title", "vantage", "needs")


def _control_observations(snapshot: Snapshot) -> Iterator[Row]:
    for control in snapshot.content.catalogue.controls:
        for use in control.observations:
            yield {"control": control.id, "observation": use.code, "direction": use.direction}


def _checks(snapshot: Snapshot) -> Iterator[Row]:
    plain = ("id", "version", "pack", "title", "observation", "severity", "repair_days")
    for check in snapshot.content.checks.checks:
        yield {
            **fields(check, *plain, "vantage", "technique", "rollup", "why", "remedy"),
            "in_edition": True,
        }


def _editions(snapshot: Snapshot) -> Iterator[Row]:
    for record in sorted(
        list_editions(snapshot.connection), key=lambda e: (e.act.at, e.kind, e.digest)
    ):
        same = fields(record, "kind", "digest", "name", "version")
        yield {**same, "adopted_at": record.act.at}


EDITIONS = Table(
    "editions",
    "Every edition of the content that the register ever adopted, oldest first.",
    ("kind", "digest"),
    (
        Column(
            "kind",
            "text",
            "What it holds: catalogue (rules), checks, reports or texts; foreign, resolved or "
            "crosswalk: what others wrote; draft: what was consulted on, not yet adopted.",
        ),
        Column("digest", "text", "SHA-256 of its canonical bytes: scores name their edition so."),
        Column("name", "text", "The catalogue's name."),
        Column("version", "text", "The version that its authors gave it."),
        Column("adopted_at", "moment", "When the register adopted it, or began to keep it."),
    ),
    _editions,
)
DOMAINS = Table(
    "domains",
    "The groups of controls.",
    ("id",),
    (
        Column("id", "text", "Three letters; the ids of its controls begin with them."),
        Column("title", "text", "What it is called.", optional=True),
        Column("factor_pct", "number", "What its weight is multiplied by, in percent.",
               optional=True),
        IN_EDITION,
    ),
    _domains,
)  # fmt: skip
CONTROLS = Table(
    "controls",
    "What is expected of institutions, one row a control.",
    ("id",),
    (
        Column("id", "text", "The control's id; never used twice."),
        Column("version", "number", "Rises when the meaning changes.", optional=True),
        Column("domain", "text", "The group that it belongs to.", "domains.id", optional=True),
        Column("title", "text", "The good condition in a few words.", optional=True),
        Column("statement", "text", "What is expected, in one sentence.", optional=True),
        Column("intent", "text", "Why it is expected.", optional=True),
        Column("evidence_mode", "text",
               "Q: asked; Q+N: asked and seen on the network; N: the network alone decides.",
               optional=True),
        Column("weight", "number", "How much it counts: 1, 3 or 5.", optional=True),
        Column("tier", "text", "The lowest tier that is asked: A all, G government, X critical.",
               optional=True),
        Column("gate_from_tier", "text", "The lowest tier at which it is a gate; NULL: never.",
               optional=True),
        Column("level_0", "text", "What answer level 0 means here.", optional=True),
        Column("level_1", "text", "What answer level 1 means here.", optional=True),
        Column("level_2", "text", "What answer level 2 means here.", optional=True),
        Column("level_3", "text", "What answer level 3 means here.", optional=True),
        IN_EDITION,
    ),
    _controls,
    search=("title", "statement", "intent"),
)  # fmt: skip
CLAUSES = Table(
    "clauses",
    "The clauses of the policy, in our paraphrase.",
    ("id",),
    (
        Column("id", "text", "The clause's number in the policy."),
        Column("page", "number", "The page on which it stands."),
        Column("addressee", "text", "Whom it speaks to."),
        Column("text", "text", "What it says, in our words."),
        Column("demand", "text", "Who has to do what."),
        Column("level", "text", "Where it can be assessed: Q, Q+N, Nat (nationally) or Ctx."),
    ),
    _clauses,
)
CONTROL_CLAUSES = Table(
    "control_clauses",
    "From which clauses each control follows.",
    ("control", "instrument", "edition", "clause"),
    (
        Column("control", "text", "The control.", "controls.id"),
        Column("clause", "text", "The clause.", "clauses.id"),
        Column("instrument", "text", "The policy or law that the clause stands in."),
        Column("edition", "text", "The edition of that instrument."),
        Column("derivation", "text",
               "D: the clause asks for it; Dg: of government; Dc: of critical operators; "
               "I: our elaboration."),
    ),
    _control_clauses,
)  # fmt: skip
OBSERVATIONS = Table(
    "observations",
    "The vocabulary that controls and checks share: what can be seen on the network.",
    ("code",),
    (
        Column("code", "text", "The word, as controls and checks use it."),
        Column("title", "text", "What is seen."),
        Column("vantage", "text", "From where it can be seen."),
        Column("needs", "text", "What must be known beforehand; empty for nothing."),
    ),
    _observations,
)
CONTROL_OBSERVATIONS = Table(
    "control_observations",
    "Which observations speak to which control.",
    ("control", "observation"),
    (
        Column("control", "text", "The control.", "controls.id"),
        Column("observation", "text", "What is seen.", "observations.code"),
        Column("direction", "text", "C: decides the part that can be seen; R: can only "
               "contradict; S: supports."),
    ),
    _control_observations,
)  # fmt: skip
CHECKS = Table(
    "checks",
    "What is looked for on the network and how it is judged, one row a check.",
    ("id",),
    (
        Column("id", "text", "Pack and name, with a dot between."),
        Column("version", "number", "Rises when the meaning changes.", optional=True),
        Column("pack", "text", "The folder of checks that it belongs to.", optional=True),
        Column("title", "text", "The good condition in a few words.", optional=True),
        Column("observation", "text", "What it sees.", "observations.code", optional=True),
        Column("severity", "text", "critical, high, medium or low.", optional=True),
        Column("repair_days", "number",
               "Days until a failure counts; NULL: as usual for its severity.", optional=True),
        Column("vantage", "text", "From where it judges: any, external or internal.",
               optional=True),
        Column("technique", "text", "The technique whose facts it judges.", optional=True),
        Column("rollup", "text", "How endpoints add up: worst, or share.", optional=True),
        Column("why", "text", "Why it matters.", optional=True),
        Column("remedy", "text", "What to do about it.", optional=True),
        IN_EDITION,
    ),
    _checks,
)  # fmt: skip

TABLES = (
    EDITIONS,
    DOMAINS,
    CONTROLS,
    CLAUSES,
    CONTROL_CLAUSES,
    OBSERVATIONS,
    CONTROL_OBSERVATIONS,
    CHECKS,
)
"""Each table after those that it refers to."""
