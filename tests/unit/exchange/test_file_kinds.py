"""What a file is: told by its bytes, whatever its name says, and given out so that nothing runs."""

import io
import struct
import unicodedata
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cyberposture.exchange.file_kinds import (
    LONGEST_NAME,
    MOST_ENTRIES,
    SERVED,
    UnfitFile,
    recognise,
    safe_name,
)

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + rb"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><script>alert(document.cookie)</script>"


def package(*names: str, mimetype: str | None = None, **contents: bytes) -> bytes:
    """Return a ZIP with these entries."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        if mimetype is not None:
            archive.writestr("mimetype", mimetype, zipfile.ZIP_STORED)
        for name in names:
            archive.writestr(name, contents.get(name, b"x"))
    return made.getvalue()


DOCX = ("[Content_Types].xml", "word/document.xml")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n", "pdf"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (package(*DOCX), "docx"),
        (package("[Content_Types].xml", "xl/workbook.xml"), "xlsx"),
        (package("[Content_Types].xml", "ppt/presentation.xml"), "pptx"),
        (package("content.xml", mimetype="application/vnd.oasis.opendocument.text"), "odt"),
        ("پالیسی\n".encode(), "text"),
        ("policy\n".encode("utf-16"), "text"),
        (HTML, "text"),
        (SVG, "text"),
        (EICAR, "text"),
    ],
)
def test_a_file_is_what_its_bytes_say(data, kind):
    assert recognise(data) == kind


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "empty"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "old-office"),
        (package(*DOCX, "word/vbaProject.bin"), "macros"),
        (package("a.txt", "b.txt"), "package"),
        (package("content.xml", mimetype="application/java-archive"), "package"),
        (b"MZ\x90\x00\x03", "unknown-kind"),
        (b"\x7fELF\x02\x01", "unknown-kind"),
        (b"GIF89a\x00\x01", "unknown-kind"),
        (b"PK\x03\x04 and then nothing", "unknown-kind"),
        (b"text with \x00 in it", "unknown-kind"),
    ],
)
def test_what_hides_something_or_is_unknown_is_refused(data, problem):
    with pytest.raises(UnfitFile) as caught:
        recognise(data, "line 3")
    assert (caught.value.problem, caught.value.faults[0].where) == (problem, "line 3")


def test_a_package_that_unpacks_to_far_more_is_refused_without_being_unpacked():
    bomb = package(*DOCX, "word/media.bin", **{"word/media.bin": bytes(20_000_000)})
    assert len(bomb) < 100_000
    with pytest.raises(UnfitFile) as caught:
        recognise(bomb)
    assert caught.value.problem == "bomb"


def test_a_package_of_too_many_entries_is_refused():
    with pytest.raises(UnfitFile) as caught:
        recognise(package(*(f"word/{n}" for n in range(MOST_ENTRIES + 1))))
    assert caught.value.problem == "bomb"


def test_a_package_whose_entries_lie_on_one_another_counts_all_of_them():
    """Every entry of the table of contents points to the same bytes, and says how large it gets."""
    whole = package("word/one.bin", **{"word/one.bin": bytes(9_000_000)})
    end = whole.rindex(b"PK\x05\x06")
    size, start = struct.unpack("<LL", whole[end + 12 : end + 20])
    table = whole[start : start + size] * 40
    tail = b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, 40, 40, len(table), start, 0)
    with pytest.raises(UnfitFile) as caught:
        recognise(whole[:start] + table + tail)
    assert caught.value.problem == "bomb"


@pytest.mark.parametrize(
    ("sent", "kind", "given_out"),
    [
        ("policy.PDF", "pdf", "policy.pdf"),
        ("../../etc/passwd", "text", "passwd.txt"),
        ("C:\\Users\\a\\plan.docx", "docx", "plan.docx"),
        ("page.html", "text", "page.html.txt"),
        ("picture.svg", "text", "picture.svg.txt"),
        ("run.exe", "pdf", "run.exe.pdf"),
        ("invoice\u202efdp.exe", "pdf", "invoicefdp.exe.pdf"),
        ("a\r\nSet-Cookie: x=1.txt", "text", "aSet-Cookie_ x=1.txt"),
        ('a".txt', "text", "a_.txt"),
        ("", "png", "file.png"),
        ("...", "png", "file.png"),
        ("پالیسی ۲۰۲۶.pdf", "pdf", "پالیسی ۲۰۲۶.pdf"),
        (".htaccess", "text", "htaccess.txt"),
    ],
)
def test_a_name_loses_folders_marks_and_endings_that_lie(sent, kind, given_out):
    assert safe_name(sent, kind) == given_out


@given(st.text(max_size=300), st.sampled_from(sorted(SERVED)))
def test_every_name_is_short_visible_and_of_its_kind(sent, kind):
    name = safe_name(sent, kind)
    assert 1 < len(name) <= LONGEST_NAME
    assert name.endswith(SERVED[kind].endings)
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs") for c in name)
    assert not set(name) & set('/\\"\r\n<>')


def test_a_name_of_a_hundred_kilobytes_is_cut():
    assert len(safe_name("ہ" * 100_000 + ".pdf", "pdf")) <= LONGEST_NAME


def test_nothing_is_given_out_as_something_that_a_browser_runs():
    types = {served.media_type for served in SERVED.values()}
    assert not any(word in one for one in types for word in ("html", "svg", "xml;", "script"))


@given(st.binary(max_size=2_000))
def test_any_bytes_are_recognised_or_refused(data):
    try:
        assert recognise(data) in SERVED
    except UnfitFile as error:
        assert error.problem


@given(st.binary(max_size=400), st.integers(0, 200))
def test_a_damaged_package_is_recognised_or_refused(noise, at):
    whole = package(*DOCX)
    try:
        recognise(whole[:at] + noise + whole[at + len(noise) :])
    except UnfitFile as error:
        assert error.problem
