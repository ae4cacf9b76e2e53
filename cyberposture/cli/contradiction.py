"""`cyberposture contradiction`: claims that the network contradicts."""

from typing import Annotated, get_args

import typer

from cyberposture.cli.options import AnyJson, Json, OnlyInstitution, one_of
from cyberposture.cli.surroundings import open_runtime, show_json, show_table

HELP = "Claims that the network contradicts."
app = typer.Typer()


@app.command("list")
def list_all(
    context: typer.Context,
    institution: OnlyInstitution = None,
    as_json: Json = False,
) -> None:
    """List contradictions in the order in which they opened."""
    from cyberposture.services import contradictions

    found = contradictions.list_contradictions(open_runtime(context).register, institution)
    if as_json:
        show_json(
            [
                {"code": c.code, "control": c.control, "check": c.check, "level": c.level,
                 "state": c.state, "opened_at": c.opened_at, "closed_at": c.closed_at,
                 "comment": c.comment}
                for c in found
            ]
        )  # fmt: skip
        return
    rows = ((c.code, c.control, c.level, c.check, c.state, c.opened_at.date()) for c in found)
    show_table(("code", "control", "claimed", "check", "state", "since"), rows)


@app.command("show")
def show(context: typer.Context, code: str, as_json: AnyJson = False) -> None:
    """Show one contradiction as JSON."""
    from cyberposture.errors import NotFound
    from cyberposture.services import contradictions

    for c in contradictions.list_contradictions(open_runtime(context).register):
        if c.code == code:
            show_json(
                {"code": c.code, "control": c.control, "check": c.check, "level": c.level,
                 "answer_revision": c.answer_revision, "state": c.state,
                 "opened_at": c.opened_at, "closed_at": c.closed_at, "comment": c.comment}
            )  # fmt: skip
            return
    raise NotFound("contradiction", code)


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
    from cyberposture.services import contradictions
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
