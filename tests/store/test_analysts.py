"""The analysts' file: all that the register holds but secrets and people, documented and whole."""

import json
import resource
import sqlite3
import stat
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection

from cyberposture.content.editions import identify
from cyberposture.content.loader import Content, load_catalogue, load_checks
from cyberposture.errors import MissingService, NotFound, WrongState, WrongUsage
from cyberposture.exchange.analysts.shape import KINDS
from cyberposture.model.assessments import Answer, Evidence, Review
from cyberposture.model.checks import Check, Verdict
from cyberposture.model.controls import Control
from cyberposture.model.institutions import Institution
from cyberposture.model.observations import Fact, HostFact, Judgement, PortFact
from cyberposture.services import setup
from cyberposture.services.assessments import assess
from cyberposture.services.assessments.rounds import open_round
from cyberposture.services.exports.analysts import Exported, export_analysts
from cyberposture.services.institutions.entries import add_institution
from cyberposture.services.register import Register
from cyberposture.services.scores.score import finalise, score_live
from cyberposture.store import authorisations, chunks, scans
from cyberposture.store.acts import Act
from cyberposture.store.answering import record_answer
from cyberposture.store.audit import find_head, list_entries
from cyberposture.store.blobs import BlobDoor
from cyberposture.store.evidence import insert_evidence
from cyberposture.store.facts import NewJudgement, insert_facts, insert_judgements
from cyberposture.store.finding_changes import insert_finding
from cyberposture.store.findings import FindingKey
from cyberposture.store.scores import insert_score

MASTER_KEY = bytes(range(100, 132))
SIGNING_KEY = b"k" * 32
LETTER = b"the letter, word for word, 4401"
FILE = b"the file behind the answer, 7718"
PRIVATE = ("nadia-private", "Nadia Private", "+92 51 0000000", "ticket-with-a-seal", "keeper-name")
"""People, their telephones, and what workers alone may know."""
HOSTILE = "\"><script>alert(1)</script>'); DROP TABLE answers; --"
FORMULA = '=HYPERLINK("http://example.invalid")'
CALM, BLUE = "calm-harbour-port", "1e5"
"""Two fictional institutions; the second has a code that spreadsheets take for a number."""
ADDRESS = "203.0.113.7"


@dataclass
class House:
    """A register with two institutions, one of which was asked, scanned and scored."""

    register: Register
    control: Control
    check: Check
    numbers: dict[str, Any] = field(default_factory=dict)

    def export(self, out: Path, **options: Any) -> Exported:
        """Export the register."""
        return export_analysts(self.register, out, **options)

    def act(self, days: float = 0) -> Act:
        """An act of somebody, some days before now."""
        return Act("nadia-private", "as agreed", self.register.clock() - timedelta(days=days))


def ticking(start: datetime) -> Callable[[], datetime]:
    """A clock that goes on by a second whenever somebody looks."""
    now = start

    def look() -> datetime:
        nonlocal now
        now += timedelta(seconds=1)
        return now

    return look


@pytest.fixture(scope="session")
def content(checkout) -> Content:
    """The content of the checkout, without its reports."""
    return Content(load_catalogue(checkout / "controls"), load_checks(checkout / "scanners"), ())


@pytest.fixture
def house(database, audit_log, content, make) -> House:
    """A register in which everything happened once."""
    register = Register(
        database=database,
        blobs=BlobDoor(MASTER_KEY),
        audit=audit_log,
        clock=ticking(make.act().at),
        content=content,
        edition=identify(content.catalogue, content.checks),
        actor="nadia-private",
    )
    setup.adopt_content(register)
    control, check = decided_by_the_network(content)
    house = House(register, control, check)
    for code, name in ((BLUE, HOSTILE), (CALM, "Calm Harbour Port")):
        new = Institution(
            code=code,
            name=name,
            sectors=("power",),
            tier="X",
            features=("web", "mail"),
            contacts=("Nadia Private, +92 51 0000000",),
        )
        add_institution(register, new)
    open_round(register, "first-round", "First round", register.clock() + timedelta(days=30))
    assess.open_assessment(register, BLUE, "first-round")
    with register.database.transaction() as connection:
        answer(house, connection)
        allow(house, connection)
        scan(house, connection)
    seen = Review(control=control.id, level=2, grade="E2", reason="it was shown")
    assess.review(register, BLUE, "first-round", seen)
    score_live(register, BLUE)
    return house


