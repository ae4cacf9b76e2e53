"""Long lists come in pages: so many rows, and the word with which the next page begins."""

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from cyberposture.errors import Fault, InvalidInput

MOST = 200
T = TypeVar("T")
R = TypeVar("R")
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many rows at most.")]
After = Annotated[
    str, Query(max_length=200, description="The `next` of the page before; empty for the first.")
]


class Page(BaseModel, Generic[T]):
    """Some rows of a list."""

    items: list[T]
    next: str | None = Field(description="What `after` is for the next page; null on the last one.")


def page_of(
    rows: Sequence[R], key: Callable[[R], str], shape: Callable[[R], T], after: str, limit: int
) -> Page[T]:
    """Return the page of rows that follows the row whose key is `after`.

    Raises:
        InvalidInput: no row has this key.
    """
    start = 0
    if after:
        place = next((n for n, row in enumerate(rows) if key(row) == after), None)
        if place is None:
            raise InvalidInput(Fault("after", "no page ends there: begin without `after`"))
        start = place + 1
    taken = rows[start : start + limit]
    more = start + limit < len(rows)
    return Page(items=[shape(row) for row in taken], next=key(taken[-1]) if more else None)
