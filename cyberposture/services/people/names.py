"""What the people are called whose acts a page shows."""

from collections.abc import Iterable

from cyberposture.services.register import Register
from cyberposture.store.names import find_names


def names_of(register: Register, codes: Iterable[str]) -> dict[str, str]:
    """Return the names of these people by code; who is in no register of people is left out."""
    wanted = set(codes)
    if not wanted:
        return {}
    with register.reading() as connection:
        return find_names(connection, wanted)
