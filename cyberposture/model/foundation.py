"""The one strict model class that all others share, and the few types that they have in common."""

from typing import Annotated

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)


class Model(BaseModel):
    """A frozen record that refuses unknown keys and silent conversions of kind."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def _whole_number(value: object) -> object:
    """Refuse what Python takes for a whole number although no person would: true, and 1.0."""
    if isinstance(value, bool | float):
        raise ValueError("a whole number is expected")
    return value


WholeNumber = BeforeValidator(_whole_number)
"""Stands before a `Literal` of numbers, which would let true pass for 1."""

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
"""A readable unique name in kebab-case, such as `indus-valley-power`."""

DomainId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
ControlId = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}-[0-9]{2}$")]
CheckId = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*$")
]
ObservationCode = Annotated[str, StringConstraints(pattern=r"^O-[A-Z]+$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
BasisPoints = Annotated[int, Field(ge=0, le=10_000, strict=True)]
Moment = AwareDatetime
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
