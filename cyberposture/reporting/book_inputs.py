"""What the book of the catalogue is made from; it is about nobody and holds nothing secret."""

from dataclasses import dataclass

from cyberposture.content.editions import Edition
from cyberposture.content.translations import Translations
from cyberposture.model.checks import Checks
from cyberposture.model.controls import Catalogue
from cyberposture.model.parameters import Effective
from cyberposture.model.profiles import ProfileView


@dataclass(frozen=True, slots=True)
class BookInputs:
    """The catalogue with its checks, and what is asked for of it."""

    catalogue: Catalogue
    checks: Checks
    edition: Edition
    program_version: str
    parameters: tuple[Effective, ...]
    """The numbers as they apply on the day of the book."""
    profile: ProfileView | None = None
    """The one profile that the book is about; None: the whole catalogue."""
    translations: Translations | None = None
    """The texts in the language of the book; None: it is in English."""

    @property
    def sector(self) -> str | None:
        """The one sector that the book is for, if it is."""
        if self.profile is None or self.profile.sector is None:
            return None
        return self.profile.sector.id
