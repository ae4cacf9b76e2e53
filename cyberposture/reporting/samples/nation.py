"""Factories for a fictional nation: institutions of several sectors with scores of every kind."""

from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

from cyberposture.model.controls import Tier
from cyberposture.model.scores import ScoreDocument, ScoreResult
from cyberposture.reporting.fixed import Fixed
from cyberposture.reporting.inputs import (
    CheckFailure,
    EnteredIndicator,
    InstitutionRow,
    NationInputs,
)
from cyberposture.reporting.samples.contents import content, digest
from cyberposture.reporting.samples.institution import a_head
from cyberposture.reporting.samples.scores import (
    AS_OF,
    a_document,
    an_institution,
    failing,
    usual_level,
)
from cyberposture.scoring.assemble import parameters_of
from cyberposture.scoring.claims import Claims, claims_seen
from cyberposture.scoring.rollup import compute
from cyberposture.scoring.systemic import Dependency, Kind, Known, SharedService, second_hop

SECTORS = ("government", "power", "telecom", "finance", "health", "water", "transport", "education")
TIERS: tuple[Tier, ...] = ("A", "G", "X")
NAMES = ("Blue Canal", "Saffron Coast", "Juniper Hill", "Monsoon", "Karakoram", "Silver Delta")


def baseline_of(document: ScoreDocument) -> ScoreDocument:
    """Return the part of a document that every institution is asked."""
    asked = {control.id for control in content().catalogue.selected("A")}
    return document.model_copy(
        update={
            "controls": tuple(c for c in document.controls if c.id in asked),
            "answers": tuple(a for a in document.answers if a.control in asked),
            "verdicts": tuple(v for v in document.verdicts if v.control in asked),
        }
    )


@cache
def scored(
    tier: Tier, quality: int, gate: bool, kind: int = 0
) -> tuple[ScoreResult, ScoreResult, Claims]:
    """Return the own and the baseline result of an institution; a higher quality is better."""

    def level(control: str) -> int | None:
        if quality < -1:
            return 2 if int(digest("few", control)[:2], 16) < 60 else None
        luck = int(digest(kind, control[:3])[:2], 16) % 5 - 2
        return max(0, min(3, (usual_level(control) or 0) + quality + luck // 2))

    tallies = failing(("lab.telnet-not-reachable", 2, 12)) if gate else {}
    if quality < 0:
        tallies |= failing(
            ("lab.ssh-not-on-the-internet", 1, 3), ("lab.modern-versions-only", 2, 2)
        )
    document = a_document(an_institution(tier=tier), level=level, tallies=tallies)
    return compute(document), compute(baseline_of(document)), claims_seen(document)


def a_row(number: int, sector: str, **change: Any) -> InstitutionRow:
    """Return one institution; every twelfth did not answer, every thirteenth said too little."""
    tier = TIERS[number % 3]
    quality = (-1, 0, 0, 1, -1, 0, 1)[number % 7] - (sector == "water") + (sector == "finance")
    kind = number % 5
    own, base, claims = scored(tier, max(-1, quality) if number % 13 else -2, number % 3 == 0, kind)
    _, earlier, _ = scored(tier, max(-1, quality - number % 2), number % 3 == 0, kind)
    answered = number % 12 != 5
    row = InstitutionRow(
        code=f"{sector}-{number}",
        name=f"{NAMES[number % 6]} {sector.title()} {number} (fictional)",
        sector=sector,
        tier=tier,
        result=own if answered else None,
        baseline=base if answered else None,
        previous_baseline=earlier if number % 5 else None,
        contradictions=len(own.institution.contradictions) if answered else 0,
        claims=claims if answered else {},
    )
    return replace(row, **change)


ENTERED = {
    "NAT-01": "cgpc=working; central-entity=appointed; ncert=working; nsoc=none",
    "NAT-02": "plan=drafted; act=none; rules=drafted; crimes=none",
    "NAT-05": "bodies=37.5",
    "NAT-06": "firms=12; overdue=3",
    "NAT-12": "spend=1250; products=9; start-ups=31; partnerships=6",
    "NAT-15": "review=under-way",
}


def indicators(**values: str) -> tuple[EnteredIndicator, ...]:
    """Return every indicator; those in `values` (`NAT_05="bodies=37.5"`) or ENTERED have one."""
    given = {code.replace("_", "-"): value for code, value in values.items()} or ENTERED
    return tuple(
        EnteredIndicator(
            indicator,
            given[indicator.id],
            f"An invented paper on {indicator.title.lower()}",
            date(2026, 3, 31) if number % 3 else date(2024, 6, 30),
            number % 3 == 0,
        )
        if indicator.id in given
        else EnteredIndicator(indicator)
        for number, indicator in enumerate(content().catalogue.indicators)
    )


HOSTING = "Invented Hosting Ltd (fictional)"
SOFTWARE = "Paper Mill Software (fictional)"
CLOUD = "Government Cloud (fictional)"


def links(
    kind: Kind, name: str, codes: tuple[str, ...], known: Known = "declared", failing: int = 0
) -> tuple[Dependency, ...]:
    """Return that these institutions depend on one thing; at the first so many it fails."""
    return tuple(
        Dependency(code, kind, name, known, place < failing) for place, code in enumerate(codes)
    )


def dependencies(codes: tuple[str, ...]) -> tuple[Dependency, ...]:
    """Return the usual dependencies: declared, seen, and through a shared service."""
    service = SharedService(CLOUD, codes[0], codes[1:20:2]) if codes else None
    own = (
        *links("hosting", HOSTING, codes[::3], failing=7),
        *links("network", "AS64500", codes[::4], "observed", 3),
        *links("supplier", SOFTWARE, codes[1:4]),
        *links("software", "ExampleHTTP 1.4", codes[::5], "observed", 9),
        *links("software", "ExampleHTTP 1.4", codes[:1]),
        *links("route", "192.0.2.0/24", codes[5:8], "observed"),
        *links("supplier", "Fibre of Invention (fictional)", codes[:1]),
    )
    if service is None:
        return own
    used = links("service", service.name, service.users)
    return (*own, *used, *second_hop([service], own))


def a_nation(size: int = 60, **change: Any) -> NationInputs:
    """Return a nation of `size` institutions; the last sectors are the smallest."""
    rows = []
    for number in range(size):
        place = min(int(digest("sector", number)[:2], 16) // 28, 7)
        rows.append(a_row(number, SECTORS[place]))
    codes = tuple(row.code for row in rows)
    inputs = NationInputs(
        content=content(),
        round_code="2026-h2",
        round_title="round 2026-H2 (fictional)",
        as_of=AS_OF,
        zone="Asia/Karachi",
        rows=tuple(rows),
        parameters=parameters_of(content().catalogue),
        audit_head=replace(a_head(), chain="system"),
        previous_title="round 2026-H1",
        dependencies=dependencies(codes),
        failures=(
            CheckFailure(
                "lab.telnet-not-reachable", codes[::3], 2 * len(codes[::3]), len(codes) // 2
            ),
            CheckFailure("lab.modern-versions-only", codes[::5], 31),
            CheckFailure("lab.modbus-not-reachable", codes[:2], 2, 6),
        ),
        indicators=indicators(),
        fixed=Fixed(AS_OF, asked=size, changed=size // 3),
    )
    return replace(inputs, **change)
