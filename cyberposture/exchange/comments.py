"""Comments from a CSV file: each row becomes one, each fault names its line and column."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.sheets import build_row, fault_in, read_rows
from cyberposture.model.consultations import Comment

COLUMNS = (
    "control",
    "clause",
    "author",
    "affiliation",
    "email",
    "group",
    "text",
    "publish",
    "event",
    "on_behalf",
)
NEEDED = ("author", "text")
_FLAGS = {"publish": "is_public", "on_behalf": "on_behalf"}
_WORDS = {"yes": True, "no": False}


@dataclass(frozen=True)
class ReadComment:
    """One row: where it stands, what its cells hold, and the comment that it is, or its faults."""

    where: str
    cells: Mapping[str, str]
    comment: Comment | None
    faults: tuple[Fault, ...]


def read_comments(path: Path) -> list[ReadComment]:
    """Return the rows of a CSV file with a heading, in its order, each with its own faults.

    `publish` and `on_behalf` hold yes or no; without them a comment may be published, and was
    entered on behalf of its author if it names an event.

    Raises:
        InvalidInput: the file cannot be read as rows under these headings, or holds none.
    """
    found = [_read(where, cells) for where, cells in read_rows(path, COLUMNS, NEEDED)]
    if not found:
        raise InvalidInput(Fault(path.name, "no comment stands under the heading"))
    return found


def _read(where: str, cells: Mapping[str, str]) -> ReadComment:
    value: dict[str, object] = dict(cells)
    if "event" in cells:
        value["on_behalf"] = True
    faults: list[Fault] = []
    for column, field in _FLAGS.items():
        if column not in cells:
            continue
        del value[column]
        if cells[column].lower() in _WORDS:
            value[field] = _WORDS[cells[column].lower()]
        else:
            faults.append(fault_in(where, column, f"{cells[column][:40]!r}; write yes or no"))
            # What is wrong beside it is told as well: at an event, only yes would fit.
            value[field] = field == "on_behalf"
    comment = None
    try:
        comment = build_row(Comment, where, value)
    except InvalidInput as error:
        faults += error.faults
    return ReadComment(where, cells, None if faults else comment, tuple(faults))
