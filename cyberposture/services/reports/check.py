"""Renders every report with the worst data and says what is wrong with what came out.

It needs no register: whoever changes a template, or writes one, learns here what a reader would
have seen. The data are made up; what is checked is the content folder `reports`.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from cyberposture.errors import InvalidInput, NotFound
from cyberposture.model.reports import Audience, ReportDefinition
from cyberposture.reporting.render import Renderer
from cyberposture.reporting.samples.worst import ATTACKS, WORST, Row
from cyberposture.reporting.strict import StrictPage, faults_of

MOST_BYTES: Final = 1_000_000
"""Of the report about one institution: it goes by mail, and is read on a telephone."""
SMALL: Final = frozenset({"institution", "crosswalk", "letter"})
"""The subjects that are one institution."""
LONGEST_TEXT: Final = 12_000
"""A comment in a consultation may be so long; nothing else from outside comes near."""


@dataclass(frozen=True)
class Rendered:
    """One report for one audience in one language, made of one kind of data."""

    report: str
    audience: Audience | Literal["any"]
    language: str
    data: str
    size_bytes: int
    took_ms: int
    faults: tuple[str, ...]


def chosen(
    definitions: Sequence[ReportDefinition], only: str | None = None
) -> list[ReportDefinition]:
    """Return the reports that are meant: all, or the one of this name.

    Raises:
        NotFound: there is no such report.
    """
    found = [one for one in definitions if only in (None, one.id)]
    if not found:
        names = ", ".join(one.id for one in definitions)
        raise NotFound("report", str(only), advice=f"there are: {names}")
    return found


def count_renderings(definitions: Sequence[ReportDefinition]) -> int:
    """Return how often something is rendered when these reports are checked."""
    kinds = {subject: len(list(row.kinds())) for subject, row in WORST.items()}
    return sum(
        kinds[one.subject] * len(one.audiences) * len(one.languages) if one.subject in kinds else 1
        for one in definitions
    )


def check_reports(
    renderer: Renderer, definitions: Sequence[ReportDefinition], only: str | None = None
) -> Iterator[Rendered]:
    """Yield every report (or only one) for each audience, language and kind of data.

    Raises:
        NotFound: there is no such report.
    """
    for definition in chosen(definitions, only):
        row = WORST.get(definition.subject)
        if row is None:
            fault = f"there is no worst data for what it is about, {definition.subject}"
            yield Rendered(definition.id, "any", "any", "any", 0, 0, (fault,))
            continue
        for data, make in row.kinds():
            inputs = make()
            for audience in definition.audiences:
                for language in definition.languages:
                    press = Press(renderer, definition, audience, language, row)
                    yield press.check(data, inputs)


@dataclass(frozen=True)
class Press:
    """One report for one audience in one language."""

    renderer: Renderer
    definition: ReportDefinition
    audience: Audience
    language: str
    row: Row

    def check(self, data: str, inputs: Any) -> Rendered:
        """Return what came of one kind of data, and what is wrong with it."""
        began = time.perf_counter()
        try:
            html = self.html(inputs)
        except InvalidInput as error:
            return self._rendered(data, b"", 0, [str(fault) for fault in error.faults])
        took = round((time.perf_counter() - began) * 1_000)
        page = StrictPage(html)
        faults = faults_of(page, html)
        whole = html.encode("utf-8", "replace")
        if self.definition.subject in SMALL and len(whole) > MOST_BYTES:
            faults.append(f"it has {len(whole):,} bytes, and {MOST_BYTES:,} at the most")
        if data in ATTACKS:
            longest = max((len(text) for text in page.text), default=0)
            if longest > LONGEST_TEXT:
                faults.append(f"a text of {longest:,} signs was not cut")
            faults += self._beside_defused(page, self.row.defused(data))
        return self._rendered(data, whole, took, faults)

    def _rendered(self, data: str, html: bytes, took: int, faults: Sequence[str]) -> Rendered:
        return Rendered(
            self.definition.id, self.audience, self.language, data, len(html), took, tuple(faults)
        )

    def html(self, inputs: Any) -> str:
        """Return the report that is made from these inputs."""
        words = self.renderer.words(self.definition, self.language)
        view = self.row.view(self.definition, self.audience, words, inputs)
        return self.renderer.render(self.definition, self.audience, view)

    def _beside_defused(self, found: StrictPage, harmless: Any) -> Iterator[str]:
        """Yield where a text from outside did more than stand in its own place."""
        if harmless is None:
            return
        usual = StrictPage(self.html(harmless))
        if found.tags != usual.tags or found.ids != usual.ids:
            yield "a text from outside made an element, or took one away"
        if [one[:2] for one in found.attributes] != [one[:2] for one in usual.attributes]:
            yield "a text from outside made an attribute, or took one away"
