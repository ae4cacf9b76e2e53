"""Takes in a form with one file, piece by piece, within limits, and lays nothing on a disk.

What breaks off leaves nothing behind: the file is handed to a service only once all of it is here.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from fastapi import Request, Response
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from cyberposture.errors import Fault, InvalidInput, WrongState
from cyberposture.exchange.file_kinds import UnfitFile
from cyberposture.services.assessments.library import GivenOut
from cyberposture.services.assessments.pieces import NewFile
from cyberposture.web.surroundings import Visit, require_form_key

UPLOADS: Final = "/upload"
"""Addresses that end so take a file; every other form is small."""
MOST_AROUND = 400_000
"""Bytes of a form beside its file: its fields, and a name that may be very long."""
MOST_AT_ONCE = 8
MOST_DRAINED = 4
"""So many times the limit is read and thrown away, so that people see why and not a dead line."""
_LONGEST_FIELD = 20_000
_LONGEST_HEADER = 200_000
_MOST_PARTS = 20
_BROKEN_OFF = "the file did not come whole; send it again"


@dataclass(frozen=True)
class Upload:
    """A form that came in: its fields, and its file where one was chosen."""

    fields: dict[str, str]
    file: NewFile | None


@dataclass
class _Parts:
    """Collects the parts of a form as they come in."""

    visit: Visit
    most_bytes: int
    fields: dict[str, str] = field(default_factory=dict)
    file_name: str | None = None
    data: bytearray = field(default_factory=bytearray)
    is_too_large: bool = False
    _header: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _disposition: bytes = b""
    _name: str = ""
    _is_file: bool = False
    _count: int = 0

    def begin(self) -> None:
        """A part begins."""
        self._count += 1
        self._disposition, self._is_file = b"", False
        self._value.clear()
        if self._count > _MOST_PARTS:
            raise InvalidInput(Fault("form", "too many parts"))

    def header_field(self, data: bytes, start: int, end: int) -> None:
        """Some of a header's name came."""
        self._header += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        """Some of a header's value came."""
        if bytes(self._header).lower() == b"content-disposition":
            self._disposition += data[start:end]

    def header_end(self) -> None:
        """A header is whole."""
        self._header.clear()

    def headers_finished(self) -> None:
        """What the part is, is known now; a file is taken from our own form alone."""
        _, told = parse_options_header(self._disposition)
        self._name = told.get(b"name", b"").decode("utf-8", "replace")
        self._is_file = b"filename" in told
        if self._is_file:
            require_form_key(self.visit, self.fields.get("form_key", ""))
            if self.file_name is not None:
                raise InvalidInput(Fault("form", "one file at a time"))
            self.file_name = told[b"filename"].decode("utf-8", "replace")

    def part_data(self, data: bytes, start: int, end: int) -> None:
        """Some of a part came; what is too much is counted and forgotten."""
        if not self._is_file:
            self._value += data[start:end]
            if len(self._value) > _LONGEST_FIELD:
                raise InvalidInput(Fault("form", "a field is too long"))
        elif len(self.data) + end - start > self.most_bytes:
            self.is_too_large = True
            self.data.clear()
        elif not self.is_too_large:
            self.data += data[start:end]

    def part_end(self) -> None:
        """A part is whole."""
        if not self._is_file:
            self.fields[self._name] = self._value.decode("utf-8", "replace")


async def read_upload(visit: Visit, most_bytes: int) -> Upload:
    """Return the form that a request carries, its key having been looked at before its file.

    Raises:
        NotAuthorised: the form did not come from a page of ours.
        UnfitFile: the file is too large.
        InvalidInput: it is no form with a file, or broke off.
        WrongState: too many files are coming in already.
    """
    state = visit.request.app.state
    under_way = getattr(state, "uploads_under_way", 0)
    if under_way >= MOST_AT_ONCE:
        raise WrongState("many files are coming in just now", advice="try again in a minute")
    state.uploads_under_way = under_way + 1
    try:
        parts = await _read(visit, most_bytes)
    finally:
        state.uploads_under_way -= 1
    require_form_key(visit, parts.fields.get("form_key", ""))
    if parts.is_too_large:
        raise UnfitFile("too-large")
    is_chosen = parts.file_name is not None and (parts.file_name or parts.data)
    file = NewFile(bytes(parts.data), parts.file_name or "") if is_chosen else None
    return Upload(parts.fields, file)


async def _read(visit: Visit, most_bytes: int) -> _Parts:
    request: Request = visit.request
    kind, told = parse_options_header(request.headers.get("content-type", ""))
    boundary = told.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 1 <= len(boundary) <= 200:
        raise InvalidInput(Fault("form", "this is no form with a file"))
    parts = _Parts(visit, most_bytes)
    parser = MultipartParser(
        boundary,
        {
            "on_part_begin": parts.begin,
            "on_header_field": parts.header_field,
            "on_header_value": parts.header_value,
            "on_header_end": parts.header_end,
            "on_headers_finished": parts.headers_finished,
            "on_part_data": parts.part_data,
            "on_part_end": parts.part_end,
        },
        max_header_size=_LONGEST_HEADER,
    )
    came = 0
    try:
        async for chunk in _pieces(request):
            came += len(chunk)
            if came > MOST_DRAINED * most_bytes + MOST_AROUND:
                raise UnfitFile("too-large")
            parser.write(chunk)
        parser.finalize()
    except MultipartParseError as error:
        raise InvalidInput(Fault("form", _BROKEN_OFF)) from error
    return parts


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """Yield the body as it comes in.

    Raises:
        InvalidInput: the line went dead before all of it was here.
    """
    is_whole = False
    while not is_whole:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise InvalidInput(Fault("form", _BROKEN_OFF))
        yield message.get("body", b"")
        is_whole = not message.get("more_body", False)


def as_download(given: GivenOut) -> Response:
    """Return a file as an answer that a browser saves and never shows."""
    plain = given.name.encode("ascii", "replace").decode().replace("?", "_")
    where = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(given.name, safe='')}"
    headers = {
        "Content-Disposition": where,
        "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(given.data, media_type=given.media_type, headers=headers)
