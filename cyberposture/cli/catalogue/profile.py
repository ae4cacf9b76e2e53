"""`cyberposture catalogue show --profile|parameters|instruments|proposed`: the rules for people."""

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from cyberposture.cli.options import UNITS, Json, as_day, one_of
from cyberposture.cli.surroundings import read_settings, say, show_json, show_table

if TYPE_CHECKING:
    from cyberposture.model.controls import Catalogue
    from cyberposture.model.parameters import Effective
    from cyberposture.model.profiles import ControlLine, ProfileView

Sector = Annotated[
    str | None, typer.Option("--sector", help="A sector's code, such as power.", metavar="CODE")
]
Features = Annotated[
    list[str] | None,
    typer.Option("--feature", help="A feature that the institution has; or none.", metavar="CODE"),
]
On = Annotated[str | None, typer.Option("--on", help="As of this day; else today.")]
STATES = {"asked": "asked", "depends": "asked if", "left-out": "not asked"}
BEGINS = {"exact": "since", "known-by": "by"}


def register(app: typer.Typer) -> None:
    """Add the commands to the group `catalogue`."""
    app.command("parameters")(list_parameters)
    app.command("instruments")(list_instruments)
    app.command("proposed")(list_proposed)


def _catalogue(context: typer.Context) -> "Catalogue":
    from cyberposture.content.bundle import find_content
    from cyberposture.content.loader import load_catalogue

    return load_catalogue(find_content(read_settings(context).content).controls)


def _day(on: str | None) -> date:
    from cyberposture.clock import utc_now

    return utc_now().date() if on is None else as_day("--on", on)


def _sector(catalogue: "Catalogue", sector: str | None) -> str | None:
    known = [one.id for one in catalogue.framework.sectors]
    return None if sector is None else one_of(known, sector, "sector")


def show_profile(
    context: typer.Context,
    named: str,
    sector: str | None,
    features: list[str] | None,
    on: str | None,
    as_json: bool,
) -> None:
    """Print what institutions of a sector and with these features are asked under a profile."""
    from cyberposture.model.profiles import view_profile

    catalogue = _catalogue(context)
    profile = one_of([p.id for p in catalogue.profiles], named, "profile")
    chosen = catalogue.find_profile(profile)
    assert chosen is not None
    # `cii` comes with the tier, and nobody declares it; the word none says that there is no other.
    known = ["none", *(f.id for f in catalogue.framework.features if f.id != "cii")]
    given = None
    if features:
        given = frozenset(one_of(known, one, "feature") for one in features) - {"none"}
    view = view_profile(
        catalogue, chosen, sector=_sector(catalogue, sector), features=given, on=_day(on)
    )
    if as_json:
        show_json(view)
        return
    _print_view(view)


def _print_view(view: "ProfileView") -> None:
    typer.echo(f"{view.title}\n\n{view.about}\n{view.note}")
    if view.sector is not None:
        own = view.sector.own_rules or "We read of no rule of this sector's own."
        typer.echo(f"\n{view.sector.title}\n{view.sector.special}\n{own}")
    for domain in view.domains:
        why = f": {domain.why}" if domain.why else ""
        typer.echo(f"\n{domain.id}  {domain.title}, counts {domain.factor_pct} %{why}")
        rows = ((line.id, line.weight, "gate" if line.is_gate else "", line.title, _when(line))
                for line in domain.controls)  # fmt: skip
        show_table(("control", "weight", "", "title", "asked"), rows)
    typer.echo("\nFeatures, and when an institution has them")
    show_table(("feature", "title"), view.words.items())
    typer.echo(f"\nWhat applies on {view.on.isoformat()}")
    _print_parameters(view.parameters)
    counts = {state: view.count(state) for state in ("asked", "depends", "left-out")}
    say(f"{counts['asked']} controls are asked, {counts['depends']} depend on features, "
        f"{counts['left-out']} are not asked")  # fmt: skip


def _when(line: "ControlLine") -> str:
    if line.condition is None:
        return STATES["asked"]
    return f"{STATES[line.state]}: {line.condition}" if line.state != "asked" else "asked"


def _print_parameters(parameters: "tuple[Effective, ...]") -> None:
    rows = []
    for one in parameters:
        source, known = "our default", ""
        if one.set_by is not None:
            place = f" {one.set_by.section}" if one.set_by.section else ""
            source, known = f"{one.set_by.instrument}{place}", one.set_by.known
        rows.append((one.id, f"{one.value} {UNITS[one.unit]}", source, known, one.title))
        for held in one.held:
            reference = held.reference
            value = f"({reference.value} {UNITS[one.unit]})"
            rows.append(("", value, reference.instrument, reference.known, f"held: {held.why}"))
    show_table(("parameter", "value", "from", "known", "what it is, or why it is held"), rows)


def list_parameters(
    context: typer.Context, sector: Sector = None, on: On = None, as_json: Json = False
) -> None:
    """Show every number that institutions are held to, where it comes from, and what is held."""
    catalogue = _catalogue(context)
    chosen = _sector(catalogue, sector)
    found = catalogue.effective(() if chosen is None else (chosen,), _day(on))
    if as_json:
        show_json(found)
        return
    _print_parameters(found)
    say("The policy sets none of these numbers. known: V read in the text, S in a secondary "
        "source, U unverified and never applied.")  # fmt: skip


def list_instruments(context: typer.Context, on: On = None, as_json: Json = False) -> None:
    """Show the laws, rules and circulars, and whether each is in force."""
    catalogue, day = _catalogue(context), _day(on)
    if as_json:
        show_json(
            [
                {**one.model_dump(mode="json"), "is_in_force": one.why_not(day) is None}
                for one in catalogue.instruments
            ]
        )
        return
    rows = (
        (one.id, one.why_not(day) or f"in force {BEGINS[one.day]} {one.in_force_from}", one.known,
         ", ".join(one.sectors) or "any", one.title)
        for one in catalogue.instruments
    )  # fmt: skip
    show_table(("instrument", "state", "known", "sectors", "title"), rows)


def list_proposed(context: typer.Context, as_json: Json = False) -> None:
    """List the controls that are not from the policy; nobody is asked them."""
    found = _catalogue(context).proposed
    if as_json:
        show_json(found)
        return
    show_table(
        ("control", "title", "weight", "tier", "what the policy leaves open"),
        ((c.id, c.title, c.weight, c.tier, c.gap) for c in found),
    )
    say(f"{len(found)} controls are proposed; they are in no profile")
