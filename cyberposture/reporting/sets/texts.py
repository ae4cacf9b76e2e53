"""The text in a file that was written, whatever its format: what a scan for leaks reads."""

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePosixPath

PLAIN = frozenset({"txt", "csv", "json", "yaml", "md"})
MARKED = frozenset({"html", "xml", "rels", "svg", "vml"})
PACKED = frozenset({"xlsx", "zip", "ods"})
DEEPEST = 2
"""Archives within archives are opened so far."""
LARGEST = 200_000_000
"""So many bytes of one part are read, unpacked."""


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of text and where it stands; `counts_lines`: `where` goes on with a line's number."""

    where: str
    said: str
    is_markup: bool = False
    counts_lines: bool = False


def texts_of(name: str, data: bytes, depth: int = 0) -> list[Text] | None:
    """Return the texts in a file, or None where it cannot be read."""
    kind = PurePosixPath(name).name.rpartition(".")[2].lower()
    if kind in PLAIN | MARKED:
        try:
            said = data.decode("utf-8")
        except UnicodeDecodeError:
            return None
        return [Text("line", said, is_markup=kind in MARKED, counts_lines=True)]
    if kind in PACKED and depth < DEEPEST:
        return _unpacked(data, depth)
    if kind == "pdf":
        return pdf_texts(data)
    return None


def _unpacked(data: bytes, depth: int) -> list[Text] | None:
    found: list[Text] = []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                if member.is_dir():
                    continue
                if member.file_size > LARGEST:
                    return None
                found.append(Text("the name of a part", member.filename))
                inner = texts_of(member.filename, archive.read(member), depth + 1)
                if inner is None:
                    return None
                found += [
                    Text(f"within {member.filename}", text.said, text.is_markup) for text in inner
                ]
    except (zipfile.BadZipFile, zlib.error, RuntimeError):
        return None
    return found


# PDF: what is shown stands as codes of glyphs in streams, with a table from codes to letters.

_STREAM = re.compile(rb"<<(?P<head>(?:[^<>]|<<|>>|<[0-9A-Fa-f\s]*>)*)>>\s*stream\r?\n")
_LENGTH = re.compile(rb"/Length\s+(\d+)(?!\s+\d+\s+R)")
_DIGITS = rb"<([0-9A-Fa-f]+)>"
_ONE = re.compile(rb"\s*".join([_DIGITS] * 2))
_MANY = re.compile(rb"\s*".join([_DIGITS] * 3))
_SECTION = re.compile(rb"begin(bfchar|bfrange)(.*?)end\1", re.DOTALL)
_SHOWN = re.compile(rb"\[((?:[^\[\]\\]|\\.)*)\]\s*TJ|(<[0-9A-Fa-f\s]*>|\((?:[^()\\]|\\.)*\))\s*Tj")
_PIECE = re.compile(rb"<([0-9A-Fa-f\s]*)>|\(((?:[^()\\]|\\.)*)\)")
_LITERAL = re.compile(rb"\(((?:[^()\\]|\\.)*)\)")
_HEX = re.compile(rb"<(FEFF[0-9A-Fa-f]+)>", re.IGNORECASE)
_BEGINS = b"%PDF-"


def pdf_texts(data: bytes) -> list[Text] | None:
    """Return the text that a PDF shows and that which describes it; None where it cannot be read.

    Every table from codes to letters is tried on every shown string, so that a string of one font
    read with another's table only adds nonsense, and never hides anything. Letters that run from
    right to left stand in the order of the paper: they are read in both.
    """
    if not data.startswith(_BEGINS) or b"/Encrypt" in data:
        return None
    streams = _streams(data)
    if streams is None:
        return None
    outside = _outside(data)
    tables = [_letters(stream) for stream in streams if b"beginbf" in stream]
    found = [Text("its description", _described(piece)) for piece in (outside, *streams)]
    for stream in streams:
        shown = [_codes(match[1] or match[2]) for match in _SHOWN.finditer(stream)]
        if shown:
            found += [Text("its pages", _read(shown, table)) for table in tables or [{}]]
    return found


def _streams(data: bytes) -> list[bytes] | None:
    found = []
    for match in _STREAM.finditer(data):
        head, begin = match["head"], match.end()
        length = _LENGTH.search(head)
        end = begin + int(length[1]) if length else data.find(b"endstream", begin)
        body = data[begin:end]
        if b"/FlateDecode" in head:
            try:
                body = zlib.decompressobj().decompress(body, LARGEST)
            except zlib.error:
                return None
        found.append(body)
    return found


def _outside(data: bytes) -> bytes:
    """Return what stands outside of all streams: titles, authors, links, bookmarks."""
    return b"".join(re.split(rb"stream\r?\n.*?endstream", data, flags=re.DOTALL))


def _described(piece: bytes) -> str:
    said = [_unescaped(text).decode("latin-1") for text in _LITERAL.findall(piece)]
    said += [_utf16(bytes.fromhex(text.decode())) for text in _HEX.findall(piece)]
    said += [
        raw[2:].decode("utf-16-be", "replace")
        for text in _LITERAL.findall(piece)
        if (raw := _unescaped(text)).startswith(b"\xfe\xff")
    ]
    if piece.lstrip().startswith(b"<"):
        said.append(piece.decode("utf-8", "replace"))
    return "\n".join(said)


def _utf16(raw: bytes) -> str:
    return raw[2:].decode("utf-16-be", "replace")


def _unescaped(text: bytes) -> bytes:
    def read(match: re.Match[bytes]) -> bytes:
        code = match[1]
        if code.isdigit():
            return bytes([int(code, 8) & 255])
        return {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\n": b""}.get(code, code)

    return re.sub(rb"\\([0-7]{1,3}|.|\n)", read, text, flags=re.DOTALL)


def _letters(stream: bytes) -> dict[int, str]:
    """Return the letters of a font by the codes of its glyphs."""
    table: dict[int, str] = {}
    for kind, rows in _SECTION.findall(stream):
        if kind == b"bfchar":
            table |= {int(code, 16): _decoded(letter) for code, letter in _ONE.findall(rows)}
            continue
        for first, last, letter in _MANY.findall(rows):
            begin = int(letter, 16)
            for shift, code in enumerate(range(int(first, 16), int(last, 16) + 1)):
                table[code] = chr(min(begin + shift, 0x10FFFF))
    return table


def _decoded(hexadecimal: bytes) -> str:
    return bytes.fromhex(hexadecimal.decode()).decode("utf-16-be", "replace")


def _codes(shown: bytes) -> bytes:
    found = b""
    for match in _PIECE.finditer(shown):
        if match[1] is not None:
            found += bytes.fromhex(re.sub(rb"\s", b"", match[1]).decode())
        else:
            found += _unescaped(match[2])
    return found


def _read(shown: list[bytes], table: dict[int, str]) -> str:
    if not table:
        return "\n".join(codes.decode("latin-1") for codes in shown)
    lines = [
        "".join(
            table.get(int.from_bytes(codes[at : at + 2], "big"), "")
            for at in range(0, len(codes), 2)
        )
        for codes in shown
    ]
    backwards = [line[::-1] for line in reversed(lines) if not line.isascii()]
    return "\n".join([*lines, *backwards])
