"""Findings in the forms of others: the keys that their readers take, and nothing made up."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.exchange.cells import neutral, plain_text, write_csv
from cyberposture.exchange.findings.defectdojo import defectdojo_document
from cyberposture.exchange.findings.rows import COLUMNS, findings_csv, findings_json
from cyberposture.exchange.findings.sarif import sarif_document
from cyberposture.exchange.findings.shape import OutFinding

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
FINDING = OutFinding(
    code="f-1", institution="calm-harbour-port", institution_name="Calm Harbour Port",
    check="tls.modern", title="TLS is modern", why="Old versions are broken.",
    remedy="Switch them off.", severity="high", state="open", says="=SUM(1) speaks TLS 1.0.",
    subject="web", address="203.0.113.7", protocol="tcp", port=443, subkey="",
    vantage="internal:plant", is_potential=False, is_urgent=True, first_seen=NOW, last_seen=NOW,
    closed_at=None, marked_until=None, repair_by=NOW + timedelta(days=30), mark_reason="",
)  # fmt: skip
DOJO_KEYS = {
    "title", "severity", "description", "mitigation", "date", "active", "verified", "false_p",
    "risk_accepted", "under_review", "is_mitigated", "mitigated", "dynamic_finding",
    "static_finding", "unique_id_from_tool", "vuln_id_from_tool", "service", "endpoints", "tags",
    "planned_remediation_date", "severity_justification",
}  # fmt: skip
"""Source: DefectDojo, dojo/tools/generic/json_parser.py, the keys that it allows (an extract)."""
SEVERITIES = {"critical": "Critical", "high": "High", "medium": "Medium", "low": "Low"}


def dojo(**changes):
    (found,) = defectdojo_document([replace(FINDING, **changes)])["findings"]
    return found


def sarif(*findings):
    return sarif_document(findings, NOW)["runs"][0]


@pytest.mark.parametrize("state", ["open", "closed", "false-positive", "accepted", "disputed"])
def test_defectdojo_takes_every_key(state):
    found = dojo(state=state, closed_at=NOW, mark_reason="why")
    assert set(found) <= DOJO_KEYS
    assert json.loads(json.dumps(found)) == found


@pytest.mark.parametrize(
    ("state", "flags"),
    [
        ("open", (True, False, False, False, False)),
        ("accepted", (True, False, True, False, False)),
        ("disputed", (True, False, False, True, False)),
        ("false-positive", (False, True, False, False, False)),
        ("closed", (False, False, False, False, True)),
    ],
)
def test_states_are_defectdojo_s_own(state, flags):
    found = dojo(state=state)
    names = ("active", "false_p", "risk_accepted", "under_review", "is_mitigated")
    assert tuple(found[name] for name in names) == flags


@pytest.mark.parametrize(("ours", "theirs"), SEVERITIES.items())
def test_severities_are_defectdojo_s_own(ours, theirs):
    assert dojo(severity=ours)["severity"] == theirs


def test_a_host_as_a_whole_has_no_port():
    assert dojo(protocol="", port=None)["endpoints"] == [{"host": "203.0.113.7"}]
    assert dojo()["endpoints"] == [{"host": "203.0.113.7", "port": 443, "protocol": "tcp"}]


def test_a_rule_stands_once_and_results_name_it():
    other = replace(FINDING, code="f-2", check="dns.signed", title="Signed", severity="low")
    run = sarif(FINDING, other, replace(FINDING, code="f-3"))
    rules = run["tool"]["driver"]["rules"]
    assert [one["id"] for one in rules] == ["tls.modern", "dns.signed"]
    assert [one["ruleIndex"] for one in run["results"]] == [0, 1, 0]
    assert [one["level"] for one in run["results"]] == ["error", "note", "error"]
    prints = [one["fingerprints"] for one in run["results"]]
    assert prints == [{"cyberposture/finding/v1": code} for code in ("f-1", "f-2", "f-3")]


def test_places_are_logical_and_no_lines_are_made_up():
    ((place,),) = [one["locations"] for one in sarif(FINDING)["results"]]
    assert place == {
        "logicalLocations": [
            {
                "name": "203.0.113.7/tcp/443",
                "fullyQualifiedName": "calm-harbour-port/203.0.113.7/tcp/443",
                "kind": "resource",
            }
        ]
    }


def test_what_waits_for_confirmation_is_for_review_and_has_no_level():
    (result,) = sarif(replace(FINDING, is_potential=True))["results"]
    assert (result["kind"], result["level"]) == ("review", "none")


@pytest.mark.parametrize(
    ("state", "status"),
    [("accepted", "accepted"), ("false-positive", "accepted"), ("disputed", "underReview")],
)
def test_what_people_set_aside_is_suppressed_with_the_reason(state, status):
    (result,) = sarif(replace(FINDING, state=state, mark_reason="why"))["results"]
    (told,) = result["suppressions"]
    assert told == {"kind": "external", "status": status, "justification": "why"}


def test_what_is_closed_is_no_result():
    assert sarif(replace(FINDING, state="closed"))["results"] == []


def test_rows_have_the_same_names_in_csv_and_json():
    (row,) = csv.DictReader(io.StringIO(findings_csv([FINDING]).decode(), newline=""))
    (told,) = findings_json([FINDING], NOW)["findings"]
    assert tuple(row) == tuple(told) == COLUMNS
    assert row["says"] == "'=SUM(1) speaks TLS 1.0."
    assert told["says"] == FINDING.says
    assert (row["port"], row["is_urgent"], row["closed_at"]) == ("443", "1", "")


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2)))
def test_every_text_comes_back_out_of_csv_and_none_is_a_formula(rows):
    stream = io.StringIO(newline="")
    assert write_csv(stream, ("a", "b"), rows) == len(rows)
    _, *read = csv.reader(io.StringIO(stream.getvalue(), newline=""), strict=True)
    assert [[plain_text(cell) for cell in row] for row in read] == rows
    assert [cell for row in read for cell in row if cell.startswith(tuple("=+-@\t\r"))] == []


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_signs_of_formulas_are_neutralised(sign):
    assert neutral(f"{sign}1") == f"'{sign}1"


def test_numbers_stay_numbers():
    assert [neutral(value) for value in (-1, 2.5, None)] == [-1, 2.5, None]
