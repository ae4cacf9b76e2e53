"""Shows a page about the network: moments in their zone, foreign text made plain, long lists."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final
from urllib.parse import urlencode

from fastapi.responses import HTMLResponse

from cyberposture.clock import find_zone, from_iso
from cyberposture.model.checks import Check
from cyberposture.model.controls import Control
from cyberposture.services.findings.listing import texts_of
from cyberposture.services.schedule.month import NATION_ZONE
from cyberposture.store.paging import Page, Turn
from cyberposture.web.network.filled import Filled, Trouble
from cyberposture.web.network.plainness import plainly
from cyberposture.web.network.saying import remarking, saying
from cyberposture.web.surroundings import Visit

NO_TROUBLE: Final = Trouble(200, {})
EMPTY: Final = Filled({}, {})
_LONGEST_QUERY = 200


def show(
    visit: Visit, template: str, *, zone: str = NATION_ZONE, trouble: Trouble = NO_TROUBLE,
    **view: Any,
) -> HTMLResponse:  # fmt: skip
    """Return a page; `trouble` is what was wrong with the form that it shows again."""
    place, words = find_zone(zone), visit.words

    def minute(moment: datetime | None) -> str:
        return "–" if moment is None else words.minute(moment, place)

    def day(moment: datetime | date | None) -> str:
        return "–" if moment is None else words.day(moment, place)

    given: dict[str, Any] = {
        "minute": minute,
        "minute_of": lambda written: minute(from_iso(written)),
        "day": day,
        "plainly": plainly,
        "seen_as": saying(visit),
        "remark": remarking(visit),
        "name": words.name,
        "faults": trouble.faults,
        "faulty": trouble.listed,
        "typed": EMPTY,
        "may": visit.may,
    }
    return visit.show(template, trouble.status, **given | view)


def asked(visit: Visit, name: str) -> str:
    """Return one thing that the page's address asks for, '' where it does not."""
    return plainly(visit.request.query_params.get(name, "").strip(), _LONGEST_QUERY)


def chosen(visit: Visit, name: str, among: Any) -> Any:
    """Return what an address asks for where it is one of some values, else None."""
    value = asked(visit, name)
    return value if value in among else None


def turn_of(visit: Visit) -> Turn:
    """Return which page of a long list is asked for."""
    return Turn(after=asked(visit, "after"), before=asked(visit, "before"))


def pager(visit: Visit, page: Page[Any]) -> dict[str, str]:
    """Return where the pages beside this one are, with what was asked for kept."""
    kept = {
        name: value
        for name, value in visit.request.query_params.items()
        if name not in ("after", "before", "done")
    }
    return {
        "before": _way(visit, kept | {"before": page.before}) if page.before else "",
        "after": _way(visit, kept | {"after": page.after}) if page.after else "",
    }


def pager_of(visit: Visit, after: str) -> str:
    """Return where a long list goes on after a row, with what was asked for kept."""
    kept = {name: value for name, value in visit.request.query_params.items() if name != "done"}
    return _way(visit, kept | {"after": after})


def _way(visit: Visit, query: Mapping[str, str]) -> str:
    return f"{visit.request.url.path}?{urlencode(query)}"


def check_words(visit: Visit, check: Check | None, otherwise: str) -> dict[str, str]:
    """Return what a check is called, why it matters and what mends it, in the reader's language.

    `lang` is the language in which that stands.
    """
    if check is None:
        return {"title": otherwise, "why": "", "remedy": "", "lang": "en"}
    texts = texts_of(visit.register, visit.words.language)
    told: Any = check
    if texts.tells(check):
        told = texts.checks[check.id]
    lang = "en" if told is check else texts.language
    return {"title": told.title, "why": told.why, "remedy": told.remedy, "lang": lang}


def namer(visit: Visit) -> Callable[[Control | Check | None, str], str]:
    """Return what gives a control or check its title in the reader's language.

    What is no more in the catalogue is called by the text that follows.
    """
    texts = texts_of(visit.register, visit.words.language)
    return lambda item, otherwise: otherwise if item is None else texts.title_of(item)


def read_moment(text: str, zone: str) -> datetime | None:
    """Return the moment of a `datetime-local` field in a zone, or None where it holds none."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=find_zone(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