def decided_by_the_network(content: Content) -> tuple[Control, Check]:
    """A control that is asked of all and that one check alone can contradict."""
    for control in content.catalogue.controls:
        if control.evidence_mode == "Q+N" and control.tier == "A":
            codes = {use.code for use in control.observations if use.direction == "C"}
            found = [one for one in content.checks.checks if one.observation in codes]
            if found and found[0].rollup == "worst":
                return control, found[0]
    raise AssertionError("the catalogue has no such control")


def answer(house: House, connection: Connection) -> None:
    """Answer the control twice, with a file behind the second answer."""
    assessment = assess.find_parts(connection, BLUE, "first-round")[1]
    act, owner = house.act(), assessment.institution_id
    digest = house.register.blobs.put(connection, owner, "evidence", FILE, act)
    piece = Evidence(
        title="Policy", sha256=digest, size_bytes=len(FILE), file_name="p.pdf", dated=act.at.date()
    )
    house.numbers |= {"file": digest, "owner": owner, "assessment": assessment.id}
    for level, words, pieces in ((1, "first words", ()), (3, FORMULA, (piece,))):
        given = Answer(control=house.control.id, level=level, reason=words, evidence=pieces)
        record_answer(connection, assessment.id, given, act)
    insert_evidence(
        connection, owner, act, kind="held", title="Keys", dated=act.at.date(), keeper="keeper-name"
    )


def allow(house: House, connection: Connection) -> None:
    """Record an authorisation with everything that a letter says of people."""
    act = house.act(60)
    digest = house.register.blobs.put(connection, house.numbers["owner"], "letter", LETTER, act)
    authorisations.insert_authorisation(
        connection,
        house.numbers["owner"],
        act,
        code="AUTH/2026-1",
        terms={"id": "AUTH/2026-1", "load": 2, "signatory": "Nadia Private"},
        receipt={"person": "nadia-private", "signature": "ab" * 64},
        letter_sha256=digest,
        valid_from=act.at,
        valid_until=act.at + timedelta(days=365),
    )


def scan(house: House, connection: Connection) -> None:
    """Run one chunk that sees one open port, judge it, and keep the finding."""
    owner, act, check = house.numbers["owner"], house.act(), house.check
    run = scans.insert_scan(
        connection,
        owner,
        act,
        kind="manual",
        vantage="external",
        authorisations=["AUTH/2026-1"],
        plan={"targets": [ADDRESS]},
        checks_digest=house.register.edition.checks,
        scanner="scanner-1",
    )
    scans.record_state(connection, run.id, "running", at=act.at)
    plan = {
        "job": "job-1", "technique": check.technique, "protocol": "tcp", "targets": [ADDRESS],
        "ports": [23], "load": 2, "name": None,
    }  # fmt: skip
    work = chunks.NewChunk(plan, (ADDRESS,), ticket="ticket-with-a-seal")
    chunks.insert_chunks(connection, run.id, [work], act)
    chunk = chunks.take_chunk(
        connection, "nadia-private", at=act.at, lease_s=60, wanted=chunks.Wanted(scan_id=run.id)
    )
    assert chunk is not None
    allowed = {"decision": "allow", "reason": "allowed", "authorisation": "AUTH/2026-1"}
    chunks.record_gate(connection, chunk, allowed)
    host = HostFact(
        address=ADDRESS,
        state="up",
        ports=(
            PortFact(protocol="tcp", port=23, state="open", product=HOSTILE),
            PortFact(protocol="tcp", port=80, state="closed"),
        ),
    )
    fact = Fact(address=ADDRESS, technique=check.technique, outcome="answered", host=host)
    ids = insert_facts(connection, owner, run.id, [fact], at=act.at, chunk_id=chunk.id)
    chunks.finish_chunk(connection, chunk, "done", at=act.at, artefact_sha256="a" * 64)
    told = [judged(house, verdict, days, ids) for days, verdict in ((1, "pass"), (0, "fail"))]
    digest = house.register.edition.checks
    insert_judgements(connection, owner, run.id, told, checks_digest=digest, judged_at=act.at)
    key = FindingKey(owner, ADDRESS, check.id, "external", "tcp", 23)
    insert_finding(
        connection, key, act, address=ADDRESS, severity=check.severity,
        says=f"wombat {HOSTILE}", seen_at=house.act(40).at,
    )  # fmt: skip
    scans.record_state(connection, run.id, "done", at=act.at, summary={"chunks": 1})
    house.numbers["scan"] = run.code


