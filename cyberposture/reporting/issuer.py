"""By whom something was made, as its readers are told: the CERT's name and how it is reached."""

from dataclasses import dataclass
from html import escape

from cyberposture.model.operating_body import OperatingBody
from cyberposture.reporting.plain import Text, given

LONGEST = 200
"""No name and no address is longer; the settings see to it."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who made it, in the language of its reader; each part is isolated in its own direction."""

    name: Text
    """Empty where none is set: then words say "the central CERT"."""
    ways: tuple[Text, ...]
    """Telephone, mail address and web address, as far as they are set."""


def issuer_of(body: OperatingBody, language: str) -> Issuer:
    """Return the issuer as it is told in a language."""
    called = body.called(language)
    return Issuer(
        name=given(called, LONGEST) if called else Text("", ""),
        ways=tuple(Text(way, f'<bdi dir="ltr">{escape(way)}</bdi>') for way in body.ways),
    )
