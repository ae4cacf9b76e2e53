"""Reads domains and clauses of ours back out of what they were written as."""

from cyberposture.exchange.oscal.control_in import records, whole_number
from cyberposture.exchange.oscal.prose import Plain, unescape
from cyberposture.exchange.oscal.words import find_own


def domain_fields(group: Plain) -> Plain:
    """Return the fields of the domain that a group stands for."""
    factor = find_own(group, "factor-pct")
    return {
        "id": group["id"],
        "title": unescape(group["title"]),
        "factor_pct": whole_number(factor),
        **records(group),
    }


def clause_fields(resource: Plain) -> Plain:
    """Return the fields of the clause that a resource stands for."""
    return {
        "id": find_own(resource, "clause"),
        "page": whole_number(find_own(resource, "page")),
        "addressee": find_own(resource, "addressee"),
        "text": unescape(resource.get("description", "")),
        "demand": find_own(resource, "demand"),
        "level": find_own(resource, "level"),
        **records(resource),
    }
