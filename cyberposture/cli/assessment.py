"""`cyberposture assessment`: what institutions answer, and what reviewers find."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cyberposture.cli import improving, reviewing, scoping
from cyberposture.cli.options import By, Institution, Json, OnlyInstitution
from cyberposture.cli.surroundings import open_runtime, show_json, show_table

if TYPE_CHECKING:
    from cyberposture.model.assessments import Answer
    from cyberposture.store.answers import AnswerRevision, Standing

HELP = "Open, answer, review and finalise assessments."
app = typer.Typer()
app.add_typer(scoping.scope_app, name="scope", no_args_is_help=True)
app.add_typer(scoping.questions_app, name="questions", no_args_is_help=True)
Round = Annotated[str, typer.Option("--round", help="Code of the round.")]


@app.command("open")
def open_assessment(
    context: typer.Context,
    institution: Institution,
    round_code: Round,
    profile: Annotated[
        str | None, typer.Option(help="Else the one of its tier; small ones begin with start.")
    ] = None,
    carries_over: Annotated[
        bool, typer.Option("--carry-over/--empty", help="Suggest what was answered last.")
    ] = True,
    is_planned: Annotated[
        bool, typer.Option("--scope-first", help="It is answered once its scope is confirmed.")
    ] = False,
) -> None:
    """Open an institution's assessment in a round; its last answers come along as suggestions."""
    from cyberposture.services.assessments import assess, suggestions

    register = open_runtime(context).register
    record = assess.open_assessment(
        register,
        institution,
        round_code,
        profile=profile,
        carries_over=carries_over,
        is_planned=is_planned,
    )
    found = suggestions.list_suggestions(register, institution, round_code)
    more = f", {len(found)} answers are suggested" if found else ""
    typer.echo(f"{institution} is asked {record.controls} controls in {round_code}{more}")


@app.command("confirm")
def confirm(
    context: typer.Context,
    controls: Annotated[
        list[str], typer.Argument(metavar="CONTROL...", help="Each that is true as suggested.")
    ],
    institution: Institution,
    round_code: Round,
) -> None:
    """Make suggested answers the institution's own, just as they are: all named, or none."""
    from cyberposture.services.assessments import suggestions

    named = [control.upper() for control in controls]
    suggestions.confirm(open_runtime(context).register, institution, round_code, named)
    typer.echo(f"{len(set(named))} answers are confirmed")


@app.command("list")
def list_assessments(
    context: typer.Context,
    round_code: Annotated[str | None, typer.Option("--round", help="Only this round.")] = None,
    institution: OnlyInstitution = None,
    as_json: Json = False,
) -> None:
    """List assessments with their progress."""
    from cyberposture.services.assessments import assess

    register = open_runtime(context).register
    found = assess.list_assessments(register, institution=institution, round_code=round_code)
    if as_json:
        show_json(
            [
                {"institution": r.institution, "round": r.round, "state": r.state,
                 "controls": r.controls, "answered": r.answered, "reviewed": r.reviewed}
                for r in found
            ]
        )  # fmt: skip
        return
    rows = ((r.round, r.institution, r.state, f"{r.answered} of {r.controls}", r.reviewed)
            for r in found)  # fmt: skip
    show_table(("round", "institution", "state", "answered", "reviewed"), rows)


@app.command("show")
def show(
    context: typer.Context, institution: Institution, round_code: Round, as_json: Json = False
) -> None:
    """Show every answer with its evidence and review; suggestions stand apart and count nothing."""
    from cyberposture.services.assessments import assess, suggestions

    register = open_runtime(context).register
    standing = assess.list_standing(register, institution, round_code)
    suggested = suggestions.list_suggestions(register, institution, round_code)
    controls = sorted(standing.keys() | suggested.keys())
    if as_json:
        show_json({c: _told(standing.get(c), suggested.get(c)) for c in controls})
        return
    rows = (_row(c, standing.get(c), suggested.get(c)) for c in controls)
    show_table(("control", "level", "evidence", "review", "suggested", "reason"), rows)


