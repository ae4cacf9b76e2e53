"""What an institution says of itself before it is asked: its services, its features, a profile."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from cyberposture.model.foundation import Code, Model

MOST_SERVICES = 30
ScopeOutcome = Literal["confirmed", "returned"]


class EssentialService(Model):
    """A service that others rely on, in the institution's own words."""

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    about: str = Field(default="", max_length=1000)
    """Who relies on it, and what happens when it stops."""


class Scope(Model):
    """What an assessment is made out from: the rest follows from the catalogue."""

    profile: Code
    features: tuple[Code, ...] = ()
    services: tuple[EssentialService, ...] = Field(default=(), max_length=MOST_SERVICES)
