"""Whatever is done to a chain in the database is found offline, and named."""

import json
import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cyberposture.store import tables as t
from cyberposture.store.audit import AuditEntry, find_head, list_entries, read_entry
from cyberposture.store.heads import sign_head
from cyberposture.store.verification import verify

e, h = t.audit_entries, t.audit_heads
LENGTH = 6
STRANGER = Ed25519PrivateKey.from_private_bytes(b"s" * 32)


class Chain:
    """The system's chain of six entries, and an attacker who may write all of the database."""

    def __init__(self, database, log, make, heads_file, signer):
        self.database, self.heads_file, self.signer = database, heads_file, signer
        with database.transaction() as connection:
            self.owner = make.institution(connection).id
        for number in range(1, LENGTH + 1):
            with database.transaction() as connection:
                log.append(
                    connection,
                    None,
                    "gate",
                    f"chunk-{number}",
                    make.act(minutes=number),
                    data={"number": number, "targets": ["39.32.10.7"]},
                )

    def attack(self, *statements):
        with self.database.transaction() as connection:
            for statement in statements:
                connection.execute(statement)

    def entries(self) -> list[AuditEntry]:
        with self.database.reading() as connection:
            return list(list_entries(connection))

    def rewrite(self, entries: list[AuditEntry], signer=STRANGER) -> None:
        """Lay the chain anew, every digest recomputed, with a head under some key."""
        self.attack(sa.delete(e))
        previous = "0" * 64
        for seq, entry in enumerate(entries, start=1):
            linked = replace(entry, seq=seq, previous=previous)
            previous = linked.computed_digest()
            self.attack(sa.insert(e).values(row_of(replace(linked, digest=previous))))
        head = sign_head(signer, "system", len(entries), previous, entries[-1].act.at)
        values = {"seq": head.seq, "digest": head.digest, "at": entries[-1].act.at}
        signed = {"key_id": head.key_id, "signature": head.signature}
        self.attack(sa.update(h).values(**values, **signed))

    def verify(self, **options):
        with self.database.reading() as connection:
            return verify(connection, self.heads_file, [self.signer.public_key()], **options)

    def faults(self, **options):
        """What is found, as kind and entry."""
        found = self.verify(**options).faults
        assert all(fault.chain == "system" and fault.what for fault in found)
        return [(fault.kind, fault.seq) for fault in found]


def row_of(entry: AuditEntry) -> dict:
    """Return the columns of an entry."""
    names = ("chain", "seq", "institution_id", "kind", "subject", "data", "previous", "digest")
    return {name: getattr(entry, name) for name in names} | entry.act.written()


@pytest.fixture
def chain(database, audit_log, make, heads_file, signer):
    return Chain(database, audit_log, make, heads_file, signer)


def test_untouched_chain_is_intact(chain):
    report = chain.verify()
    assert report.is_intact
    assert report.entries == LENGTH
    assert [head.seq for head in report.trusted] == [LENGTH]


