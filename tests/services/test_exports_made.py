"""What goes out to other programs: the same numbers everywhere, no people, and on record."""

import csv
import hashlib
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from bench_of_reviewers import CODE, GATE, ROUND, Bench

from cyberposture.errors import MissingService, NotFound, WrongState, WrongUsage
from cyberposture.exchange.cells import plain_text
from cyberposture.exchange.oscal.results_in import read_results
from cyberposture.exchange.oscal.words import find_own, own_values
from cyberposture.model.scores import ScoreDocument
from cyberposture.scoring.rollup import compute
from cyberposture.services.exports import oscal
from cyberposture.services.exports.analysts import export_analysts
from cyberposture.services.exports.findings import FORMATS, make_findings
from cyberposture.services.exports.handing import hand_out, write_out
from cyberposture.services.exports.tables import export_tables
from cyberposture.services.findings import acts
from cyberposture.services.proof import audit
from cyberposture.services.review import improving, releasing
from cyberposture.services.schedule import schedules
from cyberposture.services.scores import score

HOST = "127.50.0.1"
TELNET = "cleartext.no-telnet-or-r-login"
OPEN = {"rest": "closed", "services": {"23": "telnet", "443": "ssl/http"}}
PEOPLE = ("l-lead", "L-Lead", "s-sign", "r-first", "Porter", "extension 9", "c-chief")
SPOKEN = "=1+1 as *agreed*\nin the office"
ACTION = {
    "what": "Shut the old door",
    "controls": [GATE],
    "keeper": "Head of networks",
    "due": "2027-03-31",
    "budget": "two weeks",
}


@pytest.fixture
def bench(office) -> Bench:
    """An institution with a letter, one host that answers by Telnet, and a score of a round."""
    bench = Bench(office).found(GOV_01={"level": 2, "reason": SPOKEN}, IAM_09=3)
    office.declare(CODE, HOST)
    office.authorise(CODE, "127.50.0.0/24", exclusions=["127.50.0.9/32"])
    office.look(CODE, HOST, **OPEN)
    bench.released()
    releasing.say_no_more(bench.lead, CODE, ROUND)
    score.finalise(bench.admin, CODE, ROUND)
    return bench


def body(made: Any, kind: str) -> dict[str, Any]:
    return json.loads(made.data)[kind]


def no_people_in(data: bytes) -> bool:
    return [name for name in PEOPLE if name.encode() in data] == []


def telnet(office) -> str:
    return office.finding(TELNET).code


def own(office, person: str) -> str:
    return office.invite(person, "observer")  # invited before: only the key is read


# --- the plan


def test_a_plan_has_a_task_for_the_questionnaire_and_for_each_schedule(bench):
    register = bench.office.register
    every = {"institution": CODE, "zone": "Asia/Karachi"}
    schedules.add_schedule(register, "nightly", "scan", "cron", "0 2 * * *", **every)
    schedules.add_schedule(register, "weekly", "scan", "interval", "604800", institution=CODE)
    schedules.add_schedule(register, "scores", "score", "interval", "60", institution=CODE)
    made = body(oscal.make_plan(register, CODE, ROUND), "assessment-plan")
    first, *looks = made["tasks"]
    assert find_own(first, "round") == ROUND
    assert [find_own(one, "schedule") for one in looks] == ["nightly", "weekly"]
    assert find_own(looks[0], "cron") == "0 2 * * *"
    assert looks[1]["timing"] == {"at-frequency": {"period": 604800, "unit": "seconds"}}
    activities = {one["uuid"] for one in made["local-definitions"]["activities"]}
    done = {a["activity-uuid"] for task in made["tasks"] for a in task["associated-activities"]}
    assert done == activities


def test_a_plan_carries_the_rules_of_the_letter_and_no_telephones(bench):
    made = oscal.make_plan(bench.office.register, CODE, ROUND)
    always, letter = body(made, "assessment-plan")["terms-and-conditions"]["parts"]
    assert "No check exploits a flaw" in always["prose"]
    assert letter["prose"].startswith("Load 3: light probing")
    listed = {part["name"]: part["prose"] for part in letter["parts"]}
    assert listed["assessment-inclusions"] == "- 127.50.0.0/24, all ports"
    assert listed["assessment-exclusions"] == "- 127.50.0.9/32"
    assert no_people_in(made.data)


