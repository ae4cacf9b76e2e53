"""Made-up results in the order of another framework, for the check of reports and for tests."""

from cyberposture.content.comparing.elements import elements_of
from cyberposture.reporting.crosswalk_inputs import CrosswalkInputs
from cyberposture.reporting.inputs import InstitutionInputs


def a_crosswalk(about: InstitutionInputs, framework: str = "iso-27001-2022") -> CrosswalkInputs:
    """Return one institution in the order of a framework of the shipped crosswalk."""
    known = {one.id: one for one in about.content.catalogue.neighbours}
    elements = elements_of(known[framework])
    return CrosswalkInputs(about, known[framework], elements or (), elements is not None)
