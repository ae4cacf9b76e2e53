"""Says why a score is what it is: what scoring hands over as data, in a reader's words."""

import re

from cyberposture.reporting.plain import Text
from cyberposture.reporting.words import Words
from cyberposture.scoring.explain import Reason, people, spaced
from cyberposture.scoring.plan import Step

_BANDS = ("band", "band_before", "band_after")
_POINTS = frozenset({"before", "after", "points", "limit", "threshold"})
_THOUSANDS = re.compile(r"(?<=\d) (?=\d{3}\b)")


def say_reason(words: Words, reason: Reason, *, out_of_100: bool = False) -> Text:
    """Return the sentence of one step of a derivation, its points as kept or on the scale of 100.

    Raises:
        InvalidInput: the words have no sentence for its rule.
    """
    given = {**reason.facts, "before": reason.before, "after": reason.after}
    facts = {
        name: people(value)
        if out_of_100 and name in _POINTS and isinstance(value, int)
        else _shown(words, value)
        for name, value in given.items()
    }
    if "level" in reason.facts:
        facts["meaning"] = words.name("why-level", str(reason.facts["level"]))
    elif "grade" in reason.facts:
        facts["meaning"] = words.name("why-grade", str(reason.facts["grade"]))
    for name in _BANDS:
        if reason.facts.get(name) is not None:
            facts[name] = words.name("band", str(reason.facts[name]))
    if "confidence" in reason.facts:
        facts["confidence"] = words.name("why-confidence", str(reason.facts["confidence"]))
    return words.say(f"why.{reason.rule}", **facts)


def say_reasons(words: Words, reasons: tuple[Reason, ...]) -> tuple[Text, ...]:
    """Return the sentences of a derivation on the scale of 100, as reports say them."""
    said = (say_reason(words, reason, out_of_100=True) for reason in reasons)
    return tuple(Text(_unbroken(one), _unbroken(one.__html__())) for one in said)


def say_step(words: Words, step: Step) -> Text:
    """Return what one improvement asks for.

    Raises:
        InvalidInput: the words have no sentence for its kind.
    """
    return words.say(
        f"advice.{step.kind}",
        control=", ".join(step.controls),
        checks=", ".join(step.checks),
        level="" if step.level is None else step.level,
        meaning=words.name("why-level", str(step.level)),
    )


def _shown(words: Words, value: int | str | None) -> str:
    if value is None:
        return words.say("why-unknown")
    return spaced(value) if isinstance(value, int) else value


def _unbroken(text: str) -> str:
    return _THOUSANDS.sub("\u00a0", text)