def test_a_plan_without_letters_says_that_nothing_may_be_looked_at(office):
    Bench(office).found(GOV_01=1)
    made = body(oscal.make_plan(office.register, CODE, ROUND), "assessment-plan")
    assert made["terms-and-conditions"]["parts"][-1]["title"] == "There is no letter"
    assert len(made["tasks"]) == 1
    stub = made["import-ssp"]["href"].removeprefix("#")
    (resource,) = made["back-matter"]["resources"]
    assert (resource["uuid"], resource["title"]) == (stub, "There is no system security plan")


# --- the results


def test_results_are_read_back_as_the_score_that_was_kept(bench):
    register = bench.office.register
    made = oscal.make_results(register, CODE, ROUND)
    found = read_results(made.name, made.data)
    kept = score.find_current(register, CODE, ROUND)
    assert found == oscal.gather_score(register, CODE, ROUND)[0]
    assert found.heading.document_sha256 == kept.document_sha256
    assert found.heading.result_sha256 == kept.result_sha256
    assert found.result.model_dump(mode="json") == kept.result
    assert no_people_in(made.data)
    said = {one.control: one for one in found.answers}
    assert said["GOV-01"].reason == SPOKEN
    (seen,) = [one for one in found.seen if one.check == TELNET and one.verdict == "fail"]
    assert (seen.address, seen.port) == (HOST, 23)
    assert timedelta(days=30) < seen.expires - seen.at < timedelta(days=400)


def test_results_of_a_round_stay_the_same_whatever_comes_later(bench):
    register = bench.office.register
    before = oscal.make_results(register, CODE, ROUND).data
    bench.office.look(CODE, HOST, rest="closed", services={"443": "ssl/http"})
    assert oscal.make_results(register, CODE, ROUND).data == before
    live = oscal.make_results(register, CODE)
    assert read_results(live.name, live.data).heading.kind == "live"
    assert live.data != before


def test_results_of_a_round_without_a_score_are_not_there(office):
    Bench(office).found(GOV_01=1)
    with office.refuses(NotFound, "hill-office in autumn"):
        oscal.make_results(office.register, CODE, ROUND)


# --- the plan of action


def test_a_plan_of_action_has_findings_with_deadlines_and_actions_as_milestones(bench):
    office = bench.office
    action = ACTION | {"findings": [telnet(office)]}
    improving.save_action(bench.lead, CODE, ROUND, action)
    made = oscal.make_poam(office.register, CODE)
    found = body(made, "plan-of-action-and-milestones")
    risks = {find_own(one, "finding") or find_own(one, "action"): one for one in found["risks"]}
    weak = risks[telnet(office)]
    assert weak["status"] == "open"
    assert datetime.fromisoformat(weak["deadline"]) > office.clock()
    advice, planned = weak["remediations"]
    assert (advice["lifecycle"], planned["lifecycle"]) == ("recommendation", "planned")
    (milestone,) = planned["tasks"]
    assert milestone["timing"]["on-date"]["date"] == "2027-03-31T18:59:59+00:00"  # UTC+5
    items = [one for one in found["poam-items"] if find_own(one, "action")]
    assert [len(one["related-risks"]) for one in items] == [2]
    assert found["uuid"] == body(oscal.make_poam(office.register, CODE),
                                 "plan-of-action-and-milestones")["uuid"]  # fmt: skip


def test_an_accepted_risk_is_a_deviation_until_its_day(bench):
    office = bench.office
    until = office.clock() + timedelta(days=90)
    acts.accept(office.register, telnet(office), "s-sign", own(office, "s-sign"),
                reason="the plant needs it", until=until)  # fmt: skip
    found = body(oscal.make_poam(office.register, CODE), "plan-of-action-and-milestones")
    (weak,) = [one for one in found["risks"] if find_own(one, "finding") == telnet(office)]
    assert weak["status"] == "deviation-approved"
    (entry,) = weak["risk-log"]["entries"]
    assert entry["description"] == "the plant needs it"
    assert datetime.fromisoformat(entry["end"]) == until
    assert entry["status-change"] == "deviation-approved"
    assert "s-sign" not in json.dumps(found)


def test_where_nothing_is_open_there_is_no_plan_of_action(office):
    code = office.institution()
    with office.refuses(WrongState, "nothing is open"):
        oscal.make_poam(office.register, code)


# --- the findings


