"""Assessment results: what goes out comes in again without loss, and is what OSCAL asks for."""

import base64
import json
import re
from typing import Any

import pytest
from assessed_samples import assessed, scores
from assessment_samples import a_score
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from official import fits
from oscal_samples import needs_schemas
from score_documents import a_control, a_document

from cyberposture.content.digests import digest
from cyberposture.errors import InvalidInput
from cyberposture.exchange.oscal.assessed import AssessedScore
from cyberposture.exchange.oscal.results_in import read_results
from cyberposture.exchange.oscal.results_out import results_document
from cyberposture.exchange.oscal.words import encode, find_own, own_values
from cyberposture.model.scores import ScoreDocument
from cyberposture.scoring.rollup import compute

UUID4 = r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"


def written(score: AssessedScore) -> bytes:
    return encode(results_document(score, {"IAM-09": "Doors are locked"}))


def body_of(score: AssessedScore) -> dict[str, Any]:
    return json.loads(written(score))["assessment-results"]


def finding_of(score: AssessedScore, control: str) -> dict[str, Any]:
    (found,) = [
        one for one in body_of(score)["results"][0]["findings"] if find_own(one, "id") == control
    ]
    return found


@pytest.fixture
def score() -> AssessedScore:
    return a_score()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scores())
def test_every_score_comes_back_as_it_went_out(score):
    assert read_results("results.json", written(score)) == score


@needs_schemas
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scores())
def test_every_score_is_valid_by_the_official_schema(score):
    assert fits("assessment-results", results_document(score, {})) == []


def test_the_same_score_gives_the_same_bytes_and_uuids_of_version_4(score):
    assert written(score) == written(AssessedScore.model_validate(score.model_dump(by_alias=True)))
    uuids = _uuids(body_of(score))
    assert len(uuids) == len(set(uuids))
    assert [u for u in uuids if not re.match(UUID4, u)] == []


def _uuids(item: Any) -> list[str]:
    if isinstance(item, list):
        return [uuid for one in item for uuid in _uuids(one)]
    if not isinstance(item, dict):
        return []
    own = [item["uuid"]] if "uuid" in item else []
    return own + [uuid for one in item.values() for uuid in _uuids(one)]


def test_declared_reviewed_and_seen_are_observed_by_different_methods(score):
    (result,) = body_of(score)["results"]
    methods = {
        (find_own(one, "observation"), find_own(one, "control")): one["methods"]
        for one in result["observations"]
    }
    assert methods == {
        ("said", "IAM-09"): ["INTERVIEW"],
        ("said", "IAM-10"): ["EXAMINE"],
        ("reviewed", "IAM-10"): ["EXAMINE"],
        ("seen", None): ["TEST"],
    }
    (seen,) = [one for one in result["observations"] if one["methods"] == ["TEST"]]
    assert seen["expires"] == "2027-02-20T09:30:00.001000Z"
    assert [one for one in result["observations"] if "expires" in one] == [seen]


def test_each_control_has_one_finding_that_keeps_its_finer_state(score):
    told = {}
    for control in score.result.controls:
        target = finding_of(score, control.id)["target"]
        status = target.get("implementation-status", {}).get("state")
        standing = find_own(finding_of(score, control.id), "standing")
        told[control.id] = (target["status"]["state"], standing, status)
    assert told == {
        "IAM-09": ("not-satisfied", "contradicted", None),
        "IAM-10": ("satisfied", "whole", "implemented"),
        "IAM-11": ("not-satisfied", "partial", "partial"),
        "IAM-12": ("satisfied", "not-applicable", "not-applicable"),
        "IAM-13": ("not-satisfied", "absent", None),
    }


def test_what_is_not_known_is_not_satisfied():
    document = a_document(controls=[a_control("IAM-09", evidence="N")], answers=[], verdicts=[])
    score = assessed(ScoreDocument.model_validate(document))
    finding = finding_of(score, "IAM-09")
    assert find_own(finding, "standing") == "unknown"
    assert finding["target"]["status"]["state"] == "not-satisfied"
    assert own_values(finding, "verified") == []


def test_a_finding_names_what_was_observed_of_its_control(score):
    (result,) = body_of(score)["results"]
    kinds = {one["uuid"]: find_own(one, "observation") for one in result["observations"]}
    related = finding_of(score, "IAM-09")["related-observations"]
    assert sorted(kinds[one["observation-uuid"]] for one in related) == ["said", "seen"]


def test_a_number_that_was_changed_is_refused(score):
    document = json.loads(written(score))
    (result,) = document["assessment-results"]["results"]
    (declared,) = own_values(result["findings"][0], "declared")
    declared["value"] = "9999"
    with pytest.raises(InvalidInput, match="the score's result was changed"):
        read_results("results.json", encode(document))


def test_a_document_that_was_changed_is_refused(score):
    document = json.loads(written(score))
    (held,) = [
        one
        for one in document["assessment-results"]["back-matter"]["resources"]
        if find_own(one, "resource") == "score-document"
    ]
    given = json.loads(base64.b64decode(held["base64"]["value"]))
    given["controls"][0]["weight"] = 3
    held["base64"]["value"] = base64.b64encode(json.dumps(given).encode()).decode()
    with pytest.raises(InvalidInput, match="the score's document was changed"):
        read_results("results.json", encode(document))


def test_the_numbers_come_out_again_from_what_travels_along(score):
    found = read_results("results.json", written(score))
    assert compute(found.document) == found.result
    assert digest(found.result) == found.heading.result_sha256


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'"x"',
        b'{"assessment-results": {}}',
        b'{"assessment-results": {"metadata": {"props": 3}}}',
        b'{"assessment-results": {"metadata": {"props": [{"name": "export"}]}}}',
        b"\xff\xfe",
    ],
)
def test_what_is_something_else_is_refused_and_never_crashes(data):
    with pytest.raises(InvalidInput, match=r"x\.json"):
        read_results("x.json", data)


def test_results_with_parts_missing_are_refused(score):
    whole = json.loads(written(score))
    for key in ("results", "back-matter", "metadata"):
        broken = json.loads(json.dumps(whole))
        del broken["assessment-results"][key]
        with pytest.raises(InvalidInput):
            read_results("x.json", encode(broken))


def places_in(item: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value inside a document."""
    inner = item.items() if isinstance(item, dict) else enumerate(item)
    found = []
    for key, value in inner:
        found.append((*path, key))
        if isinstance(value, dict | list):
            found += places_in(value, (*path, key))
    return found


WHOLE = results_document(a_score(), {})
PLACES = places_in(WHOLE)
OUTER = [path for path in PLACES if len(path) < 6]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=3,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PLACES) | st.sampled_from(OUTER), ANYTHING, st.booleans())
def test_whatever_is_changed_is_refused_or_is_no_number(path, value, is_taken_out):
    broken = json.loads(json.dumps(WHOLE))
    holder = broken
    for key in path[:-1]:
        holder = holder[key]
    if is_taken_out:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    try:
        found = read_results("x.json", encode(broken))
    except InvalidInput:
        return
    assert (found.document, found.result) == (a_score().document, a_score().result)
