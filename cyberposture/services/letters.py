"""Writes the letter with which an institution authorises checks, from what it declares.

The signed copy is matched to the digest of this text; what it allows is recorded by two people.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from cyberposture.errors import NotFound
from cyberposture.model.authorisations import TermsEntry
from cyberposture.model.gate import NameEntry

LOADS: Final = {
    0: "nothing is sent.",
    1: "only public records are read; nothing is sent to you.",
    2: "like an ordinary visitor: one connection to a listed port, the headers of a page.",
    3: "light probing: connections to many listed ports, and a look at which services answer.",
    4: "all ports are tried.",
}
"""What each load level means, in words that a signatory understands."""


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


@dataclass(frozen=True)
class Letter:
    """The text of a letter and the digest that its signed copy is matched to."""

    text: str
    sha256: str


def scope_line(entry: TermsEntry) -> str:
    """Return one entry of a scope as people read it."""
    if isinstance(entry, NameEntry):
        return entry.name + (" and all names below it" if entry.subdomains else "")
    ports = "all ports" if entry.ports is None else "ports " + ", ".join(map(str, entry.ports))
    special = "; loopback or private, expressly allowed" if entry.special_allowed else ""
    return f"{entry.cidr} ({ports}{special})"


def write_letter(reports: Path, facts: LetterFacts, language: str = "en") -> Letter:
    """Return the letter in one language.

    Raises:
        NotFound: there is no letter in this language.
    """
    path = reports / "authorisation" / f"letter.{language}.txt"
    if not path.is_file():
        raise NotFound("authorisation letter in language", language)
    environment = ImmutableSandboxedEnvironment(
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    text = environment.from_string(path.read_text(encoding="utf-8")).render(
        reference=facts.reference,
        institution=facts.institution,
        valid_from=f"{facts.valid_from.astimezone(UTC):%d %B %Y, %H:%M}",
        valid_until=f"{facts.valid_until.astimezone(UTC):%d %B %Y, %H:%M}",
        scope=[scope_line(entry) for entry in facts.scope],
        exclusions=facts.exclusions,
        load=facts.load,
        load_in_words=LOADS[facts.load],
        opt_in=facts.opt_in,
        contacts=facts.contacts,
        has_plant=facts.has_plant,
    )
    return Letter(text, hashlib.sha256(text.encode()).hexdigest())