def _told(one: "Standing | None", suggested: "AnswerRevision | None") -> dict[str, Any]:
    answer = None if one is None else one.answer
    review = None if one is None else one.review
    return {
        "answer": answer.answer if answer else None,
        "answered_by": answer.act.actor if answer else None,
        "answered_at": answer.act.at if answer else None,
        "revision": answer.revision if answer else 0,
        "review": review.review if review else None,
        "reviewed_by": review.act.actor if review else None,
        "suggestion": suggested.answer if suggested else None,
        "suggested_because": suggested.act.reason if suggested else None,
    }


def _row(
    control: str, one: "Standing | None", suggested: "AnswerRevision | None"
) -> tuple[object, ...]:
    answer = one.answer.answer if one is not None and one.answer else None
    review = one.review.review if one is not None and one.review else None
    return (
        control,
        _level(answer),
        "" if answer is None else len(answer.evidence),
        "" if review is None else f"{review.level} {review.grade}",
        _level(suggested.answer if suggested else None),
        suggested.act.reason if suggested else _reason(answer),
    )


def _level(answer: "Answer | None") -> object:
    return "" if answer is None else "n/a" if answer.not_applicable else answer.level


def _reason(answer: "Answer | None") -> str:
    return "" if answer is None else answer.not_applicable or answer.reason


@app.command("import")
def import_answers(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="YAML or CSV.")],
    institution: Institution,
    round_code: Round,
) -> None:
    """Write all answers of a file with their evidence, or nothing at all."""
    from cyberposture.services.assessments import importing

    register = open_runtime(context).register
    done = importing.import_answers(register, file, institution, round_code)
    typer.echo(f"{done.answers} answers, {done.evidence_files} pieces of evidence")
    typer.echo(f"to undo it: cyberposture assessment undo {done.code}", err=True)


@app.command("propose")
def propose_answers(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A statement of applicability in XLSX.")],
    framework: Annotated[str, typer.Option(help="Of which framework: iso-27001-2022, nist-csf-2.")],
    institution: Institution,
    round_code: Round,
    as_json: Json = False,
) -> None:
    """Propose answers from a statement of applicability; each is nobody's word until confirmed."""
    from cyberposture.services.assessments import applicability

    register = open_runtime(context).register
    done = applicability.propose_answers(register, file, framework, institution, round_code)
    if as_json:
        show_json({"code": done.code, "proposed": done.proposed, "answered": done.answered,
                   "unused": done.unused})  # fmt: skip
        return
    show_table(("control", "rests on"), ((c, ", ".join(on)) for c, on in done.proposed.items()))
    typer.echo(f"{len(done.proposed)} proposed, {len(done.answered)} answered already", err=True)
    typer.echo(f"to undo it: cyberposture assessment undo {done.code}", err=True)


@app.command("imports")
def list_imports(
    context: typer.Context, institution: Institution, round_code: Round, as_json: Json = False
) -> None:
    """List imports of answers with their codes, newest first."""
    from cyberposture.services.assessments import importing

    found = importing.list_imports(open_runtime(context).register, institution, round_code)
    if as_json:
        show_json(
            [{"code": i.code, "kind": i.kind, "file": i.file_name, "at": i.act.at,
              "by": i.act.actor, "answers": i.revisions, "undone_at": i.undone_at,
              "undoing": i.undoing} for i in found]
        )  # fmt: skip
        return
    rows = ((i.code, i.act.at, i.act.actor, i.file_name, len(i.revisions), i.undone_at or "")
            for i in found)  # fmt: skip
    show_table(("code", "at", "by", "file", "answers", "undone"), rows)


@app.command("undo")
def undo_import(
    context: typer.Context,
    code: Annotated[str, typer.Argument(help="Code of the import: see `assessment imports`.")],
    institution: Institution,
    round_code: Round,
    reason: Annotated[str, typer.Option(help="Why; it goes on record.")] = "",
) -> None:
    """Bring back what each answer said before an import; what was changed since stays."""
    from cyberposture.services.assessments import importing

    register = open_runtime(context).register
    done = importing.undo_import(register, institution, round_code, code, reason=reason)
    typer.echo(f"{len(done.restored)} answers say again what they said before")
    for control in done.conflicts:
        typer.echo(f"changed since, left alone: {control}")


