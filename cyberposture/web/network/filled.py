"""Forms as they were filled in: texts, lists and files, and what was wrong with them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser

from cyberposture.errors import CyberpostureError, Fault, InvalidInput, NotAuthorised
from cyberposture.services.people.people import read_key_text
from cyberposture.web.surroundings import Visit, plain, portal_of

MOST_FIELDS: Final = 200
MOST_FILES: Final = 12
KEY: Final = "key_file"
"""The field by which a key file comes: it is used once, in memory, and kept nowhere."""
OWN_KEY: Final = "own_key"
"""The same where a key is not needed, and may stand beside the other."""


@dataclass(frozen=True)
class Filled:
    """One form: the last text and every text of each field, and its files by field."""

    texts: Mapping[str, str]
    lists: Mapping[str, tuple[str, ...]]
    files: Mapping[str, bytes] = field(default_factory=dict)
    too_large: frozenset[str] = frozenset()
    """The fields whose files were larger than files may be."""

    def __getitem__(self, name: str) -> str:
        """Return the text of a field, '' where there is none."""
        return self.texts.get(name, "")

    def lines(self, name: str) -> tuple[str, ...]:
        """Return the lines of a field that hold something."""
        return tuple(line.strip() for line in self[name].splitlines() if line.strip())

    def number(self, name: str, otherwise: int = 0) -> int:
        """Return a whole number, `otherwise` where the field holds none.

        Raises:
            InvalidInput: it holds something else.
        """
        text = self[name]
        if not text:
            return otherwise
        if not (text.isascii() and text.isdecimal() and len(text) < 10):
            raise InvalidInput(Fault(name, "a whole number is expected"))
        return int(text)

    @property
    def form_key(self) -> str:
        """The key that shows that the form came from a page of ours."""
        return self["form_key"]


class _InMemory(MultiPartParser):
    """Lays no file on a disk, however large: letters and keys are sealed before they are kept."""

    spool_max_size = 0


async def fill(request: Request) -> Filled:
    """Return the form of a request; of a file that is too large, that it is.

    Raises:
        InvalidInput: it is no form.
    """
    lists: dict[str, tuple[str, ...]] = {}
    files: dict[str, bytes] = {}
    most = portal_of(request).runtime.settings.upload_bytes
    too_large = set()
    given = await _read(request)
    for name, value in given.multi_items():
        if isinstance(value, str):
            lists[name] = (*lists.get(name, ()), plain(value))
            continue
        data = await value.read()
        if len(data) > most:
            too_large.add(name)
        elif data or value.filename:
            files[name] = data
    await given.close()
    texts = {name: texts[-1] for name, texts in lists.items()}
    return Filled(texts, lists, files, frozenset(too_large))


async def _read(request: Request) -> FormData:
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        return await request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS)
    parser = _InMemory(
        request.headers, request.stream(), max_files=MOST_FILES, max_fields=MOST_FIELDS
    )
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise InvalidInput(Fault("form", "this is no form with a file")) from error


Form = Annotated[Filled, Depends(fill)]


@dataclass(frozen=True)
class Trouble:
    """What was wrong with a form: by field, and ('' as field) as a whole."""

    status: int
    faults: Mapping[str, str]

    @property
    def listed(self) -> list[tuple[str, str]]:
        """The fields with their faults, in order, as pairs."""
        return list(self.faults.items())


def missing(visit: Visit, form: Filled, *names: str) -> Trouble | None:
    """Return where fields that are needed hold nothing, or a file is too large; None: nowhere."""
    megabytes = visit.portal.runtime.settings.upload_bytes // 1_000_000
    large = str(visit.words.say("net.fault.too_large", n=megabytes))
    said = str(visit.words.say("parts.needed"))
    empty = [name for name in names if not form[name] and not form.files.get(name)]
    wrong = dict.fromkeys(empty, said) | dict.fromkeys(sorted(form.too_large), large)
    return Trouble(422, wrong) if wrong else None


def key_of(form: Filled, name: str = KEY) -> str:
    """Return the private key in the key file of a form, in the field of that name.

    Raises:
        InvalidInput: there is no file, or it holds no key.
    """
    return read_key_text(form.files.get(name, b""), name)


def trouble_of(visit: Visit, error: CyberpostureError) -> Trouble:
    """Return what a service refused, in the reader's words where there are some."""
    if isinstance(error, InvalidInput):
        return Trouble(422, dict(_placed(fault) for fault in error.faults))
    said = str(error)
    if isinstance(error, NotAuthorised):
        known = f"net.reason.{error.reason}"
        said = str(visit.words.say(known)) if known in visit.words.keys else said
        if error.reason == "bad-signature":
            return Trouble(403, {KEY: said})
    advice = error.advice() or ""
    status = 403 if isinstance(error, NotAuthorised) else 409
    shown = said if not advice or "cyberposture " in advice else f"{said}. {advice}"
    return Trouble(status, {"": shown})


def tried(visit: Visit, act: Callable[[], object]) -> Trouble | None:
    """Do what a form asks for, and return what stood in its way, or None."""
    try:
        act()
    except CyberpostureError as error:
        return trouble_of(visit, error)
    return None


def _placed(fault: Fault) -> tuple[str, str]:
    """Return the field that a fault is about, and what is wrong there."""
    where, what = fault.where.removeprefix("--").replace("-", "_"), fault.what
    if where == "arguments" and ": " in what:
        where, _, what = what.partition(": ")
    name = where.partition(".")[0].partition(":")[0]
    return name, what
