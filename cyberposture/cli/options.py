"""Options and words that many commands share, so that they are called and explained alike."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, TypeVar

import typer

from cyberposture.clock import from_iso
from cyberposture.errors import WrongUsage

T = TypeVar("T")

Institution = Annotated[str, typer.Option("--institution", help="Code of the institution.")]
OnlyInstitution = Annotated[
    str | None, typer.Option("--institution", help="Only this institution.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]
By = Annotated[
    str | None, typer.Option("--by", help="Who acts: the code of a person; else that of --as.")
]
AnyJson = Annotated[bool, typer.Option("--json", help="It is JSON in any case.")]

UNITS = {"days": "days", "working-days": "working days", "hours": "hours"}
"""The units of parameters in words."""


def one_of(known: Sequence[T], given: str, what: str) -> T:
    """Return the one of the known words that was given; `what` says what kind of word it is.

    Raises:
        WrongUsage: it is none of them.
    """
    for one in known:
        if one == given:
            return one
    raise WrongUsage(f"no {what} {given!r}; there are: {', '.join(map(str, known))}")


def as_day(option: str, text: str) -> date:
    """Return the day that the text names.

    Raises:
        WrongUsage: it names none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise WrongUsage(f"{option}: {text[:40]!r} is no day; write YYYY-MM-DD") from error


def as_moment(option: str, text: str) -> datetime:
    """Return the moment, with its zone, that the text names.

    Raises:
        WrongUsage: it names none.
    """
    try:
        return from_iso(text)
    except ValueError as error:
        said = f"{text[:40]!r} is no moment; write it with its zone: 2026-11-19T02:14:00+05:00"
        raise WrongUsage(f"{option}: {said}") from error
