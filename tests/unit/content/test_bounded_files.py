"""Files are read whole or refused: what is too large is never taken for badly written."""

from pathlib import Path

import pytest

from cyberposture.content.reading import documents
from cyberposture.content.reading.files import decode_text, read_bytes
from cyberposture.errors import InvalidInput


def fault_of(path: Path, limit: int = 10, name: str | None = None) -> str:
    with pytest.raises(InvalidInput) as caught:
        read_bytes(path, limit, name)
    return str(caught.value)


def test_a_file_is_read_up_to_its_limit_and_refused_beyond(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_bytes(b"0123456789")
    assert read_bytes(path, 10) == b"0123456789"
    assert fault_of(path, 9) == "letter.txt: larger than 9 bytes"
    assert fault_of(path, 9, "sheet.csv:4") == "sheet.csv:4: larger than 9 bytes"


def test_a_file_that_is_missing_or_a_folder_is_refused_by_name(tmp_path: Path) -> None:
    assert fault_of(tmp_path / "gone.txt") == "gone.txt: No such file or directory"
    assert fault_of(tmp_path) == f"{tmp_path.name}: Is a directory"


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    assert decode_text("a.csv", b"caf\xc3\xa9") == "café"
    with pytest.raises(InvalidInput, match=r"^a\.csv:3: not UTF-8 text$"):
        decode_text("a.csv", b"one\ntwo\nthr\xe9e")


def test_the_mark_before_the_text_of_a_spreadsheet_is_no_part_of_it() -> None:
    assert decode_text("a.csv", b"\xef\xbb\xbfcode", marked=True) == "code"


def test_a_document_that_is_too_large_is_so_even_if_the_limit_parts_a_letter(
    tmp_path: Path,
) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"a:" + "é".encode() * documents.MAX_BYTES)
    with pytest.raises(InvalidInput, match=r"large\.yaml: larger than 2000000 bytes$"):
        documents.read_file(path)
