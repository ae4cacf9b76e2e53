"""Fraud in the register: whoever changes it behind the program's back is found out, offline."""

import json
import queue
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

pytestmark = [pytest.mark.loopback, pytest.mark.acceptance]

HILL = ("--institution", "hill-office")
ROUND = ("--round", "round-1")
LAST = "(select max(seq) from audit_entries where chain = 'system')"
TAMPERED: dict[str, tuple[str, ...]] = {
    "an entry is changed": (
        "update audit_entries set actor = 'somebody' where chain = 'system' and seq = 2",
    ),
    "the data of an entry is changed": (
        "update audit_entries set data = json_set(data, '$.x', 1) where chain = 'system' "
        "and seq = 2",
    ),
    "an entry is deleted": ("delete from audit_entries where chain = 'system' and seq = 2",),
    "an entry is inserted": (
        "insert into audit_entries select chain, seq + 1, institution_id, kind, subject, data, "
        "actor, reason, at, previous, digest from audit_entries "
        f"where chain = 'system' and seq = {LAST}",
    ),
    "two entries are swapped": (
        "update audit_entries set seq = -2 where chain = 'system' and seq = 2",
        "update audit_entries set seq = 2 where chain = 'system' and seq = 3",
        "update audit_entries set seq = 3 where chain = 'system' and seq = -2",
    ),
    "the end is cut off": (
        f"delete from audit_entries where chain = 'system' and seq = {LAST}",
        "update audit_heads set (seq, digest, at) = (select seq, digest, at from audit_entries "
        f"where chain = 'system' and seq = {LAST}) where chain = 'system'",
    ),
    "a chain is gone": (
        "delete from audit_entries where chain = 'system'",
        "delete from audit_heads where chain = 'system'",
    ),
}


def in_copies(
    office: Any, folder: Path, items: Any, play: Callable[[Any, Any], Any]
) -> Callable[[Any], Any]:
    """Return a function that plays one item in a copy of the office."""
    numbers: queue.Queue[int] = queue.Queue()
    for number in range(len(items)):
        numbers.put(number)
    return lambda item: play(office.copied_to(folder / f"copy-{numbers.get()}"), item)


@pytest.fixture(scope="module")
def audits(furnished, two_at_a_time, tmp_path_factory) -> dict[str, Any]:
    def play(office: Any, name: str) -> Any:
        office.sql(*TAMPERED.get(name, ()))
        return office.run("audit", "verify", "--json")

    names = ["nothing", *TAMPERED]
    folder = tmp_path_factory.mktemp("audits")
    done = two_at_a_time(in_copies(furnished, folder, names, play), names)
    return dict(zip(names, done, strict=True))


@pytest.mark.parametrize("name", TAMPERED)
def test_audit_verify_finds_what_was_done_to_the_chain(audits, name):
    done = audits[name]
    assert done.code == 7
    assert done.document["intact"] is False
    assert {fault["chain"] for fault in done.document["faults"]} == {"system"}


def test_audit_verify_finds_nothing_where_nothing_was_done(audits):
    done = audits["nothing"]
    assert (done.code, done.document["intact"], done.document["faults"]) == (0, True, [])
    assert done.document["entries"] > 5


@pytest.fixture
def audited(office) -> Any:
    """A copy of the register as an auditor gets it: without any key."""
    shutil.move(office.workspace / "keys" / "audit.pub", office.folder / "audit.pub")
    shutil.rmtree(office.workspace / "keys")
    return office


def test_audit_verify_needs_the_public_key_alone(audited):
    verify = ("audit", "verify", "--json", "--public-key", "audit.pub")
    assert audited.do(*verify).document["intact"] is True
    audited.sql(*TAMPERED["an entry is changed"])
    done = audited.run(*verify)
    assert (done.code, done.document["intact"]) == (7, False)


def test_audit_verify_under_the_key_of_another_register_trusts_nothing(audited):
    other = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
    done = audited.run(
        "audit", "verify", "--json", "--public-key", audited.write("other.pub", other)
    )
    assert (done.code, done.document["chains"]) == (7, 0)


