"""Files go in and come out whole, or not at all."""

import hashlib
import os

import pytest
import sqlalchemy as sa

from cyberposture.errors import Corrupt, MissingService, NotFound, WrongState
from cyberposture.store import tables as t
from cyberposture.store.blobs import BlobDoor, destroy_keys, has_blob, list_blobs
from cyberposture.store.keys import (
    create_master_key,
    create_signing_key,
    load_master_key,
    load_signing_key,
    public_hex,
)

LETTER = b"We allow these scans. " * 200


@pytest.fixture
def door():
    return BlobDoor(b"m" * 32)


@pytest.fixture
def kept(database, make, door):
    """An institution with one letter, and the letter's digest."""
    with database.transaction() as connection:
        institution_id = make.institution(connection).id
        digest = door.put(connection, institution_id, "letter", LETTER, make.act())
    return institution_id, digest


def test_file_comes_back_as_it_went_in(database, door, kept):
    institution_id, digest = kept
    assert digest == hashlib.sha256(LETTER).hexdigest()
    with database.reading() as connection:
        assert door.get(connection, institution_id, "letter", digest) == LETTER
        (record,) = list_blobs(connection, institution_id)
    assert (record.size_bytes, record.kind) == (len(LETTER), "letter")


@pytest.mark.parametrize("data", [b"", os.urandom(100_000)], ids=["empty", "incompressible"])
def test_any_bytes_can_be_kept_for_the_centre_too(database, make, door, data):
    with database.transaction() as connection:
        digest = door.put(connection, None, "feed", data, make.act())
        assert door.get(connection, None, "feed", digest) == data


def test_nothing_of_the_file_is_readable_in_the_database(database, kept):
    with database.reading() as connection:
        sealed = connection.execute(sa.select(t.blobs.c.sealed)).scalar_one()
    assert b"allow" not in sealed
    assert len(sealed) < len(LETTER), "it is compressed before it is encrypted"


def test_file_kept_already_is_not_written_twice(database, make, door, kept):
    institution_id, digest = kept
    with database.transaction() as connection:
        assert door.put(connection, institution_id, "letter", LETTER, make.act()) == digest
        assert len(list_blobs(connection, institution_id)) == 1


def test_same_file_of_another_institution_or_kind_is_another_file(database, make, door, kept):
    institution_id, digest = kept
    with database.transaction() as connection:
        other = make.institution(connection).id
        for kind, owner in (("evidence", institution_id), ("letter", other)):
            with pytest.raises(NotFound):
                door.get(connection, owner, kind, digest)
        door.put(connection, other, "letter", LETTER, make.act())
        keys = connection.execute(sa.select(t.data_keys.c.holder)).scalars().all()
    assert sorted(keys) == sorted([str(institution_id), str(other)])


@pytest.mark.parametrize("column", ["sealed", "nonce"])
def test_changed_file_is_not_served(database, door, kept, column):
    institution_id, digest = kept
    with database.transaction() as connection:
        present = connection.execute(sa.select(t.blobs.c[column])).scalar_one()
        changed = present[:-1] + bytes([present[-1] ^ 1])
        connection.execute(sa.update(t.blobs).values({column: changed}))
    with pytest.raises(Corrupt), database.reading() as connection:
        door.get(connection, institution_id, "letter", digest)


def test_file_put_in_the_place_of_another_is_not_served(database, make, door, kept):
    institution_id, digest = kept
    with database.transaction() as connection:
        other = door.put(connection, institution_id, "letter", b"another letter", make.act())
        b = t.blobs
        row = connection.execute(sa.select(b).where(b.c.sha256 == other)).mappings().one()
        connection.execute(
            sa.update(b)
            .where(b.c.sha256 == digest)
            .values(sealed=row["sealed"], nonce=row["nonce"])
        )
    with pytest.raises(Corrupt), database.reading() as connection:
        door.get(connection, institution_id, "letter", digest)


