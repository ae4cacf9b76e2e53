"""Who runs this register: the CERT by its name, and how whoever reads of it reaches it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OperatingBody:
    """The name in English and Urdu, and the ways to reach it; "" for what nobody set."""

    name: str = ""
    name_ur: str = ""
    telephone: str = ""
    mail: str = ""
    """A mail address, or whatever else is told to those who write."""
    web: str = ""

    def called(self, language: str) -> str:
        """Return the name in a language, in English where there is none in it; "" if not set."""
        return (self.name_ur if language == "ur" else "") or self.name

    @property
    def ways(self) -> tuple[str, ...]:
        """Return how it is reached, the quickest way first."""
        return tuple(way for way in (self.telephone, self.mail, self.web) if way)


UNNAMED = OperatingBody()
"""Nothing is set: readers are told of "the central CERT"."""
