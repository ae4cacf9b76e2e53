"""The papers of a bundle: letters with their signatures, raw files, editions and time zones."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import Connection

from cyberposture.clock import from_iso, zone_data
from cyberposture.errors import Corrupt, InvalidInput, NotFound, WrongState
from cyberposture.exchange.file_kinds import SERVED, recognise
from cyberposture.model.authorisations import AuthorisationTerms
from cyberposture.scanning.reading.excerpt import keep_hosts
from cyberposture.scanning.reading.traces import read_lookup, read_traces
from cyberposture.services.proof.bundle.matter import Matter
from cyberposture.services.register import Register
from cyberposture.store import authorisations, people
from cyberposture.store.authorisations import AuthorisationRecord
from cyberposture.store.editions import EditionKind, get_edition_content

Files = Iterator[tuple[str, bytes]]
_LOST: Final = (NotFound, WrongState, Corrupt)


def plain_json(value: Any) -> bytes:
    """Return a value as people can read it: JSON, indented, the same bytes for the same value."""
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, default=str)
    return (text + "\n").encode()


def list_letters(connection: Connection, matter: Matter) -> list[AuthorisationRecord]:
    """Return the letters of the matter, by reference number; all are the institution's own."""
    found = [authorisations.get_authorisation(connection, code) for code in sorted(matter.letters)]
    return [one for one in found if one.institution_id == matter.owner.id]


def signers_of(letters: Iterable[AuthorisationRecord]) -> set[str]:
    """Return who received and granted these letters."""
    said = [document for one in letters for document in (one.receipt, *one.grants)]
    return {str(document["person"]) for document in said}


def letter_files(
    register: Register,
    connection: Connection,
    matter: Matter,
    letters: Iterable[AuthorisationRecord],
) -> Files:
    """Yield each letter's terms with their signatures and keys, and the papers it stands on."""
    for number, record in enumerate(letters, start=1):
        folder = f"letters/{number}"
        terms = AuthorisationTerms.model_validate({**record.terms, "id": record.code})
        yield f"{folder}/terms.json", plain_json({
            "terms": terms.document(),
            "receipt": record.receipt,
            "grants": list(record.grants),
            "withdrawal": record.withdrawal,
            "keys": _keys(connection, record),
        })  # fmt: skip
        consents = [entry.consent for entry in terms.scope if entry.consent is not None]
        sheets = dict.fromkeys(one.letter_sha256 for one in consents)
        papers = {"letter": terms.letter_sha256}
        papers |= {f"consent-{place}": sha256 for place, sha256 in enumerate(sheets, start=1)}
        for name, sha256 in papers.items():
            try:
                data = register.blobs.get(connection, matter.owner.id, "letter", sha256)
            except _LOST as error:
                matter.hold_back(f"{name} of {record.code}, sha256 {sha256}", str(error))
                continue
            yield f"{folder}/{name}{_ending(data)}", data


def _keys(connection: Connection, record: AuthorisationRecord) -> dict[str, str]:
    """Return the public key of each who signed, as it was when they did."""
    found = {}
    for said in (record.receipt, *record.grants):
        person = people.get_person(connection, said["person"])
        key = people.find_key(connection, person.id, as_of=from_iso(said["at"]))
        found[str(said["person"])] = key or person.person.public_key
    return found


def _ending(data: bytes) -> str:
    try:
        kind = recognise(data)
    except InvalidInput:
        kind = "unknown"
    return SERVED[kind].endings[0]


def raw_files(
    register: Register,
    connection: Connection,
    matter: Matter,
    known: dict[str, set[str]],
) -> Files:
    """Yield the raw files and a list of them; hosts of others are cut out, or the file stays here.

    `known` are the addresses that each file may show, by its digest.
    """
    told: list[dict[str, Any]] = []
    for sha256 in sorted(matter.raw):
        row: dict[str, Any] = {"sha256": sha256, "file": None, "is": None, "why": ""}
        told.append(row)
        try:
            data = register.blobs.get(connection, matter.owner.id, "scan", sha256)
            kept = _own_part(data, known.get(sha256, set()))
        except (*_LOST, InvalidInput) as error:
            row["why"] = str(error)
            matter.hold_back(f"raw file {sha256}", row["why"])
            continue
        if kept is None:
            row["why"] = "it shows hosts of others, and they cannot be cut out of it"
            matter.hold_back(f"raw file {sha256}", row["why"])
            continue
        whole = "shared" if sha256 in matter.shared else "whole"
        row["is"] = whole if kept == data else "cut"
        row["file"] = f"raw/{sha256}{'.json' if kept.lstrip()[:1] == b'{' else '.xml'}"
        if kept != data:
            matter.hold_back(f"part of raw file {sha256}", "it shows hosts of others")
        yield row["file"], kept
    yield "raw.json", plain_json(told)


def _own_part(data: bytes, own: set[str]) -> bytes | None:
    """Return a raw file as it may be handed out: whole, cut, or (None) not at all."""
    if data.lstrip()[:1] == b"{":
        if "targets" not in json.loads(data):
            read_lookup(data)  # it is about a name, and contacts nobody but the resolver
            return data
        return data if read_traces(data).addresses <= own else None
    if read_traces(data).addresses <= own:
        return data
    cut = keep_hosts(data, own)
    return cut if read_traces(cut).addresses <= own else None


def edition_files(connection: Connection, matter: Matter) -> Files:
    """Yield rules, checks and texts as they were adopted, byte for byte."""
    kinds: tuple[EditionKind, ...] = ("catalogue", "checks", "texts")
    for kind in kinds:
        digest = matter.editions.get(kind)
        if digest is None:
            continue
        try:
            yield f"edition/{kind}.json", get_edition_content(connection, kind, digest)
        except _LOST as error:
            matter.hold_back(f"{kind} {digest}", str(error))


def zone_files(chains: Iterable[dict[str, Any]]) -> Files:
    """Yield the data of each time zone that a shown decision reckoned in."""
    questions = [
        piece["entry"]["data"].get("question", {})
        for chain in chains
        for piece in chain["pieces"]
        if "entry" in piece
    ]
    names = {window["zone"] for one in questions for window in one.get("windows", ())}
    for name in sorted(names):
        yield f"zones/{name}", zone_data(name)
