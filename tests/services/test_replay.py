"""The log alone proves that nothing was contacted that nobody allowed; what was forged is found."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from cyberposture.clock import to_iso
from cyberposture.model.lookups import LookupQuestion
from cyberposture.model.plans import Plan
from cyberposture.scanning.permission.gate import permit
from cyberposture.scanning.permission.lookups import decide_lookup
from cyberposture.services.permission import stop
from cyberposture.services.permission.gate_log import GateLog
from cyberposture.services.permission.ground import gather
from cyberposture.services.proof.replay import document, replay
from cyberposture.store import tables as t
from cyberposture.store.acts import Act
from cyberposture.store.audit import BEGINNING, read_entry
from cyberposture.store.database import open_database

HOST, OTHER, ELSEWHERE = "127.71.0.1", "127.71.0.2", "127.71.9.9"
SCAN = "scan-test"
XML = """<?xml version="1.0"?>
<nmaprun scanner="nmap" args="nmap -oX - -Pn -p 80 {target}" start="{start}" version="7.93">
<scaninfo type="connect" protocol="tcp" numservices="1" services="80"/>
<host starttime="{start}" endtime="{start}"><status state="up" reason="user-set"/>
<address addr="{host}" addrtype="ipv4"/><ports>
<port protocol="tcp" portid="80"><state state="open" reason="syn-ack"/></port></ports></host>
<runstats><finished time="{start}" exit="success"/></runstats></nmaprun>
"""


class Log:
    """Writes contacts to an office's log as dispatching does, without sending anything."""

    def __init__(self, office, code: str) -> None:
        self.office, self.code = office, code

    def decide(self, chunk: int, targets=(HOST,), ports=(80,)) -> None:
        register = self.office.register
        plan = Plan(job="j", technique="tcp-ports", protocol="tcp", targets=targets, ports=ports,
                    load=3, name=None, expected_s=10)  # fmt: skip
        with register.database.transaction() as connection:
            now = register.clock()
            owner = self.office.id_of(self.code)
            ground = gather(connection, owner, now)
            question = ground.question(plan, now)
            about = {"scan": SCAN, "chunk": chunk, "stage": "send"}
            log = GateLog(register.audit, connection, owner, Act("w", "", now), about)
            log.allowed(question, permit(plan, question).answer)

    def run(self, chunk: int, raw: bytes | None = None, targets=(HOST,), under="A-1") -> None:
        register = self.office.register
        with register.change("chunk-run", SCAN) as change:
            change.institution_id = self.office.id_of(self.code)
            sha256 = None
            if raw is not None:
                sha256 = register.blobs.put(
                    change.connection, change.institution_id, "scan", raw, change.by
                )
            change.tell(chunk=chunk, technique="tcp-ports", targets=list(targets))
            change.tell(authorisation=under, outcome="finished", artefact_sha256=sha256)

    def contact(self, chunk: int, **raw) -> None:
        self.decide(chunk)
        self.run(chunk, self.probe(**raw))

    def probe(self, address=HOST, port=80, **times) -> bytes:
        now = self.office.clock()
        record = {"technique": "tls-handshake", "targets": [HOST], "ports": [80], "name": None,
                  "started_at": to_iso(now + times.get("begins", timedelta(0))),
                  "ended_at": to_iso(now + times.get("ends", timedelta(0))),
                  "seen": [{"address": address, "port": port}]}  # fmt: skip
        return json.dumps(record).encode()


@pytest.fixture
def log(office) -> Log:
    """A log with one institution, its letter, and three contacts."""
    code = office.institution()
    office.declare(code, HOST, OTHER)
    scope = [f"{HOST}/32", f"{OTHER}/32", {"name": "hill.example", "subdomains": True}]
    office.authorise(code, *scope, id="A-1")
    log = Log(office, code)
    for chunk in (1, 2, 3):
        log.contact(chunk)
    return log


def kinds(office, database=None) -> list[str]:
    report = replay(database or office.register.database, office.register.blobs)
    assert report.found == len(report.violations)
    return sorted({one.kind for one in report.violations})


def test_what_was_allowed_is_proved(office, log):
    start = int(office.clock().timestamp())
    log.decide(4)
    log.run(4, XML.format(target=HOST, host=HOST, start=start).encode())
    told = document(replay(office.register.database, office.register.blobs))
    assert told["proved"] and told["violations"] == []
    assert (told["contacts"], told["decisions"], told["files"], told["pairs"]) == (4, 4, 4, 4)


