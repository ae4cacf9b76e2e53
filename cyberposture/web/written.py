"""What a browser without a script sends of a page of cards: all of them, whichever button it was.

The cards are one form there, so a field's name carries the control of its card: `level.GOV-01`.
A script takes the cards apart again, and each keeps itself.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from fastapi import Request

from cyberposture.web.surroundings import plain

CONTROL: Final = re.compile(r"[A-Z]{3}-[0-9]{2}")
_LONGEST: Final = 20_000
_FIELDS: Final = ("level", "reason", "had", "met", "was", "then")

_SECRETS: Final = ("password", "code", "key")
"""Parts of the names of fields whose content is shown to nobody."""


def mark_of(level: str, reason: str) -> str:
    """Return by what an answer is known again: only what is typed anew has another mark."""
    return hashlib.sha256(f"{level}\n{plain(reason)}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Typed:
    """What somebody typed on one card and is not kept yet."""

    control: str
    level: str
    reason: str
    had: int = 0
    """The revision that the writer had before them; 0: none."""
    met: int = 0
    """The newer one of somebody else that was shown beside what was typed; 0: there was none."""
    was: str = ""
    """The mark of what the card showed before anything was typed."""

    @property
    def is_changed(self) -> bool:
        """Whether something was changed on the card since it was shown."""
        return mark_of(self.level, self.reason) != (self.was or mark_of("", ""))


@dataclass(frozen=True)
class PageForm:
    """A page of cards as it was sent."""

    form_key: str = ""
    cards: tuple[Typed, ...] = field(default=())
    pressed: str = ""
    """On which card a button was pressed; empty: on none, as where Enter sends a form."""
    then: str = ""
    """Where that button leads: to a card, or to what stands behind the answer."""


async def page_form(request: Request) -> PageForm:
    """Return the page of cards that a request carries; as a coroutine it waits for its body."""
    form = await request.form()
    return read_page((name, one) for name, one in form.multi_items() if isinstance(one, str))


def read_page(pairs: Iterable[tuple[str, str]]) -> PageForm:
    """Return the page that names and values of fields stand for; what is no field of it is left."""
    cards: dict[str, dict[str, str]] = {}
    form_key = ""
    for name, value in pairs:
        kind, _, control = name.partition(".")
        if name == "form_key":
            form_key = value[:200]
        elif kind in _FIELDS and CONTROL.fullmatch(control):
            cards.setdefault(control, {})[kind] = value[:_LONGEST]
    pressed = next((one for one, sent in cards.items() if "then" in sent), "")
    typed = tuple(_typed(one, sent) for one, sent in cards.items())
    return PageForm(form_key, typed, pressed, cards.get(pressed, {}).get("then", ""))


def unkept_in(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the words of a form that nobody can keep just now, each with its card if it has one.

    Of a page of cards only what was changed counts, however short; of any other form what has more
    than one word. What is secret is left out.
    """
    cards = [(one.control, one.reason) for one in read_page(pairs).cards if one.is_changed]
    others = [
        ("", value)
        for name, value in pairs
        if not CONTROL.fullmatch(name.partition(".")[2])
        and len(value.split()) > 1
        and not any(secret in name for secret in _SECRETS)
    ]
    return [one for one in cards if one[1]] + others


def _typed(control: str, sent: dict[str, str]) -> Typed:
    return Typed(
        control=control,
        level=sent.get("level", "")[:20],
        reason=plain(sent.get("reason", "")),
        had=_revision(sent.get("had", "")),
        met=_revision(sent.get("met", "")),
        was=sent.get("was", "")[:64],
    )


def _revision(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