def test_findings_go_out_for_one_institution_or_for_those_that_may_be_seen(bench):
    office = bench.office
    other = office.institution("valley-office")
    office.declare(other, "127.50.0.2")
    office.look(other, "127.50.0.2", **OPEN)
    codes = {code: telnet_of(office, code) for code in (CODE, other)}

    def has(form: Any, **scope: Any) -> set[str]:
        data = make_findings(office.register, form, **scope).data.decode()
        return {code for code, finding in codes.items() if finding in data}

    for form in FORMATS:
        assert has(form) == {CODE, other}
        assert has(form, institution=CODE) == {CODE}
        assert has(form, among={other}) == {other}
        assert has(form, institution=CODE, among={other}) == set()


def telnet_of(office, code: str) -> str:
    (found,) = office.findings(TELNET, code)
    return found.code


def test_accepted_findings_are_suppressed_and_closed_ones_no_results(bench):
    office = bench.office
    acts.accept(office.register, telnet(office), "s-sign", own(office, "s-sign"),
                reason="the plant needs it")  # fmt: skip

    def results() -> dict[str, Any]:
        (run,) = json.loads(make_findings(office.register, "sarif").data)["runs"]
        rules = [one["id"] for one in run["tool"]["driver"]["rules"]]
        assert [rules[one["ruleIndex"]] for one in run["results"]] == [
            one["ruleId"] for one in run["results"]
        ]
        return {one["fingerprints"]["cyberposture/finding/v1"]: one for one in run["results"]}

    (suppressed,) = results()[telnet(office)]["suppressions"]
    assert suppressed == {
        "kind": "external", "status": "accepted", "justification": "the plant needs it"
    }  # fmt: skip
    office.look(CODE, HOST, rest="closed", services={"443": "ssl/http"})
    assert telnet(office) not in results()
    dojo = json.loads(make_findings(office.register, "defectdojo").data)["findings"]
    (mended,) = [one for one in dojo if one["unique_id_from_tool"] == telnet(office)]
    assert (mended["active"], mended["is_mitigated"]) == (False, True)
    assert "severity_justification" not in mended


def test_an_unknown_format_is_refused(office):
    with office.refuses(WrongUsage, "defectdojo, sarif, csv, json"):
        make_findings(office.register, "word")


# --- on record


def test_what_is_handed_out_is_on_record_with_its_digest(bench, tmp_path):
    office, out = bench.office, tmp_path / "results.json"
    made = oscal.make_results(office.register, CODE, ROUND)
    with office.adds("oscal-exported"):
        write_out(office.register, made, out, reason="for the auditor")
    assert out.read_bytes() == made.data
    assert out.stat().st_mode & 0o077 == 0
    entry = audit.read_entries(office.register)[-1]
    assert entry.data["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert (
        entry.data["document_sha256"]
        == score.find_current(office.register, CODE, ROUND).document_sha256
    )
    assert entry.act.reason == "for the auditor"
    with office.adds("findings-exported"):
        hand_out(office.register, make_findings(office.register, "csv", institution=CODE))
    with office.refuses(WrongState, "is there already"):
        write_out(office.register, made, out)


# --- the tables, and the same numbers everywhere


def lines_of(folder: Path, table: str) -> Iterator[dict[str, str | None]]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, strict=True):
            yield {name: plain_text(cell) or None for name, cell in row.items()}


def test_tables_hold_what_the_analysts_file_holds(bench, tmp_path):
    register = bench.office.register
    file = tmp_path / "analysts.sqlite"
    export_analysts(register, file)
    made = {form: export_tables(register, form, tmp_path / form) for form in
            ("csv", "json", "parquet")}  # fmt: skip
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        for table in made["csv"].rows:
            if table == "about":  # each has its own moment and audit head
                continue
            told = [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]
            as_text = [{k: None if v in (None, "") else str(v) for k, v in row.items()}
                       for row in told]  # fmt: skip
            assert list(lines_of(tmp_path / "csv", table)) == as_text
            text = (tmp_path / "json" / f"{table}.jsonl").read_text("utf-8")
            rows = [json.loads(line) for line in text.splitlines()]
            assert [list(row) for row in rows] == [list(row) for row in told]
            columns = pyarrow.parquet.read_table(tmp_path / "parquet" / f"{table}.parquet")
            assert columns.num_rows == len(told)
            assert made["parquet"].rows[table] == len(told)


def test_a_hostile_cell_is_no_formula(bench, tmp_path):
    export_tables(bench.office.register, "csv", tmp_path / "t")
    raw = (tmp_path / "t" / "answers.csv").read_bytes()
    assert b'"\'=1+1 as *agreed*\nin the office"' in raw
    assert b",=1+1" not in raw
    assert raw.count(b"\r\n") == len(list(lines_of(tmp_path / "t", "answers"))) + 1


