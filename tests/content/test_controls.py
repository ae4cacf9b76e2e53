"""Walks the catalogue: every control file is a case; the whole agrees with the policy's facts."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import find_catalogue, load_catalogue
from cyberposture.content.reading.control_files import domain_files
from cyberposture.content.reading.documents import read_file
from cyberposture.content.reading.jargon import unexplained
from cyberposture.model.controls import Catalogue, Clause, Condition, Control

HOME = find_catalogue(find_content(None).controls)
FILES = sorted(path for path in domain_files(HOME) if path.name.count(".") == 1)
SPLIT_OFF = {"O-LEGACY", "O-LOGIN"}
"""Finer codes than those of the policy notes: part of O-PORT, and part of O-ADMIN."""
OBSERVATIONS = find_content(None).scanners / "observations.yaml"
SHARED = Path(__file__).resolve().parents[2].parent / "shared"
FACTS = SHARED / "policy" / "ncsp-2021.json"
INTERFACES = SHARED / "design" / "interfaces.md"

CONDITIONS: dict[str | None, frozenset[str]] = {
    None: frozenset(),
    "web": frozenset({"web"}),
    "mail": frozenset({"mail"}),
    "dev": frozenset({"own-development"}),
    "cloud": frozenset({"cloud"}),
    "PII": frozenset({"personal-data"}),
    "OT": frozenset({"ot"}),
    "vendor": frozenset({"vendor"}),
    "GOV": frozenset({"government"}),
    "TEL": frozenset({"telecom"}),
    "FIN, TEL": frozenset({"finance", "telecom"}),
    "GOV, FIN": frozenset({"government", "finance"}),
    "GOV, CII": frozenset({"government", "cii"}),
    "dev or buy": frozenset({"own-development", "purchases-systems"}),
    "own prefix, GOV via ISP": frozenset({"own-prefix", "government"}),
    "FIN, citizen services": frozenset({"finance", "citizen-services"}),
    "FIN, TEL, citizen services": frozenset({"finance", "telecom", "citizen-services"}),
}
"""The condition words of the policy facts, as features and sectors of which any one is enough."""

GATE_TIERS = {"all": "A", "enhanced": "G", "cii with OT": "X"}

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


@cache
def catalogue() -> Catalogue:
    return load_catalogue(find_content(None).controls)


def control_in(path: Path) -> Control:
    found = catalogue().find(path.name[:6])
    assert found is not None, f"{path.name}: no control has this id"
    return found


def words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z0-9]+", text.lower()))


def named_in(condition: Condition | None) -> frozenset[str]:
    """Return every feature and sector that the condition names."""
    if condition is None:
        return frozenset()
    parts = (condition.any_of or ()) + (condition.all_of or ())
    own = frozenset(word for word in (condition.feature, condition.sector) if word)
    return own.union(*(named_in(part) for part in parts))


@cache
def facts() -> dict[str, Any]:
    if not FACTS.is_file():
        pytest.skip("the policy facts do not stand beside this checkout")
    loaded: dict[str, Any] = json.loads(FACTS.read_text(encoding="utf-8"))
    return loaded


def fact_of(control: Control) -> dict[str, Any]:
    found = [fact for fact in facts()["controls"] if fact["id"] == control.id]
    assert len(found) == 1, f"{control.id} is not among the policy facts"
    return dict(found[0])


# Each file


@each_file
def test_file_is_named_after_its_control_and_lies_in_its_domain(path: Path) -> None:
    written = read_file(path).value
    assert path.name.startswith(f"{written['id']}-")
    assert path.parent.name == written["id"][:3].lower()
    assert re.fullmatch(r"[A-Z]{3}-\d{2}(-[a-z0-9]+)+", path.stem)


@each_file
def test_fields_stand_in_the_order_of_the_model(path: Path) -> None:
    written = list(read_file(path).value)
    assert written == [name for name in Control.model_fields if name in written]
    assert {"gate", "applies_when", "observations", "intent"} <= set(written)


@each_file
def test_title_states_a_condition_in_one_line(path: Path) -> None:
    title = control_in(path).title
    assert not title.lower().startswith("ensure")
    assert title == title.strip()
    assert not title.endswith(".")
    assert title[0].isupper()


@each_file
def test_statement_is_one_plain_sentence(path: Path) -> None:
    control = control_in(path)
    statement = control.statement
    assert statement == " ".join(statement.split())
    assert statement[0].isupper()
    assert statement.endswith(".")
    assert not re.search(r"[.?!] [A-Z]", statement), "more than one sentence"
    assert not re.search(r"\b(should|must be able|ensure|appropriate|adequate)\b", statement)
    assert words(statement) != words(control.title)


@each_file
def test_statement_gives_no_period_that_the_title_does_not_carry(path: Path) -> None:
    control = control_in(path)
    periods = re.findall(r"\d+ (?:hours?|days?|weeks?|months?|years?)", control.statement)
    for period in periods:
        assert period in control.title, f"{period} is neither the policy's nor in the title"


@each_file
def test_intent_says_why_in_words_of_its_own(path: Path) -> None:
    control = control_in(path)
    assert control.intent is not None
    assert 40 <= len(control.intent) <= 400
    assert control.intent.endswith(".")


@each_file
def test_control_is_whole(path: Path) -> None:
    control = control_in(path)
    assert (control.levels is None) == (control.evidence_mode == "N")
    assert control.weight_reason
    assert set(control.guidance) == {"small", "large"}
    assert control.evidence
    assert len(control.review) >= 2 or control.evidence_mode == "N"
    assert all(question.endswith(("?", ".")) for question in control.review)
    assert "pisf" in {crossing.framework for crossing in control.maps_to}


@each_file
def test_levels_are_four_sentences_of_their_own(path: Path) -> None:
    control = control_in(path)
    if control.levels is None:
        return
    said = list(control.levels.model_dump().values())
    assert len(set(said)) == 4
    assert all(text.endswith(".") for text in said)


@each_file
def test_guidance_ends_in_a_full_stop(path: Path) -> None:
    control = control_in(path)
    for text in control.guidance.values():
        assert text.endswith(".")


@each_file
def test_condition_names_known_features_and_sectors(path: Path) -> None:
    framework = catalogue().framework
    known = {item.id for item in (*framework.features, *framework.sectors)}
    assert named_in(control_in(path).applies_when) <= known


@each_file
def test_observation_codes_are_in_the_shared_vocabulary(path: Path) -> None:
    if not OBSERVATIONS.is_file():
        pytest.skip("scanners/observations.yaml is not there")
    known = {row["code"] for row in read_file(OBSERVATIONS).value}
    assert {use.code for use in control_in(path).observations} <= known


@each_file
def test_weights_tiers_and_evidence_equal_the_policy_facts(path: Path) -> None:
    control = control_in(path)
    fact = fact_of(control)
    assert control.domain == fact["domain"]
    assert control.title.startswith(fact["title"])
    assert (control.weight, control.tier) == (fact["weight"], fact["tier"])
    assert control.evidence_mode == fact["evidence"]


@each_file
def test_sources_and_observations_equal_the_policy_facts(path: Path) -> None:
    control = control_in(path)
    fact = fact_of(control)
    assert [source.clause for source in control.sources] == fact["clauses"]
    assert {source.derivation for source in control.sources} == {fact["derivation"]}
    assert {(s.instrument, s.edition) for s in control.sources} == {("NCSP", "2021")}
    ours = [use.code for use in control.observations if use.code not in SPLIT_OFF]
    assert ours == fact["observations"]
    assert {use.direction for use in control.observations} <= {fact["direction"]}


@each_file
def test_condition_equals_the_policy_facts(path: Path) -> None:
    control = control_in(path)
    fact = fact_of(control)
    expected = CONDITIONS[fact["condition"]]
    assert named_in(control.applies_when) == expected
    sectors = frozenset(sector.id for sector in catalogue().framework.sectors)
    for word in expected:
        assert control.applies_when is not None
        alone = frozenset({word})
        assert control.applies_when.holds(alone - sectors, alone & sectors), f"{word} is enough"


# The catalogue as a whole


def test_every_file_of_the_folder_is_loaded_once() -> None:
    assert [control.id for control in catalogue().controls] == sorted(p.name[:6] for p in FILES)
    assert len({path.name[:6] for path in FILES}) == len(FILES)


@pytest.mark.parametrize("field", ["title", "statement", "intent"])
def test_no_text_is_used_twice(field: str) -> None:
    texts = Counter(getattr(control, field).lower() for control in catalogue().controls)
    assert [text for text, count in texts.items() if count > 1] == []


def test_no_two_statements_share_most_of_their_words() -> None:
    said = [(control.id, words(control.statement)) for control in catalogue().controls]
    alike = [
        (one, other)
        for (one, left), (other, right) in combinations(said, 2)
        if len(left & right) > 0.7 * min(len(left), len(right))
    ]
    assert alike == []


def test_controls_are_counted_as_designed() -> None:
    controls = catalogue().controls
    assert len(controls) == 174
    assert Counter(control.weight for control in controls) == {5: 55, 3: 84, 1: 35}
    assert Counter(control.tier for control in controls) == {"A": 91, "G": 76, "X": 7}
    modes = Counter(control.evidence_mode for control in controls)
    assert modes == {"Q": 121, "Q+N": 36, "N": 17}


def test_clauses_are_counted_as_designed() -> None:
    levels = Counter(clause.level for clause in catalogue().clauses)
    assert levels == {"Q": 53, "Q+N": 18, "Nat": 46, "Ctx": 9}


def test_each_clause_an_institution_can_answer_has_a_control() -> None:
    used = {source.clause for control in catalogue().controls for source in control.sources}
    bare = [c.id for c in catalogue().clauses if c.level in ("Q", "Q+N") and c.id not in used]
    assert bare == []


def test_no_control_rests_on_national_clauses_alone() -> None:
    levels = {clause.id: clause.level for clause in catalogue().clauses}
    stranded = [
        control.id
        for control in catalogue().controls
        if {levels[source.clause] for source in control.sources} <= {"Nat", "Ctx"}
    ]
    assert stranded == []


def test_each_clause_marked_for_the_network_has_a_control_that_it_speaks_to() -> None:
    modes: dict[str, set[str]] = {}
    for control in catalogue().controls:
        for source in control.sources:
            modes.setdefault(source.clause, set()).add(control.evidence_mode)
    for clause in catalogue().clauses:
        if clause.level == "Q+N":
            assert modes[clause.id] & {"Q+N", "N"}, clause.id


def test_each_domain_has_controls_numbered_without_a_gap() -> None:
    for domain in catalogue().framework.domains:
        ids = [c.id for c in catalogue().controls if c.domain == domain.id]
        gone = [r.id for r in catalogue().retired if r.id[:3] == domain.id]
        numbers = sorted(int(identity[4:]) for identity in ids + gone)
        assert numbers == list(range(1, len(numbers) + 1)), domain.id


def test_no_retired_id_has_come_back() -> None:
    assert not {row.id for row in catalogue().retired} & {c.id for c in catalogue().controls}


def texts_of(control: Control) -> Iterator[tuple[str, str]]:
    """Yield every longer text of a control with the field that it stands in."""
    levels = control.levels.model_dump(by_alias=True) if control.levels else {}
    yield from ((f"levels.{number}", text) for number, text in levels.items())
    yield from ((f"guidance.{size}", text) for size, text in control.guidance.items())
    yield from (("evidence", proof.what) for proof in control.evidence)
    yield from (("review", question) for question in control.review)
    yield from ((f"sector_notes.{sector}", text) for sector, text in control.sector_notes.items())
    yield "weight_reason", control.weight_reason or ""


def test_no_text_stands_twice_anywhere() -> None:
    said = [text.lower() for c in catalogue().controls for _, text in texts_of(c)]
    assert sorted(text for text, count in Counter(said).items() if count > 1) == []


def test_no_text_is_another_with_one_word_exchanged() -> None:
    """A template shows as two longer texts that share nearly all of their words in order."""
    patterns: Counter[tuple[str, ...]] = Counter()
    for control in catalogue().controls:
        for _, text in texts_of(control):
            spoken = re.findall(r"[a-z0-9]+", text.lower())
            if len(spoken) < 12:
                continue
            patterns.update({(*spoken[:i], "", *spoken[i + 1 :]) for i in range(len(spoken))})
    assert [" ".join(words) for words, count in patterns.items() if count > 1] == []


def test_every_sector_has_notes_of_its_own() -> None:
    notes = Counter(sector for c in catalogue().controls for sector in c.sector_notes)
    sectors = {sector.id for sector in catalogue().framework.sectors} - {"other"}
    assert set(notes) == sectors
    assert min(notes.values()) >= 25


def test_proofs_differ_in_how_old_they_may_be() -> None:
    ages = Counter(p.max_age_days for c in catalogue().controls for p in c.evidence)
    assert len(ages) >= 5
    assert ages[365] < sum(ages.values()) * 0.6


def test_a_gate_is_asked_wherever_it_holds() -> None:
    order = "AGX"
    for control in catalogue().controls:
        if control.gate is not None:
            assert order.index(control.gate) >= order.index(control.tier), control.id


# The framework


def test_bands_and_levels_ascend_to_the_full_scale() -> None:
    scale = catalogue().framework.scale
    starts = [start for _, start in scale.bands]
    assert starts == sorted(set(starts))
    assert starts[0] == 0
    assert list(scale.values) == sorted(set(scale.values))
    assert (scale.values[0], scale.values[-1]) == (0, 10_000)


def test_scale_equals_the_parameters_of_the_published_interface() -> None:
    if not INTERFACES.is_file():
        pytest.skip("the interface page does not stand beside this checkout")
    page = INTERFACES.read_text(encoding="utf-8")
    start = page.index("{", page.index('"parameters":'))
    published, _ = json.JSONDecoder().raw_decode(page[start:])
    assert catalogue().framework.scale.model_dump(mode="json") == published


def test_bands_that_cap_are_bands_of_the_scale() -> None:
    scale = catalogue().framework.scale
    assert {scale.gate_band, scale.low_confidence_band} <= {name for name, _ in scale.bands}


def test_no_code_is_listed_twice_or_as_feature_and_sector() -> None:
    framework = catalogue().framework
    codes = Counter(item.id for item in (*framework.features, *framework.sectors))
    codes.update(domain.id for domain in framework.domains)
    assert [code for code, count in codes.items() if count > 1] == []


def test_each_feature_is_asked_about_by_some_control() -> None:
    used = frozenset().union(*(named_in(c.applies_when) for c in catalogue().controls))
    assert {feature.id for feature in catalogue().framework.features} <= used


# The policy facts, where they stand beside the checkout


def test_controls_are_those_of_the_policy_facts() -> None:
    assert [c.id for c in catalogue().controls] == sorted(c["id"] for c in facts()["controls"])


def test_domains_are_those_of_the_policy_facts() -> None:
    ours = [(domain.id, domain.title) for domain in catalogue().framework.domains]
    assert ours == [(domain["id"], domain["title"]) for domain in facts()["domains"]]


def test_clauses_are_those_of_the_policy_facts_in_the_policys_order() -> None:
    def key(clause: Clause) -> tuple[str, int, str]:
        return (clause.id, clause.page, clause.level)

    ours = [key(clause) for clause in catalogue().clauses]
    assert ours == [(c["id"], c["page"], c["level"]) for c in facts()["clauses"]]


def test_clauses_and_controls_point_at_each_other_as_in_the_policy_facts() -> None:
    used: dict[str, set[str]] = {clause.id: set() for clause in catalogue().clauses}
    for control in catalogue().controls:
        for source in control.sources:
            used[source.clause].add(control.id)
    assert used == {clause["id"]: set(clause["controls"]) for clause in facts()["clauses"]}


def test_gates_are_those_of_the_policy_facts() -> None:
    expected = {
        identity: tier for word, tier in GATE_TIERS.items() for identity in facts()["gates"][word]
    }
    assert {c.id: c.gate for c in catalogue().controls if c.gate is not None} == expected


# The glossary


def test_every_term_is_used_by_a_control_or_by_another_term() -> None:
    said = " ".join(
        [c.title + " " + c.statement + " " + (c.intent or "") for c in catalogue().controls]
        + [text for c in catalogue().controls for _, text in texts_of(c)]
        + [row.means for row in catalogue().glossary]
    )
    spoken = set(re.findall(r"[A-Za-z0-9]+", said))
    unused = [
        row.term
        for row in catalogue().glossary
        if not {*row.term.split("-"), f"{row.term}s"} & spoken
    ]
    assert unused == []


def test_terms_stand_in_the_order_of_the_alphabet() -> None:
    terms = [row.term for row in catalogue().glossary]
    assert terms == sorted(terms)


def test_abbreviation_that_nobody_explains_is_refused() -> None:
    control = catalogue().controls[0]
    odd = control.model_copy(update={"intent": "A QZX is missing, and two QZXs are too many."})
    assert list(unexplained(odd, catalogue())) == [("intent", "QZX"), ("intent", "QZXs")]
    assert list(unexplained(control, catalogue())) == []
