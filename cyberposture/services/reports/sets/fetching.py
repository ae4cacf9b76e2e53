"""Hands out a set that was asked for on the portal, and puts on record who fetched it."""

from dataclasses import dataclass
from pathlib import Path

from cyberposture.errors import Corrupt, MissingService, WrongState
from cyberposture.services.register import Register
from cyberposture.services.reports.sets.packed import digest_of
from cyberposture.services.reports.sets.working import file_of, name_of
from cyberposture.store import report_sets as store


@dataclass(frozen=True, slots=True)
class Fetched:
    """A set that is handed out: its zip, what it may be called, and the digest of its manifest."""

    path: Path
    name: str
    manifest_sha256: str


def fetch(register: Register, place: Path, code: str) -> Fetched:
    """Return the zip of a set, unchanged since it was made, and put it on record.

    Raises:
        NotFound: nobody asked for such a set.
        WrongState: it is not there, or not any more.
        MissingService: it lies with another process.
        Corrupt: the file is not what was made.
    """
    with register.reading() as connection:
        one = store.get_asked(connection, code)
    if one.state != "made":
        raise WrongState("this set is not there to be fetched", advice="ask for it again")
    path = file_of(place, code)
    if not path.is_file():
        raise MissingService("the set lies on the machine that runs the clock, and not here")
    if digest_of(path) != one.told["zip_sha256"]:
        raise Corrupt("the set is not what was made; it is not handed out")
    manifest = str(one.told["manifest_sha256"])
    with register.change("report-set-fetched", code) as change:
        change.tell(manifest_sha256=manifest, zip_sha256=one.told["zip_sha256"])
    return Fetched(path, f"{name_of(one)}.zip", manifest)
