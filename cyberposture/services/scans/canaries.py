"""Plants, lists and ends canaries: addresses of our own with a known flaw that must be found."""

from dataclasses import dataclass

from cyberposture.errors import Fault, InvalidInput, NotFound
from cyberposture.model.addresses import read_address
from cyberposture.model.checks import Verdict
from cyberposture.services.people.roles import require_cert
from cyberposture.services.register import Register
from cyberposture.store import canaries as store
from cyberposture.store import institutions
from cyberposture.store.canaries import CanaryRecord


@dataclass(frozen=True)
class CanaryView:
    """A canary with the code of the institution that it belongs to."""

    institution: str
    record: CanaryRecord


def plant(
    register: Register,
    institution: str,
    address: str,
    check: str,
    *,
    verdict: Verdict = "fail",
    cycle_days: int = 7,
    reason: str = "",
) -> CanaryRecord:
    """Have a check at an address of ours watched, and return what is watched.

    Whoever may scan it is asked as for every address: a canary allows nothing.

    Raises:
        InvalidInput: the address is none, or the cycle is no number of days.
        NotFound: there is no such institution or check, or whoever acts is not in the register.
        NotAuthorised: whoever acts is not of the CERT.
        WrongState: this check is watched there already.
    """
    try:
        read_address(address)
    except ValueError as error:
        raise InvalidInput(Fault("address", f"{address[:60]!r}: {error}")) from error
    if not 1 <= cycle_days <= 366:
        raise InvalidInput(Fault("--cycle-days", "from 1 to 366"))
    if register.content.checks.find(check) is None:
        raise NotFound("check", check)
    with register.change("canary-planted", reason=reason) as change:
        require_cert(change)
        change.institution_id = institutions.get_institution_id(change.connection, institution)
        record = store.insert_canary(
            change.connection, change.institution_id, change.by,
            address=address, check=check, verdict=verdict, cycle_days=cycle_days,
        )  # fmt: skip
        change.subject = record.code
        change.tell(address=address, check=check, verdict=verdict, cycle_days=cycle_days)
    return record


def end(register: Register, code: str, *, reason: str = "") -> None:
    """Have a canary watched no more; its row stays on record.

    Raises:
        NotFound: there is no such canary, or whoever acts is not in the register.
        NotAuthorised: whoever acts is not of the CERT.
    """
    with register.change("canary-ended", code, reason=reason) as change:
        require_cert(change)
        change.institution_id = store.end_canary(change.connection, code, change.by)


def list_canaries(register: Register) -> list[CanaryView]:
    """Return the canaries that are watched, by code."""
    with register.reading() as connection:
        names = {
            r.id: r.institution.code
            for r in institutions.list_institutions(connection, as_of=register.clock())
        }
        found = store.list_canaries(connection)
        return [CanaryView(names.get(one.institution_id, ""), one) for one in found]
