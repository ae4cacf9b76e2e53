"""What is about to be sent: one technique, its targets and ports. A plan permits nothing.

Only the gate turns a plan into a permitted one: `scanning.permission.gate.permit`.
"""

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, field_validator

from cyberposture.model.addresses import AddressText, is_mapped, read_address
from cyberposture.model.checks import Protocol
from cyberposture.model.foundation import Code, Model, Port
from cyberposture.model.gate import HostName, Load, Seconds

LARGEST_NUMBER = 1_000_000
"""Parameters are small: rates, counts, seconds, versions of a list."""


def _as_sent(text: str) -> str:
    if text != text.lower() or is_mapped(read_address(text)):
        raise ValueError("targets are lower-case, and IPv4-mapped ones in their IPv4 form")
    return text


def _without_repeats(values: Iterable[object]) -> None:
    seen: set[object] = set()
    for value in values:
        if value in seen:
            raise ValueError(f"{value!r} stands here twice")
        seen.add(value)


JobId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,63}$")]
Target = Annotated[AddressText, AfterValidator(_as_sent)]
Number = Annotated[int, Field(strict=True, ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
Words = Annotated[str, StringConstraints(pattern=r"^[ -~]*$", max_length=256)]


class Plan(Model):
    """One chunk of work as it will be sent, complete: nothing is added to it later."""

    job: JobId
    technique: Code
    protocol: Protocol
    targets: tuple[Target, ...] = Field(min_length=1)
    ports: tuple[Port, ...] | None = Field(min_length=1)
    """None: all ports."""
    load: Load
    name: HostName | None
    """The SNI or Host under which the targets are spoken to."""
    resolved: tuple[AddressText, ...] = ()
    """The addresses that `name` gave when it was resolved for this plan."""
    expected_s: Seconds
    parameters: dict[Code, Number | Words] = Field(default_factory=dict, max_length=32)

    @field_validator("targets", "ports")
    @classmethod
    def _each_once(cls, values: tuple[object, ...] | None) -> tuple[object, ...] | None:
        _without_repeats(values or ())
        return values
