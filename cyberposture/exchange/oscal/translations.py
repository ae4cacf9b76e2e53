"""Carries the texts of a control in another language beside its own, and reads them back.

Each language is one part in our namespace, with its draft mark and the digest of its English. The
checks are no part of the document, and neither are their texts.
"""

from collections.abc import Iterable, Iterator

from cyberposture.content.translations import Translations
from cyberposture.exchange.oscal.control_in import items_of, prose_of, records
from cyberposture.exchange.oscal.control_out import add_records, listed, title_line
from cyberposture.exchange.oscal.prose import Plain, escape, unescape
from cyberposture.exchange.oscal.words import NAMESPACE, find_own, is_value, own_part, own_prop
from cyberposture.model.translations import ControlTranslation

TRANSLATION = "translation"
"""The name of the part; its class is the language."""

_MARKS = ("status", "translator", "reviewer", "source")


def translation_parts(control_id: str, translations: Iterable[Translations]) -> Iterator[Plain]:
    """Yield the part of each language that the control is translated into."""
    for one in translations:
        if control_id in one.controls:
            yield _part(f"{control_id}_{one.language}", one.controls[control_id])


def _part(name: str, texts: ControlTranslation) -> Plain:
    marks = {mark: getattr(texts, mark) for mark in _MARKS}
    parts = [own_part("statement", id=f"{name}_smt", prose=escape(texts.statement))]
    if texts.levels is not None:
        levels = list(texts.levels.model_dump(by_alias=True).values())
        parts.append(listed(name, "levels", "lvl", levels))
    if texts.evidence:
        parts.append(listed(name, "evidence", "evd", texts.evidence))
    made = own_part(
        TRANSLATION,
        id=name,
        class_=texts.language,
        title=title_line(texts.title),
        props=[own_prop(k, v) for k, v in marks.items() if v is not None and is_value(v)],
        parts=parts,
    )
    add_records(made, texts, translation_fields(made))
    return made


def is_translation(part: Plain) -> bool:
    """Return whether a part of a control was written by `translation_parts`."""
    return part["name"] == TRANSLATION and part.get("ns") == NAMESPACE


def translation_fields(part: Plain) -> Plain:
    """Return the fields of the translation, as its model writes itself down."""
    levels = [unescape(item["prose"]) for item in items_of(part, "levels")]
    return {
        "language": part["class"],
        **{mark: find_own(part, mark) for mark in _MARKS},
        "title": unescape(part["title"]),
        "statement": prose_of(part, "statement"),
        "levels": {str(n): text for n, text in enumerate(levels)} or None,
        "evidence": [unescape(item["prose"]) for item in items_of(part, "evidence")],
        **records(part),
    }
