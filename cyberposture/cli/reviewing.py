"""Commands of `cyberposture assessment` for the review and what comes of it."""

from typing import Annotated, Any

import typer

from cyberposture.cli.options import By, Institution, Json, one_of
from cyberposture.cli.surroundings import open_runtime, show_json, show_table

Round = Annotated[str, typer.Option("--round", help="Code of the round.")]
Reason = Annotated[str, typer.Option(help="Why; it is kept and shown.")]
Controls = Annotated[
    list[str] | None, typer.Option("--control", help="Such as GOV-01; may be given several times.")
]


def _named(controls: list[str] | None) -> list[str]:
    return [one.upper() for one in controls or []]


def list_reviewers(
    context: typer.Context, institution: Institution, round_code: Round, as_json: Json = False
) -> None:
    """List the reviewers, with the reason where this institution is not for them."""
    from cyberposture.services.review import assigning

    found = assigning.list_candidates(open_runtime(context).register, institution, round_code)
    if as_json:
        show_json([vars(one) for one in found])
        return
    rows = ((one.person, one.name, one.part, one.running, one.interest) for one in found)
    show_table(("person", "name", "part", "running", "tied to it"), rows)


def assign(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="Code of a reviewer.")],
    institution: Institution,
    round_code: Round,
    part: Annotated[str, typer.Option(help="first, second or third.")] = "first",
    by: By = None,
) -> None:
    """Give a part of a review to a person whom nothing ties to the institution."""
    from cyberposture.services.review import assigning
    from cyberposture.store.review_assignments import Part

    known: tuple[Part, ...] = ("first", "second", "third")
    chosen = one_of(known, part, "part")
    assigning.assign(open_runtime(context, by).register, institution, round_code, person, chosen)
    typer.echo(f"{person} reviews {institution} in {round_code}: {chosen}")


def unassign(
    context: typer.Context,
    person: Annotated[str, typer.Argument(help="Code of a reviewer.")],
    institution: Institution,
    round_code: Round,
    by: By = None,
) -> None:
    """Take a review away from a person; what they found stays."""
    from cyberposture.services.review import assigning

    register = open_runtime(context, by).register
    assigning.take_away(register, institution, round_code, person)
    typer.echo(f"{person} reviews {institution} in {round_code} no more")


def take_up(
    context: typer.Context, institution: Institution, round_code: Round, by: By = None
) -> None:
    """Begin the review of what was handed in; a share of the claims is drawn by chance."""
    from cyberposture.services.review import taking_up

    drawn = taking_up.take_up(open_runtime(context, by).register, institution, round_code)
    chosen = [one.key for one in drawn if one.is_drawn and not one.is_certain]
    typer.echo(f"{len(drawn)} claims; drawn by chance: {', '.join(chosen) or 'none'}")


def list_claims(
    context: typer.Context,
    institution: Institution,
    round_code: Round,
    by: By = None,
    as_json: Json = False,
) -> None:
    """List the claims of an assessment, the riskiest first, and where each stands."""
    from cyberposture.services.review import reading

    found = reading.read_review(open_runtime(context, by).register, institution, round_code)
    if as_json:
        show_json([{"control": one.control, "at_stake": one.risk.at_stake, "why": one.risk.why,
                    "must": one.must, "stand": one.stand} for one in found.items])  # fmt: skip
        return
    rows = ((one.control, one.stand, ", ".join(one.must), ", ".join(one.risk.why),
             one.risk.at_stake) for one in found.items)  # fmt: skip
    show_table(("control", "stands", "in any case", "why here", "at stake"), rows)


