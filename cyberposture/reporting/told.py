"""Content as the readers of one language read it: translated where there is a current translation.

Rules, ids and digests stay as they are: only the texts that people read are others. What has no
current translation stays in English, and is marked as such where it is shown.
"""

from dataclasses import replace
from functools import lru_cache
from html import escape
from typing import TypeVar

from cyberposture.content.digests import digest
from cyberposture.content.translations import (
    Translations,
    clause_texts,
    in_language,
    indicator_texts,
)
from cyberposture.model.checks import Check, Checks
from cyberposture.model.controls import Catalogue, Control, Domain, Framework, Named, Profile
from cyberposture.model.indicators import Indicator
from cyberposture.model.translations import IndicatorTexts
from cyberposture.reporting.inputs import ContentInputs
from cyberposture.reporting.plain import Text

N = TypeVar("N", Domain, Named, Profile)


def told_in(content: ContentInputs, language: str) -> ContentInputs:
    """Return the content with its texts in this language; the same where nothing is translated."""
    if all(one.language != language for one in content.translations):
        return content
    return _told(_TheSame(content), language)


class _TheSame:
    """Content that is equal to nothing but itself: comparing it whole would take longer."""

    def __init__(self, content: ContentInputs) -> None:
        self.content = content

    def _parts(self) -> tuple[object, ...]:
        return (self.content.catalogue, self.content.checks, *self.content.translations)

    def __hash__(self) -> int:
        return hash((tuple(map(id, self._parts())), self.content.edition.texts))

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, _TheSame)
            and self.content.edition == other.content.edition
            and list(map(id, self._parts())) == list(map(id, other._parts()))
        )


@lru_cache(maxsize=4)  # it never changes, and is asked for with every report and every page
def _told(same: _TheSame, language: str) -> ContentInputs:
    content = same.content
    texts = in_language(content.translations, language)
    return replace(
        content,
        catalogue=_catalogue(content.catalogue, texts),
        checks=_checks(content.checks, texts),
        said={
            one.id: (one.says, found)
            for one in content.checks.checks
            if texts.tells(one) and (found := texts.checks[one.id].says) is not None
        },
    )


def _catalogue(catalogue: Catalogue, texts: Translations) -> Catalogue:
    told = tuple(_control(one, texts) for one in catalogue.controls)
    change: dict[str, object] = {"controls": told}
    indicators = texts.indicators
    if indicators is not None and indicators.source == digest(indicator_texts(catalogue)):
        change["indicators"] = tuple(
            _indicator(one, indicators.indicators.get(one.id)) for one in catalogue.indicators
        )
    return named_in(catalogue, texts).model_copy(update=change)


def named_in(catalogue: Catalogue, texts: Translations) -> Catalogue:
    """Return the catalogue with its names, policy and clauses in another language.

    Controls and indicators stay as they are, and so does what has no current translation.
    """
    names = texts.names(catalogue)
    change: dict[str, object] = {
        "framework": _framework(catalogue.framework, names),
        "profiles": tuple(
            one.model_copy(update={"note": names["notes"][one.id]})
            for one in _named(catalogue.profiles, names["profiles"])
        ),
    }
    clauses = texts.clauses
    if clauses is not None and clauses.source == digest(clause_texts(catalogue)):
        known = clauses.clauses
        change["clauses"] = tuple(
            one.model_copy(update={"text": known.get(one.id, one.text)})
            for one in catalogue.clauses
        )
        change["framework"] = _framework(catalogue.framework, names).model_copy(
            update={"policy": clauses.policy, "note": clauses.note}
        )
    return catalogue.model_copy(update=change)


def _framework(framework: Framework, names: dict[str, dict[str, str]]) -> Framework:
    return framework.model_copy(
        update={
            "domains": _named(framework.domains, names["domains"]),
            "sectors": _named(framework.sectors, names["sectors"]),
            "features": _named(framework.features, names["features"]),
        }
    )


def _named(things: tuple[N, ...], names: dict[str, str]) -> tuple[N, ...]:
    return tuple(one.model_copy(update={"title": names[one.id]}) for one in things)


def _control(control: Control, texts: Translations) -> Control:
    if not texts.tells(control):
        return _untranslated(control)
    found = texts.controls[control.id]
    return control.model_copy(
        update={
            "title": found.title,
            "statement": found.statement,
            "levels": found.levels,
            "evidence": tuple(
                proof.model_copy(update={"what": what})
                for proof, what in zip(control.evidence, found.evidence, strict=True)
            ),
        }
    )


def _untranslated(control: Control) -> Control:
    """Return a control whose texts are English, marked as such, but for its title."""
    change: dict[str, object] = {"statement": english(control.statement)}
    if control.levels is not None:
        levels = control.levels
        said = {name: english(getattr(levels, name)) for name in type(levels).model_fields}
        change["levels"] = levels.model_copy(update=said)
    change["evidence"] = tuple(
        proof.model_copy(update={"what": english(proof.what)}) for proof in control.evidence
    )
    return control.model_copy(update=change)


def english(text: str) -> Text:
    """Return an English text for a page in another language."""
    return Text(text, f'<span lang="en" dir="ltr">{escape(text)}</span>')


def told_indicator(indicator: Indicator, content: ContentInputs) -> Indicator:
    """Return an indicator with the texts that it has in this content, where it is the same one."""
    for one in content.catalogue.indicators:
        if one.id == indicator.id and _shape(one) == _shape(indicator):
            return one
    return indicator


def _shape(indicator: Indicator) -> tuple[tuple[object, ...], ...]:
    return tuple((f.id, f.unit, f.whole, f.states) for f in indicator.figures)


def _indicator(indicator: Indicator, texts: IndicatorTexts | None) -> Indicator:
    if texts is None:
        return indicator
    figures = tuple(
        figure.model_copy(update=texts.figures[figure.id].model_dump())
        if figure.id in texts.figures
        else figure
        for figure in indicator.figures
    )
    return indicator.model_copy(update={"title": texts.title, "figures": figures})


def _checks(checks: Checks, texts: Translations) -> Checks:
    return checks.model_copy(update={"checks": tuple(_check(one, texts) for one in checks.checks)})


def _check(check: Check, texts: Translations) -> Check:
    if not texts.tells(check):
        return check
    found = texts.checks[check.id]
    return check.model_copy(update={"title": found.title, "why": found.why, "remedy": found.remedy})
