"""Institutions enter the register and declare what is theirs."""

from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

from cyberposture.errors import Conflict, Fault, InvalidInput
from cyberposture.exchange.declarations import AssetSheet, read_assets, read_institutions
from cyberposture.model.institutions import Asset, Declaration, Institution
from cyberposture.services.register import Register
from cyberposture.services.schedule import due
from cyberposture.store import declarations as kept
from cyberposture.store import institutions as store
from cyberposture.store.institutions import InstitutionRecord


def faults_of(register: Register, institution: Institution, where: str) -> list[Fault]:
    """Return what in an institution the catalogue's framework does not know."""
    framework = register.content.catalogue.framework
    sectors = {sector.id for sector in framework.sectors}
    features = {feature.id for feature in framework.features}
    faults = [
        Fault(where, f"unknown sector {sector}; known: {', '.join(sorted(sectors))}")
        for sector in institution.sectors
        if sector not in sectors
    ]
    faults += [
        Fault(where, f"unknown feature {feature}; known: {', '.join(sorted(features))}")
        for feature in institution.features
        if feature not in features
    ]
    return faults


def add_institution(
    register: Register, institution: Institution, *, reason: str = ""
) -> InstitutionRecord:
    """Register one institution and return it.

    Raises:
        InvalidInput: its sectors or features are not those of the framework.
        WrongState: its code is taken.
    """
    faults = faults_of(register, institution, institution.code)
    if faults:
        raise InvalidInput(faults)
    with register.change("institution-added", institution.code, reason=reason) as change:
        record = store.insert_institution(change.connection, institution, change.by)
        change.institution_id = record.id
        change.tell(institution=institution.model_dump(mode="json"))
    return record


def look_at_institutions(
    register: Register, path: Path
) -> tuple[list[Institution], tuple[Fault, ...]]:
    """Return what a file would register, in its order, and every fault in it at its line.

    Nothing is kept. A file that cannot be read at all has faults and no institutions.
    """
    try:
        found = read_institutions(path)
    except InvalidInput as error:
        return [], tuple(error.faults)
    faults = [f for where, one in found for f in faults_of(register, one, where)]
    new = {one.code for _, one in found}
    with register.reading() as connection:
        known = store.known_codes(connection)
    for where, one in found:
        if one.code in known:
            faults.append(Fault(where, f"{one.code} is in the register already"))
        if one.parent is not None and one.parent not in known | new:
            faults.append(Fault(where, f"no institution {one.parent} to stand below"))
    return [one for _, one in found], tuple(faults)


def import_institutions(register: Register, path: Path, *, reason: str = "") -> list[Institution]:
    """Register all institutions of a file, or none; return them in the file's order.

    Raises:
        InvalidInput: with each fault at its file and line.
    """
    found, faults = look_at_institutions(register, path)
    if faults:
        raise InvalidInput(list(faults))
    with register.change("institutions-imported", path.name, reason=reason) as change:
        for institution in _parents_first(found):
            store.insert_institution(change.connection, institution, change.by)
        change.tell(institutions=[one.model_dump(mode="json") for one in found])
    return found


def _parents_first(found: list[Institution]) -> list[Institution]:
    """Return the institutions so that each comes after the one that it stands below.

    Raises:
        InvalidInput: some stand below each other in a ring.
    """
    waiting = {one.code: one for one in found}
    ordered: list[Institution] = []
    while waiting:
        free = [one for one in waiting.values() if one.parent not in waiting]
        if not free:
            raise InvalidInput(
                [Fault(code, "stands below itself by way of others") for code in sorted(waiting)]
            )
        for one in free:
            ordered.append(waiting.pop(one.code))
    return ordered


def list_institutions(register: Register, sector: str | None = None) -> list[InstitutionRecord]:
    """Return the institutions as they stand now, by code."""
    with register.reading() as connection:
        return store.list_institutions(connection, as_of=register.clock(), sector=sector)


def search_institutions(
    register: Register, *, words: str = "", sectors: Collection[str] | None = None,
    tier: str | None = None, is_closed: bool = False, limit: int, offset: int = 0,
) -> tuple[list[InstitutionRecord], int]:  # fmt: skip
    """Return a page of the institutions that fit now, by name, and how many there are."""
    with register.reading() as connection:
        return store.search_institutions(
            connection, as_of=register.clock(), words=words, sectors=sectors, tier=tier,
            is_closed=is_closed, limit=limit, offset=offset,
        )  # fmt: skip