@pytest.mark.parametrize("seq", [1, 3, LENGTH])
@pytest.mark.parametrize(
    "change",
    [
        {"actor": "somebody-else"},
        {"reason": "another"},
        {"kind": "stop"},
        {"subject": "chunk-9"},
        {"data": {"number": 1, "targets": []}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_changed_entry_is_found_wherever_it_stands(chain, seq, change):
    chain.attack(sa.update(e).where(e.c.seq == seq).values(change))
    assert chain.faults() == [("changed", seq)]
    assert chain.verify().trusted == ()


def test_entry_moved_in_time_by_a_microsecond_is_found(chain):
    at = chain.entries()[2].act.at + timedelta(microseconds=1)
    chain.attack(sa.update(e).where(e.c.seq == 3).values(at=at))
    assert chain.faults() == [("changed", 3)]


def test_entry_given_to_an_institution_is_found(chain):
    chain.attack(sa.update(e).where(e.c.seq == 3).values(institution_id=chain.owner))
    assert chain.faults() == [("changed", 3)]


@pytest.mark.parametrize("seq", [1, 3])
def test_entry_changed_with_its_digest_is_found_by_the_one_after_it(chain, seq):
    changed = replace(chain.entries()[seq - 1], subject="chunk-9")
    values = {"subject": "chunk-9", "digest": changed.computed_digest()}
    chain.attack(sa.update(e).where(e.c.seq == seq).values(values))
    assert ("replaced", seq + 1) in chain.faults()


def test_last_entry_changed_with_its_digest_is_found_by_the_signed_head(chain):
    changed = replace(chain.entries()[-1], subject="chunk-9")
    digest = changed.computed_digest()
    chain.attack(
        sa.update(e).where(e.c.seq == LENGTH).values(subject="chunk-9", digest=digest),
        sa.update(h).values(digest=digest),
    )
    assert chain.faults() == [("forged-head", LENGTH), ("replaced", LENGTH)]


@pytest.mark.parametrize("seq", [1, 3, LENGTH])
def test_removed_entry_is_found_wherever_it_stood(chain, seq):
    chain.attack(sa.delete(e).where(e.c.seq == seq))
    assert chain.faults() == [("removed", seq)]


def test_every_second_entry_removed_is_found(chain):
    chain.attack(sa.delete(e).where(e.c.seq.in_([2, 4])))
    assert chain.faults() == [("removed", 2), ("removed", 4)]


def cut_to(chain, old):
    """Remove every entry after an old head, and put that head back."""
    at = chain.entries()[old.seq - 1].act.at
    chain.attack(
        sa.delete(e).where(e.c.seq > old.seq),
        sa.update(h).values(seq=old.seq, digest=old.digest, at=at, signature=old.signature),
    )


def test_chain_cut_with_an_old_head_put_back_is_found_by_the_heads_file(chain):
    old = list(chain.heads_file.read())[3]
    cut_to(chain, old)
    assert chain.faults() == [("removed", 5)]


def test_chain_and_heads_file_cut_alike_are_found_by_a_printed_receipt(chain):
    with chain.database.reading() as connection:
        receipt = find_head(connection, None)
    lines = chain.heads_file.path.read_text().splitlines(keepends=True)
    old = list(chain.heads_file.read())[3]
    chain.heads_file.path.write_text("".join(lines[:4]))
    cut_to(chain, old)
    assert chain.faults() == [], "nothing that remains remembers more"
    assert chain.faults(witnesses=[receipt]) == [("removed", 5)]


def test_emptied_tables_are_found_by_the_heads_file(chain):
    chain.attack(sa.delete(e), sa.delete(h))
    assert chain.faults() == [("removed", 1)]


def test_removed_head_is_found(chain):
    chain.attack(sa.delete(h))
    assert chain.faults() == [("unsigned", LENGTH)]


def test_two_entries_that_changed_places_are_found(chain):
    chain.attack(
        sa.update(e).where(e.c.seq == 2).values(seq=99),
        sa.update(e).where(e.c.seq == 3).values(seq=2),
        sa.update(e).where(e.c.seq == 99).values(seq=3),
    )
    assert {("changed", 2), ("changed", 3)} <= set(chain.faults())


def test_entries_reordered_with_all_digests_recomputed_are_found(chain):
    entries = chain.entries()
    chain.rewrite([entries[1], entries[0], *entries[2:]])
    assert chain.faults() == [("forged-head", LENGTH), ("replaced", 1)]


def test_entry_inserted_with_all_digests_recomputed_is_found(chain):
    entries = chain.entries()
    chain.rewrite([*entries[:2], replace(entries[2], subject="never"), *entries[2:]])
    assert chain.faults() == [("forged-head", LENGTH + 1), ("replaced", 3)]


def test_whole_chain_replaced_under_our_own_key_is_found_by_the_heads_file(chain):
    """Who has the database and the key, but not the file outside, is found too."""
    chain.rewrite([replace(entry, subject="harmless") for entry in chain.entries()], chain.signer)
    assert chain.faults() == [("replaced", 1)]


@pytest.mark.parametrize("seq", [LENGTH + 1, LENGTH + 5])
def test_entry_added_behind_the_end_without_a_signature_is_found(chain, seq):
    last = chain.entries()[-1]
    added = replace(last, seq=seq, previous=last.digest, subject="never")
    chain.attack(sa.insert(e).values(row_of(replace(added, digest=added.computed_digest()))))
    assert ("inserted", LENGTH + 1) in chain.faults()


@pytest.mark.parametrize("seq", [0, -3])
def test_entry_put_before_the_beginning_is_found(chain, seq):
    first = chain.entries()[0]
    added = replace(first, seq=seq)
    chain.attack(sa.insert(e).values(row_of(replace(added, digest=added.computed_digest()))))
    assert ("inserted", seq) in chain.faults()


def test_chain_that_was_never_ours_is_found(chain):
    entry = replace(chain.entries()[0], chain="00000000-0000-0000-0000-000000000000")
    chain.attack(sa.insert(e).values(row_of(entry)))
    found = chain.verify().faults
    assert {fault.chain for fault in found} == {entry.chain}
    assert {"changed", "unsigned"} <= {fault.kind for fault in found}


@pytest.mark.parametrize("column", ["signature", "key_id"])
def test_head_signed_by_nobody_is_found(chain, column):
    chain.attack(sa.update(h).values({column: "ab" * 32}))
    assert chain.faults() == [("forged-head", LENGTH)]


def test_line_added_to_the_heads_file_by_a_stranger_is_found(chain):
    head = sign_head(STRANGER, "system", LENGTH + 3, "d" * 64, chain.entries()[-1].act.at)
    chain.heads_file.append(head)
    assert chain.faults() == [("forged-head", LENGTH + 3)]


def test_changed_line_of_the_heads_file_is_found(chain):
    lines = [json.loads(line) for line in chain.heads_file.path.read_text().splitlines()]
    lines[2]["digest"] = "d" * 64
    chain.heads_file.path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert chain.faults() == [("forged-head", 3)]


def test_emptied_heads_file_is_found(chain):
    chain.heads_file.path.write_text("")
    assert chain.faults() == [("unsigned", LENGTH)]


def test_heads_of_an_earlier_key_of_ours_are_trusted(chain):
    with chain.database.reading() as connection:
        keys = [STRANGER.public_key(), chain.signer.public_key()]
        assert verify(connection, chain.heads_file, keys).is_intact
        report = verify(connection, chain.heads_file, keys[:1])
    assert {fault.kind for fault in report.faults} == {"forged-head"}


def test_fault_in_one_chain_leaves_the_others_trusted(chain, audit_log, make):
    with chain.database.transaction() as connection:
        audit_log.append(connection, chain.owner, "answer", "IAM-10", make.act())
    chain.attack(sa.update(e).where(e.c.seq == 3).values(actor="somebody-else"))
    report = chain.verify()
    assert [(fault.chain, fault.seq) for fault in report.faults] == [("system", 3)]
    assert [head.chain for head in report.trusted] == [str(chain.owner)]


@pytest.mark.parametrize("engine", [pytest.param("sqlite", marks=pytest.mark.store)], indirect=True)
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("data", "{not json"),
        ("data", b"\xff"),
        ("at", "yesterday"),
        ("reason", b"\xff\x00"),
        ("institution_id", "nobody"),
        ("seq", "third"),
        ("actor", 7.5),
    ],
)
def test_value_of_another_type_is_found_and_does_not_stop_the_check(chain, column, value):
    """SQLite lets who holds the file put anything anywhere."""
    path = chain.database.path
    chain.database.close()
    with sqlite3.connect(path) as raw:
        raw.execute(f"UPDATE audit_entries SET {column} = ? WHERE seq = 3", (value,))
    raw.close()
    kinds = {fault.kind for fault in chain.verify().faults}
    assert kinds & {"changed", "inserted", "removed"}


def test_row_reads_as_the_entry_that_was_written(chain):
    with chain.database.reading() as connection:
        rows = connection.execute(sa.select(e).order_by(e.c.seq)).mappings()
        assert [read_entry(row) for row in rows] == chain.entries()