def test_file_moved_to_another_institution_is_not_served(database, make, door, kept):
    _, digest = kept
    with database.transaction() as connection:
        other = make.institution(connection).id
        values = {"holder": str(other), "institution_id": other}
        connection.execute(sa.update(t.blobs).values(values))
        connection.execute(sa.update(t.data_keys).values(values))
    with pytest.raises(Corrupt), database.reading() as connection:
        door.get(connection, other, "letter", digest)


def test_another_master_key_opens_nothing(database, make, kept):
    institution_id, digest = kept
    stranger = BlobDoor(b"x" * 32)
    with pytest.raises(Corrupt), database.reading() as connection:
        stranger.get(connection, institution_id, "letter", digest)
    with pytest.raises(Corrupt), database.transaction() as connection:
        stranger.put(connection, institution_id, "letter", b"new", make.act())


def test_destroyed_key_makes_files_unreadable_and_leaves_others(database, make, door, kept):
    institution_id, digest = kept
    with database.transaction() as connection:
        other = make.institution(connection).id
        door.put(connection, other, "letter", LETTER, make.act())
        assert destroy_keys(connection, institution_id, make.act()) == 1
    with database.reading() as connection:
        with pytest.raises(WrongState, match="destroyed"):
            door.get(connection, institution_id, "letter", digest)
        assert not has_blob(connection, institution_id, "letter", digest)
        assert door.get(connection, other, "letter", digest) == LETTER
        k = t.data_keys
        row = connection.execute(sa.select(k).where(k.c.institution_id == institution_id))
        kept_row = row.mappings().one()
    assert kept_row["wrapped"] is None
    assert (kept_row["destroyed_by"], kept_row["destroyed_at"]) == ("amna-khan", make.act().at)


def test_file_put_in_again_after_its_key_was_destroyed_is_kept_anew(database, make, door, kept):
    institution_id, digest = kept
    with database.transaction() as connection:
        destroy_keys(connection, institution_id, make.act())
        assert door.put(connection, institution_id, "letter", LETTER, make.act()) == digest
        assert door.get(connection, institution_id, "letter", digest) == LETTER


def test_rotated_data_key_leaves_old_files_readable(database, make, door, kept):
    institution_id, digest = kept
    with database.transaction() as connection:
        door.rotate_key(connection, institution_id, make.act(minutes=1))
        new = door.put(connection, institution_id, "letter", b"new letter", make.act(minutes=2))
        keys = connection.execute(sa.select(t.blobs.c.sha256, t.blobs.c.key_id)).all()
        assert door.get(connection, institution_id, "letter", digest) == LETTER
        assert door.get(connection, institution_id, "letter", new) == b"new letter"
    assert len({row.key_id for row in keys}) == 2


def test_rotated_master_key_opens_everything_and_the_old_one_nothing(database, door, kept):
    institution_id, digest = kept
    new = BlobDoor(b"n" * 32)
    with database.transaction() as connection:
        assert door.rewrap_keys(connection, new) == 1
    with database.reading() as connection:
        assert new.get(connection, institution_id, "letter", digest) == LETTER
        with pytest.raises(Corrupt):
            door.get(connection, institution_id, "letter", digest)


def test_keys_are_made_once_and_read_by_their_owner_only(tmp_path):
    path = tmp_path / "master.key"
    made = create_master_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_master_key(path) == made
    with pytest.raises(WrongState, match="never replaced"):
        create_master_key(path)
    assert load_master_key(path) == made


def test_signing_key_comes_back_the_same(tmp_path):
    made = create_signing_key(tmp_path / "signing.key")
    again = load_signing_key(tmp_path / "signing.key")
    assert public_hex(made.public_key()) == public_hex(again.public_key())


def test_missing_key_is_told_and_never_made_anew(tmp_path):
    with pytest.raises(MissingService, match=r"master\.key") as problem:
        load_master_key(tmp_path / "master.key")
    assert problem.value.advice()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "ab" * 31, "ab" * 33, "not hexadecimal", "\u06f1" * 64])
def test_file_that_holds_no_key_is_corrupt(tmp_path, text):
    path = tmp_path / "master.key"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Corrupt):
        load_master_key(path)
