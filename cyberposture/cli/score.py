"""`cyberposture score`: computed, shown, explained down to the raw file, and recomputed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cyberposture.cli import score_compared
from cyberposture.cli.lines import read_lines, write_lines
from cyberposture.cli.options import Institution, Json, OnlyInstitution
from cyberposture.cli.surroundings import open_runtime, show_json, show_table

if TYPE_CHECKING:
    from cyberposture.model.scores import ScoreResult
    from cyberposture.store.scores import ScoreRecord

HELP = "Compute, show, explain and recompute scores."
app = typer.Typer()
app.command("compare")(score_compared.compare)
Round = Annotated[str | None, typer.Option("--round", help="Code of the round; else live.")]


def in_words(record: "ScoreRecord") -> str:
    """Return a kept score in one line."""
    from cyberposture.model.scores import ScoreResult

    return words_of(ScoreResult.model_validate(record.result))


def words_of(result: "ScoreResult") -> str:
    """Return a score in one line."""
    from cyberposture.scoring.explain import people

    whole = result.institution
    band = whole.band or "no band: not enough is known"
    return (
        f"{band}; verified {people(whole.verified)}, declared {people(whole.declared)}, "
        f"coverage {people(whole.coverage)}, confidence {whole.confidence or 'not known'}"
    )


@app.command("compute")
def compute(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="NDJSON file, or - for input.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="The results are JSON in any case.")
    ] = False,
) -> None:
    """Compute one score document a line, in the same order; needs no register."""
    from cyberposture.scoring.door import compute_lines

    write_lines(compute_lines(read_lines(source)))


@app.command("show")
def show(
    context: typer.Context,
    institution: OnlyInstitution = None,
    round_code: Round = None,
    live: Annotated[bool, typer.Option("--live", help="Compute and keep the live score.")] = False,
    overlay: Annotated[
        str | None,
        typer.Option(help="Beside it, a second score under this regulator's overlay; not kept."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show kept scores; with --json each with the document that went in and the result."""
    from cyberposture.errors import WrongUsage
    from cyberposture.services.scores import score

    if overlay is not None:
        if institution is None or live:
            raise WrongUsage("--overlay needs --institution, and is never kept as --live is")
        _show_beside(context, institution, round_code, overlay, as_json)
        return
    register = open_runtime(context).register
    if live:
        if institution is None:
            raise WrongUsage("--live needs --institution")
        score.score_live(register, institution)
    found = score.list_scores(register, institution=institution, round_code=round_code)
    if as_json:
        show_json(
            [
                {"institution": one.institution, "round": one.round,
                 "as_of": one.record.summary.as_of, "document": one.record.document,
                 "result": one.record.result}
                for one in found
            ]
        )  # fmt: skip
        return
    rows = (
        (one.institution, one.round or "live",
         one.record.summary.as_of.isoformat(timespec="seconds"), in_words(one.record))
        for one in found
    )  # fmt: skip
    show_table(("institution", "round", "as of", "score"), rows)


def _show_beside(
    context: typer.Context, institution: str, round_code: str | None, named: str, as_json: bool
) -> None:
    from cyberposture.services.scores.overlays import read_overlay, score_beside

    runtime = open_runtime(context)
    overlay = read_overlay(runtime.register, runtime.folders.controls, named)
    found = score_beside(runtime.register, overlay, institution, round_code)
    if as_json:
        show_json(vars(found))
        return
    rows = (("national", words_of(found.national)),
            (f"{found.overlay} {found.version}", words_of(found.result)))  # fmt: skip
    show_table(("score", "result"), rows)


@app.command("explain")
def explain(
    context: typer.Context,
    institution: Institution,
    control: Annotated[
        str | None, typer.Argument(help="Such as IAM-10; without: the whole.")
    ] = None,
    round_code: Round = None,
    as_json: Json = False,
) -> None:
    """Say why a number is what it is, down to the answer, the raw file and the authorisation."""
    from cyberposture.cli.notes import control_document, control_note, whole_document, whole_note
    from cyberposture.reporting.render import Renderer
    from cyberposture.services.scores import explain as service

    runtime = open_runtime(context)
    words = Renderer(runtime.folders.reports).shared_words()
    if control is None:
        basis, whole = service.explain_all(runtime.register, institution, round_code)
        if as_json:
            show_json(whole_document(whole, words))
        else:
            typer.echo(whole_note(basis, whole, words))
        return
    note = service.explain_one(runtime.register, institution, control.upper(), round_code)
    if as_json:
        show_json(control_document(note, words))
    else:
        typer.echo(control_note(note, words))


@app.command("plan")
def plan(
    context: typer.Context,
    institution: Institution,
    limit: Annotated[int, typer.Option(min=1, help="How many steps.")] = 10,
    as_json: Json = False,
) -> None:
    """Rank the next improvements, gates first, with the score that each reaches with all before."""
    from cyberposture.reporting.derivation import say_step
    from cyberposture.reporting.render import Renderer
    from cyberposture.scoring.explain import people
    from cyberposture.services.scores import explain as service

    runtime = open_runtime(context)
    words = Renderer(runtime.folders.reports).shared_words()
    steps = service.plan_improvements(runtime.register, institution, limit)
    if as_json:
        show_json(
            [
                one.step.model_dump()
                | {"says": str(say_step(words, one.step)), "reached": one.reached.verified,
                   "band_reached": one.reached.band}
                for one in steps
            ]
        )  # fmt: skip
        return
    rows = (
        (n, say_step(words, one.step), f"+{people(one.step.gain)}", people(one.reached.verified),
         one.reached.band or "no band", ", ".join(one.step.opens))
        for n, one in enumerate(steps, 1)
    )  # fmt: skip
    show_table(("", "step", "gain", "reached", "band", "opens gate"), rows)


@app.command("recompute")
def recompute(
    context: typer.Context,
    verify: Annotated[bool, typer.Option("--verify", help="Compare; nothing is written.")] = False,
    edition: Annotated[
        str | None,
        typer.Option("--under", help="Under another adopted edition: its version or digest."),
    ] = None,
    parameters: Annotated[
        Path | None,
        typer.Option(help="Under other parameters: YAML or JSON of those that are other."),
    ] = None,
    round_code: Round = None,
    institution: OnlyInstitution = None,
    as_json: Json = False,
) -> None:
    """Recompute kept scores: each from its own document, or under other rules side by side."""
    from cyberposture.errors import CheckFailed, WrongUsage
    from cyberposture.services.scores import score

    if [verify, edition is not None, parameters is not None].count(True) != 1:
        raise WrongUsage(
            "scores are never overwritten; give --verify, --under EDITION or --parameters FILE"
        )
    if not verify:
        score_compared.under(
            context, edition=edition, parameters=parameters, round_code=round_code,
            institution=institution, as_json=as_json,
        )  # fmt: skip
        return
    if round_code is not None or institution is not None:
        raise WrongUsage("--verify looks at every score there is")
    count, differences = score.recompute_all(open_runtime(context).register)
    if as_json:
        show_json({"scores": count, "differences": [vars(one) for one in differences]})
    else:
        for one in differences:
            typer.echo(f"{one.institution} {one.round or 'live'} {one.score}: {one.what}; "
                       f"stored {one.stored}, recomputed {one.recomputed}")  # fmt: skip
        typer.echo(f"{count} scores recomputed, {len(differences)} differ")
    if differences:
        raise CheckFailed(f"{len(differences)} scores do not come out again")
