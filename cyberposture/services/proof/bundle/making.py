"""Makes a bundle of evidence: gathered, packed, sealed, and handed out on record."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from cyberposture.errors import NotAuthorised, NotFound
from cyberposture.exchange.analysts.file import new_file
from cyberposture.services.people.roles import ADMINISTRATORS
from cyberposture.services.proof.bundle import papers
from cyberposture.services.proof.bundle.chains import Excerpts
from cyberposture.services.proof.bundle.matter import Matter, Subject
from cyberposture.services.proof.bundle.packing import pack
from cyberposture.services.proof.bundle.scores import gather_score
from cyberposture.services.proof.bundle.seen import gather_contact, gather_finding
from cyberposture.services.register import Register
from cyberposture.store import people, scans
from cyberposture.store.heads import HeadsFile

_GATHER = {"score": gather_score, "finding": gather_finding, "contact": gather_contact}
RECORDED = "bundle-made"


@dataclass(frozen=True)
class Bundle:
    """A bundle as it is handed out."""

    kind: str
    id: str
    institution: str
    data: bytes
    held_back: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """The digest of the zip, which the log keeps."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def file_name(self) -> str:
        """What the file may be called."""
        return f"{self.kind}-{self.id.replace('/', '-')}.zip"


def make_bundle(
    register: Register, reports: Path, heads_file: HeadsFile, subject: Subject
) -> Bundle:
    """Return everything that stands behind a score, finding or contact, and put it on record.

    An administrator of the CERT may, and an auditor of the institution that it is about. The same
    subject gives the same bytes as long as nothing new came to it.

    Raises:
        NotFound: there is no such subject, or whoever acts is not in the register.
        NotAuthorised: whoever acts is neither.
        InvalidInput, WrongUsage: the subject is none.
        Corrupt: the log is not what was written.
    """
    with register.reading() as connection:
        matter = _GATHER[subject.kind](register, connection, subject)
        _require_role(register, connection, matter)
        files = _files(register, connection, heads_file, matter)
        data = pack(register, reports, subject, matter, files)
    held_back = tuple(f"{one.what}: {one.why}" for one in sorted(set(matter.held_back)))
    made = Bundle(matter.kind, matter.id, matter.code, data, held_back)
    with register.change(RECORDED, matter.id) as change:
        change.institution_id = matter.owner.id
        change.tell(kind=made.kind, sha256=made.sha256, size_bytes=len(data), files=len(files))
    return made


def write_bundle(
    register: Register, reports: Path, heads_file: HeadsFile, subject: Subject, out: Path
) -> Bundle:
    """Make a bundle, write it to `out` when it is on record, and return it.

    Raises: as `make_bundle`, and
        WrongState: there is a file at `out` already.
        MissingService: the file cannot be written.
    """
    with new_file(out) as draft:
        made = make_bundle(register, reports, heads_file, subject)
        draft.write_bytes(made.data)
    return made


def _require_role(register: Register, connection: Connection, matter: Matter) -> None:
    now, actor = register.clock(), register.actor
    try:
        person = people.get_person(connection, actor)
    except NotFound as error:
        raise NotFound("person", actor, advice="say who acts: --by PERSON") from error
    held = [one.membership for one in people.list_held(connection, actor, as_of=now)]
    may = any(
        one.role in ADMINISTRATORS or (one.role == "auditor" and one.institution == matter.code)
        for one in held
    )
    if person.person.disabled_at is not None or not may:
        raise NotAuthorised(
            "wrong-role",
            f"{actor} is neither an administrator of the CERT nor an auditor of {matter.code}",
        )


def _files(
    register: Register, connection: Connection, heads_file: HeadsFile, matter: Matter
) -> dict[str, bytes]:
    letters = papers.list_letters(connection, matter)
    matter.letters = {one.code for one in letters}
    excerpts = Excerpts(register, heads_file, matter, papers.signers_of(letters))
    chains = excerpts.read(connection)
    known = _known_addresses(connection, matter, chains)
    found = {
        **{name: papers.plain_json(value) for name, value in matter.documents.items()},
        **{name: papers.plain_json(value) for name, value in chains.items()},
        **dict(papers.letter_files(register, connection, matter, letters)),
        **dict(papers.raw_files(register, connection, matter, known)),
        **dict(papers.edition_files(connection, matter)),
        **dict(papers.zone_files(chains.values())),
    }
    return found


def _known_addresses(
    connection: Connection, matter: Matter, chains: Mapping[str, Any]
) -> dict[str, set[str]]:
    """Return the addresses that each raw file may show: those that it was allowed to be about."""
    known: dict[str, set[str]] = {sha256: set() for sha256 in matter.raw}
    for chain in chains.values():
        for piece in chain["pieces"]:
            data = piece.get("entry", {}).get("data", {})
            if data.get("artefact_sha256") in known:
                known[data["artefact_sha256"]].update(data.get("targets", ()))
    for scan in scans.list_scans(connection, institution_id=matter.owner.id):
        if scan.plan.get("artefact_sha256") in known:
            known[scan.plan["artefact_sha256"]].update(scan.plan.get("targets", ()))
    for row in matter.documents.get("observations.json", ()):
        if row["artefact_sha256"] in matter.shared:
            known[row["artefact_sha256"]].add(row["address"])
    return known
