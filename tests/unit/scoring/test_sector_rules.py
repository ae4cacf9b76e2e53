"""Sectors in the score: how much a domain counts, how old evidence may be, who is asked what."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import load_content
from cyberposture.model.assessments import Answer, Evidence
from cyberposture.model.controls import Catalogue
from cyberposture.model.institutions import Institution
from cyberposture.model.parameters import SectorRules
from cyberposture.model.scores import ScoreDocument
from cyberposture.scoring.assemble import assemble
from cyberposture.scoring.rollup import compute
from cyberposture.services.proof.bundle.verifier import scores as verifier_scores

CONTENT = load_content(find_content(None))
DAY = date(2026, 11, 22)
DOMAINS = [domain.id for domain in CONTENT.catalogue.framework.domains]


def institution(*sectors: str, tier: str = "A") -> Institution:
    return Institution.model_validate(
        {"code": "blue", "name": "Blue (fictional)", "sectors": sectors or ("other",), "tier": tier}
    )


def answers(**levels: int) -> dict[str, Answer]:
    """Return level 3 for every control, but for the domains named."""
    return {
        control.id: Answer(control=control.id, level=levels.get(control.domain, 3))
        for control in CONTENT.catalogue.controls
        if control.evidence_mode != "N"
    }


def made(one: Institution, catalogue: Catalogue = CONTENT.catalogue, **more: Any) -> ScoreDocument:
    given_more = {"answers": {}, "reviews": {}, "tallies": {}} | more
    return assemble(
        catalogue, CONTENT.checks.checks, one, on=DAY, observation_overdue=False, **given_more
    )


def with_rules(sector: str, **rules: Any) -> Catalogue:
    """Return the catalogue in which one sector says something else."""
    own = {"id": sector, "special": "One. Two.", "own_rules": None} | rules
    changed = [
        SectorRules.model_validate(own) if one.id == sector else one
        for one in CONTENT.catalogue.sector_rules
    ]
    return CONTENT.catalogue.model_copy(update={"sector_rules": tuple(changed)})


def factors(document: ScoreDocument) -> dict[str, int]:
    return {domain.id: domain.factor_pct for domain in document.domains}


def test_a_document_carries_the_factors_of_the_institutions_sector() -> None:
    power = {f.domain: f.factor_pct for own in CONTENT.catalogue.sector_rules if own.id == "power"
             for f in own.domains}  # fmt: skip
    assert power
    assert factors(made(institution("power"))) == dict.fromkeys(DOMAINS, 100) | power
    assert set(factors(made(institution("other"))).values()) == {100}


def test_of_several_sectors_the_first_decides_what_counts_more() -> None:
    assert factors(made(institution("power", "finance"))) == factors(made(institution("power")))
    assert factors(made(institution("finance", "power"))) == factors(made(institution("finance")))


def test_a_weak_domain_costs_more_where_it_counts_more() -> None:
    weak = answers(DAT=0)
    shop = compute(made(institution("e-commerce"), answers=weak)).institution
    usual = compute(made(institution("other"), answers=weak)).institution
    assert shop.declared < usual.declared
    assert shop.coverage == usual.coverage


@given(
    chosen=st.dictionaries(st.sampled_from(DOMAINS), st.integers(50, 200), max_size=8),
    levels=st.dictionaries(st.sampled_from(DOMAINS), st.integers(0, 3), max_size=8),
)
@settings(max_examples=25, deadline=None)
def test_the_mean_of_domains_is_weighted_as_the_published_arithmetic_says(
    chosen: dict[str, int], levels: dict[str, int]
) -> None:
    rows = [{"domain": d, "factor_pct": pct, "why": "So."} for d, pct in sorted(chosen.items())]
    catalogue = with_rules("water", domains=rows)
    document = made(institution("water"), catalogue, answers=answers(**levels))
    result = compute(document)
    applicable = {c.id for c in result.controls if c.applicable}
    weight = dict.fromkeys(DOMAINS, 0)
    for control in document.controls:
        if control.id in applicable:
            weight[control.domain] += control.weight * chosen.get(control.domain, 100)
    known = [(weight[d.id], d.declared) for d in result.domains if d.declared is not None]
    total, whole = sum(w * points for w, points in known), sum(w for w, _ in known)
    assert result.institution.declared == (2 * total + whole) // (2 * whole)
    assert result.model_dump(mode="json") == verifier_scores.score(
        document.model_dump(mode="json", by_alias=True)
    )


@pytest.mark.parametrize(("known", "grade"), [("S", "E0"), ("V", "E0"), ("U", "E1")])
def test_a_sectors_rule_on_evidence_makes_older_evidence_a_bare_word(
    known: str, grade: str
) -> None:
    rule = {"parameter": "evidence-age-days", "value": 90, "instrument": "nepra-it-ot-2022",
            "known": known, "source": "Invented.", "read_on": "2026-11-22"}  # fmt: skip
    old = Evidence(
        title="Order", sha256="0" * 64, size_bytes=1, file_name="o", dated=DAY - timedelta(days=91)
    )
    answer = {"GOV-01": Answer(control="GOV-01", level=2, evidence=(old,))}
    catalogue = with_rules("power", parameters=[rule])
    document = made(institution("power"), catalogue, answers=answer)
    assert next(a.grade for a in document.answers if a.control == "GOV-01") == grade
    other = made(institution("gas"), catalogue, answers=answer)
    assert next(a.grade for a in other.answers if a.control == "GOV-01") == "E1"


def test_a_start_profile_asks_its_controls_alone_and_keeps_their_gates() -> None:
    start = CONTENT.catalogue.find_profile("start")
    document = made(institution(), profile=start)
    assert start is not None
    assert {c.id for c in document.controls} == {one.id for one in start.controls or ()}
    gates = {c.id for c in CONTENT.catalogue.controls if c.gate == "A"}
    assert {c.id for c in document.controls if c.gate} == gates


def test_nobody_is_asked_what_is_only_proposed() -> None:
    ids = {c.id for c in made(institution(tier="X")).controls}
    assert not ids & {c.id for c in CONTENT.catalogue.proposed}