def find(
    context: typer.Context,
    control: str,
    institution: Institution,
    round_code: Round,
    reason: Annotated[str, typer.Option(help="What was seen; it stands beside the claim.")],
    seen: Annotated[int, typer.Option(min=0, help="Revision of the answer that was looked at.")],
    level: Annotated[int | None, typer.Option(min=0, max=3, help="The level found.")] = None,
    grade: Annotated[str | None, typer.Option(help="E0 to E3.")] = None,
    approve_not_applicable: Annotated[
        bool, typer.Option("--approve-not-applicable", help="The control does not apply.")
    ] = False,
    by: By = None,
) -> None:
    """Keep what an assigned reviewer found; gates wait for a second who does not see the first."""
    from cyberposture.exchange.sheets import build_row
    from cyberposture.model.assessments import Review
    from cyberposture.services.review import finding

    given = build_row(
        Review,
        "arguments",
        {"control": control.upper(), "level": level, "grade": grade, "reason": reason,
         "approves_not_applicable": approve_not_applicable},
    )  # fmt: skip
    register = open_runtime(context, by).register
    stand = finding.give_opinion(register, institution, round_code, given, seen_revision=seen)
    typer.echo(f"{control.upper()}: {stand}")


def ask_back(
    context: typer.Context,
    control: str,
    institution: Institution,
    round_code: Round,
    question: Annotated[str, typer.Option(help="One thing that can be answered.")],
    by: By = None,
) -> None:
    """Reopen one control with a question; the institution answers that one alone."""
    from cyberposture.services.review import clarifying

    register = open_runtime(context, by).register
    clarifying.ask_back(register, institution, round_code, control.upper(), question)
    typer.echo(f"{institution} is asked about {control.upper()}")


def reply(
    context: typer.Context,
    control: str,
    institution: Institution,
    round_code: Round,
    text: Annotated[str, typer.Option(help="What the institution replies.")],
    by: By = None,
) -> None:
    """Reply to a question; with the last reply the review goes on."""
    from cyberposture.services.review import clarifying

    register = open_runtime(context, by).register
    left = clarifying.reply(register, institution, round_code, control.upper(), text)
    typer.echo(f"{left} questions wait for {institution}")


def list_questions(
    context: typer.Context, institution: Institution, round_code: Round, as_json: Json = False
) -> None:
    """Show the questions back and the replies, by control."""
    from cyberposture.services.review import clarifying

    threads = clarifying.list_threads(open_runtime(context).register, institution, round_code)
    if as_json:
        show_json({one.control: [{"kind": said.kind, "by": said.act.actor, "at": said.act.at,
                                  "text": said.act.reason} for said in one.said]
                   for one in threads})  # fmt: skip
        return
    rows = ((one.control, said.kind, said.act.actor, said.act.reason)
            for one in threads for said in one.said)  # fmt: skip
    show_table(("control", "kind", "by", "text"), rows)


def release(
    context: typer.Context, institution: Institution, round_code: Round, by: By = None
) -> None:
    """Show the institution its preliminary result; it has ten working days to comment."""
    from cyberposture.services.review import releasing

    kept = releasing.release(open_runtime(context, by).register, institution, round_code)
    typer.echo(f"{institution} may comment until {kept.comments_until.isoformat()}")


def hand_back(
    context: typer.Context,
    institution: Institution,
    round_code: Round,
    reason: Reason,
    controls: Controls = None,
    by: By = None,
) -> None:
    """Hand a whole return back to its institution before a result: it corrects and sends anew."""
    from cyberposture.services.review import handing_back

    register = open_runtime(context, by).register
    handing_back.hand_back(register, institution, round_code, _named(controls), reason=reason)
    typer.echo(f"{institution} answers {round_code} again; it sees why, and hands in anew")


def take_back(
    context: typer.Context,
    institution: Institution,
    round_code: Round,
    reason: Reason,
    controls: Controls = None,
    by: By = None,
) -> None:
    """Take a preliminary result back into review; the controls named are looked at again."""
    from cyberposture.services.review import releasing

    register = open_runtime(context, by).register
    releasing.take_back(register, institution, round_code, _named(controls), reason=reason)
    typer.echo(f"{institution} in {round_code} is in review again")


