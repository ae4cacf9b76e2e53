"""Charts that are tables: a heat map of medians, and a matrix of counts."""

from collections.abc import Sequence
from dataclasses import dataclass

LARGEST = 15
"""The radius of the largest circle of a matrix, in pixels."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One count; `radius` of its circle is such that areas compare, 0 where there is none."""

    value: str
    radius: str


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One row of counts, with all of them together."""

    id: str
    label: str
    cells: tuple[Cell, ...]
    total: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """Counts by two things, such as domain and severity."""

    heads: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    totals: tuple[str, ...]
    """Of each column, and of all."""
    description: str


def matrix_of(
    heads: Sequence[str],
    rows: Sequence[tuple[str, str, Sequence[int]]],
    description: str,
) -> Matrix | None:
    """Return a matrix of counts; each row is its id, its label and a number for each head.

    Rows without any are left out; None where nothing is counted.
    """
    most = max((number for _, _, numbers in rows for number in numbers), default=0)
    if not most:
        return None
    kept = [row for row in rows if any(row[2])]
    totals = [sum(numbers[i] for _, _, numbers in kept) for i in range(len(heads))]
    return Matrix(
        heads=tuple(heads),
        rows=tuple(
            MatrixRow(id_, label, tuple(_cell(n, most) for n in numbers), str(sum(numbers)))
            for id_, label, numbers in kept
        ),
        totals=(*(str(n) for n in totals), str(sum(totals))),
        description=str(description),
    )


def _cell(number: int, most: int) -> Cell:
    radius = LARGEST * (number / most) ** 0.5
    return Cell(str(number) if number else "", f"{max(radius, 3):.1f}" if number else "0")
