"""Finds a framework that our controls are set beside."""

from cyberposture.errors import NotFound
from cyberposture.model.controls import Catalogue, Neighbour


def find_neighbour(catalogue: Catalogue, framework: str) -> Neighbour:
    """Return the framework with this id.

    Raises:
        NotFound: the crosswalk does not know it.
    """
    for one in catalogue.neighbours:
        if one.id == framework:
            return one
    known = ", ".join(one.id for one in catalogue.neighbours)
    raise NotFound("framework", framework, advice=f"there are: {known}")