def test_log_is_replayed_without_any_raw_file(office, log):
    log.decide(4)
    log.run(4, b"{}")
    report = replay(office.register.database, None)
    assert (report.contacts, report.files, report.found) == (4, 0, 0)
    assert kinds(office) == ["file"]


@pytest.mark.parametrize(
    "raw",
    [
        {"address": ELSEWHERE},
        {"port": 81},
        {"begins": -timedelta(minutes=5)},
        {"ends": timedelta(days=3)},
    ],
)
def test_raw_file_that_shows_more_than_was_allowed_is_found(office, log, raw):
    log.contact(4, **raw)
    assert kinds(office) == ["file"]


@pytest.mark.parametrize(("target", "host"), [(ELSEWHERE, HOST), (HOST, ELSEWHERE)])
def test_address_of_nmap_that_nobody_allowed_is_found(office, log, target, host):
    start = int(office.clock().timestamp())
    log.decide(4)
    log.run(4, XML.format(target=target, host=host, start=start).encode())
    assert kinds(office) == ["file"]


def test_contact_without_a_decision_is_found(office, log):
    log.run(4)
    assert kinds(office) == ["contact"]


def test_decision_allows_one_contact_and_not_the_next(office, log):
    log.contact(4)
    log.run(4)
    assert kinds(office) == ["contact"]


def test_contact_of_another_address_or_under_another_letter_is_found(office, log):
    log.decide(4)
    log.run(4, targets=(HOST, OTHER))
    log.decide(5)
    log.run(5, under="A-9")
    report = replay(office.register.database, None)
    assert [one.kind for one in report.violations] == ["contact", "contact"]


def test_contact_after_a_stop_or_a_withdrawal_is_found(office, log):
    """The question may be forged: the log of the stop itself contradicts it."""
    stop.stop(office.register, cidr=OTHER)
    office.withdraw("A-1")
    office.clock.forward(seconds=30)
    register = office.register
    with register.database.transaction() as connection:
        now = register.clock()
        owner = office.id_of(log.code)
        ground = gather(connection, owner, now)
        plan = Plan(job="j", technique="tcp-ports", protocol="tcp", targets=(OTHER,), ports=(80,),
                    load=3, name=None, expected_s=10)  # fmt: skip
        forged = replace(
            ground,
            excluded_elsewhere=(),
            authorisations=tuple(
                one.model_copy(update={"withdrawn_at": None}) for one in ground.authorisations
            ),
        )
        question = forged.question(plan, now)
        about = {"scan": SCAN, "chunk": 4, "stage": "send"}
        log_of = GateLog(register.audit, connection, owner, Act("w", "", now), about)
        log_of.allowed(question, permit(plan, question).answer)
    log.run(4, targets=(OTHER,))
    assert kinds(office) == ["letter", "stop"]


def look_up(office, log, name: str, *, chunk: int, raw: str | None = None, **answer) -> None:
    register = office.register
    with register.database.reading() as connection:
        ground = gather(connection, office.id_of(log.code), register.clock())
    now = register.clock()
    question = LookupQuestion(now=now, expected_s=60, name=name, stop=False,
                              authorisations=ground.authorisations)  # fmt: skip
    given = decide_lookup(question).model_dump(mode="json") | answer
    with register.change("lookup", SCAN) as change:
        change.institution_id = office.id_of(log.code)
        change.tell(question=question.model_dump(mode="json"), answer=given)
        change.tell(stage="send", chunk=chunk)
    if given["decision"] == "allow":
        record = {"name": raw or name, "started_at": to_iso(now), "ended_at": to_iso(now)}
        log.run(chunk, json.dumps(record).encode(), targets=())


def test_lookups_are_decided_again_and_their_records_read(office, log):
    look_up(office, log, "www.hill.example", chunk=11)
    look_up(office, log, "www.dale.example", chunk=12)
    told = document(replay(office.register.database, office.register.blobs))
    assert (told["proved"], told["lookups"], told["contacts"]) == (True, 1, 3)
    look_up(office, log, "www.hill.example", chunk=13, raw="www.dale.example")
    assert kinds(office) == ["file"]