def test_columns_of_parquet_have_types_and_their_sentences(bench, tmp_path):
    export_tables(bench.office.register, "parquet", tmp_path / "t")
    schema = pyarrow.parquet.read_schema(tmp_path / "t" / "scores.parquet")
    kinds = {name: str(schema.field(name).type) for name in ("as_of", "verified", "is_standing")}
    assert kinds == {"as_of": "timestamp[us, tz=UTC]", "verified": "int64", "is_standing": "bool"}
    assert schema.field("verified").metadata[b"kind"] == b"points"
    assert schema.field("verified").metadata[b"says"].endswith(b".")


def test_tables_go_into_a_new_folder_and_leave_nothing_behind(office, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    with office.refuses(WrongState, "is there already"):
        export_tables(office.register, "csv", tmp_path / "mine")
    with office.refuses(NotFound, "folder"):
        export_tables(office.register, "csv", tmp_path / "no" / "where")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with office.refuses(MissingService, "pyarrow"):
        export_tables(office.register, "parquet", tmp_path / "t")
    assert [
        path.name for path in tmp_path.iterdir() if "part" in path.name or path.name == "t"
    ] == []


def test_the_same_numbers_stand_in_every_export(bench, tmp_path):
    """Whole, domains and controls: result, document, OSCAL, the analysts' file and CSV."""
    register = bench.office.register
    kept = score.find_current(register, CODE, ROUND)
    whole, domains, controls = numbers(kept.result)
    assert numbers(compute(ScoreDocument.model_validate(kept.document)).model_dump()) == (
        whole, domains, controls
    )  # fmt: skip
    assert numbers_of_oscal(oscal.make_results(register, CODE, ROUND).data) == (
        whole, domains, controls
    )  # fmt: skip
    file, folder = tmp_path / "a.sqlite", tmp_path / "t"
    export_analysts(register, file)
    export_tables(register, "csv", folder)
    score_id = str(kept.summary.id)
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        kept_rows = {
            table: [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]
            for table in ("scores", "domain_scores", "control_scores")
        }
    assert numbers_of_rows(kept_rows, score_id) == (whole, domains, controls)
    of_csv = {table: list(lines_of(folder, table)) for table in kept_rows}
    assert numbers_of_rows(of_csv, score_id) == (whole, domains, controls)


WHOLE = ("declared", "verified", "claims_verified", "examined", "coverage", "observation_coverage")
DOMAIN = ("declared", "verified", "claims_verified", "coverage")
POINTS = ("declared", "verified")
Numbers = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]


def numbers(result: dict[str, Any]) -> Numbers:
    """Return the points of the whole, of each domain and of each control."""
    whole = {name: result["institution"][name] for name in WHOLE}
    domains = {d["id"]: tuple(d[name] for name in DOMAIN) for d in result["domains"]}
    controls = {c["id"]: tuple(c[name] for name in POINTS) for c in result["controls"]}
    return whole, domains, controls


def numbers_of_rows(tables: dict[str, list[dict[str, Any]]], score_id: str) -> Numbers:
    def number(value: Any) -> int | None:
        return None if value is None else int(value)

    (whole,) = [row for row in tables["scores"] if row["id"] == score_id]
    return (
        {name: number(whole[name]) for name in WHOLE},
        {row["domain"]: tuple(number(row[name]) for name in DOMAIN)
         for row in tables["domain_scores"] if row["score"] == score_id},
        {row["control"]: tuple(number(row[name]) for name in POINTS)
         for row in tables["control_scores"] if row["score"] == score_id},
    )  # fmt: skip


def numbers_of_oscal(data: bytes) -> Numbers:
    """Return them as another program finds them: from properties alone."""
    (result,) = json.loads(data)["assessment-results"]["results"]

    def number(item: dict[str, Any], name: str) -> int | None:
        found = find_own(item, name.replace("_", "-"))
        return None if found is None else int(found)

    domains: dict[str, dict[str, str]] = {}
    for prop in result["props"]:
        if prop.get("group", "").startswith("domain-"):
            domains.setdefault(prop["group"], {})[prop["name"]] = prop["value"]
    told = {
        one["domain-id"]: tuple(
            int(one[key]) if (key := f"domain-{name.replace('_', '-')}") in one else None
            for name in DOMAIN
        )
        for one in domains.values()
    }
    controls = {
        own_values(one, "id")[0]["value"]: tuple(number(one, name) for name in POINTS)
        for one in result["findings"]
    }
    return {name: number(result, name) for name in WHOLE}, told, controls
