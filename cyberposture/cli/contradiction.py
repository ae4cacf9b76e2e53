"""`cyberposture contradiction`: claims that the network contradicts."""

from typing import TYPE_CHECKING, Annotated, get_args

import typer

from cyberposture.cli.options import AnyJson, Json, OnlyInstitution, one_of
from cyberposture.cli.surroundings import open_runtime, show_json, show_table

if TYPE_CHECKING:
    from cyberposture.services.scores.contradictions import ContradictionView

HELP = "Claims that the network contradicts."
app = typer.Typer()


@app.command("list")
def list_all(
    context: typer.Context,
    institution: OnlyInstitution = None,
    as_json: Json = False,
) -> None:
    """List contradictions in the order in which they opened."""
    from cyberposture.services.scores import contradictions

    found = contradictions.list_contradictions(open_runtime(context).register, institution)
    if as_json:
        show_json([_document(one) for one in found])
        return
    rows = (
        (one.record.code, one.institution, _round(one), one.record.control, one.record.level,
         one.record.check, one.record.state, one.record.opened_at.date())
        for one in found
    )  # fmt: skip
    show_table(
        ("code", "institution", "round", "control", "claimed", "check", "state", "since"), rows
    )


@app.command("show")
def show(context: typer.Context, code: str, as_json: AnyJson = False) -> None:
    """Show one contradiction as JSON."""
    from cyberposture.services.scores import contradictions

    found = contradictions.get_contradiction(open_runtime(context).register, code)
    show_json({**_document(found), "answer_revision": found.record.answer_revision})


def _round(one: "ContradictionView") -> str:
    return one.round if one.round_state == "open" else f"{one.round} ({one.round_state})"


def _document(one: "ContradictionView") -> dict[str, object]:
    record = one.record
    return {
        "code": record.code,
        "institution": one.institution,
        "round": one.round,
        "round_state": one.round_state,
        "control": record.control,
        "check": record.check,
        "level": record.level,
        "state": record.state,
        "opened_at": record.opened_at,
        "closed_at": record.closed_at,
        "comment": record.comment,
    }


@app.command("mark")
def mark(
    context: typer.Context,
    code: str,
    state: Annotated[str | None, typer.Option(help="open, disputed, explained, upheld …")] = None,
    comment: Annotated[str | None, typer.Option(help="The institution's comment.")] = None,
    reason: Annotated[str, typer.Option(help="Why the state changes.")] = "",
) -> None:
    """Keep the institution's comment, or move a contradiction to another state."""
    from cyberposture.errors import WrongUsage
    from cyberposture.services.scores import contradictions
    from cyberposture.store.contradictions import ContradictionState

    register = open_runtime(context).register
    if comment is None and state is None:
        raise WrongUsage("give --comment or --state")
    wanted = None if state is None else one_of(get_args(ContradictionState), state, "state")
    if wanted is not None and not reason:
        raise WrongUsage("a state changes for a --reason")
    if comment is not None:
        contradictions.comment(register, code, comment)
    if wanted is not None:
        contradictions.mark(register, code, wanted, reason=reason)
    typer.echo(f"{code} is noted")