def judged(house: House, verdict: Verdict, days: float, facts: list[UUID]) -> NewJudgement:
    """A judgement of the port, some days before now."""
    judgement = Judgement(
        check=house.check.id,
        version=1,
        address=ADDRESS,
        protocol="tcp",
        port=23,
        verdict=verdict,
        says=f"it is a {verdict}",
    )
    return NewJudgement(judgement, "external", house.act(days).at, tuple(facts))


def ask(path: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Return the answer of the file, opened as an analyst would."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def one(path: Path, sql: str, *values: Any) -> dict[str, Any]:
    """Return the only row that answers, by column."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        (row,) = connection.execute(sql, values).fetchall()
        return dict(row)
    finally:
        connection.close()


def everything(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows of all tables in the order in which they were written."""
    names = ask(path, "SELECT name FROM table_documentation WHERE kind = 'table'")
    return {name: ask(path, f"SELECT * FROM {name} ORDER BY rowid") for (name,) in names}


def test_export_is_a_sound_file_for_its_owner_only(house, tmp_path):
    out = tmp_path / "analysts.sqlite"
    done = house.export(out)
    assert ask(out, "PRAGMA integrity_check") == [("ok",)]
    assert ask(out, "PRAGMA foreign_key_check") == []
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert done.size_bytes == out.stat().st_size
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []


def test_every_table_view_and_column_is_documented_by_a_sentence(house, tmp_path):
    out = tmp_path / "analysts.sqlite"
    house.export(out)
    there = {
        (name, column)
        for name, kind in ask(out, "SELECT name, type FROM pragma_table_list WHERE schema='main'")
        if kind != "shadow" and not name.startswith("sqlite_")
        for (column,) in ask(out, "SELECT name FROM pragma_table_info(?)", name)
    }
    told = ask(out, "SELECT table_name, column_name, says, kind FROM column_documentation")
    assert {(table, column) for table, column, _, _ in told} == there
    assert {kind for _, _, _, kind in told} <= set(KINDS)
    tables = ask(out, "SELECT name, says FROM table_documentation")
    assert {name for name, _ in tables} == {name for name, _ in there}
    sentences = [says for _, says in tables] + [says for _, _, says, _ in told]
    assert [text for text in sentences if not text.endswith(".") or len(text) < 5] == []


def test_columns_hold_what_their_documentation_says(house, tmp_path):
    out = tmp_path / "analysts.sqlite"
    house.export(out)
    asked = "SELECT table_name, column_name, kind, may_be_null FROM column_documentation"
    wrong = []
    for table, column, kind, may_be_null in ask(out, asked):
        for (value,) in ask(out, f"SELECT {column} FROM {table}"):
            if value is None:
                if not may_be_null:
                    wrong.append((table, column, None))
            elif not fits(kind, value):
                wrong.append((table, column, value))
    assert wrong == []


def fits(kind: str, value: Any) -> bool:
    """Return whether a value is of the kind that the documentation names."""
    match kind:
        case "flag":
            return value in (0, 1) and isinstance(value, int)
        case "number":
            return isinstance(value, int)
        case "points":
            return isinstance(value, int) and 0 <= value <= 10_000
        case "percent":
            return isinstance(value, float) and 0 <= value <= 100
        case "moment":
            return datetime.fromisoformat(value).utcoffset() == timedelta(0) and "T" in value
        case "day":
            return datetime.strptime(value, "%Y-%m-%d") is not None
        case "json":
            return isinstance(json.loads(value), list | dict)
        case _:
            return isinstance(value, str)


def test_references_in_the_documentation_lead_to_columns(house, tmp_path):
    out = tmp_path / "analysts.sqlite"
    house.export(out)
    lost = ask(
        out,
        "SELECT c.table_name, c.column_name FROM column_documentation c WHERE refers_to NOT IN "
        "(SELECT table_name || '.' || column_name FROM column_documentation)",
    )
    assert lost == []


def test_counts_are_those_of_the_register(house, tmp_path, content):
    out = tmp_path / "analysts.sqlite"
    rows = house.export(out).rows
    expected = {
        "institutions": 2,
        "institution_sectors": 2,
        "sectors": len(content.catalogue.framework.sectors),
        "rounds": 1,
        "assessments": 1,
        "domains": len(content.catalogue.framework.domains),
        "controls": len(content.catalogue.controls),
        "clauses": len(content.catalogue.clauses),
        "control_clauses": sum(len(c.sources) for c in content.catalogue.controls),
        "control_observations": sum(len(c.observations) for c in content.catalogue.controls),
        "observations": len(content.checks.observations),
        "checks": len(content.checks.checks),
        "editions": 3,
        "answers": 1,
        "answer_evidence": 1,
        "reviews": 1,
        "evidence": 1,
        "authorisations": 1,
        "scans": 1,
        "scan_authorisations": 1,
        "chunks": 1,
        "facts": 1,
        "judgements": 1,
        "findings": 1,
        "finding_events": 1,
        "scores": 1,
        "domain_scores": len(content.catalogue.framework.domains),
        "control_scores": len(content.catalogue.selected("X")),
        "contradictions": 1,
    }
    assert {name: rows[name] for name in expected} == expected
    assert set(rows) - set(expected) == {"about", "table_documentation", "column_documentation"}
    assert {name: len(found) for name, found in everything(out).items()} == rows


def test_newest_answer_and_judgement_stand_with_what_is_behind_them(house, tmp_path):
    out = tmp_path / "analysts.sqlite"
    house.export(out)
    answer = one(out, "SELECT * FROM answers")
    assert (answer["assessment"], answer["institution"]) == (f"{BLUE}/first-round", BLUE)
    assert (answer["control"], answer["revision"], answer["level"]) == (house.control.id, 2, 3)
    assert one(out, "SELECT sha256, title FROM answer_evidence") == {
        "sha256": house.numbers["file"],
        "title": "Policy",
    }
    judgement = one(out, "SELECT j.*, f.open_ports FROM judgements j JOIN facts f "
                    "ON f.id = (SELECT value FROM json_each(j.facts))")  # fmt: skip
    assert (judgement["verdict"], judgement["port"]) == ("fail", 23)
    assert judgement["open_ports"] == '["tcp/23"]'
    chunk = one(out, "SELECT * FROM chunks")
    assert chunk["id"] == f"{house.numbers['scan']}/1"
    assert json.loads(chunk["targets"]) == [ADDRESS]
    assert (chunk["authorisation"], chunk["artefact_sha256"]) == ("AUTH/2026-1", "a" * 64)


def test_search_finds_words_in_controls_and_findings(house, tmp_path):
    out = tmp_path / "analysts.sqlite"
    house.export(out)
    word = max(house.control.title.split(), key=len).strip(",.")
    found = ask(
        out,
        "SELECT id FROM controls WHERE rowid IN "
        "(SELECT rowid FROM controls_fts WHERE controls_fts MATCH ?)",
        f'"{word}"',
    )
    assert (house.control.id,) in found
    by_plural = "SELECT says FROM findings WHERE rowid IN (SELECT rowid FROM findings_fts " \
                "WHERE findings_fts MATCH 'wombats')"  # fmt: skip
    assert ask(out, by_plural) == [(f"wombat {HOSTILE}",)]


def test_views_answer_the_common_questions(house, tmp_path):
    out = tmp_path / "analysts.sqlite"
    house.export(out)
    stored = one(out, "SELECT * FROM scores")
    standing = {row[0]: row for row in ask(out, "SELECT institution, score, verified_pct, band "
                                           "FROM current_scores")}  # fmt: skip
    assert standing[CALM] == (CALM, None, None, None)
    assert standing[BLUE] == (
        BLUE, stored["id"], round(stored["verified"] / 100, 2), stored["band"],
    )  # fmt: skip
    failing = one(out, "SELECT * FROM failing_checks")
    assert failing["check_id"] == house.check.id
    assert (failing["institutions_failing"], failing["endpoints_failing"]) == (1, 1)
    sides = one(out, "SELECT * FROM contradiction_sides")
    assert (sides["control"], sides["check_id"]) == (house.control.id, house.check.id)
    assert (sides["claimed_level"], sides["claimed_since_changed"]) == (3, 0)
    assert (sides["explanation"], sides["network_says"]) == (FORMULA, "it is a fail")
    finding = one(out, "SELECT * FROM open_findings")
    assert (finding["age_days"], finding["address"], finding["port"]) == (40, ADDRESS, 23)
    known = {row[0]: row[1:] for row in ask(out, "SELECT institution, judgements, failed, "
                                            "conclusive_pct FROM coverage")}  # fmt: skip
    assert known == {BLUE: (1, 1, 100.0), CALM: (0, 0, None)}


def test_parts_of_a_score_are_those_that_were_kept(house, tmp_path):
    out = tmp_path / "analysts.sqlite"
    house.export(out)
    score = one(out, "SELECT * FROM scores")
    assert json.loads(score["contradicted_controls"]) == [house.control.id]
    part = one(out, "SELECT * FROM control_scores WHERE control = ?", house.control.id)
    assert (part["contradiction"], part["examined"], part["score"]) == (1, 1, score["id"])


def test_scores_stand_by_round_and_only_until_they_are_corrected(house, tmp_path):
    finalise(house.register, BLUE, "first-round")
    score_live(house.register, BLUE)
    with house.register.database.transaction() as connection:
        wrong = one_score(connection, house)
        again = insert_score(
            connection, house.numbers["owner"], house.act(), round_id=wrong.summary.round_id,
            as_of=house.act().at, document=wrong.document, result=wrong.result,
            catalogue_digest="0" * 64, checks_digest="0" * 64, texts_digest="0" * 64,
            corrects_id=wrong.summary.id,
        )  # fmt: skip
    out = tmp_path / "analysts.sqlite"
    house.export(out)
    listed = ask(out, "SELECT kind, is_standing, corrects FROM scores ORDER BY rowid")
    assert listed == [
        ("live", 0, None),
        ("round", 0, None),
        ("live", 1, None),
        ("round", 1, str(wrong.summary.id)),
    ]
    assert one(out, "SELECT score FROM current_scores WHERE score IS NOT NULL") == {
        "score": str(again.summary.id)
    }
    assert len(ask(out, "SELECT DISTINCT score FROM control_scores")) == 2


def one_score(connection: Connection, house: House):
    """The round score of the institution that was scored."""
    from cyberposture.store.rounds import get_round
    from cyberposture.store.scores import find_score

    round_id = get_round(connection, "first-round").id
    return find_score(connection, house.numbers["owner"], round_id=round_id)


def test_nothing_secret_and_nobody_is_inside(house, tmp_path):
    out = tmp_path / "analysts.sqlite"
    house.export(out)
    data = out.read_bytes()
    secrets = [MASTER_KEY, SIGNING_KEY, LETTER, FILE, *(text.encode() for text in PRIVATE)]
    for secret in secrets:
        assert secret not in data
        assert secret.hex().encode() not in data
    with house.register.reading() as connection:
        from cyberposture.store import tables as t

        kept = connection.execute(t.data_keys.select()).mappings().all()
        sealed = connection.execute(t.blobs.select()).mappings().all()
    assert [row["id"] for row in kept if row["wrapped"] in data] == []
    assert [row["id"] for row in sealed if row["sealed"] in data] == []
    assert house.numbers["file"].encode() in data


def test_hostile_text_stays_text(house, tmp_path):
    out = tmp_path / "analysts.sqlite"
    house.export(out)
    assert ask(out, "SELECT name, typeof(code) FROM institutions WHERE code = '1e5'") == [
        (HOSTILE, "text")
    ]
    assert ask(out, "SELECT explanation, typeof(explanation) FROM answers") == [(FORMULA, "text")]


def test_file_names_its_moment_editions_and_witness(house, tmp_path):
    out = tmp_path / "analysts.sqlite"
    with house.register.reading() as connection:
        head = find_head(connection, None)
    done = house.export(out)
    about = dict(ask(out, "SELECT name, value FROM about"))
    assert about["as_of"] == done.as_of.isoformat()
    assert about["catalogue_digest"] == house.register.edition.rules
    assert about["checks_digest"] == house.register.edition.checks
    assert (about["audit_seq"], about["audit_digest"]) == (str(head.seq), head.digest)
    assert about["audit_signature"] == head.signature


def test_export_is_on_record_with_its_digest(house, tmp_path):
    import hashlib

    out = tmp_path / "analysts.sqlite"
    house.export(out, reason="for the yearly study")
    with house.register.reading() as connection:
        (entry,) = list_entries(connection, kind="analysts-exported")
    assert (entry.chain, entry.subject) == ("system", "analysts.sqlite")
    assert entry.act.reason == "for the yearly study"
    assert entry.data["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert entry.data["rows"]["institutions"] == 2


def test_two_exports_hold_the_same_rows_in_the_same_order(house, tmp_path):
    house.export(tmp_path / "a.sqlite")
    house.export(tmp_path / "b.sqlite")
    first, second = everything(tmp_path / "a.sqlite"), everything(tmp_path / "b.sqlite")
    assert first.pop("about") != second.pop("about")
    assert first == second


def test_what_the_edition_holds_no_more_keeps_a_bare_row(house, tmp_path, content):
    rest = tuple(one for one in content.catalogue.controls if one.id != house.control.id)
    checks = tuple(one for one in content.checks.checks if one.id != house.check.id)
    smaller = Content(
        content.catalogue.model_copy(update={"controls": rest}),
        content.checks.model_copy(update={"checks": checks}),
        (),
    )
    house.register = replace(house.register, content=smaller)
    out = tmp_path / "analysts.sqlite"
    rows = house.export(out).rows
    assert ask(out, "PRAGMA foreign_key_check") == []
    assert rows["controls"] == len(content.catalogue.controls)
    bare = one(out, "SELECT * FROM controls WHERE in_edition = 0")
    assert {name for name, value in bare.items() if value is not None} == {"id", "in_edition"}
    assert one(out, "SELECT id, title FROM checks WHERE in_edition = 0") == {
        "id": house.check.id,
        "title": None,
    }
    assert one(out, "SELECT check_id FROM failing_checks") == {"check_id": house.check.id}


def test_others_write_during_an_export_and_it_shows_one_moment(house, tmp_path):
    def write(table: str, _rows: int) -> None:
        if table == "about":
            late = Institution(code="late-comer", name="Late", sectors=("power",), tier="A")
            add_institution(house.register, late)

    out = tmp_path / "analysts.sqlite"
    house.export(out, progress=write)
    assert ask(out, "SELECT code FROM institutions ORDER BY code") == [(BLUE,), (CALM,)]
    house.export(out, force=True)
    assert len(ask(out, "SELECT code FROM institutions")) == 3


def test_no_half_file_is_left_after_an_error(house, tmp_path):
    def fail(table: str, _rows: int) -> None:
        if table == "facts":
            raise RuntimeError("pulled the plug")

    folder = tmp_path / "out"
    folder.mkdir()
    out = folder / "analysts.sqlite"
    with pytest.raises(RuntimeError, match="plug"):
        house.export(out, progress=fail)
    assert list(folder.iterdir()) == []
    out.write_bytes(b"the one before")
    with pytest.raises(RuntimeError, match="plug"):
        house.export(out, force=True, progress=fail)
    assert [path.name for path in folder.iterdir()] == ["analysts.sqlite"]
    assert out.read_bytes() == b"the one before"
    with house.register.reading() as connection:
        assert list(list_entries(connection, kind="analysts-exported")) == []


def test_file_is_not_handed_out_without_its_audit_entry(house, tmp_path, heads_file):
    def block(table: str, _rows: int) -> None:
        if table == "contradictions":
            heads_file.path.unlink()
            heads_file.path.mkdir()

    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(MissingService, match="audit heads"):
        house.export(folder / "analysts.sqlite", progress=block)
    assert list(folder.iterdir()) == []


def test_file_that_is_there_is_replaced_by_force_only(house, tmp_path):
    out = tmp_path / "analysts.sqlite"
    out.write_bytes(b"another file")
    with pytest.raises(WrongState, match="there already"):
        house.export(out)
    assert out.read_bytes() == b"another file"
    house.export(out, force=True)
    assert ask(out, "SELECT COUNT(*) FROM institutions") == [(2,)]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_file_that_appears_during_an_export_is_not_overwritten(house, tmp_path):
    out = tmp_path / "analysts.sqlite"

    def appear(table: str, _rows: int) -> None:
        if table == "scores":
            out.write_bytes(b"somebody was quicker")

    with pytest.raises(WrongState, match="there already"):
        house.export(out, progress=appear)
    assert out.read_bytes() == b"somebody was quicker"


@pytest.mark.parametrize("ending", ["-wal", "-shm", "-journal"])
def test_file_that_a_program_has_open_is_not_replaced(house, tmp_path, ending):
    out = tmp_path / "analysts.sqlite"
    beside = tmp_path / f"analysts.sqlite{ending}"
    beside.write_bytes(b"")
    with pytest.raises(WrongState, match=r"has analysts\.sqlite open"):
        house.export(out, force=True)
    assert not out.exists()


def test_places_that_cannot_hold_the_file_are_refused(house, tmp_path):
    with pytest.raises(NotFound, match="nowhere"):
        house.export(tmp_path / "nowhere" / "analysts.sqlite")
    (tmp_path / "folder").mkdir()
    with pytest.raises(WrongState, match="is a folder"):
        house.export(tmp_path / "folder", force=True)
    with pytest.raises(MissingService, match="cannot be written"):
        house.export(Path("/proc/analysts.sqlite"))


def test_file_that_cannot_grow_is_told_as_such_and_leaves_nothing(house, tmp_path):
    def fill_up(table: str, _rows: int) -> None:
        if table == "controls":
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))

    folder = tmp_path / "out"
    folder.mkdir()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(MissingService, match="cannot be written"):
            house.export(folder / "analysts.sqlite", progress=fill_up)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(folder.iterdir()) == []


def test_register_is_never_replaced_by_its_own_export(house):
    path = house.register.database.path
    if path is None:
        pytest.skip("this register is no file")
    before = path.read_bytes()
    with pytest.raises(WrongUsage, match="register itself"):
        house.export(path, force=True)
    assert path.read_bytes() == before


def test_register_without_anything_gives_a_file_with_every_table(database, audit_log, content, make,
                                                                 tmp_path):  # fmt: skip
    edition = identify(content.catalogue, content.checks)
    register = Register(
        database, BlobDoor(MASTER_KEY), audit_log, ticking(make.act().at), content, edition, "x"
    )
    out = tmp_path / "analysts.sqlite"
    export_analysts(register, out)
    for view in ("current_scores", "failing_checks", "contradiction_sides", "coverage"):
        assert ask(out, f"SELECT * FROM {view}") == []
    assert ask(out, "SELECT value FROM about WHERE name = 'audit_seq'") == [(None,)]
