"""Reads domains, clauses and parameters of ours back out of what they were written as."""

from cyberposture.exchange.oscal.control_in import records, whole_number
from cyberposture.exchange.oscal.prose import Plain, unescape
from cyberposture.exchange.oscal.words import find_own, own_values


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


def parameter_id(code: str) -> str:
    """Return the id under which a parameter stands in OSCAL, where none begins with a digit."""
    return f"_{code}" if code[0].isdigit() else code


def parameter_fields(param: Plain) -> Plain:
    """Return the fields of the parameter that an OSCAL parameter stands for."""
    values = param.get("values", [])
    return {
        "id": param["id"].removeprefix("_"),
        "title": unescape(param.get("label", "")),
        "unit": param.get("class"),
        "default": whole_number(values[0] if len(values) == 1 else None),
        "ours": True,
        "stricter": find_own(param, "stricter"),
        "why": unescape(param.get("usage", "")),
        "controls": [prop["value"] for prop in own_values(param, "control")],
        **records(param),
    }
