"""`cyberposture score compare`, and `recompute` under other rules: scores side by side."""

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cyberposture.cli.options import Json, OnlyInstitution
from cyberposture.cli.surroundings import open_runtime, show_json, show_table

if TYPE_CHECKING:
    from cyberposture.scoring.attribution import Cause
    from cyberposture.services.scores.comparing import Compared

ITEMS = 12
"""So many items of a cause are listed, those that change most; --json lists all."""


def compare(
    context: typer.Context,
    first: Annotated[str, typer.Argument(metavar="FIRST", help="Code of a round.")],
    second: Annotated[str, typer.Argument(metavar="SECOND", help="Another one, or live.")] = "live",
    institution: OnlyInstitution = None,
    as_json: Json = False,
) -> None:
    """Show two scores of each institution side by side, and what the difference comes of."""
    from cyberposture.services.scores.comparing import compare_rounds

    register = open_runtime(context).register
    show(compare_rounds(register, first, second, institution=institution), as_json)


def under(
    context: typer.Context,
    *,
    edition: str | None,
    parameters: Path | None,
    round_code: str | None,
    institution: str | None,
    as_json: bool,
) -> None:
    """Show kept scores beside what an edition or other parameters would make of them."""
    from cyberposture.services.scores import comparing

    register = open_runtime(context).register
    if parameters is not None:
        found = comparing.compare_under_parameters(
            register, parameters, round_code=round_code, institution=institution
        )
    else:
        found = comparing.compare_under_edition(
            register, edition or "", round_code=round_code, institution=institution
        )
    show(found, as_json)


def show(found: "list[Compared]", as_json: bool) -> None:
    """Print the scores side by side; the parts of a difference add up as they are printed."""
    from cyberposture.scoring.explain import people

    if as_json:
        show_json([_document(one) for one in found])
        return
    rows = (
        (
            one.institution,
            f"{people(one.before.verified)} {one.before.band or 'no band'}",
            f"{people(one.after.verified)} {one.after.band or 'no band'}",
            _signed(_tenths(one)),
            _because(one),
        )
        for one in found
    )
    show_table(("institution", "before", "after", "change", "because of"), rows)
    if len(found) == 1:
        _show_items(found[0])


def _tenths(one: "Compared") -> int:
    """Return the difference of the two scores as they are printed, in tenths."""
    return (one.why.after or 0) // 10 - (one.why.before or 0) // 10


def _shared(one: "Compared") -> "dict[Cause, int]":
    from cyberposture.scoring.attribution import share_out

    parts = {part.cause: part.points / 10 for part in one.why.parts}
    return share_out(parts, _tenths(one) if parts else 0)


def _because(one: "Compared") -> str:
    told = (f"{cause} {_signed(tenths)}" for cause, tenths in _shared(one).items())
    return ", ".join(told) or "nothing"


def _show_items(one: "Compared") -> None:
    from cyberposture.scoring.attribution import share_out

    causes = _shared(one)
    for part in one.why.parts:
        items = {name: points / 10 for name, points in part.items}
        tenths = share_out(items, causes[part.cause] if items else 0)
        largest = sorted(part.items, key=lambda item: (-abs(item[1]), item[0]))
        for name, _ in largest[:ITEMS]:
            typer.echo(f"  {part.cause}: {name or 'together with others'} {_signed(tenths[name])}")
        if len(largest) > ITEMS:
            typer.echo(f"  {part.cause}: {len(largest) - ITEMS} more")


def _signed(tenths: int) -> str:
    sign = "+" if tenths > 0 else "-" if tenths < 0 else ""
    return f"{sign}{abs(tenths) // 10}.{abs(tenths) % 10}"


def _document(one: "Compared") -> dict[str, Any]:
    from cyberposture.scoring.attribution import share_out

    why = one.why
    whole = share_out({part.cause: part.points for part in why.parts}, why.change)
    return {
        "institution": one.institution,
        "before": one.before.model_dump(mode="json"),
        "after": one.after.model_dump(mode="json"),
        "change": why.change,
        "because": [
            {
                "cause": part.cause,
                "points": whole[part.cause],
                "exact": _exact(part.points),
                "items": [
                    {"item": name or None, "exact": _exact(points)} for name, points in part.items
                ],
            }
            for part in why.parts
        ],
    }


def _exact(points: Fraction) -> str:
    """Return basis points as a whole number or a fraction, such as 675/2."""
    return str(points)
