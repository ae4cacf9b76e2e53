"""Finds abbreviations in a control's texts, so that none is used which the glossary lacks."""

import re
from collections.abc import Iterator

from cyberposture.model.controls import Catalogue, Control

_ABBREVIATION = re.compile(r"\b[A-Z][A-Za-z0-9]*[A-Z][A-Za-z0-9]*\b")


def unexplained(control: Control, catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """Yield each field of the control with an abbreviation in it that nobody explains.

    A catalogue without a glossary explains nothing and is not held to it. A plural is explained by
    its singular, and the ids of domains explain themselves.
    """
    known = {part for row in catalogue.glossary for part in (row.term, *row.term.split("-"))}
    if not known:
        return
    known |= {domain.id for domain in catalogue.framework.domains}
    for name, text in _texts(control):
        for word in _ABBREVIATION.findall(text):
            if word not in known and word.removesuffix("s") not in known:
                yield name, word


def _texts(control: Control) -> Iterator[tuple[str, str]]:
    for name in ("title", "statement", "weight_reason", "intent"):
        yield name, getattr(control, name) or ""
    if control.levels is not None:
        yield from (("levels", text) for text in control.levels.model_dump().values())
    yield from (("guidance", text) for text in control.guidance.values())
    yield from (("evidence", proof.what) for proof in control.evidence)
    yield from (("review", question) for question in control.review)
    yield from (("sector_notes", text) for text in control.sector_notes.values())
