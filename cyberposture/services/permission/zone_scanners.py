"""Which scanners in zones without access to the register are trusted, and with which key."""

from cyberposture.errors import Fault, InvalidInput, WrongUsage
from cyberposture.exchange.sheets import build_row
from cyberposture.model.foundation import Code, Model
from cyberposture.scanning.permission.leases import require_hex_key
from cyberposture.services.people.roles import require_cert
from cyberposture.services.register import Register
from cyberposture.services.scanner import require_vantage
from cyberposture.store import zone_scanners as store
from cyberposture.store.zone_scanners import ZoneScannerRecord

ADDED = "zone-scanner-added"
"""The kind of audit entry that tells of a scanner's key."""


class _Name(Model):
    name: Code


def add(
    register: Register, name: str, vantage: str, public_key: str, *, reason: str = ""
) -> ZoneScannerRecord:
    """Trust a scanner that stands in a zone, from now on, and return it.

    Raises:
        WrongUsage: there is no such vantage.
        InvalidInput: the name is none, or the key is none.
        WrongState: the name was used before, or the vantage has a scanner.
        NotAuthorised: whoever acts is not of the CERT.
        NotFound: whoever acts is not in the register.
    """
    build_row(_Name, "name", {"name": name})
    if not require_vantage(vantage).startswith("internal:"):
        raise WrongUsage("a scanner that works on leases stands in a zone: internal:ZONE")
    try:
        require_hex_key(public_key)
    except WrongUsage as error:
        raise InvalidInput(Fault("--public-key", str(error))) from error
    with register.change(ADDED, name, reason=reason) as change:
        require_cert(change)
        record = store.insert_zone_scanner(
            change.connection, change.by, name=name, vantage=vantage, public_key=public_key
        )
        change.tell(vantage=vantage, public_key=public_key)
    return record


def end(register: Register, name: str, *, reason: str = "") -> None:
    """Trust a scanner no more: nothing is lent to it, and what it signs is not taken in.

    Raises:
        NotFound: there is no such scanner, or whoever acts is not in the register.
        NotAuthorised: whoever acts is not of the CERT.
    """
    with register.change("zone-scanner-ended", name, reason=reason) as change:
        require_cert(change)
        store.end_zone_scanner(change.connection, name, change.by)


def list_all(register: Register) -> list[ZoneScannerRecord]:
    """Return the scanners that are trusted now, by name."""
    with register.reading() as connection:
        return store.list_zone_scanners(connection)


def get(register: Register, name: str) -> ZoneScannerRecord:
    """Return the scanner of this name that is trusted now.

    Raises:
        NotFound: there is none.
    """
    with register.reading() as connection:
        return store.get_zone_scanner(connection, name)
