"""What an institution's results in the order of another framework are made from."""

from dataclasses import dataclass

from cyberposture.model.controls import Neighbour
from cyberposture.reporting.inputs import InstitutionInputs


@dataclass(frozen=True, slots=True)
class CrosswalkInputs:
    """What is known of one institution, and the framework in whose order it is told."""

    about: InstitutionInputs
    framework: Neighbour
    elements: tuple[str, ...]
    """Its ids in its own order; where these are not known, those that our controls stand beside."""
    is_whole: bool
    """Whether `elements` are all that it has."""
