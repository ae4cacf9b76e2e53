"""A regulator's overlay: what it asks more of its sectors, on top of one edition of a catalogue.

An overlay only ever adds or tightens. It leads to a second score beside the national one, which
never knows of it.
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from cyberposture.model.controls import Catalogue, Control
from cyberposture.model.foundation import Code, ControlId, Model, Sentence, Sha256, WholeNumber
from cyberposture.model.instruments import Instrument, Line
from cyberposture.model.parameters import SetValue

Misfit = tuple[tuple[str | int, ...], str]
"""The path of a part of an overlay, and what is wrong with it."""


class Base(Model):
    """The edition that an overlay stands on, pinned by the digest of its rules."""

    catalogue: str
    version: str
    rules: Sha256


class Reweighted(Model):
    """A national control that counts more for this regulator."""

    control: ControlId
    weight: Annotated[Literal[3, 5], WholeNumber]
    why: Sentence


class Overlay(Model):
    """One edition of a regulator's overlay: the content of one folder."""

    id: Code
    version: Line
    title: Line
    regulator: Line
    note: Sentence
    base: Base
    sectors: tuple[Code, ...] = Field(min_length=1)
    instrument: Code
    """What it rests on: it holds while this is in force."""
    instruments: tuple[Instrument, ...] = ()
    """Those that the base does not name."""
    parameters: tuple[SetValue, ...] = ()
    weights: tuple[Reweighted, ...] = ()
    controls: tuple[Control, ...] = ()

    def why_not(self, catalogue: Catalogue, on: date) -> str | None:
        """Return why the overlay does not hold on that day, or None where it does."""
        known = (*catalogue.instruments, *self.instruments)
        instrument = next((one for one in known if one.id == self.instrument), None)
        if instrument is None:
            return f"unknown instrument {self.instrument}"
        reason = instrument.why_not(on)
        return None if reason is None else f"{instrument.title}: {reason}"


def misfits(catalogue: Catalogue, overlay: Overlay, on: date) -> Iterator[Misfit]:
    """Yield what in an overlay does not fit its base, or would ask less than it, on that day."""
    framework = catalogue.framework
    if (overlay.base.catalogue, overlay.base.version) != (framework.id, framework.version):
        yield ("base",), f"the base here is {framework.id} {framework.version}"
    for number, sector in enumerate(overlay.sectors):
        if sector not in {one.id for one in framework.sectors}:
            yield ("sectors", number), f"unknown sector {sector}"
    own = {one.id for one in overlay.instruments}
    for number, instrument in enumerate(overlay.instruments):
        if instrument.id in {one.id for one in catalogue.instruments}:
            yield ("instruments", number), f"the base has an instrument {instrument.id} already"
    if overlay.instrument not in own | {one.id for one in catalogue.instruments}:
        yield ("instrument",), f"unknown instrument {overlay.instrument}"
    yield from _weights(catalogue, overlay)
    yield from _parameters(catalogue, overlay, on)
    for control in overlay.controls:
        if catalogue.find(control.id) is not None:
            yield ("controls",), f"the base has a control {control.id} already"


def _weights(catalogue: Catalogue, overlay: Overlay) -> Iterator[Misfit]:
    seen: set[str] = set()
    for number, change in enumerate(overlay.weights):
        control = catalogue.find(change.control)
        if control is None:
            yield ("weights", number), f"unknown control {change.control}"
        elif change.weight < control.weight:
            what = f"{control.id} weighs {control.weight}; an overlay may not lower it"
            yield ("weights", number, "weight"), what
        if change.control in seen:
            yield ("weights", number), f"{change.control} stands here twice"
        seen.add(change.control)


def _parameters(catalogue: Catalogue, overlay: Overlay, on: date) -> Iterator[Misfit]:
    instruments = {one.id: one for one in (*catalogue.instruments, *overlay.instruments)}
    parameters = {one.id: one for one in catalogue.parameters}
    for number, given in enumerate(overlay.parameters):
        where = ("parameters", number)
        parameter = parameters.get(given.parameter)
        instrument = instruments.get(given.instrument)
        if parameter is None:
            yield where, f"unknown parameter {given.parameter}"
        if instrument is None:
            yield (*where, "instrument"), f"unknown instrument {given.instrument}"
        for sector in overlay.sectors:
            if instrument is not None and not instrument.binds(sector):
                yield (*where, "instrument"), f"{instrument.id} does not bind the sector {sector}"
            for national in catalogue.effective((sector,), on):
                if (
                    parameter is not None
                    and national.id == parameter.id
                    and parameter.is_weaker(given.value, national.value)
                ):
                    what = f"{national.value} holds for {sector}; an overlay may not weaken it"
                    yield (*where, "value"), what


def laid_over(catalogue: Catalogue, overlay: Overlay) -> Catalogue:
    """Return the catalogue with an overlay that fits it; the catalogue itself stays as it is."""
    weights = {change.control: change.weight for change in overlay.weights}
    controls = [
        control.model_copy(update={"weight": weights.get(control.id, control.weight)})
        for control in (*catalogue.controls, *overlay.controls)
    ]
    rules = [
        own.model_copy(update={"parameters": (*own.parameters, *overlay.parameters)})
        if own.id in overlay.sectors
        else own
        for own in catalogue.sector_rules
    ]
    return catalogue.model_copy(
        update={
            "controls": tuple(sorted(controls, key=lambda control: control.id)),
            "sector_rules": tuple(rules),
            "instruments": (*catalogue.instruments, *overlay.instruments),
        }
    )
