"""`cyberposture catalogue diff|adopt|editions`: what changes, what that does, what is in force."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cyberposture.cli.options import By, Json
from cyberposture.cli.surroundings import (
    open_runtime,
    printable,
    read_settings,
    say,
    show_json,
    show_table,
)

if TYPE_CHECKING:
    from cyberposture.model.comparison import Book, Change, Comparison, Wording
    from cyberposture.model.scores import InstitutionScore
    from cyberposture.services.catalogue.adoption import Draft
    from cyberposture.services.scores.rehearsal import Effect, Rehearsal

WIDTH = 100
"""Characters of what is said about one change; the JSON holds all of it."""
SIDE = "An edition (its version, or the beginning of its digest), the id of an imported catalogue, "
SIDE += "a content folder, a file, or - for the content in use."


def register(app: typer.Typer) -> None:
    """Add the commands to the group `catalogue`."""
    app.command("diff")(diff)
    app.command("adopt")(adopt)
    app.command("editions")(list_editions)


def diff(
    context: typer.Context,
    a: Annotated[str, typer.Argument(metavar="A", help=SIDE)],
    b: Annotated[str, typer.Argument(metavar="B", help="As A.")],
    as_json: Json = False,
) -> None:
    """Compare two editions control by control; what looks alike is proposed, never decided."""
    from cyberposture.content.comparing.differences import compare

    old, new = _book(context, a), _book(context, b)
    found = compare(old, new)
    if as_json:
        show_json(
            {
                "old": _named(old),
                "new": _named(new),
                "counts": found.counts(),
                "changes": list(found.changes),
                "proposals": list(found.proposals),
                "frame": list(found.frame),
                "clauses": list(found.clauses),
            }
        )
        return
    typer.echo(printable(f"{found.old} → {found.new}"))
    _show_comparison(found, old, new)


def _book(context: typer.Context, name: str) -> "Book":
    from cyberposture.content.bundle import find_content
    from cyberposture.errors import WrongUsage
    from cyberposture.services.catalogue.comparing import find_book, read_book

    if not name.strip():
        raise WrongUsage("a side of the comparison is empty", advice=SIDE)
    if name == "-":
        return read_book(find_content(read_settings(context).content).root)
    if Path(name).exists():
        return read_book(Path(name))
    return find_book(open_runtime(context).register, name)


def _named(book: "Book") -> dict[str, Any]:
    return {
        "name": book.name,
        "version": book.version,
        "digest": book.digest,
        "controls": len(book.entries),
    }


def _show_comparison(found: "Comparison", old: "Book", new: "Book") -> None:
    counts = found.counts()
    typer.echo(", ".join(f"{number} {kind}" for kind, number in counts.items() if number))
    told = [change for change in found.changes if change.kind != "unchanged"]
    order = list(counts)
    titles = {entry.id: entry.texts.get("statement") or entry.title for entry in old.entries}
    titles |= {entry.id: entry.texts.get("statement") or entry.title for entry in new.entries}
    if told:
        typer.echo()
        show_table(
            ("change", "", "control", ""),
            (
                (c.kind, "declared" if c.declared else "", _who(c.old, c.new), _what(c, titles))
                for c in sorted(told, key=lambda change: order.index(change.kind))
            ),
        )
    if found.proposals:
        typer.echo("\nNot declared, but alike; for the author to say in `supersedes`:")
        show_table(
            ("perhaps", "control", "alike"),
            ((p.kind, _who(p.old, p.new), f"{p.alike_pct} %") for p in found.proposals),
        )
    if found.frame:
        typer.echo("\nFor all controls:")
        show_table(("what", "was", "is"), ((f.what, f.old, f.new) for f in found.frame))
    clauses = [clause for clause in found.clauses if clause.kind != "unchanged"]
    if clauses:
        typer.echo("\nClauses:")
        show_table(
            ("change", "clause", ""),
            (
                (c.kind, c.id, f"{c.old_level} → {c.new_level}" if c.kind == "level"
                 else _words(c.wording))
                for c in clauses
            ),
        )  # fmt: skip


def _who(old: tuple[str, ...], new: tuple[str, ...]) -> str:
    if not old or not new or old == new:
        return ", ".join(old or new)
    return f"{', '.join(old)} → {', '.join(new)}"


def _what(change: "Change", titles: dict[str, str]) -> str:
    """Return what is most worth knowing of a change, in one line."""
    if change.kind == "new":
        return _short(titles[change.new[0]])
    if change.kind == "reworded" and not change.rules:
        return _words(change.wording)
    if change.rules:
        rules = "; ".join(f"{rule.what} {rule.old} → {rule.new}" for rule in change.rules)
        return _short(f"{rules}. {change.why}" if change.declared else rules)
    if change.declared or change.kind != "removed":
        return _short(change.why)
    return _short(titles[change.old[0]])


def _words(wording: tuple["Wording", ...]) -> str:
    """Return the words that went and came, without those that stayed."""
    marks = {"gone": "-", "came": "+"}
    told = (
        f"{marks[word.change]}[{word.words}]"
        for text in wording
        for word in text.words
        if word.change in marks
    )
    return _short(" ".join(told))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WIDTH else line[: WIDTH - 1].rstrip() + "…"


def list_editions(context: typer.Context, as_json: Json = False) -> None:
    """List the editions that were adopted, oldest first; the last is in force."""
    from cyberposture.services.catalogue import adoption

    found = adoption.list_adoptions(open_runtime(context).register)
    if as_json:
        show_json(
            [
                {
                    "number": one.number,
                    "name": one.name,
                    "version": one.version,
                    "rules": one.catalogue,
                    "checks": one.checks,
                    "texts": one.texts,
                    "adopted_at": one.act.at,
                    "adopted_by": one.act.actor,
                    "reason": one.act.reason,
                }
                for one in found
            ]
        )
        return
    rows = (
        (one.number, f"{one.name} {one.version}", one.catalogue[:12], one.texts[:12],
         one.act.at.date(), one.act.actor, one.act.reason)
        for one in found
    )  # fmt: skip
    show_table(("number", "edition", "rules", "texts", "adopted", "by", "reason"), rows)


def adopt(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(help="A content folder; else the content in use.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what it would do to everybody; write nothing.")
    ] = False,
    by: By = None,
    reason: Annotated[str, typer.Option(help="Why, or who decided it; asked for.")] = "",
    as_json: Json = False,
) -> None:
    """Put an edition in force; rounds that are open keep the one they were opened under."""
    from cyberposture.cli.progress import bar
    from cyberposture.content.bundle import ContentFolders
    from cyberposture.errors import InvalidInput, NotFound, WrongUsage
    from cyberposture.services.catalogue import adoption
    from cyberposture.services.scores.rehearsal import rehearse

    if not dry_run and not reason:
        raise WrongUsage("an edition is put in force for a --reason; --dry-run needs none")
    runtime = open_runtime(context, by)
    folders = runtime.folders if folder is None else ContentFolders(folder)
    if not folders.is_whole():
        advice = "it holds the folders controls, scanners and reports"
        raise NotFound("content folder", str(folder), advice=advice)
    draft = adoption.read_draft(folders)
    if dry_run:
        with bar("dry run") as progress:
            found = rehearse(runtime.register, draft, progress)
        if as_json:
            show_json(_told(draft, found))
        else:
            _show_rehearsal(draft, found)
        if found.faults:
            raise InvalidInput(list(found.faults))
        return
    done = adoption.adopt(runtime.register, draft, reason=reason)
    if as_json:
        show_json({"number": done.number, "edition": draft.edition})
        return
    typer.echo(f"{done.name} {done.version} is in force: adoption {done.number}")
    if folders.root != runtime.folders.root:
        say(f"new rounds are opened under it with CYBERPOSTURE_CONTENT={folders.root}")


def _told(draft: "Draft", found: "Rehearsal") -> dict[str, Any]:
    in_force = found.in_force
    return {
        "draft": draft.edition,
        "in_force": None if in_force is None else in_force.edition,
        "counts": None if found.comparison is None else found.comparison.counts(),
        "faults": [{"where": fault.where, "what": fault.what} for fault in found.faults],
        "institutions": [_effect(one) for one in found.effects],
        "without_answers": list(found.without_answers),
    }


def _effect(one: "Effect") -> dict[str, Any]:
    def score(whole: "InstitutionScore") -> dict[str, Any]:
        return {name: getattr(whole, name) for name in ("verified", "declared", "band", "coverage")}

    return {
        "institution": one.institution,
        "round": one.round,
        "edition": one.edition,
        "before": score(one.before),
        "after": score(one.after),
        "confirmed": score(one.confirmed),
        "because_of_rules": one.because_of_rules,
        "because_of_open_answers": one.because_of_open_answers,
        "carried": sorted(one.answers.carried),
        "suggested": sorted(one.answers.suggested),
        "kept": list(one.answers.kept),
        "unanswered": list(one.answers.unanswered),
        "dropped_profile": one.dropped_profile,
    }


def _show_rehearsal(draft: "Draft", found: "Rehearsal") -> None:
    edition = f"{draft.edition.catalogue} {draft.edition.version}"
    if found.in_force is None or found.comparison is None:
        typer.echo(f"{edition} would be the first edition in force")
    else:
        counts = ", ".join(f"{n} {kind}" for kind, n in found.comparison.counts().items() if n)
        typer.echo(f"{edition} instead of {found.comparison.old}: {counts}\n")
    rows = (
        (
            f"{one.institution} ({one.round})",
            _moves(one.before.verified, one.confirmed.verified, one.after.verified),
            _moves_band(one),
            _moves(one.before.coverage, one.confirmed.coverage, one.after.coverage),
            len(one.answers.carried),
            len(one.answers.suggested),
            len(one.answers.kept),
            len(one.answers.unanswered),
        )
        for one in found.effects
    )
    columns = ("institution", "verified", "band", "coverage", "carried", "to look at", "kept")
    show_table((*columns, "unanswered"), rows, "no institution answered anything yet")
    say("was → by the rules alone (until the answers to look at are confirmed)")
    dropped = sorted({one.dropped_profile for one in found.effects if one.dropped_profile})
    if dropped:
        say(f"the draft has no profile {', '.join(dropped)}: who was asked by it is shown with "
            "what became of its controls")  # fmt: skip
    if found.without_answers:
        say(f"{len(found.without_answers)} institutions answered nothing yet")


def _moves(before: int | None, confirmed: int | None, after: int | None) -> str:
    from cyberposture.scoring.explain import people

    return f"{people(before)} → {people(confirmed)} ({people(after)})"


def _moves_band(one: "Effect") -> str:
    bands = [score.band or "none" for score in (one.before, one.confirmed, one.after)]
    return bands[0] if len(set(bands)) == 1 else f"{bands[0]} → {bands[1]} ({bands[2]})"
