"""What a check saw, in the readers' language: kept sentences are taken apart and said again.

The register keeps each sentence in English as it was judged then. Its facts stand in it where the
check's own English sentence has them; what does not fit it any more is shown as it was kept.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from html import escape
from typing import Literal

from cyberposture.model.checks import Says
from cyberposture.reporting.plain import Text, clean

Kind = Literal["pass", "fail", "inconclusive", "potential", "not-tested", "not-applicable"]
_FACT = re.compile(r"{(\w+)}")


def say_seen(
    said: Mapping[str, tuple[Says, Says]] | None, check: str, kind: Kind, kept: str, limit: int
) -> str:
    """Return the sentence on at most `limit` signs of its details; in English, as it was kept."""
    if said is None:
        return clean(kept, limit)
    pair = said.get(check)
    english, own = (_sentence(one, kind) for one in pair) if pair is not None else (None, None)
    if english is None or own is None:
        return _kept(kept, limit)
    fits = _pattern(english).fullmatch(" ".join(kept.split()))
    return _kept(kept, limit) if fits is None else _filled(own, fits.groupdict(), limit)


def _sentence(says: Says, kind: Kind) -> str | None:
    match kind:
        case "pass":
            return says.passed
        case "fail":
            return says.fail
        case "potential":
            return says.potential
        case "inconclusive":
            return says.inconclusive
        case _:
            return None


@lru_cache(maxsize=1024)
def _pattern(sentence: str) -> re.Pattern[str]:
    """Return what the sentence matches once its facts are filled in; details may hold anything."""
    texts, names = _FACT.split(sentence)[::2], _FACT.split(sentence)[1::2]
    found = re.escape(texts[0])
    for name, text in zip(names, texts[1:], strict=True):
        inside = ".*" if name == "detail" else ".{1,300}?"
        found += f"(?P<{name}>{inside})" if f"<{name}>" not in found else f"(?P={name})"
        found += re.escape(text)
    return re.compile(found, re.DOTALL)


def _filled(own: str, facts: Mapping[str, str], limit: int) -> Text:
    plain, html = "", ""
    for place, part in enumerate(_FACT.split(own)):
        shown = part if place % 2 == 0 else clean(facts[part], limit)
        plain += shown
        html += escape(shown) if place % 2 == 0 else _isolated(shown)
    return Text(plain, html)


def _kept(text: str, limit: int) -> Text:
    shown = clean(text, limit)
    return Text(shown, _isolated(shown))


def _isolated(text: str) -> str:
    return f'<bdi lang="en" dir="ltr">{escape(text)}</bdi>'
