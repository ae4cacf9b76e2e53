"""A shared folder passes documents on whole, and never seems to be there when it is not."""

from pathlib import Path

import pytest

from cyberposture.errors import MissingService, WrongUsage
from cyberposture.exchange import shared_folder
from cyberposture.exchange.shared_folder import SharedFolder


def test_document_is_found_as_it_was_placed_last(tmp_path: Path) -> None:
    ours, theirs = SharedFolder(tmp_path), SharedFolder(tmp_path)
    ours.place("leases", "one", b"1")
    ours.place("leases", "one", b"2")
    assert theirs.names("leases") == ["one"]
    assert theirs.find("leases", "one") == b"2"
    theirs.remove("leases", "one")
    theirs.remove("leases", "one")
    assert ours.find("leases", "one") is None
    assert ours.names("results") == []


def test_drafts_and_strange_names_are_passed_over(tmp_path: Path) -> None:
    folder = SharedFolder(tmp_path)
    folder.place("leases", "one", b"1")
    for name in (".one.abcd", "TWO.json", "..json", "one.txt", "a b.json"):
        (tmp_path / "leases" / name).write_bytes(b"x")
    assert folder.names("leases") == ["one"]


@pytest.mark.parametrize("name", ["", "../one", "a/b", "-a", "A", "a" * 129, "a\n"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(WrongUsage):
        SharedFolder(tmp_path).place("leases", name, b"")
    with pytest.raises(WrongUsage):
        SharedFolder(tmp_path).find(name, "one")


def test_folder_that_is_not_mounted_is_missing_and_not_made(tmp_path: Path) -> None:
    folder = SharedFolder(tmp_path / "share")
    with pytest.raises(MissingService, match="does not serve"):
        folder.place("leases", "one", b"")
    with pytest.raises(MissingService, match="does not serve"):
        folder.names("leases")
    assert list(tmp_path.iterdir()) == []


def test_document_that_is_too_large_is_none(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(shared_folder, "MOST_BYTES", 3)
    folder = SharedFolder(tmp_path)
    folder.place("leases", "one", b"1234")
    assert folder.find("leases", "one") is None