def comment(
    context: typer.Context,
    institution: Institution,
    round_code: Round,
    text: Annotated[str, typer.Option(help="It is printed beside the finding.")] = "",
    control: Annotated[str | None, typer.Option(help="Else it is on the whole.")] = None,
    no_more: Annotated[bool, typer.Option("--no-more", help="Nothing is to be added.")] = False,
    by: By = None,
) -> None:
    """Comment on a preliminary result for the institution, or say that nothing is to be added."""
    from cyberposture.services.review import releasing

    register = open_runtime(context, by).register
    if no_more:
        releasing.say_no_more(register, institution, round_code)
        typer.echo("the result may be finalised now")
        return
    named = None if control is None else control.upper()
    kept = releasing.comment(register, institution, round_code, named, text)
    typer.echo(f"comment {kept.number} is kept")


def reopen(
    context: typer.Context,
    institution: Institution,
    round_code: Round,
    reason: Reason,
    controls: Controls = None,
    by: By = None,
) -> None:
    """Reopen a final assessment; its score stands until a new one names it."""
    from cyberposture.services.review import releasing

    register = open_runtime(context, by).register
    releasing.reopen(register, institution, round_code, _named(controls), reason=reason)
    typer.echo(f"{institution} in {round_code} is in review again")


def archive(
    context: typer.Context, institution: Institution, round_code: Round, by: By = None
) -> None:
    """Put a final assessment away for good."""
    from cyberposture.services.review import releasing

    releasing.archive(open_runtime(context, by).register, institution, round_code)
    typer.echo(f"{institution} in {round_code} is archived")


def appeal(
    context: typer.Context,
    institution: Institution,
    round_code: Round,
    grounds: Annotated[str, typer.Option(help="What was seen wrongly, and what shows it.")],
    controls: Controls = None,
    by: By = None,
) -> None:
    """Appeal against a final result, once, for the institution."""
    from cyberposture.services.review import appealing

    register = open_runtime(context, by).register
    kept = appealing.appeal(register, institution, round_code, _named(controls), grounds=grounds)
    typer.echo(kept.code)


def decide(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Code of the appeal.")],
    institution: Institution,
    reason: Reason,
    control: Annotated[str | None, typer.Option(help="Granted: the control corrected.")] = None,
    level: Annotated[int | None, typer.Option(min=0, max=3, help="Its level.")] = None,
    grade: Annotated[str | None, typer.Option(help="Its grade, E0 to E3.")] = None,
    told: Annotated[str, typer.Option(help="Who was told of the correction.")] = "",
    by: By = None,
) -> None:
    """Decide an appeal: with a control it is granted and the score corrected, else rejected."""
    from cyberposture.exchange.sheets import build_row
    from cyberposture.model.assessments import Review
    from cyberposture.services.review import appealing

    corrections = []
    if control is not None:
        given: dict[str, Any] = {
            "control": control.upper(), "level": level, "grade": grade, "reason": reason,
        }  # fmt: skip
        corrections = [build_row(Review, "arguments", given)]
    done = appealing.decide_appeal(
        open_runtime(context, by).register, institution, code,
        "granted" if corrections else "rejected",
        reason=reason, corrections=corrections, told=told,
    )  # fmt: skip
    typer.echo(f"{code} is {done.outcome}")


def register(app: typer.Typer) -> None:
    """Add these commands to those of `cyberposture assessment`."""
    for name, command in (
        ("reviewers", list_reviewers), ("assign", assign), ("unassign", unassign),
        ("take-up", take_up), ("claims", list_claims), ("find", find), ("ask", ask_back),
        ("reply", reply), ("asked-back", list_questions), ("release", release),
        ("hand-back", hand_back), ("take-back", take_back), ("comment", comment),
        ("reopen", reopen),
        ("archive", archive), ("appeal", appeal), ("decide", decide),
    ):  # fmt: skip
        app.command(name)(command)
