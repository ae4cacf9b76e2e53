"""What is wrong where a check fails, in words: its title says what should be true instead."""

import re
from typing import Final

from cyberposture.model.checks import Check
from cyberposture.reporting.inputs import ContentInputs
from cyberposture.reporting.words import Words

_DETAIL: Final = re.compile(r"\s*:[^:]*{detail}.*$", re.DOTALL)
"""The end of a sentence, which names what was seen."""
_PLACE: Final = re.compile(r"{(?:endpoint|address)}")


def say_failure(words: Words, content: ContentInputs, check: Check, places: int | None) -> str:
    """Return what a check means that fails in so many places, naming none; without a full stop.

    None: nobody shall read how many places they are.

    It is the check's own sentence of a failure; where the readers' language has none, its title
    with a word that says that it is not so.
    """
    says = check.says
    if content.said is not None:
        pair = content.said.get(check.id)
        if pair is None:
            return str(words.say("failure.of", title=check.title))
        says = pair[1]
    place = f"failure.{check.endpoints.subject}"
    some = f"failure.{check.endpoints.subject}.some"
    is_untold = places is None and some in words.keys
    where = str(words.say(some) if is_untold else words.say(place, n=places))
    said = _DETAIL.sub("", says.fail).replace("{detail}", "…").replace("{port}", "…")
    said = _PLACE.sub(lambda _: where, said).rstrip(" .\u06d4")
    return said[:1].upper() + said[1:]
