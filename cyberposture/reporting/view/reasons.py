"""How a figure came about: what was counted and how, what was left out, and of what it is made."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from cyberposture.reporting.inputs import ContentInputs
from cyberposture.reporting.plain import Text, clean
from cyberposture.reporting.words import Words

SHORT_DIGEST = 12


@dataclass(frozen=True, slots=True)
class Reason:
    """The explanation of one figure, or of the figures of one table; its anchor is `why-ID`."""

    id: str
    title: Text | str
    facts: tuple[tuple[Text, Text], ...]
    """What is told, and what there is to tell."""


def led(said: Text, id_: str) -> Text:
    """Return a sentence of figures that leads to its explanation, for a place without a macro."""
    return Text(said, f'<a class="reason" href="#why-{id_}">{said.__html__()}</a>')


@dataclass(frozen=True)
class Reasons:
    """Writes explanations in the words of one report; they stand below `reason.ID`."""

    words: Words
    source: Text
    """Of what all figures are made: the round, the edition and the digest of its rules."""

    def of(self, id_: str, title: str, **facts: object) -> Reason:
        """Return the explanation of what has a title of its own already."""
        return self.build(
            id_,
            self.words.say(title),
            [
                ("how", self.words.say(f"reason.{id_}.how", **facts)),
                ("out", self.words.say(f"reason.{id_}.out", **facts)),
            ],
        )

    def build(self, id_: str, title: Text | str, told: Iterable[tuple[str, Text]]) -> Reason:
        """Return an explanation out of what is told, each under one of the common labels."""
        facts = [(self.words.say(f"reason.label.{label}"), text) for label, text in told]
        facts.append((self.words.say("reason.label.source"), self.source))
        return Reason(id_, title, tuple(facts))


def source_of(
    words: Words, content: ContentInputs, of: Text, as_of: datetime, zone: ZoneInfo
) -> Text:
    """Return of what a report's figures are made; `of` is the round, or the register."""
    edition = content.edition
    return words.say(
        "reason.source",
        of=of,
        edition=f"{clean(edition.catalogue)} {clean(edition.version)}",
        rules=edition.rules[:SHORT_DIGEST],
        as_of=words.minute(as_of, zone),
    )
