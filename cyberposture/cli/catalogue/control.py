"""`cyberposture catalogue show CONTROL`: one control whole, for whoever answers or reviews it."""

from collections.abc import Iterator
from textwrap import fill
from typing import TYPE_CHECKING, Any

import typer

from cyberposture.cli.catalogue.chosen import read_content
from cyberposture.cli.options import UNITS, one_of
from cyberposture.cli.surroundings import printable, show_json

if TYPE_CHECKING:
    from cyberposture.content.loader import Content
    from cyberposture.content.translations import Translations
    from cyberposture.model.checks import Check
    from cyberposture.model.controls import Catalogue, Control

WIDTH = 100
EVIDENCE = {
    "Q": "answered by the institution",
    "Q+N": "answered by the institution and looked at on the network",
    "N": "decided by the network alone, and not answered",
}
DERIVATIONS = {
    "D": "the clause asks for it",
    "Dg": "the clause asks it of government",
    "Dc": "the clause asks it of CII operators",
    "I": "our elaboration of the clause",
}
RELATIONS = {
    "equal": "asks the same",
    "subset": "ours is a part of theirs",
    "superset": "ours asks that and more",
    "intersects": "each asks something that the other does not",
}
CURRENT = ("reviewed", "draft")
"""How a translation may stand that is shown instead of the English."""
DIRECTIONS = {"C": "decides its part", "R": "can only contradict", "S": "supports"}


MARKS = {
    "reviewed": "In {language}. Translator: {translator}; reviewed by {reviewer}",
    "draft": "In {language}: a draft that nobody has reviewed yet. Translator: {translator}",
    "outdated": "The text in {language} renders an earlier English: the English is shown.",
    "missing": "There is no text in {language} yet: the English is shown.",
}


def show_control(
    context: typer.Context, control_id: str, language: str, edition: str | None, as_json: bool
) -> None:
    """Print a control with all that people read of it, and what looks at it."""
    content = read_content(context, edition)
    control = _find(content.catalogue, control_id.upper())
    texts = _translations(content, language)
    shown, checks = _translated(control, content, texts)
    if as_json:
        codes = {use.code for use in control.observations}
        show_json({
            **control.model_dump(mode="json", by_alias=True),
            "domain": control.domain,
            "parameters": [p.id for p in content.catalogue.parameters if control.id in p.controls],
            "checks": [c.id for c in content.checks.checks if c.observation in codes],
            **({} if texts is None else {"translation": _told(control, texts)}),
        })  # fmt: skip
        return
    mark = None if texts is None else _mark(control, texts)
    typer.echo(printable("\n".join(_lines(shown, content.catalogue, checks, mark))))


def _translations(content: "Content", language: str) -> "Translations | None":
    """Return the texts in a language; None for English, in which everything is written."""
    from cyberposture.content.translations import in_language

    one_of(("en", *(one.language for one in content.translations)), language, "language")
    return None if language == "en" else in_language(content.translations, language)


def _translated(
    control: "Control", content: "Content", texts: "Translations | None"
) -> "tuple[Control, tuple[Check, ...]]":
    """Return control and checks with the texts that render today's English; the rest in English."""
    if texts is None:
        return control, content.checks.checks
    checks = tuple(
        check.model_copy(update={"title": texts.checks[check.id].title})
        if texts.state(check) in CURRENT
        else check
        for check in content.checks.checks
    )
    if texts.state(control) not in CURRENT:
        return control, checks
    found = texts.controls[control.id]
    proofs = zip(control.evidence, found.evidence, strict=True)
    changes = {
        "title": found.title,
        "statement": found.statement,
        "levels": found.levels,
        "evidence": tuple(proof.model_copy(update={"what": what}) for proof, what in proofs),
    }
    return control.model_copy(update=changes), checks


def _mark(control: "Control", texts: "Translations") -> str:
    """Return how sure the texts are, in a sentence."""
    found = texts.controls.get(control.id)
    named = {} if found is None else {"reviewer": found.reviewer, "translator": found.translator}
    return MARKS[texts.state(control)].format(language=texts.language, **named)


def _told(control: "Control", texts: "Translations") -> dict[str, Any]:
    found = texts.controls.get(control.id)
    told = {} if found is None else found.model_dump(mode="json", by_alias=True)
    return {"language": texts.language, "state": texts.state(control), **told}


