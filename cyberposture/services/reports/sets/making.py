"""Makes a set of reports: a folder for one audience alone, looked through before it is put down."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cyberposture.content.bundle import ContentFolders
from cyberposture.errors import WrongState
from cyberposture.reporting.sets.leaks import Leak, Secrets, look_for
from cyberposture.reporting.sets.manifest import (
    MANIFEST,
    Manifest,
    differences,
    read_manifest,
)
from cyberposture.services.register import Register
from cyberposture.services.reports.published import fix_public
from cyberposture.services.reports.sets.filling import Filling, Progress
from cyberposture.services.reports.sets.folder import (
    Draft,
    draft_of,
    put_in_place,
    remove,
    write_manifest,
)
from cyberposture.services.reports.sets.plan import HOLDS, SetWanted
from cyberposture.services.reports.sets.secrets import digest_of
from cyberposture.store.audit import AuditEntry, list_entries

MOST_TOLD = 20
"""So many places are told where something leaked; all of them are counted."""
KIND = "report-set-written"


class Leaked(WrongState):
    """A set held what its audience may not see, and was deleted; nothing was given out."""

    def __init__(self, message: str, places: tuple[str, ...]) -> None:
        self.places = places
        """Where, and of what kind; never what stands there."""
        super().__init__(
            message, advice="whoever looks after the views mends them; nothing was given out"
        )


@dataclass(frozen=True, slots=True)
class SetMade:
    """What came of making a set."""

    folder: Path
    files: int
    written: int
    """Files that are not what they were."""
    rendered: int
    """Reports that were rendered again; the others were taken over."""
    left_out: tuple[str, ...]
    manifest_sha256: str


def write_set(
    register: Register,
    folders: ContentFolders,
    wanted: SetWanted,
    out: Path,
    *,
    afresh: bool = False,
    progress: Progress | None = None,
) -> SetMade:
    """Write a set into the folder `out`, and return what was written.

    What has not changed since the set that lies there is taken over, unless it is made `afresh`.
    The folder is whole at any time: the new set is put in its place when it is finished, looked
    through and on record.

    Raises:
        NotFound: round, institution or sector is not there.
        WrongUsage: no set is made for this audience about this.
        Leaked: a file holds what the audience may not see, and the set was deleted.
        WrongState: something else lies there, or another run writes it now.
        MissingService: nothing can be written there.
    """
    tell = progress or _silent
    if wanted.audience == "public" and (wanted.audience, wanted.about) in HOLDS:
        fix_public(register, wanted.round_code)
    with draft_of(out) as (draft, before):
        with register.reading() as connection:
            filling = Filling(register, connection, folders, wanted, draft, afresh=afresh)
            secrets = filling.secrets
            manifest = filling.fill(before, tell)
        data = write_manifest(draft, manifest)
        digest = digest_of(secrets)
        trusted = before is not None and _was_looked_through(register, out, digest)
        leaks = list(_leaks(secrets, draft, data, draft.kept if trusted else frozenset(), tell))
        if leaks:
            _delete(register, wanted, draft, out, leaks)
        sha256 = hashlib.sha256(data).hexdigest()
        _record(register, KIND, wanted, out, manifest_sha256=sha256,
                files=len(manifest.files), looked_through=digest)  # fmt: skip
        put_in_place(draft, out)
    return SetMade(
        folder=out,
        files=len(manifest.files) + 1,
        written=len(draft.written),
        rendered=filling.rendered,
        left_out=manifest.left_out,
        manifest_sha256=sha256,
    )


def verify_set(folder: Path) -> Manifest:
    """Return the manifest of a set when everything in the folder is as it says.

    Raises:
        NotFound: there is no set in the folder.
        InvalidInput: its manifest is none.
        WrongState: something is missing, changed or too many, each told.
    """
    manifest = read_manifest(folder)
    found = list(differences(folder, manifest))
    if found:
        told = "\n".join(found[:MOST_TOLD])
        where = f"in {len(found)} places:\n{told}"
        raise WrongState(f"the set is not what its {MANIFEST} says, {where}")
    return manifest


def _silent(_stage: str, _done: int, _of: int) -> None:
    return


def _record(register: Register, kind: str, wanted: SetWanted, out: Path, **told: Any) -> None:
    with register.change(kind, out.name) as change:
        change.tell(
            audience=wanted.audience, round=wanted.round_code, institution=wanted.institution,
            sector=wanted.sector, languages=list(wanted.languages), **told,
        )  # fmt: skip


def _was_looked_through(register: Register, out: Path, digest: str) -> bool:
    """Return whether the set that lies there was looked through for the same secrets.

    The log says so of the manifest's very bytes, and these of every file.
    """
    written: AuditEntry | None = None
    with register.reading() as connection:
        for entry in list_entries(connection, system_only=True, kind=KIND, subject=out.name):
            written = entry
    present = hashlib.sha256((out / MANIFEST).read_bytes()).hexdigest()
    return (
        written is not None
        and written.data["manifest_sha256"] == present
        and written.data["looked_through"] == digest
    )


def _leaks(
    secrets: Secrets, draft: Draft, manifest: bytes, clean: frozenset[str], progress: Progress
) -> Iterator[Leak]:
    """Yield what the files of a draft hold and may not; those in `clean` were looked at before."""
    if secrets == Secrets():
        return
    wanted = [path for path in sorted(draft.files) if path not in clean]
    yield from look_for(secrets, MANIFEST, manifest)
    for number, path in enumerate(wanted, start=1):
        yield from look_for(secrets, path, (draft.folder / path).read_bytes())
        progress("looked through", number, len(wanted))


def _delete(
    register: Register, wanted: SetWanted, draft: Draft, out: Path, leaks: list[Leak]
) -> None:
    """Delete the draft, and the set that lies there if it holds the same; put it on record.

    Raises:
        Leaked: always, with the places and never what stands there.
    """
    held = {leak.file for leak in leaks} & draft.kept
    remove(draft.folder)
    if held:
        remove(out)
    kinds = sorted({leak.kind for leak in leaks})
    _record(register, "report-set-deleted", wanted, out, places=len(leaks), kinds=list(kinds),
            old_too=bool(held))  # fmt: skip
    # A path may be what leaks: then it is told by its number alone.
    names = {leak.file for leak in leaks if leak.where == "its name"}
    numbers = {path: number for number, path in enumerate(sorted(draft.files), start=1)}
    told = dict.fromkeys(
        str(Leak(f"file {numbers.get(leak.file, 0)}", leak.where, leak.kind))
        if leak.file in names
        else str(leak)
        for leak in leaks
    )
    first = tuple(told)[:MOST_TOLD]
    lines = "\n".join(first)
    raise Leaked(
        f"the set was deleted: in {len(told)} places it holds what {wanted.audience} may not see\n"
        f"{lines}",
        first,
    )
