"""Tables of others as people list them, and what institutions confirm of the versions they run."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from cyberposture.errors import Fault, InvalidInput, NotFound
from cyberposture.model.addresses import read_address
from cyberposture.model.checks import Protocol
from cyberposture.model.intel import KINDS, BundleKind
from cyberposture.model.observations import PortFact
from cyberposture.scanning.matching.versions import read_version
from cyberposture.services.intel.versions import seen_at
from cyberposture.services.register import Register
from cyberposture.store import bundles, confirmations, institutions
from cyberposture.store.bundles import BundleRecord
from cyberposture.store.confirmations import ConfirmationRecord, Confirmed
from cyberposture.store.facts import list_latest_facts


@dataclass(frozen=True)
class TableView:
    """A table, whether it is the one that is asked, and whether it is too old to be."""

    record: BundleRecord
    is_newest: bool
    is_stale: bool
    age_days: int


@dataclass(frozen=True)
class KindView:
    """A kind of table with the one that is asked; None: none was ever imported."""

    kind: BundleKind
    about: str
    newest: TableView | None

    @property
    def state(self) -> str:
        """`missing`, `stale` or `in use`."""
        if self.newest is None:
            return "missing"
        return "stale" if self.newest.is_stale else "in use"


def list_kinds(register: Register) -> list[KindView]:
    """Return every kind of table and what there is of it now."""
    now = register.clock()
    with register.reading() as connection:
        newest = bundles.newest_bundles(connection, as_of=now)
    return [
        KindView(kind, about, _view(newest[kind], newest, now) if kind in newest else None)
        for kind, about in KINDS.items()
    ]


def list_tables(register: Register) -> list[TableView]:
    """Return every table that was ever imported, by kind, the newest first."""
    now = register.clock()
    with register.reading() as connection:
        newest = bundles.newest_bundles(connection, as_of=now)
        return [_view(one, newest, now) for one in bundles.list_bundles(connection)]


def get_table(register: Register, digest: str) -> TableView:
    """Return the table whose digest is this, or begins so.

    Raises:
        NotFound: there is none, or there are several.
    """
    now = register.clock()
    with register.reading() as connection:
        newest = bundles.newest_bundles(connection, as_of=now)
        return _view(bundles.get_bundle(connection, digest), newest, now)


def _view(record: BundleRecord, newest: dict[BundleKind, BundleRecord], now: datetime) -> TableView:
    asked = newest.get(record.bundle.kind)
    return TableView(
        record,
        is_newest=asked is not None and asked.id == record.id,
        is_stale=record.bundle.valid_until < now,
        age_days=(now - record.bundle.as_of).days,
    )


def confirm_version(
    register: Register,
    institution: str,
    address: str,
    port: int,
    *,
    version: str,
    person: str,
    on: date,
    mended: tuple[str, ...] = (),
    protocol: Protocol = "tcp",
    reason: str = "",
) -> ConfirmationRecord:
    """Record an institution's word on the version at a port, and return it.

    It holds for what is seen there now: once the service tells another version, it holds no more.
    `mended` are flaws, by CVE number, that were mended there without a newer version number.

    Raises:
        NotFound: the institution is not in the register, or no product was seen at the port.
        InvalidInput: an address, version or CVE number is none, or the day is still to come.
    """
    said = Confirmed(
        address, protocol, port, "", version, tuple(sorted(set(mended))), person.strip(), on
    )
    said = replace(said, address=_canonical(said, register.clock()))
    with register.change(
        "version-confirmed", f"{address} {protocol}/{port}", reason=reason
    ) as change:
        record = institutions.get_institution(change.connection, institution, as_of=change.now)
        change.institution_id = record.id
        seen = _seen(change.connection, record, said, change.now)
        kept = confirmations.insert_confirmation(
            change.connection, record.id, replace(said, seen=seen), change.by
        )
        change.tell(
            confirmation=kept.code, seen=seen, version=version, mended=list(said.mended),
            person=said.person, on=on.isoformat(),
        )  # fmt: skip
    return kept


def _canonical(said: Confirmed, now: datetime) -> str:
    """Return the address in canonical spelling, if all that is said of it makes sense.

    Raises:
        InvalidInput: every fault, each with its option.
    """
    faults, address = [], said.address
    try:
        address = str(read_address(said.address))
    except ValueError as error:
        faults.append(Fault("--address", str(error)))
    if read_version(said.version) is None:
        faults.append(Fault("--version", f"{said.version[:40]!r} does not begin with a number"))
    faults += [
        Fault("--mended", f"{cve[:40]!r} is no CVE number")
        for cve in said.mended
        if not _is_cve(cve)
    ]
    if len(said.person) < 3:
        faults.append(Fault("--person", "name who said so"))
    if said.confirmed_on > (now + timedelta(hours=14)).date():
        faults.append(Fault("--on", f"{said.confirmed_on} is still to come"))
    if faults:
        raise InvalidInput(faults)
    return address


def _is_cve(text: str) -> bool:
    parts = text.split("-")
    return (
        len(parts) == 3
        and parts[0] == "CVE"
        and len(parts[1]) == 4
        and all(part.isascii() and part.isdecimal() for part in parts[1:])
    )


def _seen(
    connection: Connection,
    record: institutions.InstitutionRecord,
    said: Confirmed,
    now: datetime,
) -> str:
    key = (said.protocol, said.port)
    looks = list_latest_facts(connection, record.id, as_of=now, address=said.address)
    ports: list[PortFact] = [
        port
        for look in sorted(looks, key=lambda look: look.observed_at)
        for port in (look.fact.host.ports if look.fact.host is not None else ())
        if (port.protocol, port.port) == key and port.product and port.method == "probed"
    ]
    if not ports:
        raise NotFound("product seen at", f"{said.address} {key[0]}/{key[1]}")
    return seen_at(ports[-1])


def withdraw_confirmation(
    register: Register, institution: str, code: str, *, reason: str = ""
) -> None:
    """Have a confirmation hold no longer.

    Raises:
        NotFound: the institution confirmed no such thing.
        WrongState: it was withdrawn before.
    """
    with register.change("confirmation-withdrawn", code, reason=reason) as change:
        change.institution_id = institutions.get_institution_id(change.connection, institution)
        confirmations.withdraw_confirmation(
            change.connection, change.institution_id, code, change.by
        )


def list_confirmations(register: Register, institution: str) -> list[ConfirmationRecord]:
    """Return what an institution confirmed and did not withdraw, the oldest first.

    Raises:
        NotFound: the institution is not in the register.
    """
    now = register.clock()
    with register.reading() as connection:
        own = institutions.get_institution_id(connection, institution)
        return confirmations.list_confirmations(connection, own, as_of=now)
