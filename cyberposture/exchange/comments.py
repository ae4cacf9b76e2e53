"""Comments from a CSV file: each row becomes one, each fault names its line and column."""

from pathlib import Path

from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.sheets import build_row, read_rows
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

Placed = tuple[str, Comment]
"""Where a comment stands in its file, and the comment."""


def read_comments(path: Path) -> list[Placed]:
    """Return the comments of a CSV file with a heading, in its order.

    `publish` and `on_behalf` hold yes or no; without them a comment may be published, and was
    entered on behalf of its author if it names an event.

    Raises:
        InvalidInput: with every fault of the file, each at its line.
    """
    found: list[Placed] = []
    faults: list[Fault] = []
    for where, cells in read_rows(path, COLUMNS, NEEDED):
        value: dict[str, object] = dict(cells)
        if "event" in cells:
            value["on_behalf"] = True
        wrong = [
            Fault(where, f"column {column}: {cells[column][:40]!r}; write yes or no")
            for column in _FLAGS
            if column in cells and cells[column].lower() not in _WORDS
        ]
        faults += wrong
        for column, field in _FLAGS.items():
            if column in cells and not wrong:
                del value[column]
                value[field] = _WORDS[cells[column].lower()]
        try:
            if not wrong:
                found.append((where, build_row(Comment, where, value)))
        except InvalidInput as error:
            faults += error.faults
    if faults:
        raise InvalidInput(faults)
    if not found:
        raise InvalidInput(Fault(path.name, "no comment stands under the heading"))
    return found
