"""`cyberposture assessment scope …` and `questions …`: what goes before and beside answers."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cyberposture.cli.options import Institution, Json, OnlyInstitution
from cyberposture.cli.surroundings import open_runtime, show_json, show_table

if TYPE_CHECKING:
    from cyberposture.services.assessments.scoping import Consequence

Round = Annotated[str, typer.Option("--round", help="Code of the round.")]
Revision = Annotated[int, typer.Argument(help="The revision that was looked at.", min=1)]
scope_app = typer.Typer(help="What an institution says of itself, and what follows from it.")
questions_app = typer.Typer(help="What institutions ask the CERT, and what it answers.")


@scope_app.command("waiting")
def list_waiting(context: typer.Context, as_json: Json = False) -> None:
    """List the scopes that wait for the CERT, the one that waits longest first."""
    from cyberposture.services.assessments import scoping

    found = scoping.list_waiting(open_runtime(context).register)
    if as_json:
        show_json([{"institution": one.institution, "round": one.round, "revision": one.revision,
                    "sent": one.act.at, "by": one.act.actor, "scope": one.scope}
                   for one in found])  # fmt: skip
        return
    rows = ((one.institution, one.round, one.revision, one.act.at.isoformat(timespec="minutes"),
             one.scope.profile, ", ".join(one.scope.features)) for one in found)  # fmt: skip
    show_table(("institution", "round", "revision", "sent", "profile", "features"), rows)


@scope_app.command("show")
def show_scope(
    context: typer.Context, institution: Institution, round_code: Round, as_json: Json = False
) -> None:
    """Show the newest scope of an assessment, its history, and what is asked because of it."""
    from cyberposture.services.assessments import scoping

    found = scoping.read_scoping(open_runtime(context).register, institution, round_code)
    then = scoping.follow(found.asked, found.scope)
    if as_json:
        show_json({"state": found.asked.assessment.state, "scope": found.scope,
                   "follows": _told(then),
                   "history": [{"revision": one.revision, "sent": one.is_sent, "at": one.act.at,
                                "by": one.act.actor,
                                "outcome": one.decision.outcome if one.decision else None,
                                "reason": one.decision.act.reason if one.decision else None}
                               for one in found.history]})  # fmt: skip
        return
    typer.echo(f"{found.asked.assessment.state}; profile {found.scope.profile}; "
               f"features: {', '.join(found.scope.features) or 'none'}")  # fmt: skip
    typer.echo(f"{then.to_answer} questions to answer, {then.network_alone} for the network alone")
    for service in found.scope.services:
        typer.echo(f"  {service.title}: {service.about}")
    rows = ((one.revision, "sent" if one.is_sent else "draft",
             one.decision.outcome if one.decision else "",
             one.decision.act.reason if one.decision else "") for one in found.history)  # fmt: skip
    show_table(("revision", "", "outcome", "reason"), rows)


def _told(then: "Consequence") -> dict[str, Any]:
    return {
        "profile": then.profile.id,
        "to_answer": then.to_answer,
        "network_alone": then.network_alone,
        "because": {one.feature: list(one.controls) for one in then.because},
        "left_out": {one.control.id: one.condition for one in then.left_out},
        "set_aside": list(then.set_aside),
    }


@scope_app.command("confirm")
def confirm_scope(
    context: typer.Context,
    revision: Revision,
    institution: Institution,
    round_code: Round,
    reason: Annotated[str, typer.Option(help="What the institution reads beside it.")] = "",
) -> None:
    """Confirm a scope: from now on the institution is asked what follows from it."""
    from cyberposture.services.assessments import scoping

    register = open_runtime(context).register
    then = scoping.confirm_scope(register, institution, round_code, revision, reason=reason)
    aside = f", {len(then.set_aside)} answers are set aside" if then.set_aside else ""
    typer.echo(f"{institution} answers {then.to_answer} questions in {round_code}{aside}")


@scope_app.command("return")
def return_scope(
    context: typer.Context,
    revision: Revision,
    institution: Institution,
    round_code: Round,
    reason: Annotated[str, typer.Option(help="What is missing or not right.")],
) -> None:
    """Return a scope with a reason; the institution describes it anew."""
    from cyberposture.services.assessments import scoping

    register = open_runtime(context).register
    scoping.return_scope(register, institution, round_code, revision, reason=reason)
    typer.echo(f"revision {revision} is returned to {institution}")


@questions_app.command("list")
def list_questions(
    context: typer.Context,
    institution: OnlyInstitution = None,
    waiting_only: Annotated[bool, typer.Option("--waiting", help="Only what waits.")] = False,
    as_json: Json = False,
) -> None:
    """List questions to the CERT: what waits longest first, then what was answered."""
    from cyberposture.services.assessments import asking

    found = asking.list_questions(
        open_runtime(context).register, institution=institution, waiting_only=waiting_only
    )
    if as_json:
        show_json([{"code": one.code, "institution": one.institution, "control": one.control,
                    "asked": one.act.at, "by": one.act.actor, "question": one.text,
                    "answers": [answer.text for answer in one.answers]}
                   for one in found])  # fmt: skip
        return
    rows = ((one.code, one.institution, one.control or "", len(one.answers), one.text)
            for one in found)  # fmt: skip
    show_table(("question", "institution", "control", "answers", "text"), rows)


@questions_app.command("ask")
def ask(
    context: typer.Context,
    institution: Institution,
    text: Annotated[str, typer.Option(help="What the CERT is asked.")],
    control: Annotated[
        str | None, typer.Option(help="About which control, such as GOV-01.")
    ] = None,
    round_code: Annotated[str | None, typer.Option("--round", help="Of which round.")] = None,
) -> None:
    """Ask the CERT in the name of an institution; prints the question's number."""
    from cyberposture.services.assessments import asking

    register = open_runtime(context).register
    code = asking.ask(register, institution, text, round_code=round_code, control=control)
    typer.echo(code)


@questions_app.command("answer")
def answer(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Number of the question.")],
    text: Annotated[str, typer.Option(help="What the institution reads.")],
) -> None:
    """Answer a question; a second answer stands beside the first."""
    from cyberposture.services.assessments import asking

    asking.answer(open_runtime(context).register, code, text)
    typer.echo(f"{code} is answered")


@questions_app.command("shared")
def list_shared(
    context: typer.Context,
    words: Annotated[str, typer.Option(help="Only where all these words stand.")] = "",
    as_json: Json = False,
) -> None:
    """List what everybody may read: questions and answers without whom they came from."""
    from cyberposture.services.assessments import asking

    found = asking.list_shared(open_runtime(context).register, words=words)
    if as_json:
        show_json([{"code": one.code, "control": one.control, "question": one.question,
                    "answer": one.answer, "shared": one.act.at} for one in found])  # fmt: skip
        return
    rows = ((one.code, one.control or "", one.question, one.answer) for one in found)
    show_table(("shared", "control", "question", "answer"), rows)
