"""Fills the inputs of an institution's results in the order of another framework."""

from sqlalchemy import Connection

from cyberposture.content.comparing.elements import elements_of, in_order
from cyberposture.model.controls import Neighbour
from cyberposture.reporting.crosswalk_inputs import CrosswalkInputs
from cyberposture.services.catalogue.neighbours import find_neighbour
from cyberposture.services.register import Register
from cyberposture.services.reports.inputs import InstitutionGatherer


def gather_crosswalk(
    register: Register, connection: Connection, code: str, framework: str, round_code: str | None
) -> CrosswalkInputs:
    """Return an institution's facts with the framework, as the edition of the score knows it.

    Raises:
        NotFound: institution, round score or framework is not there.
    """
    about = InstitutionGatherer(register, connection, code, round_code).gather()
    catalogue = about.content.catalogue
    own = find_neighbour(catalogue, framework)
    elements = elements_of(own) or elements_known_now(register, own)
    if elements is not None:
        return CrosswalkInputs(about, own, elements, is_whole=True)
    beside = {
        edge.id for control in catalogue.controls for edge in control.maps_to
        if edge.framework == own.id
    }  # fmt: skip
    return CrosswalkInputs(about, own, in_order(beside), is_whole=False)


def elements_known_now(register: Register, own: Neighbour) -> tuple[str, ...] | None:
    """Return the elements as the present catalogue lists them: they are theirs, not ours."""
    for one in register.content.catalogue.neighbours:
        if (one.id, one.edition, one.size) == (own.id, own.edition, own.size):
            return elements_of(one)
    return None
