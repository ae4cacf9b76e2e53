"""What every reader of a table hands on: its rows one by one, and at the end what it is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from cyberposture.clock import from_iso
from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.intel import Exploited, Flaw, PrefixRow, SupportEnd

M = TypeVar("M", bound=BaseModel)
Row = Exploited | Flaw | PrefixRow | SupportEnd


@dataclass
class Told:
    """What a file tells of itself besides its rows; filled in while it is read."""

    as_of: datetime | None = None
    details: dict[str, str | int] = field(default_factory=dict)
    stated: int | None = None
    """How many rows the file says it has."""
    total: int | None = None
    """How many rows there are in all, where the file is one page of several."""
    seen: set[str] = field(default_factory=set)
    """What must not stand twice, shared by the files of one import."""


Reader = Callable[..., Iterator[Row]]


def build(model: type[M], place: str, value: Any) -> M:
    """Return the model of a value; `place` is its file and path, or file and line.

    Raises:
        InvalidInput: every fault, each with the place and the path in it.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise InvalidInput(
            [
                Fault(place + _below(item["loc"]), item["msg"].removeprefix("Value error, "))
                for item in error.errors(include_url=False, include_context=False)
            ]
        ) from error


def _below(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)


def read_moment(text: object, place: str) -> datetime:
    """Return a moment; without a zone it is UTC, as tables of others mean it.

    Raises:
        InvalidInput: it is none.
    """
    if not isinstance(text, str):
        raise InvalidInput(Fault(place, "a moment is expected"))
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
        plain = datetime.fromisoformat(text)
        return plain.replace(tzinfo=UTC) if plain.tzinfo is None else from_iso(text)
    except ValueError as error:
        raise InvalidInput(Fault(place, f"{text[:40]!r} is no moment")) from error


def read_count(value: object, place: str) -> int:
    """Return how many rows a file says it has.

    Raises:
        InvalidInput: it is no whole number.
    """
    if type(value) is not int or value < 0:
        raise InvalidInput(Fault(place, "a whole number is expected"))
    return value


def require_count(name: str, told: Told, found: int, key: str) -> None:
    """Return if a file holds as many rows as it says.

    Raises:
        InvalidInput: it does not, so that something was lost.
    """
    if told.stated is not None and told.stated != found:
        what = f"the file says {told.stated} and holds {found}"
        raise InvalidInput(Fault(f"{name}: {key}", what))