@app.command("review")
def review(
    context: typer.Context,
    control: str,
    institution: Institution,
    round_code: Round,
    reason: Annotated[str, typer.Option(help="What was seen; it stands beside the claim.")],
    level: Annotated[int | None, typer.Option(min=0, max=3, help="The reviewer's level.")] = None,
    grade: Annotated[str | None, typer.Option(help="E0 to E3.")] = None,
    approve_not_applicable: Annotated[
        bool, typer.Option("--approve-not-applicable", help="The control does not apply.")
    ] = False,
) -> None:
    """Record a reviewer's own level and grade beside the claim."""
    from cyberposture.exchange.sheets import build_row
    from cyberposture.model.assessments import Review
    from cyberposture.services.assessments import assess

    given = build_row(
        Review,
        "arguments",
        {"control": control, "level": level, "grade": grade, "reason": reason,
         "approves_not_applicable": approve_not_applicable},
    )  # fmt: skip
    assess.review(open_runtime(context).register, institution, round_code, given)
    typer.echo(f"{control} is reviewed")


@app.command("submit")
def submit(
    context: typer.Context,
    institution: Institution,
    round_code: Round,
    only_whole: Annotated[
        bool, typer.Option("--only-whole", help="Refuse while anything is missing.")
    ] = False,
) -> None:
    """Hand the answers in; what is missing stands on the receipt."""
    from cyberposture.services.assessments import submission

    register = open_runtime(context).register
    missing = submission.list_blockers(register, institution, round_code)
    done = submission.submit(register, institution, round_code, only_whole=only_whole)
    typer.echo(f"{institution} handed in its answers for {round_code}: receipt {done.receipt}")
    for one in missing:
        typer.echo(f"missing: {one.kind} {' '.join(one.controls)}".rstrip(), err=True)


@app.command("receipt")
def show_receipt(
    context: typer.Context,
    institution: Institution,
    round_code: Round,
    number: Annotated[int, typer.Option(help="Which hand-in: 1 is the first.")] = 1,
    as_json: Json = False,
) -> None:
    """Show the receipt of a hand-in, with the entry of the audit chain that says so."""
    from cyberposture.services.assessments import submission

    register = open_runtime(context).register
    found = submission.get_receipt(register, institution, round_code, str(number))
    one, entry, head = found.submission, found.entry, found.head
    told = {
        "receipt": one.receipt, "institution": institution, "round": round_code, "number": number,
        "at": one.act.at, "by": one.act.actor, "answers": one.revisions, "digest": one.digest,
        "attested_by": found.signatory_name or None, "attested": found.method or None,
        "chain": entry.chain if entry else None, "entry": entry.seq if entry else None,
        "entry_digest": entry.digest if entry else None,
        "head": head.seq if head else None, "head_digest": head.digest if head else None,
        "head_signature": head.signature if head else None,
    }  # fmt: skip
    if as_json:
        show_json(told)
        return
    for key, value in told.items():
        shown = len(value) if isinstance(value, dict) else value
        typer.echo(f"{key.replace('_', ' ')}: {'none' if shown is None else shown}")


@app.command("finalise")
def finalise(
    context: typer.Context,
    institution: Institution,
    round_code: Round,
    reason: Annotated[str, typer.Option(help="Why, where it is worth saying.")] = "",
    told: Annotated[str, typer.Option(help="Who was told, where a score is corrected.")] = "",
    by: By = None,
) -> None:
    """Freeze the score of an assessment as its round score."""
    from cyberposture.cli.score import in_words
    from cyberposture.services.scores import score

    register = open_runtime(context, by).register
    record = score.finalise(register, institution, round_code, reason=reason, told=told)
    typer.echo(f"{institution} in {round_code}: {in_words(record)}")


reviewing.register(app)
improving.register(app)