def get_institution(register: Register, code: str) -> InstitutionRecord:
    """Return one institution as it stands now.

    Raises:
        NotFound: it is not in the register.
    """
    with register.reading() as connection:
        return store.get_institution(connection, code, as_of=register.clock())


def _sheet_for(path: Path, code: str) -> AssetSheet:
    sheet = read_assets(path)
    if sheet.institution is not None and sheet.institution != code:
        raise InvalidInput(
            Fault(path.name, f"is the declaration of {sheet.institution}, not of {code}")
        )
    return sheet


def import_declaration(
    register: Register, path: Path, code: str, *, reason: str = ""
) -> dict[str, Any]:
    """Replace what an institution declares by the file, and return what changed, as asset ids.

    Raises:
        InvalidInput: with each fault at its file and line; nothing was changed.
        NotFound: the institution is not in the register.
    """
    return declare(register, code, _sheet_for(path, code).assets, reason=reason)


def declare(
    register: Register,
    code: str,
    assets: tuple[Asset, ...],
    *,
    seen_revision: int | None = None,
    reason: str = "",
) -> dict[str, Any]:
    """Replace what an institution declares, and return what changed, as asset ids.

    `seen_revision` is the one that the writer had before them (0: none); None does not ask.

    Raises:
        Conflict: somebody declared meanwhile; their revision's number is `current`.
        InvalidInput: an asset id stands twice.
        NotFound: the institution is not in the register.
    """
    with register.change("declared", code, reason=reason) as change:
        declaration = Declaration(institution=code, assets=assets)
        record = kept.record_declaration(change.connection, declaration, change.by)
        if seen_revision is not None and record.revision != seen_revision + 1:
            raise Conflict(record.revision - 1, f"{code} was declared by somebody else meanwhile")
        change.institution_id = record.institution_id
        declared = kept.get_declaration(change.connection, record.institution_id, as_of=change.now)
        vantages = due.vantages_in_use(change.connection)
        due.enter_declared(change.connection, record.institution_id, declared, change.now, vantages)
        difference = {
            "revision": record.revision,
            "added": list(record.added),
            "changed": list(record.changed),
            "removed": list(record.removed),
        }
        change.tell(**difference)
    return difference


def diff_declaration(register: Register, path: Path, code: str) -> dict[str, list[str]]:
    """Return what importing the file would change, as asset ids; nothing is changed.

    Raises:
        InvalidInput: with each fault at its file and line.
        NotFound: the institution is not in the register.
    """
    wanted = {asset.id: asset for asset in _sheet_for(path, code).assets}
    present = {asset.id: asset for asset in get_declaration(register, code).assets}
    return {
        "added": [key for key in wanted if key not in present],
        "changed": [key for key in wanted if key in present and wanted[key] != present[key]],
        "removed": [key for key in present if key not in wanted],
    }


def compare_declarations(
    register: Register, code: str, since: datetime, until: datetime | None = None
) -> dict[str, list[str]]:
    """Return what changed in a declaration from one moment to another (or now), as asset ids.

    Raises:
        NotFound: the institution is not in the register.
    """
    before = {asset.id: asset for asset in get_declaration(register, code, since).assets}
    after = {asset.id: asset for asset in get_declaration(register, code, until).assets}
    return {
        "added": [key for key in after if key not in before],
        "changed": [key for key in after if key in before and after[key] != before[key]],
        "removed": [key for key in before if key not in after],
    }


def list_revisions(register: Register, code: str) -> list[kept.DeclarationRevision]:
    """Return every declaration of an institution, oldest first.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        institution_id = store.get_institution_id(connection, code)
        return kept.list_declarations(connection, institution_id)


def list_changes(register: Register, code: str) -> list[kept.DeclarationChange]:
    """Return every declaration of an institution with what it changed, the newest first.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        institution_id = store.get_institution_id(connection, code)
        return kept.list_changes(connection, institution_id)


def get_declaration(register: Register, code: str, at: datetime | None = None) -> Declaration:
    """Return what an institution declared at a moment, or now; no assets where it never did.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        institution_id = store.get_institution_id(connection, code)
        return kept.get_declaration(connection, institution_id, as_of=at or register.clock())