def test_lookup_that_nobody_allowed_is_found(office, log):
    forged = {"decision": "allow", "reason": "allowed", "authorisation": "A-1"}
    look_up(office, log, "www.dale.example", chunk=11, **forged)
    log.run(12, targets=())
    report = replay(office.register.database, None)
    said = [one.what for one in report.violations]
    assert {one.kind for one in report.violations} == {"lookup"}
    assert "the rule says out-of-scope" in said[0]
    assert said[1:] == ["no permission was given right before"] * 2


def forge(office, tmp_path, kind: str, change, *, chained: bool) -> object:
    """Change the last entry of a kind in a copy of the register; `chained`: digests made anew."""
    copy = tmp_path / "forged.sqlite"
    own = sqlite3.connect(office.register.database.path)
    with closing(own) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    database = open_database(f"sqlite:///{copy}")
    e = t.audit_entries
    with database.transaction() as connection:
        rows = connection.execute(sa.select(e).order_by(e.c.chain, e.c.seq)).mappings().all()
        last = [row for row in rows if row["kind"] == kind][-1]
        previous = BEGINNING
        for row in (row for row in rows if row["chain"] == last["chain"]):
            data = json.loads(json.dumps(row["data"]))
            if row["seq"] == last["seq"]:
                change(data)
            values = {"data": data}
            if chained:
                entry = replace(read_entry(row), data=data, previous=previous)
                values |= {"previous": previous, "digest": entry.computed_digest()}
                previous = values["digest"]
            where = (e.c.chain == row["chain"], e.c.seq == row["seq"])
            connection.execute(sa.update(e).where(*where).values(**values))
    return database


def out_of_scope(data) -> None:
    data["question"]["targets"] = [ELSEWHERE]


def wider_letter(data) -> None:
    """Scope and target are forged to fit each other: only the signed terms contradict them."""
    data["question"]["authorisations"][0]["scope"][0]["cidr"] = f"{ELSEWHERE}/32"
    data["question"]["targets"] = [ELSEWHERE]


def later(data) -> None:
    data["question"]["authorisations"][0]["valid_until"] = "2036-01-01T00:00:00Z"


def denied(data) -> None:
    data["answer"] = {"decision": "deny", "reason": "excluded", "authorisation": None}


def other_target(data) -> None:
    data["targets"] = [ELSEWHERE]


def other_file(data) -> None:
    data["artefact_sha256"] = "ab" * 32


def other_terms(data) -> None:
    data["terms"]["scope"][0]["cidr"] = f"{ELSEWHERE}/32"


def own_granter(data) -> None:
    data["granter"] = "a-analyst"


@pytest.mark.parametrize(
    "case",
    [
        ("gate", out_of_scope, ["contact", "decision"]),
        ("gate", wider_letter, ["contact", "file", "letter"]),
        ("gate", later, ["letter"]),
        ("gate", denied, ["contact", "decision"]),
        ("chunk-run", other_target, ["contact"]),
        ("chunk-run", other_file, ["file"]),
        ("authorisation-received", other_terms, ["letter"]),
        ("authorisation-granted", own_granter, ["letter"]),
    ],
)
def test_forged_entry_is_found_even_where_the_chain_was_made_anew(log, tmp_path, case):
    kind, change, found = case
    office = log.office
    database = forge(office, tmp_path, kind, change, chained=True)
    assert set(found) <= set(kinds(office, database))
    database.close()
    broken = forge(office, tmp_path, kind, change, chained=False)
    assert "chain" in kinds(office, broken)
    broken.close()


def test_letter_that_nobody_was_told_of_is_found(office, log, tmp_path):
    e = t.audit_entries
    database = forge(office, tmp_path, "notice-sent", lambda data: None, chained=True)
    with database.transaction() as connection:
        connection.execute(sa.update(e).where(e.c.kind == "notice-sent").values(kind="notice-lost"))
    assert "letter" in kinds(office, database)
    database.close()


def test_memory_is_bounded_by_what_is_under_way(office, log, monkeypatch):
    from cyberposture.services.proof import replay as module

    most = 0
    step = module._Chain.step

    def watched(self, entry):
        nonlocal most
        step(self, entry)
        most = max(most, len(self._permits))

    monkeypatch.setattr(module._Chain, "step", watched)
    for chunk in range(4, 40):
        log.contact(chunk)
    log.decide(99)
    report = replay(office.register.database, None)
    assert (report.contacts, report.found) == (39, 0)
    assert most == 1
