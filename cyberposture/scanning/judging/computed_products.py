"""Computed facts about products: what tables of others say of the version that was seen.

A version that only the service itself tells proves nothing: distributors mend flaws without raising
it. So it is potential until the institution confirms it. Looking up is done elsewhere, and kept as
facts; here they are only read.
"""

from collections.abc import Callable, Iterable
from typing import Final

from cyberposture.model.observations import Fact, Looked, ProductFact
from cyberposture.scanning.judging.hostview import Endpoint
from cyberposture.scanning.judging.truth import UNKNOWN, UNTESTED, Found
from cyberposture.scanning.judging.wording import plain, quote, shorten

STANDINGS: Final = frozenset({"confirmed", "potential", "none"})
"""What is so, what waits for confirmation, and what is not."""
_MAX_NOTE: Final = 300


def _found(endpoint: Endpoint, said: Callable[[ProductFact], Looked]) -> Found:
    if endpoint.port is None:
        return Found(UNTESTED, "a product stands at a port")
    product = endpoint.view.products.get((endpoint.protocol, endpoint.port))
    if product is None:
        return Found(UNTESTED, "nobody looked it up")
    looked = said(product)
    note = shorten(plain(looked.note), _MAX_NOTE)
    seen = quote(product.seen, 60)
    told = f"{seen}: {note}" if note else seen
    if product.confirmation is not None:
        told = f"{told}; version {quote(product.version or '', 40)} confirmed"
    match looked.answer:
        case "yes":
            return Found("confirmed" if product.confirmation is not None else "potential", told)
        case "no":
            return Found("none", told)
        case "unclear":
            return Found(UNKNOWN, told)
        case _:
            return Found(UNTESTED, told)


def find_exploited(facts: Iterable[Fact]) -> list[tuple[Fact, ProductFact]]:
    """Return each product that has, or by its version may have, a flaw used in attacks.

    Of several facts about one address and vantage the newest speaks.
    """
    newest: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        if fact.products:
            present = newest.setdefault((fact.address, fact.vantage), fact)
            if present.ended_at and fact.ended_at and fact.ended_at > present.ended_at:
                newest[fact.address, fact.vantage] = fact
    return [
        (fact, product)
        for fact in newest.values()
        for product in fact.products
        if product.exploited.answer == "yes"
    ]


def flawed_version(endpoint: Endpoint) -> Found:
    """Whether a published flaw concerns the version."""
    return _found(endpoint, lambda product: product.flawed)


def exploited_flaw(endpoint: Endpoint) -> Found:
    """Whether a flaw that is known to be used in attacks concerns the version."""
    return _found(endpoint, lambda product: product.exploited)


def unsupported_product(endpoint: Endpoint) -> Found:
    """Whether the maker has ended the support of the version."""
    return _found(endpoint, lambda product: product.unsupported)
