"""Writes what goes to an institution on paper: the letter of authorisation, notices, the runbook.

The signed copy of a letter is matched to the digest of its text; what it allows is recorded by two
people. A paper in another language carries the English text before it, because that one holds.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cyberposture.clock import to_iso
from cyberposture.errors import NotFound
from cyberposture.model.authorisations import TermsEntry
from cyberposture.model.gate import NameEntry
from cyberposture.model.operating_body import UNNAMED, OperatingBody

FOLDER: Final = "authorisation"
SOURCE_LANGUAGE: Final = "en"
RULE: Final = "\n\n" + "=" * 78 + "\n\n"
"""Stands between the English text and its translation."""
LOADS: Final = {
    0: "nothing is sent.",
    1: "only public records are read; nothing is sent to you.",
    2: "like an ordinary visitor: one connection to a listed port, the headers of a page.",
    3: "light probing: connections to many listed ports, and a look at which services answer.",
    4: "all ports are tried.",
}
"""What each load level means, in words that a signatory understands."""


@dataclass(frozen=True)
class Hosted:
    """Addresses and names of the institution that a third party runs, for its consent sheet."""

    third_party: str
    entries: tuple[str, ...]


@dataclass(frozen=True)
class LetterFacts:
    """What the letter says, in plain values."""

    reference: str
    institution: str
    valid_from: datetime
    valid_until: datetime
    scope: tuple[TermsEntry, ...]
    exclusions: tuple[str, ...]
    load: int
    opt_in: tuple[str, ...]
    contacts: tuple[str, ...]
    has_plant: bool
    hosted: tuple[Hosted, ...] = ()


@dataclass(frozen=True)
class Letter:
    """The text of a letter and the digest that its signed copy is matched to."""

    text: str
    sha256: str


def write_letter(
    reports: Path, facts: LetterFacts, language: str = SOURCE_LANGUAGE, *,
    body: OperatingBody = UNNAMED,
) -> Letter:  # fmt: skip
    """Return the letter: in English and, where another language is asked for, in that one too.

    Raises:
        NotFound: there is no letter in this language.
    """
    values = asdict(facts)
    values |= {
        "valid_from": on_paper(facts.valid_from),
        "valid_until": on_paper(facts.valid_until),
        "scope": scope_values(facts.scope),
    }
    return render_paper(reports, "letter", language, values, body=body)


def asked_of(facts: LetterFacts) -> dict[str, Any]:
    """Return what a letter asks for as plain JSON values, for when its signed copy comes back."""
    return {
        "valid_from": to_iso(facts.valid_from),
        "valid_until": to_iso(facts.valid_until),
        "scope": [entry.model_dump(mode="json") for entry in facts.scope],
        "exclusions": list(facts.exclusions),
        "load": facts.load,
        "opt_in": list(facts.opt_in),
        "contacts": list(facts.contacts),
        "hosted": {one.third_party: list(one.entries) for one in facts.hosted},
    }


def on_paper(moment: datetime) -> str:
    """Return a moment in UTC as every language can print it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def scope_values(entries: Iterable[TermsEntry]) -> list[dict[str, Any]]:
    """Return the entries of a scope as plain values; the wording is each paper's own."""
    return [
        {"name": entry.name, "subdomains": entry.subdomains}
        if isinstance(entry, NameEntry)
        else {
            "name": None,
            "cidr": entry.cidr,
            "ports": entry.ports,
            "special": entry.special_allowed,
        }
        for entry in entries
    ]


def render_paper(
    reports: Path, paper: str, language: str, values: Mapping[str, Any], *,
    folder: str = FOLDER, body: OperatingBody = UNNAMED,
) -> Letter:  # fmt: skip
    """Return a paper of a folder of `reports`, filled in, and its digest.

    Each language names the CERT as it is called in it, and how it is reached.

    Raises:
        NotFound: there is no such paper in this language.
    """
    languages = dict.fromkeys((SOURCE_LANGUAGE, language))
    texts = [
        _render(reports / folder / f"{paper}.{one}.txt", one, {**values, **_body(body, one)})
        for one in languages
    ]
    text = RULE.join(texts)
    return Letter(text, hashlib.sha256(text.encode()).hexdigest())


def _body(body: OperatingBody, language: str) -> dict[str, Any]:
    """Return name and ways as a paper says them; beside Urdu each keeps its own direction."""
    begin, end = ("", "") if language == SOURCE_LANGUAGE else ("\u2068", "\u2069")
    after = " " * bool(end)  # or a reader of mails takes the sign for the end of a web address
    called = body.called(language)
    return {
        "cert": f"{begin}{called}{end}" if called else "",
        "cert_ways": [f"{begin}{way}{after}{end}" for way in body.ways],
    }


def _render(path: Path, language: str, values: Mapping[str, Any]) -> str:
    if not language.isalpha() or not path.is_file():
        raise NotFound(f"{path.name.partition('.')[0]} in language", language)
    environment = ImmutableSandboxedEnvironment(
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(path.read_text(encoding="utf-8")).render(**values)
