"""The pure door: NDJSON in, NDJSON out, and every refusal at its line and path."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from score_documents import PARAMETERS, a_control, a_document, a_row, an_answer, bounded, documents

from cyberposture.errors import InvalidInput
from cyberposture.model.scores import ScoreDocument
from cyberposture.scoring.door import compute_lines

Plain = dict[str, Any]


def sound() -> Plain:
    """Return a document with two controls of each evidence, fit to be spoiled in one place."""
    controls = [
        a_control("IAM-09"),
        a_control("IAM-10", evidence="Q"),
        a_control("NET-01", evidence="N"),
        a_control("NET-02", evidence="N"),
    ]
    answers = [
        an_answer("IAM-09", review={"level": 1, "grade": "E2"}),
        an_answer("IAM-10", None),
        an_answer("NET-01", None, not_applicable="condition"),
    ]
    verdicts = [
        a_row("IAM-09", **{"pass": 3}, fail=1, not_tested=2),
        a_row("IAM-09", "other.check", direction="R"),
        a_row("NET-02", direction="S"),
    ]
    plain = a_document(controls, answers, verdicts)
    return json.loads(json.dumps(plain))


def refused(text: str) -> list[str]:
    """Return where each fault of a refused third line stands."""
    lines = compute_lines([json.dumps(sound()), "", text, json.dumps(sound())])
    assert json.loads(next(lines))["controls"]
    with pytest.raises(InvalidInput) as caught:
        next(lines)
    assert list(lines) == []
    assert all(fault.what for fault in caught.value.faults)
    return [fault.where for fault in caught.value.faults]


def put(*path: str | int, value: Any) -> Callable[[Plain], None]:
    def spoil(plain: Plain) -> None:
        target: Any = plain
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value

    return spoil


def drop(*path: str | int) -> Callable[[Plain], None]:
    def spoil(plain: Plain) -> None:
        target: Any = plain
        for step in path[:-1]:
            target = target[step]
        del target[path[-1]]

    return spoil


def add(name: str, value: Plain) -> Callable[[Plain], None]:
    return lambda plain: plain[name].append(value)


P = "parameters"
REFUSALS = {
    # Unknown keys and versions, one for each kind of object.
    "unknown-key": (put("colour", value=1), "$.colour"),
    "unknown-key-of-parameters": (put(P, "cap", value=1), "$.parameters.cap"),
    "unknown-key-of-factors": (put(P, "factors", "E4", value=1), "$.parameters.factors.E4"),
    "unknown-key-of-confidence": (
        put(P, "confidence", "low", value=1),
        "$.parameters.confidence.low",
    ),
    "unknown-key-of-domain": (put("domains", 0, "title", value=""), "$.domains[0].title"),
    "unknown-key-of-control": (put("controls", 1, "tier", value="A"), "$.controls[1].tier"),
    "unknown-key-of-answer": (put("answers", 0, "reason", value=""), "$.answers[0].reason"),
    "unknown-key-of-review": (
        put("answers", 0, "review", "by", value=""),
        "$.answers[0].review.by",
    ),
    "unknown-key-of-verdict": (put("verdicts", 0, "passed", value=1), "$.verdicts[0].passed"),
    "unusual-key": (put("controls", 0, "a b\n", value=1), '$.controls[0]["a b\\n"]'),
    "unknown-version": (put("scoring", value=2), "$.scoring"),
    "version-0": (put("scoring", value=0), "$.scoring"),
    "version-as-text": (put("scoring", value="1"), "$.scoring"),
    "version-as-fraction": (put("scoring", value=1.0), "$.scoring"),
    "version-as-boolean": (put("scoring", value=True), "$.scoring"),
    # Nothing is filled in silently.
    "missing-version": (drop("scoring"), "$.scoring"),
    "missing-parameter": (drop(P, "share_cap"), "$.parameters.share_cap"),
    "missing-factor": (drop(P, "factors", "E3"), "$.parameters.factors.E3"),
    "missing-review": (drop("answers", 1, "review"), "$.answers[1].review"),
    "missing-count": (drop("verdicts", 0, "pass"), "$.verdicts[0].pass"),
    "missing-overdue": (drop("observation_overdue"), "$.observation_overdue"),
    # Unknown controls and domains.
    "unknown-domain": (put("controls", 0, "domain", value="XYZ"), "$.controls[0].domain"),
    "answer-to-unknown-control": (
        put("answers", 0, "control", value="IAM-99"),
        "$.answers[0].control",
    ),
    "verdict-on-unknown-control": (
        put("verdicts", 2, "control", value="IAM-99"),
        "$.verdicts[2].control",
    ),
    # Duplicates.
    "domain-twice": (add("domains", {"id": "IAM", "factor_pct": 1}), "$.domains[2].id"),
    "control-twice": (add("controls", a_control("IAM-10")), "$.controls[4].id"),
    "answer-twice": (add("answers", an_answer("IAM-10", None)), "$.answers[3].control"),
    "verdict-row-twice": (
        add("verdicts", a_row("IAM-09", direction="S", **{"pass": 5})),
        "$.verdicts[3].check",
    ),
    "band-name-twice": (put(P, "bands", 4, 0, value="Managed"), "$.parameters.bands[4][0]"),
    # Numbers.
    "weight-0": (put("controls", 0, "weight", value=0), "$.controls[0].weight"),
    "weight-negative": (put("controls", 0, "weight", value=-5), "$.controls[0].weight"),
    "domain-factor-0": (put("domains", 0, "factor_pct", value=0), "$.domains[0].factor_pct"),
    "grade-factor-0": (put(P, "factors", "E0", value=0), "$.parameters.factors.E0"),
    **{
        f"{kind}-negative": (put("verdicts", 0, kind, value=-1), f"$.verdicts[0].{kind}")
        for kind in ("pass", "fail", "fresh", "inconclusive", "not_tested")
    },
    "count-as-boolean": (put("verdicts", 0, "fail", value=True), "$.verdicts[0].fail"),
    "count-as-fraction": (put("verdicts", 0, "fail", value=1.0), "$.verdicts[0].fail"),
    "count-as-text": (put("verdicts", 0, "fail", value="1"), "$.verdicts[0].fail"),
    "count-as-null": (put("verdicts", 0, "fail", value=None), "$.verdicts[0].fail"),
    "count-too-large-for-json": (put("verdicts", 0, "fail", value=2**53), "$.verdicts[0].fail"),
    "value-negative": (put(P, "values", 0, value=-1), "$.parameters.values[0]"),
    "value-too-few": (drop(P, "values", 3), "$.parameters.values[3]"),
    "value-too-many": (put(P, "values", value=[0, 1, 2, 3, 4]), "$.parameters.values"),
    "value-as-boolean": (put(P, "values", 1, value=True), "$.parameters.values[1]"),
    "overdue-as-number": (put("observation_overdue", value=1), "$.observation_overdue"),
    "gate-as-text": (put("controls", 0, "gate", value="false"), "$.controls[0].gate"),
    # Bands.
    "no-bands": (put(P, "bands", value=[]), "$.parameters.bands"),
    "bands-not-from-0": (put(P, "bands", 0, 1, value=1), "$.parameters.bands[0][1]"),
    "bands-level": (put(P, "bands", 2, 1, value=2500), "$.parameters.bands[2][1]"),
    "bands-descending": (put(P, "bands", 3, 1, value=4999), "$.parameters.bands[3][1]"),
    "band-without-start": (put(P, "bands", 3, value=["Managed"]), "$.parameters.bands[3][1]"),
    "unknown-gate-band": (put(P, "gate_band", value="Good"), "$.parameters.gate_band"),
    "unknown-low-band": (
        put(P, "low_confidence_band", value="Good"),
        "$.parameters.low_confidence_band",
    ),
    # Answers.
    "level-4": (put("answers", 0, "level", value=4), "$.answers[0].level"),
    "level-negative": (put("answers", 0, "level", value=-1), "$.answers[0].level"),
    "level-as-boolean": (put("answers", 0, "level", value=True), "$.answers[0].level"),
    "level-as-fraction": (put("answers", 0, "level", value=2.0), "$.answers[0].level"),
    "own-grade-E2": (put("answers", 0, "grade", value="E2"), "$.answers[0].grade"),
    "review-grade-E4": (
        put("answers", 0, "review", "grade", value="E4"),
        "$.answers[0].review.grade",
    ),
    "review-without-level": (
        put("answers", 0, "review", "level", value=None),
        "$.answers[0].review.level",
    ),
    "unknown-not-applicable": (
        put("answers", 1, "not_applicable", value="refused"),
        "$.answers[1].not_applicable",
    ),
    **{
        f"level-and-{word}": (
            add("answers", an_answer("NET-02", 1, not_applicable=word)),
            "$.answers[3].level",
        )
        for word in ("claimed", "approved", "condition")
    },
    **{
        f"review-and-{word}": (
            put(
                "answers",
                0,
                value=an_answer(
                    level=None, not_applicable=word, review={"level": 1, "grade": "E2"}
                ),
            ),
            "$.answers[0].review",
        )
        for word in ("approved", "condition")
    },
    **{
        f"network-only-control-{word}": (
            put("answers", 2, "not_applicable", value=word),
            "$.answers[2].not_applicable",
        )
        for word in (None, "claimed", "approved")
    },
    # Verdicts.
    "verdicts-of-a-Q-control": (
        put("verdicts", 0, "control", value="IAM-10"),
        "$.verdicts[0].control",
    ),
    "contradicting-row-of-an-N-control": (
        put("verdicts", 2, "direction", value="R"),
        "$.verdicts[2].direction",
    ),
    "unknown-direction": (put("verdicts", 0, "direction", value="X"), "$.verdicts[0].direction"),
    "unknown-roll-up": (put("verdicts", 0, "rollup", value="best"), "$.verdicts[0].rollup"),
    "unknown-evidence": (put("controls", 0, "evidence", value="QN"), "$.controls[0].evidence"),
    # Kinds.
    "parameters-as-list": (put(P, value=[]), "$.parameters"),
    "controls-as-object": (put("controls", value={}), "$.controls"),
    "control-as-text": (put("controls", 0, value="IAM-09"), "$.controls[0]"),
    "id-as-number": (put("domains", 0, "id", value=7), "$.domains[0].id"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_document_is_refused_at_its_path(name: str) -> None:
    spoil, path = REFUSALS[name]
    plain = sound()
    spoil(plain)
    assert f"line 3: {path}" in refused(json.dumps(plain))


def test_every_fault_of_a_document_is_told_at_once() -> None:
    plain = sound()
    plain["controls"][0]["domain"] = "XYZ"
    plain["answers"].append(an_answer("IAM-77"))
    assert refused(json.dumps(plain)) == [
        "line 3: $.controls[0].domain",
        "line 3: $.answers[3].control",
    ]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("{", "$"),
        ("null", "$"),
        ("[]", "$"),
        ("7", "$"),
        ('"text"', "$"),
        ("{}{}", "$"),
        ("\ufeff{}", "$"),
        ("[" * 100_000, "$"),
        ('{"scoring": ' + "9" * 5000 + "}", "$"),
        ('{"scoring": 1, "scoring": 1}', "$.scoring"),
    ],
    ids=[
        "cut",
        "null",
        "list",
        "number",
        "text",
        "two",
        "mark",
        "deep",
        "long-number",
        "key-twice",
    ],
)
def test_line_that_is_no_document_is_refused(text: str, where: str) -> None:
    assert f"line 3: {where}" in refused(text)


def test_key_given_twice_is_refused_wherever_it_stands() -> None:
    text = json.dumps(sound()).replace('"level": 1', '"level": 1, "level": 3')
    assert refused(text) == ["line 3: $.answers[0].review.level"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_number_that_is_none_is_refused(number: str) -> None:
    text = json.dumps(sound()).replace('"fail": 1', f'"fail": {number}')
    assert len(refused(text)) == 1


def test_results_come_in_the_order_of_the_documents() -> None:
    documents = [a_document([a_control(f"IAM-{n}")]) for n in range(10, 20)]
    results = [json.loads(line) for line in compute_lines(map(json.dumps, documents))]
    assert [result["controls"][0]["id"] for result in results] == [
        f"IAM-{n}" for n in range(10, 20)
    ]


def test_blank_lines_are_passed_over_but_counted() -> None:
    document = json.dumps(sound())
    assert len(list(compute_lines(["\n", document + "\r\n", "   \n", document]))) == 2
    assert list(compute_lines([])) == []
    with pytest.raises(InvalidInput, match=r"^line 4: \$: "):
        list(compute_lines(["\n", document, "\n", "{"]))


def test_lines_are_read_only_as_results_are_taken() -> None:
    def endless() -> Any:
        while True:
            yield json.dumps(sound())

    lines = compute_lines(endless())
    assert next(lines) == next(lines)


def test_result_is_one_compact_line_of_ascii_with_keys_in_the_published_order() -> None:
    document = a_document([a_control("شناخت", domain="d\u2028", evidence="N")])
    [line] = compute_lines([json.dumps(document, ensure_ascii=False)])
    assert line.isascii()
    assert "\n" not in line
    assert line == (
        '{"institution":{"declared":null,"verified":null,"claims_verified":null,"band":null,'
        '"confidence":"low","examined":0,"coverage":0,"observation_coverage":null,'
        '"gates_holding":[],"gates_unknown":[],"contradictions":[]},'
        '"domains":[{"id":"d\\u2028","declared":null,"verified":null,"claims_verified":null,'
        '"coverage":0}],'
        '"controls":[{"id":"\\u0634\\u0646\\u0627\\u062e\\u062a","applicable":true,'
        '"assessed":false,"examined":false,"declared":null,"verified":null,"grade":null,'
        '"contradiction":false}]}'
    )


def test_parameters_are_taken_from_the_document_and_from_nowhere_else() -> None:
    document = a_document(
        answers=[an_answer(level=1)], parameters=PARAMETERS | {"values": [0, 1000, 2000, 3000]}
    )
    [line] = compute_lines([json.dumps(document)])
    assert json.loads(line)["controls"][0]["verified"] == 800


@bounded
@given(documents())
def test_sound_document_is_kept_as_it_was_given(plain: Plain) -> None:
    # A stored score hands out its document, and anyone may feed it to the door again.
    kept = ScoreDocument.model_validate(plain).model_dump(mode="json")
    assert json.dumps(kept) == json.dumps(plain)
    assert len(list(compute_lines([json.dumps(kept)]))) == 1
