"""The words from which cells are chosen, each with its meaning, for drop-downs and for readers."""

from collections.abc import Iterable

from cyberposture.model.checks import Observation
from cyberposture.model.controls import Catalogue

Words = list[tuple[str | int, str]]
Legend = dict[str, Words]
"""Each list by its name: the words and what they mean."""

_TIERS: Words = [
    ("A", "every institution"),
    ("G", "government bodies and critical sectors too"),
    ("X", "designated operators of critical infrastructure too"),
]
_SAME_EVERYWHERE: Legend = {
    "Tier": _TIERS,
    "Weight": [(5, "most"), (3, "middle"), (1, "least")],
    "Gate": _TIERS,
    "Evidence mode": [
        ("Q", "answered by the institution"),
        ("Q+N", "answered, and the network has a say"),
        ("N", "the network alone decides"),
    ],
    "Direction": [
        ("C", "the observation decides its part of the control"),
        ("R", "it can only contradict a claim"),
        ("S", "it supports"),
    ],
    "Derivation": [
        ("D", "the clause asks for this kind of measure"),
        ("Dg", "it does so of government only"),
        ("Dc", "of operators of critical infrastructure only"),
        ("I", "our elaboration of the clause"),
    ],
    "Relation": [
        ("equal", "both ask the same"),
        ("subset", "what we ask is a part of what they ask"),
        ("superset", "we ask that and more"),
        ("intersects", "each asks something that the other does not"),
    ],
    "Change": [
        ("reworded", "the same in other words"),
        ("stronger", "more is asked"),
        ("weaker", "less is asked"),
        ("split", "one of several heirs"),
        ("merged", "the heir of several"),
        ("new", "earlier answers say nothing about it"),
    ],
    "Clause level": [
        ("Q", "assessed by questionnaire"),
        ("Q+N", "also partly by the network"),
        ("Nat", "only nationally"),
        ("Ctx", "context or definition"),
    ],
    "Status": [
        ("V", "read in the text itself"),
        ("S", "a secondary source was read"),
        ("U", "unverified, and never stated as fact"),
    ],
}


def legend_of(catalogue: Catalogue, observations: Iterable[Observation]) -> Legend:
    """Return every list of words of an edition; `observations` is its vocabulary, if at hand."""
    framework = catalogue.framework
    return _SAME_EVERYWHERE | {
        "Sector": [(one.id, one.title) for one in framework.sectors],
        "Feature": [(one.id, one.title) for one in framework.features],
        "Instrument": _unique((one.short, one.title) for one in catalogue.instruments),
        "Instrument edition": _unique((one.edition, one.short) for one in catalogue.instruments),
        "Framework": [(one.id, one.title) for one in catalogue.neighbours],
        "Observation": [(one.code, one.title) for one in observations],
    }


def _unique(pairs: Iterable[tuple[str, str]]) -> Words:
    found: dict[str | int, str] = {}
    for word, meaning in pairs:
        found.setdefault(word, meaning)
    return list(found.items())
