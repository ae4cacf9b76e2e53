"""Makes the sets that were asked for on the portal, one after another, and puts old ones away.

One process does this: the one that has the clock. Sets lie in a folder that its user alone reads.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from cyberposture.content.bundle import ContentFolders
from cyberposture.errors import CyberpostureError, MissingService
from cyberposture.services.register import Register
from cyberposture.services.reports.sets.asked import wanted_from
from cyberposture.services.reports.sets.folder import remove
from cyberposture.services.reports.sets.making import Leaked, SetMade, write_set
from cyberposture.services.reports.sets.packed import pack
from cyberposture.store import report_sets as store
from cyberposture.store.report_sets import AskedSet, State

KEPT = timedelta(days=30)
MOST_KEPT = 20
"""So long, and so many, sets are kept to be fetched. Source: our own default."""
MOST_TRIES = 3
"""So often a set is begun whose making the process did not survive. Source: our own default."""


class _EndedError(Exception):
    """The process is to end; what is under way is begun again later."""


@dataclass(frozen=True)
class Workshop:
    """Where sets are made, of what, and how long."""

    register: Register
    folders: ContentFolders
    place: Path
    """The folder of all sets; nobody but its user may look into it."""
    is_ended: Callable[[], bool] = lambda: False

    def folder_of(self, one: AskedSet) -> Path:
        """Return the folder of a set, which the next one of the same takes over from."""
        return self.place / one.slug


def file_of(place: Path, code: str) -> Path:
    """Return where the zip of a set lies."""
    return place / f"{code}.zip"


def make_next(shop: Workshop) -> str | None:
    """Put old sets away, make the one that waits longest, and return its code; None: none waits.

    A set that somebody began and did not end was left by a process that died: it is begun again.
    """
    with shop.register.reading() as connection:
        known = store.list_asked(connection, states=(*store.UNDER_WAY, "made"))
    if not known:
        return None
    _put_old_away(shop, [one for one in known if one.state == "made"])
    for one in reversed(known):
        if one.state == "making":
            _take_back(shop, one)
    waiting = [one for one in known if one.state in store.UNDER_WAY and one.tries < MOST_TRIES]
    if not waiting or shop.is_ended():
        return None
    oldest = waiting[-1]
    with shop.register.change("report-set-begun", oldest.code) as change:
        if not store.begin(change.connection, oldest.code, change.now):
            return None
    _make(shop, oldest)
    return oldest.code


def _make(shop: Workshop, one: AskedSet) -> None:
    def watch(_stage: str, _done: int, _of: int) -> None:
        if shop.is_ended():
            raise _EndedError

    wanted, out = wanted_from(one.wanted), shop.folder_of(one)
    acting = replace(shop.register, actor=one.act.actor)
    try:
        _open_place(shop.place)
        made = write_set(acting, shop.folders, wanted, out, progress=watch)
        file = file_of(shop.place, one.code)
        sha256 = pack(out, name_of(one), file)
        told = _told_of(made) | {"zip_sha256": sha256, "zip_size": file.stat().st_size}
    except _EndedError:
        _move(shop, one, "waiting", tries=one.tries)
    except Leaked as error:
        _end(shop, one, "leaked", {"places": list(error.places)})
        _put_away(shop, _made_before(shop, one), "leaked")
    except CyberpostureError as error:
        _end(shop, one, "failed", {"problem": str(error)})
    else:
        _put_away(shop, _made_before(shop, one), "replaced", keep=one.slug)
        _end(shop, one, "made", told)


def _open_place(place: Path) -> None:
    try:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise MissingService(f"{place} cannot be written: {error.strerror}") from error


def name_of(one: AskedSet) -> str:
    """Return what the folder of a set is called where it is unpacked."""
    parts = (one.wanted[name] for name in ("audience", "round", "institution", "sector"))
    return "-".join(part for part in parts if part)


def _told_of(made: SetMade) -> dict[str, Any]:
    return {
        "files": made.files,
        "rendered": made.rendered,
        "left_out": list(made.left_out),
        "manifest_sha256": made.manifest_sha256,
    }


def _made_before(shop: Workshop, one: AskedSet) -> list[AskedSet]:
    with shop.register.reading() as connection:
        return store.list_asked(connection, states=("made",), slug=one.slug)


def _take_back(shop: Workshop, one: AskedSet) -> None:
    if one.tries >= MOST_TRIES:
        _end(shop, one, "failed", {"problem": "", "tries": one.tries})
    else:
        _move(shop, one, "waiting")


def _move(shop: Workshop, one: AskedSet, state: State, **values: Any) -> None:
    with shop.register.change("report-set-ended", one.code) as change:
        store.move(change.connection, one.code, state, **values)
        change.tell(state=state)


def _end(shop: Workshop, one: AskedSet, state: State, told: dict[str, Any]) -> None:
    with shop.register.change("report-set-ended", one.code) as change:
        store.move(change.connection, one.code, state, ended_at=change.now, told=told)
        change.tell(state=state, asked_by=one.act.actor, **told)


def _put_old_away(shop: Workshop, made: Sequence[AskedSet]) -> None:
    """Put away what is there too long, or too much; `made` is the newest first."""
    now = shop.register.clock()
    for number, one in enumerate(made):
        if number >= MOST_KEPT or (one.ended_at is not None and now - one.ended_at > KEPT):
            _put_away(shop, [one], "over")


def _put_away(shop: Workshop, found: Sequence[AskedSet], why: str, *, keep: str = "") -> None:
    for one in found:
        file_of(shop.place, one.code).unlink(missing_ok=True)
        if one.slug != keep:
            remove(shop.folder_of(one))
        with shop.register.change("report-set-put-away", one.code, reason=why) as change:
            store.move(change.connection, one.code, "gone", told={**one.told, "why": why})
