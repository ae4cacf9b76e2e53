"""Fills in the notices of the folder `reports/notices`, each in the language of its reader.

The first line of a notice is its subject. In a language that runs from right to left, every value
is set apart by signs that keep its own direction inside the sentence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cyberposture.errors import NotFound
from cyberposture.model.operating_body import UNNAMED, OperatingBody

FOLDER: Final = "notices"
FIRST_LANGUAGE: Final = "en"
RIGHT_TO_LEFT: Final = frozenset({"ur"})
_ISOLATE, _END = "\u2068", "\u2069"
"""Source: Unicode Standard Annex 9, 2.3: first strong isolate, pop directional isolate."""


class Whole(str):
    """Text that stands on lines of its own, such as a link: nothing is put around it."""

    __slots__ = ()


@dataclass(frozen=True)
class Wording:
    """A notice as somebody reads it."""

    subject: str
    body: str
    language: str


def word_notice(
    reports: Path, name: str, language: str | None, values: Mapping[str, Any],
    body: OperatingBody = UNNAMED,
) -> Wording:  # fmt: skip
    """Return a notice in a language, or in English where there is none in it.

    `body` is by whom it is sent, as far as the notice names it.

    Raises:
        NotFound: there is no such notice.
    """
    spoken = language if language and _is_there(reports, name, language) else FIRST_LANGUAGE
    if not _is_there(reports, name, spoken):
        raise NotFound("notice", name)
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(reports / FOLDER),
        autoescape=False,
        undefined=StrictUndefined,
        finalize=_apart if spoken in RIGHT_TO_LEFT else None,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {"whole": Whole, "rule": Whole("=" * 70)}
    # Beside Urdu a space ends a web address; else the sign behind it would be taken for its end.
    after = " " if body.web and spoken in RIGHT_TO_LEFT else ""
    ways = " · ".join(body.ways) + after
    said = {"cert": body.called(spoken), "cert_ways": ways, **values}
    text = environment.get_template(f"{name}.{spoken}.txt").render(**said)
    subject, _, rest = text.partition("\n")
    return Wording(subject, rest.lstrip("\n"), spoken)


def _is_there(reports: Path, name: str, language: str) -> bool:
    return language.isalpha() and (reports / FOLDER / f"{name}.{language}.txt").is_file()


def _apart(value: Any) -> Any:
    is_text = isinstance(value, str | int) and not isinstance(value, Whole)
    return f"{_ISOLATE}{value}{_END}" if is_text and str(value) else value
