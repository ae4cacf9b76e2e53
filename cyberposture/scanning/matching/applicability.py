"""Decides whether a flaw's entry in a table concerns a product that was seen.

Entries are in the form of the NVD: name and range of versions, joined by AND and OR, some of them
only saying on what the product runs.

Source: NVD CVE API 2.0, configurations; NIST IR 7698, CPE Applicability Language 2.3, August 2011.
"""

from cyberposture.model.intel import Configuration, Match, Node
from cyberposture.scanning.matching.cpe import ANY, CPE, NA, Value, find_cpe, keys_of, match_value
from cyberposture.scanning.matching.truth import (
    FALSE,
    TRUE,
    UNKNOWN,
    Answer,
    every,
    opposite,
    some,
)
from cyberposture.scanning.matching.versions import Order, compare

_SPECIAL = ("edition", "language", "sw_edition", "target_sw", "target_hw", "other")


def concerns(product: CPE, configurations: tuple[Configuration, ...]) -> Answer:
    """Return whether a flaw concerns the product; of an entry without any product nobody knows."""
    if not configurations:
        return UNKNOWN
    return some(_holds(product, one) for one in configurations)


def _holds(product: CPE, configuration: Configuration) -> Answer:
    parts = [_node_holds(product, node) for node in configuration.nodes]
    found = every(parts) if configuration.operator == "AND" else some(parts)
    if not any(match.vulnerable for node in configuration.nodes for match in node.matches):
        return FALSE
    if not _is_named(product, configuration):
        return FALSE
    return opposite(found) if configuration.negate else found


def _is_named(product: CPE, configuration: Configuration) -> bool:
    """Return whether the product itself is among those that have the flaw."""
    return any(
        match.vulnerable and match_product(product, match) is not FALSE
        for node in configuration.nodes
        for match in node.matches
    )


def _node_holds(product: CPE, node: Node) -> Answer:
    answers = [_match_holds(product, match) for match in node.matches]
    found = every(answers) if node.operator == "AND" else some(answers)
    return opposite(found) if node.negate else found


def _match_holds(product: CPE, match: Match) -> Answer:
    answer = match_product(product, match)
    # What else runs on the machine, or below, is not seen from outside.
    return UNKNOWN if answer is FALSE and not match.vulnerable else answer


def match_product(product: CPE, match: Match) -> Answer:
    """Return whether a product is the one that a single entry names, in its range of versions."""
    wanted = find_cpe(match.criteria)
    if wanted is None:
        return UNKNOWN
    named = every([match_value(wanted.part, product.part), _same_product(wanted, product)])
    if named is FALSE:
        return FALSE
    special = every(match_value(getattr(wanted, name), getattr(product, name)) for name in _SPECIAL)
    return every([named, special, _version_fits(wanted, product, match)])


def _same_product(wanted: CPE, product: CPE) -> Answer:
    key = wanted.key()
    if key is not None and key in keys_of(product):
        return TRUE
    return every(
        [match_value(wanted.vendor, product.vendor), match_value(wanted.product, product.product)]
    )


def _version_fits(wanted: CPE, product: CPE, match: Match) -> Answer:
    if match.has_range():
        return _in_range(product, match)
    if wanted.version is ANY:
        return TRUE
    if wanted.version is NA:
        # The table knows of no version; what was seen may have one.
        return TRUE if product.version is NA else UNKNOWN
    return _same_version(wanted, product)


def _in_range(product: CPE, match: Match) -> Answer:
    seen = _told(product.version, product.update)
    if seen is None:
        return UNKNOWN
    bounds: tuple[tuple[str | None, tuple[Order, ...]], ...] = (
        (match.start_including, (0, 1)),
        (match.start_excluding, (1,)),
        (match.end_including, (-1, 0)),
        (match.end_excluding, (-1,)),
    )
    return every(
        _placed(compare(seen, bound), allowed) for bound, allowed in bounds if bound is not None
    )


def _placed(order: Order | None, allowed: tuple[Order, ...]) -> Answer:
    if order is None:
        return UNKNOWN
    return TRUE if order in allowed else FALSE


def _told(version: Value, update: Value) -> str | None:
    """Return a version with its update in one text, or None where none was told."""
    if not isinstance(version, str):
        return None
    return version + update if isinstance(update, str) else version


def _same_version(wanted: CPE, product: CPE) -> Answer:
    by_name = every(
        [match_value(wanted.version, product.version), match_value(wanted.update, product.update)]
    )
    if by_name is TRUE:
        return TRUE
    asked, seen = _told(wanted.version, wanted.update), _told(product.version, product.update)
    if asked is None or seen is None:
        return UNKNOWN
    order = compare(seen, asked)
    if order is None:
        return UNKNOWN
    if order == 0:
        # 7.4p1 as one text and 7.4 with the update p1 are the same; 7.4 may be any of its updates.
        return (
            by_name
            if isinstance(wanted.update, str) and product.update is ANY and (seen == wanted.version)
            else TRUE
        )
    return FALSE