def _find(catalogue: "Catalogue", control_id: str) -> "Control":
    """Return the control, also where it is only proposed.

    Raises:
        NotFound: there is none; of one that is retired it says since when and why.
    """
    from cyberposture.errors import NotFound

    for control in (*catalogue.controls, *catalogue.proposed):
        if control.id == control_id:
            return control
    advice = "see: cyberposture catalogue list"
    for row in catalogue.retired:
        if row.id == control_id:
            advice = f"it was retired on {row.on}: {row.why}"
    raise NotFound("control", control_id, advice=advice)


def _lines(
    control: "Control", catalogue: "Catalogue", checks: "tuple[Check, ...]", mark: str | None
) -> Iterator[str]:
    yield f"{control.id}  {control.title}"
    if mark is not None:
        yield from _text("", mark)
    if control.gap is not None:
        yield from _text(
            "", f"Proposed: not from the policy, and nobody is asked it. {control.gap}"
        )
    yield from ("", *_text("", control.statement))
    if control.intent:
        yield from ("", *_text("", control.intent))
    yield from ("", *_rules(control))
    if control.levels:
        levels = control.levels.model_dump(by_alias=True)
        yield from _rows("Levels", [(number, text) for number, text in levels.items()])
    yield from _rows("How to get there", list(control.guidance.items()))
    proofs = [("", f"{one.what} (at most {one.max_age_days} days old)") for one in control.evidence]
    yield from _rows("What convinces a reviewer", proofs)
    yield from _rows("What a reviewer asks", [("", question) for question in control.review])
    yield from _rows("What differs in a sector", list(control.sector_notes.items()))
    yield from _rows("Times that are set", _times(control, catalogue))
    yield from _rows("From the policy", _sources(control, catalogue))
    yield from _rows("Looked at by", _checks(control, checks))
    beside = [
        (f"{one.framework} {one.id}", f"{RELATIONS[one.relation]}. {one.why}")
        for one in control.maps_to
    ]
    yield from _rows("Beside other frameworks", beside)
    before = [(f"{s.id} version {s.version}", f"{s.change}. {s.why}") for s in control.supersedes]
    yield from _rows("What it was before", before)


def _rules(control: "Control") -> Iterator[str]:
    from cyberposture.model.profiles import in_words

    gate = f", a gate from tier {control.gate}" if control.gate else ""
    reason = f": {control.weight_reason}" if control.weight_reason else ""
    yield f"Tier {control.tier}{gate}; {EVIDENCE[control.evidence_mode]}; version {control.version}"
    yield from _text("", f"Weight {control.weight}{reason}")
    if control.applies_when is not None:
        yield from _text("", f"Asked only where this holds: {in_words(control.applies_when)}")


def _times(control: "Control", catalogue: "Catalogue") -> list[tuple[str, str]]:
    return [
        (one.id, f"{one.title}: {one.default} {UNITS[one.unit]} (our default)")
        for one in catalogue.parameters
        if control.id in one.controls
    ]


def _sources(control: "Control", catalogue: "Catalogue") -> list[tuple[str, str]]:
    clauses = {clause.id: clause.text for clause in catalogue.clauses}
    policy = {
        (one.short, one.edition)
        for one in catalogue.instruments
        if one.id == catalogue.framework.instrument
    }
    rows = []
    for source in control.sources:
        is_policy = (source.instrument, source.edition) in policy
        name = source.clause if is_policy else f"{source.instrument} {source.clause}"
        text = clauses.get(source.clause, "") if is_policy else ""
        rows.append((name, f"{text} ({DERIVATIONS[source.derivation]})".strip()))
    return rows


def _checks(control: "Control", checks: "tuple[Check, ...]") -> list[tuple[str, str]]:
    codes = {use.code: use.direction for use in control.observations}
    return [
        (check.id, f"{check.title} ({check.observation} {DIRECTIONS[codes[check.observation]]})")
        for check in checks
        if check.observation in codes
    ]


def _rows(heading: str, rows: list[tuple[str, str]]) -> Iterator[str]:
    """Yield a heading and its rows, each behind its name or else a dash; nothing without rows."""
    if rows:
        yield from ("", heading)
    for name, text in rows:
        yield from _text(f"  {name or '-'}  ", text)


def _text(before: str, text: str) -> Iterator[str]:
    """Yield a text on lines of bounded width; what follows the first stands below the text."""
    indent = " " * min(len(before), 4)
    yield fill(
        " ".join(text.split()),
        WIDTH,
        initial_indent=before,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )
