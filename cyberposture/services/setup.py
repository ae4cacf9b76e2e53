"""A new register begins: its content is adopted, its deny list confirmed."""

from cyberposture.content.editions import documents
from cyberposture.services.register import Register
from cyberposture.store import calendar, editions
from cyberposture.store.editions import EditionKind

_KINDS: tuple[EditionKind, ...] = ("catalogue", "checks", "texts")


def adopt_content(register: Register, *, reason: str = "") -> bool:
    """Keep the bytes of the present edition under its digests; return whether any was new."""
    found = documents(register.content.catalogue, register.content.checks)
    digests = {
        "catalogue": register.edition.rules,
        "checks": register.edition.checks,
        "texts": register.edition.texts,
    }
    with register.reading() as connection:
        known = all(editions.find_edition(connection, k, digests[k]) for k in _KINDS)
    if known:
        return False
    with register.change("edition-adopted", register.edition.catalogue, reason=reason) as change:
        for kind in _KINDS:
            editions.adopt_edition(
                change.connection,
                kind,
                found[kind],
                change.by,
                name=register.edition.catalogue,
                version=register.edition.version,
            )
        change.tell(**digests)
    return True


def confirm_empty_deny_list(register: Register) -> None:
    """Confirm that the national deny list is empty, where nobody confirmed any list yet."""
    with register.reading() as connection:
        if calendar.find_deny_list(connection, as_of=register.clock()) is not None:
            return
    with register.change("deny-list-confirmed", reason="a new register begins") as change:
        calendar.record_deny_list(change.connection, [], change.by)
        change.tell(entries=[])
