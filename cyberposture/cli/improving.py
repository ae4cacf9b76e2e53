"""Commands of `cyberposture assessment` for the improvement plan."""

from typing import Annotated

import typer

from cyberposture.cli.options import By, Institution, Json, one_of
from cyberposture.cli.surroundings import open_runtime, show_json, show_table

Round = Annotated[str, typer.Option("--round", help="Code of the round.")]


def show_plan(
    context: typer.Context, institution: Institution, round_code: Round, as_json: Json = False
) -> None:
    """Show an improvement plan, how it stands, and what the score suggests."""
    from cyberposture.reporting.derivation import say_step
    from cyberposture.reporting.render import Renderer
    from cyberposture.services.review import improving

    runtime = open_runtime(context)
    words = Renderer(runtime.folders.reports).shared_words()
    plan = improving.read_plan(runtime.register, institution, round_code)
    if as_json:
        show_json({"stand": plan.stand,
                   "suggestions": [step.model_dump() | {"says": str(say_step(words, step))}
                                   for step in plan.suggestions],
                   "actions": {one.code: {"action": one.action, "progress": one.progress,
                                          "revision": one.revision} for one in plan.actions},
                   "earlier": {record.round: [one.action for one in actions]
                               for record, actions in plan.earlier}})  # fmt: skip
        return
    typer.echo(f"the plan is {plan.stand}")
    rows = ((one.code, one.action.what, ", ".join(one.action.controls + one.action.findings),
             one.action.keeper, one.action.due, one.action.budget or one.action.no_budget_why,
             one.progress) for one in plan.actions)  # fmt: skip
    show_table(("code", "action", "for", "keeper", "due", "budget", "progress"), rows)
    for step in plan.suggestions:
        typer.echo(f"suggested: {say_step(words, step)}")


def add_action(
    context: typer.Context,
    what: Annotated[str, typer.Argument(help="What is to be done.")],
    institution: Institution,
    round_code: Round,
    keeper: Annotated[str, typer.Option(help="Who sees to it.")],
    due: Annotated[str, typer.Option(help="YYYY-MM-DD.")],
    controls: Annotated[list[str] | None, typer.Option("--control", help="For which.")] = None,
    findings: Annotated[list[str] | None, typer.Option("--finding", help="By code.")] = None,
    budget: Annotated[str, typer.Option(help="Money or people's time.")] = "",
    no_budget_why: Annotated[str, typer.Option(help="Why it needs none.")] = "",
    by: By = None,
) -> None:
    """Add an action to an improvement plan for the institution's lead."""
    from cyberposture.services.review import improving

    given = {"what": what, "keeper": keeper, "due": due, "budget": budget,
             "no_budget_why": no_budget_why, "findings": findings or [],
             "controls": [one.upper() for one in controls or []]}  # fmt: skip
    register = open_runtime(context, by).register
    typer.echo(improving.save_action(register, institution, round_code, given).code)


def note_progress(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Code of the action.")],
    institution: Institution,
    round_code: Round,
    progress: Annotated[str, typer.Option(help="open, under-way, done or dropped.")],
    seen: Annotated[int, typer.Option(min=1, help="Revision that was looked at.")],
    note: Annotated[str, typer.Option(help="Where it is dropped: why.")] = "",
    by: By = None,
) -> None:
    """Note how far an action is."""
    from cyberposture.model.improvements import Progress
    from cyberposture.services.review import improving

    known: tuple[Progress, ...] = ("open", "under-way", "done", "dropped")
    chosen = one_of(known, progress, "progress")
    register = open_runtime(context, by).register
    improving.note_progress(
        register, institution, round_code, code, chosen, seen_revision=seen, note=note
    )
    typer.echo(f"{code} is {chosen}")


def hand_in(
    context: typer.Context, institution: Institution, round_code: Round, by: By = None
) -> None:
    """Hand an improvement plan to the CERT."""
    from cyberposture.services.review import improving

    improving.hand_in_plan(open_runtime(context, by).register, institution, round_code)
    typer.echo(f"the plan of {institution} is with the CERT")


def decide(
    context: typer.Context,
    institution: Institution,
    round_code: Round,
    accept: Annotated[bool, typer.Option("--accept/--return", help="What is said to it.")],
    reason: Annotated[str, typer.Option(help="Where it is returned: what is missing.")] = "",
    by: By = None,
) -> None:
    """Accept an improvement plan, or return it."""
    from cyberposture.services.review import improving

    register = open_runtime(context, by).register
    improving.decide_plan(register, institution, round_code, accepts=accept, reason=reason)
    typer.echo("accepted" if accept else "returned")


def register(app: typer.Typer) -> None:
    """Add these commands to those of `cyberposture assessment`."""
    for name, command in (
        ("plan", show_plan), ("plan-add", add_action), ("plan-progress", note_progress),
        ("plan-hand-in", hand_in), ("plan-decide", decide),
    ):  # fmt: skip
        app.command(name)(command)
