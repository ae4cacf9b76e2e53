"""Reads a rendered report as the product does, and fails a test at once where it is not strict."""

import re

from cyberposture.reporting.strict import StrictPage

OWN = frozenset({"code", "bdi", "title", "style", "symbol"})
"""Elements that hold codes, names and other people's words; a window's title holds a name."""
OWN_CLASSES = frozenset({"code", "hash", "id", "whole", "given"})
SENTENCE = re.compile(r"(?:[A-Za-z][A-Za-z'’-]+[ ,;:()]+){2,}[A-Za-z][A-Za-z'’-]+")
"""Three words of a Latin script in a row."""
AS_IT_STANDS = frozenset(
    {
        "ISACA Risk IT",
        "transport input ssh",
        "ip ssh version",
        "restrict default noquery",
        "Block Public Access",
        "Network Level Authentication",
        "Microsoft network server: digitally sign communications (always",
    }
)
"""Names of three words, and what is typed or clicked."""


class Page(StrictPage):
    """A page without a fault, and the runs of English words on it; raises where there is one."""

    def __init__(self, html: str) -> None:
        self.english: list[str] = []
        """Runs of three English words or more, outside of codes, names and own words."""
        self._own: list[bool] = []
        super().__init__(html)
        assert self.faults == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attrs)
        given = dict(attrs)
        classes = set((given.get("class") or "").split())
        own = tag in OWN or given.get("lang") == "en" or bool(classes & OWN_CLASSES)
        self._own = [*self._own, own][: len(self.open)]

    def _note(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        super()._note(tag, attrs)
        for name, value in attrs:
            if name in ("title", "aria-label", "data-label"):
                self.english += english_in(value or "")

    def handle_endtag(self, tag: str) -> None:
        super().handle_endtag(tag)
        self._own = self._own[: len(self.open)]

    def handle_data(self, data: str) -> None:
        super().handle_data(data)
        if not any(self._own):
            self.english += english_in(data)


def english_in(text: str) -> list[str]:
    """Return the runs of three English words or more in a text."""
    return [run for run in SENTENCE.findall(text) if run not in AS_IT_STANDS]