def test_audit_verify_without_a_public_key_says_what_is_missing(audited):
    assert audited.run("audit", "verify").code == 5
    empty = audited.write("empty.pub", "no key")
    done = audited.run("audit", "verify", "--public-key", empty)
    assert (done.code, done.err.partition(":")[0]) == (3, "empty.pub")


def test_public_key_of_the_workspace_is_used_where_none_is_named(office):
    for secret in ("audit.key", "master.key"):
        (office.workspace / "keys" / secret).unlink()
    assert office.do("audit", "verify", "--json").document["intact"] is True


def rewritten(office: Any, edit: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    """Edit the kept score's document and result behind the program's back."""
    with closing(sqlite3.connect(office.workspace / "register.sqlite")) as connection:
        ((score, *packed),) = connection.execute("select id, document, result from scores")
        document, result = (json.loads(zlib.decompress(part)) for part in packed)
        edit(document, result)
        parts = [zlib.compress(json.dumps(part).encode()) for part in (document, result)]
        connection.execute(
            "update scores set document = ?, result = ? where id = ?", (*parts, score)
        )
        connection.commit()


def flatter_the_result(office: Any) -> None:
    rewritten(office, lambda _, result: result["institution"].update(verified=9999))


def flatter_the_answers(office: Any) -> None:
    def edit(document: dict[str, Any], _result: dict[str, Any]) -> None:
        for answer in document["answers"]:
            answer["grade"] = "E1"

    rewritten(office, edit)


def flatter_both(office: Any) -> None:
    """Change the document and put the result that follows from it beside it."""

    def edit(document: dict[str, Any], result: dict[str, Any]) -> None:
        for answer in document["answers"]:
            answer["grade"] = "E1"
        done = office.run("score", "compute", "-", given=json.dumps(document))
        result.update(json.loads(done.out))

    rewritten(office, edit)
    ((packed,),) = office.ask("select result from scores")
    whole = json.loads(zlib.decompress(packed))["institution"]
    office.sql(f"update scores set verified = {whole['verified']}, band = '{whole['band']}'")


def flatter_the_list(office: Any) -> None:
    office.sql("update scores set verified = 9999, band = 'Leading'")


FRAUDS = {
    "result": (flatter_the_result, "its document gives another result"),
    "answers": (flatter_the_answers, "its document gives another result"),
    "answers with their result": (flatter_both, "it is not the score that the audit log knows"),
    "what lists show": (flatter_the_list, "what lists show is not its result"),
}


@pytest.fixture(scope="module")
def scored(furnished, tmp_path_factory) -> Any:
    """An office with one round score, which rests on answers alone."""
    office = furnished.copied_to(tmp_path_factory.mktemp("scored") / "office")
    controls = office.do("catalogue", "list", "--tier", "A", "--json").document
    asked = [control["id"] for control in controls if control["evidence_mode"] != "N"]
    sheet = "control,level\n" + "".join(f"{control},2\n" for control in asked)
    office.do("round", "open", "round-1", "--title", "One", "--due", "2036-01-01T00:00:00Z")
    office.do("assessment", "open", *HILL, *ROUND)
    office.do("assessment", "import", office.write("answers.csv", sheet), *HILL, *ROUND)
    office.do("assessment", "finalise", *HILL, *ROUND)
    return office


@pytest.fixture(scope="module")
def recomputed(scored, two_at_a_time, tmp_path_factory) -> dict[str, Any]:
    def play(office: Any, name: str) -> Any:
        fraud, _ = FRAUDS[name]
        fraud(office)
        return office.run("score", "recompute", "--verify", "--json")

    folder = tmp_path_factory.mktemp("scores")
    done = two_at_a_time(in_copies(scored, folder, FRAUDS, play), FRAUDS)
    return dict(zip(FRAUDS, done, strict=True))


@pytest.mark.parametrize("name", FRAUDS)
def test_recompute_finds_a_score_that_was_tampered_with(recomputed, name):
    done = recomputed[name]
    assert done.code == 7
    assert [one["what"] for one in done.document["differences"]] == [FRAUDS[name][1]]
