"""`cyberposture catalogue coverage`: which clause is spoken of, and by what."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cyberposture.cli.options import Json
from cyberposture.cli.surroundings import read_settings, say, show_json, show_table

if TYPE_CHECKING:
    from cyberposture.content.comparing.tracing import Beside, Trace


def coverage(
    context: typer.Context,
    gaps: Annotated[
        bool, typer.Option("--gaps", help="Only clauses where something lacks.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show clauses beside controls, checks and indicators, and neighbours beside us."""
    from cyberposture.content.bundle import find_content
    from cyberposture.content.comparing.tracing import set_beside, trace
    from cyberposture.content.loader import load_content

    content = load_content(find_content(read_settings(context).content))
    traces = trace(content.catalogue, content.checks)
    shown = [one for one in traces if one.gap or not gaps]
    neighbours = set_beside(content.catalogue)
    if as_json:
        show_json({
            "clauses": [
                {"id": one.clause.id, "level": one.clause.level, "controls": one.controls,
                 "checks": one.checks, "indicators": one.indicators,
                 "unwatched": one.unwatched, "gap": one.gap}
                for one in shown
            ],
            "neighbours": [
                {"framework": one.framework, "controls": one.ours, "of_controls": one.of_ours,
                 "ids": one.theirs, "of_ids": one.size, "relations": one.relations}
                for one in neighbours
            ],
        })  # fmt: skip
        return
    _show_clauses(shown)
    typer.echo("")
    _show_neighbours(neighbours)
    lacking = sum(1 for one in traces if one.gap)
    say(f"{len(traces)} clauses, {lacking} of which lack a control or a check")


def _show_clauses(traces: "Sequence[Trace]") -> None:
    show_table(
        ("clause", "level", "controls", "checks", "indicators", "lacks"),
        [
            (
                one.clause.id,
                one.clause.level,
                " ".join(one.controls),
                len(one.checks) or "",
                " ".join(one.indicators),
                one.gap or ("" if not one.unwatched else f"checks for {' '.join(one.unwatched)}"),
            )
            for one in traces
        ],
        empty="no clause lacks anything",
    )


def _show_neighbours(neighbours: "Sequence[Beside]") -> None:
    show_table(
        ("framework", "our controls beside it", "its ids beside us", "relations"),
        [
            (
                one.framework,
                f"{one.ours} of {one.of_ours}",
                f"{len(one.theirs)} of {one.size}",
                ", ".join(f"{number} {name}" for name, number in one.relations.items()),
            )
            for one in neighbours
        ],
    )
