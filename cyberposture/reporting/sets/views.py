"""The pages of a set around its reports: where to begin, the list to search, what was corrected.

They hold no figure that the reports of the set do not hold for the same audience.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from cyberposture.model.reports import Audience
from cyberposture.model.scores import ScoreParameters
from cyberposture.reporting.plain import Text, given
from cyberposture.reporting.site import Door
from cyberposture.reporting.view.frame import Band, Frame, band_of, shown
from cyberposture.reporting.words import Words


@dataclass(frozen=True, slots=True)
class Listed:
    """One institution that has a page in the set, as the lists name it."""

    code: str
    name: str
    sector: str
    """Its title."""
    band: str | None
    verified: int | None
    declared: int | None


@dataclass(frozen=True, slots=True)
class ListRow:
    """One institution in a list, with its page."""

    href: str
    name: Text
    sector: str
    band: Band
    verified: str | None
    declared: str | None


@dataclass(frozen=True, slots=True)
class ListGroup:
    """Institutions under one letter, sector or band."""

    anchor: str
    label: str
    rows: tuple[ListRow, ...]
    band: Band | None = None


@dataclass(frozen=True, slots=True)
class SetPage:
    """What every page of a set has that is no report."""

    audience: Audience
    words: Words
    frame: Frame
    score_digest: str = ""


@dataclass(frozen=True, slots=True)
class StartView(SetPage):
    """Where to begin."""

    sentences: tuple[str, ...] = ()
    """The first of the brief."""
    doors: tuple[tuple[Door, Text], ...] = ()
    """The parts of the set, each with what it is."""
    rows: tuple[ListRow, ...] = ()
    more: Door | None = None
    """Where the rest of the institutions stand, if not all stand here."""
    left_out: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class ListView(SetPage):
    """All institutions of the set, or those of one letter."""

    letters: tuple[ListGroup, ...] = ()
    sectors: tuple[ListGroup, ...] = ()
    bands: tuple[ListGroup, ...] = ()
    pages: tuple[tuple[str, Door], ...] = ()
    """The pages of the letters, by anchor."""
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class BriefView(SetPage):
    """What a minister or a board needs to know, in 150 words at most."""

    sentences: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """One final score that was corrected."""

    at: str
    institution: Text | None
    """None: it may not be named here."""
    href: str
    before: str | None
    after: str | None
    reason: Text | None
    controls: int


@dataclass(frozen=True, slots=True)
class ConductFigure:
    """One figure on what we did ourselves."""

    key: str
    label: Text
    value: str
    is_fault: bool = False
    """It should be 0, and is not."""


@dataclass(frozen=True, slots=True)
class OpenView(SetPage):
    """How the figures came about: corrections, our own conduct, limits, and the open files."""

    corrections: tuple[CorrectionRow, ...] = ()
    changed: Text | None = None
    """How many results changed since the public was told, where that is all that is told."""
    conduct: tuple[ConductFigure, ...] = ()
    faults: tuple[Text, ...] = ()
    limits: tuple[Text, ...] = ()
    files: tuple[tuple[Door, Text], ...] = ()


@cache
def filter_script() -> str:
    """Return the script that filters the list; the list does without."""
    return Path(__file__).with_name("filter.js").read_text(encoding="utf-8")


def list_rows(
    words: Words, parameters: ScoreParameters, listed: Iterable[Listed], hrefs: dict[str, str]
) -> tuple[ListRow, ...]:
    """Return the institutions by name, as a reader of this language would look them up."""
    ordered = sorted(listed, key=lambda one: (_sorting(one.name), one.code))
    return tuple(
        ListRow(
            href=hrefs[one.code],
            name=given(one.name),
            sector=one.sector,
            band=band_of(words, parameters, one.band),
            verified=shown(one.verified),
            declared=shown(one.declared),
        )
        for one in ordered
    )


def by_letter(rows: Sequence[ListRow]) -> tuple[ListGroup, ...]:
    """Return the rows under the letters that they begin with; digits stand together."""
    found: defaultdict[str, list[ListRow]] = defaultdict(list)
    for row in rows:
        found[letter_of(row.name)].append(row)
    return tuple(
        ListGroup(f"letter-{_anchor(letter)}", letter.upper(), tuple(found[letter]))
        for letter in sorted(found)
    )


def by_sector(rows: Sequence[ListRow]) -> tuple[ListGroup, ...]:
    """Return the rows under their sectors, those by title."""
    found: defaultdict[str, list[ListRow]] = defaultdict(list)
    for row in rows:
        found[row.sector].append(row)
    return tuple(
        ListGroup(f"sector-{number}", sector, tuple(found[sector]))
        for number, sector in enumerate(sorted(found, key=_sorting), start=1)
    )


def by_band(rows: Sequence[ListRow]) -> tuple[ListGroup, ...]:
    """Return the rows under their bands, the lowest first, and those without one last."""
    found: defaultdict[Band, list[ListRow]] = defaultdict(list)
    for row in rows:
        found[row.band].append(row)
    order = sorted(found, key=lambda band: (band.place == 0, band.place))
    return tuple(
        ListGroup(f"band-{band.place}", band.name, tuple(found[band]), band) for band in order
    )


def letter_of(name: str) -> str:
    """Return the letter under which a name stands in a list: without accent, in small."""
    for sign in _sorting(name):
        if sign.isdigit():
            return "0"
        if sign.isalpha():
            return sign
    return "0"


def _sorting(name: str) -> str:
    spread = unicodedata.normalize("NFKD", name.casefold())
    return "".join(sign for sign in spread if unicodedata.category(sign) != "Mn")


def _anchor(letter: str) -> str:
    return letter if letter.isascii() else f"u{ord(letter):04x}"


def day_of(words: Words, moment: datetime) -> str:
    """Return a moment's day, in UTC: a set is read in more than one zone."""
    return words.day(moment, ZoneInfo("UTC"))
