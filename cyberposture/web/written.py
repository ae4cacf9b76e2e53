"""What a browser without a script sends of a page of cards: all of them, whichever button it was.

The cards are one form there, so a field's name carries the control of its card: `level.GOV-01`.
A script takes the cards apart again, and each keeps itself. On a control's own page the same form
holds what is said beside the card as well.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from fastapi import Request

from cyberposture.web.surroundings import plain

CONTROL: Final = re.compile(r"[A-Z]{3}-[0-9]{2}")
_LONGEST: Final = 20_000
_THEN: Final = "then"
_FIELDS: Final = ("level", "reason", "had", "met", "was", _THEN)
_CHOICES: Final = ("0", "1", "2", "3", "na")
_BESIDE: Final = ("remark", "for_reviewer", "question", "person")
_REPLY: Final = re.compile(r"reply\.([0-9a-f-]{36})")

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
class Beside:
    """What somebody typed beside the card on a control's own page, and what they pressed there.

    Others read it, and it cannot be taken back: each part goes by its own button alone.
    """

    remark: str = ""
    for_reviewer: bool = False
    replies: Mapping[str, str] = field(default_factory=dict)
    """By thread."""
    question: str = ""
    person: str = ""
    """To whom the control is to be given."""
    do: str = ""
    """What was pressed: `remark`, `question`, `hands`, or with what it is about, `reply.THREAD`,
    `resolve.THREAD`, `reopen.THREAD`, `back.PERSON`; empty: none of these."""

    @property
    def pressed(self) -> tuple[str, str]:
        """What is to be done, and what it is about."""
        what, _, about = self.do.partition(".")
        return what, about

    @property
    def is_typed(self) -> bool:
        """Whether anything stands in one of the boxes."""
        return any((self.remark, self.question, self.person, *self.replies.values()))

    @property
    def left(self) -> "Beside":
        """What still stands in the boxes once what was pressed is done."""
        what, about = self.pressed
        if what == "remark":
            return replace(self, remark="", for_reviewer=False, do="")
        if what == "question":
            return replace(self, question="", do="")
        if what == "hands":
            return replace(self, person="", do="")
        others = {thread: text for thread, text in self.replies.items() if thread != about}
        return replace(self, replies=others, do="")


@dataclass(frozen=True)
class PageForm:
    """A page of cards as it was sent."""

    form_key: str = ""
    cards: tuple[Typed, ...] = field(default=())
    pressed: str = ""
    """On which card a button was pressed; empty: on none, as where Enter sends a form."""
    then: str = ""
    """Where that button leads: to a card, or to what stands behind the answer."""
    language: str = ""
    """To which language the page is turned; empty: to none."""
    beside: Beside = field(default_factory=Beside)


async def page_form(request: Request) -> PageForm:
    """Return the page of cards that a request carries; as a coroutine it waits for its body."""
    form = await request.form()
    return read_page((name, one) for name, one in form.multi_items() if isinstance(one, str))


def read_page(pairs: Iterable[tuple[str, str]]) -> PageForm:
    """Return the page that names and values of fields stand for; what is no field of it is left."""
    cards: dict[str, dict[str, str]] = {}
    others: dict[str, str] = {}
    for name, value in pairs:
        kind, _, control = name.partition(".")
        if kind in _FIELDS and CONTROL.fullmatch(control):
            cards.setdefault(control, {})[kind] = value[:_LONGEST]
        else:
            others[name] = value[:_LONGEST]
    pressed = next((one for one, sent in cards.items() if _THEN in sent), "")
    return PageForm(
        form_key=others.get("form_key", "")[:200],
        cards=tuple(_typed(one, sent) for one, sent in cards.items()),
        pressed=pressed,
        then=cards.get(pressed, {}).get(_THEN, ""),
        language=others.get("language", "")[:20],
        beside=_beside(others),
    )


@dataclass(frozen=True)
class Unkept:
    """What somebody wrote, and what they chose beside it, that nobody can keep just now."""

    control: str
    """On whose card it was; empty where it was on none."""
    level: str
    """0 to 3, or `na`; empty: none was chosen."""
    words: str


@dataclass(frozen=True)
class WayBack:
    """How all that a form brought is put back on its page: sent there again, without a key.

    A page of answers that comes without the key of the session is shown again and kept by nobody.
    """

    path: str
    fields: tuple[tuple[str, str], ...]


NO_WAY: Final = WayBack("", ())


def unkept_in(pairs: Sequence[tuple[str, str]]) -> list[Unkept]:
    """Return what a form brings that nobody can keep just now, each with its card if it has one.

    Of a page of cards only what was changed counts, however short; of any other form what has more
    than one word. What is secret is left out.
    """
    cards = [
        Unkept(one.control, one.level if one.level in _CHOICES else "", one.reason)
        for one in read_page(pairs).cards
        if one.is_changed
    ]
    others = [
        Unkept("", "", value)
        for name, value in pairs
        if not CONTROL.fullmatch(name.partition(".")[2])
        and (len(value.split()) > 1 or (value.strip() and _is_said(name)))
        and not any(secret in name for secret in _SECRETS)
    ]
    return [one for one in cards if one.level or one.words] + others


def typed_again(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the fields of a page of cards that bring back what was changed, and press nothing."""
    changed = {one.control for one in read_page(pairs).cards if one.is_changed}
    own = {f"{kind}.{control}" for kind in _FIELDS if kind != _THEN for control in changed}
    return [
        (name, value)
        for name, value in pairs
        if name in own or name in _BESIDE or _REPLY.fullmatch(name)
    ]


def _is_said(name: str) -> bool:
    return name in ("remark", "question") or name.startswith(("reply.", "reply-"))


def _typed(control: str, sent: dict[str, str]) -> Typed:
    return Typed(
        control=control,
        level=sent.get("level", "")[:20],
        reason=plain(sent.get("reason", "")),
        had=_revision(sent.get("had", "")),
        met=_revision(sent.get("met", "")),
        was=sent.get("was", "")[:64],
    )


def _beside(sent: dict[str, str]) -> Beside:
    found = ((_REPLY.fullmatch(name), plain(text)) for name, text in sent.items())
    return Beside(
        remark=plain(sent.get("remark", "")),
        for_reviewer=sent.get("for_reviewer") == "yes",
        replies={name[1]: text for name, text in found if name is not None and text},
        question=plain(sent.get("question", "")),
        person=sent.get("person", "")[:64],
        do=sent.get("do", "")[:100],
    )


def _revision(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
