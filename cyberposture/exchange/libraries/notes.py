"""Collects what is odd in a file while it is read, and cuts texts to what our model takes."""

from typing import Any

from cyberposture.exchange.libraries.tree import Part

LABEL, PROSE, ID = 1_000, 1_000_000, 100
MAX_REMARKS = 1_000
Plain = dict[str, Any]


class Notes:
    """The remarks on one file, in the order in which they were made."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._remarks: dict[tuple[str, str], None] = {}

    @property
    def remarks(self) -> list[Plain]:
        """The remarks, each once."""
        return [{"where": where, "what": what} for where, what in self._remarks]

    def add(self, line: int, what: str) -> None:
        """Note something odd on a line, once; after a thousand remarks the last says so."""
        if len(self._remarks) == MAX_REMARKS:
            what = "this and what follows is not remarked on any more"
        if len(self._remarks) <= MAX_REMARKS:
            self._remarks[f"{self.name}:{line}"[-LABEL:], what[:LABEL]] = None

    def label(self, holder: Part, key: str) -> str:
        """Return a short text of a mapping on one line; empty where there is none."""
        return " ".join(self._text(holder, key, LABEL).split())

    def prose(self, holder: Part, key: str) -> str:
        """Return a long text of a mapping; empty where there is none."""
        return self._text(holder, key, PROSE).strip()

    def listed(self, holder: Part, key: str) -> list[str]:
        """Return the words of a list, which some write as one text with commas."""
        part = holder.fields.get(key)
        if part is None:
            return []
        words = [word for item in part.values for word in item.text.split(",")]
        if any(not item.text for item in part.values):
            self.add(part.line, f"{key}: a list of words is expected")
        return [cut for word in words if (cut := word.strip()[:LABEL])]

    def _text(self, holder: Part, key: str, limit: int) -> str:
        part = holder.fields.get(key)
        if part is None:
            return ""
        if part.items or part.fields:
            self.add(part.line, f"{key}: a text is expected")
        elif len(part.text) > limit:
            long = len(part.text)
            self.add(part.line, f"{key}: a text of {long} characters is shown up to {limit}")
        return part.text[:limit]
