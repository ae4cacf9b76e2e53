"""Where a page stands among others, so that it can link them: nowhere, unless a set says so."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Door:
    """A link to another page of the same set, relative to this one."""

    href: str
    label: str
    language: str = ""
    """The language of what it leads to, where that is another one."""


@dataclass(frozen=True, slots=True)
class Site:
    """The pages around one page."""

    doors: tuple[Door, ...] = ()
    """Those that stand above every page: the start, the nation, the list, the other language."""
    sectors: tuple[Door, ...] = ()
    institutions: Mapping[str, str] = field(default_factory=dict)
    """Addresses of the pages of institutions, by code."""


NOWHERE = Site()
