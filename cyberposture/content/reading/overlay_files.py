"""Reads the overlays of regulators, and lays one over the edition that it was made for.

They are no part of the national content: nothing national reads them.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from cyberposture.content.editions import rules_digest
from cyberposture.content.reading.control_files import (
    OF_OVERLAYS,
    check_codes,
    check_control,
    read_controls,
)
from cyberposture.content.reading.reader import Reader
from cyberposture.errors import Fault, InvalidInput, NotFound
from cyberposture.model.checks import Checks
from cyberposture.model.controls import Catalogue
from cyberposture.model.overlays import Misfit, Overlay, laid_over, misfits

FOLDER = "overlays"
HEAD = "overlay.yaml"
FindBase = Callable[[str], Catalogue | None]
"""Gives the catalogue whose rules have a digest, or None."""


def list_overlays(folder: Path) -> list[str]:
    """Return the ids of the overlays in the content folder `controls`, in order."""
    return sorted(path.parent.name for path in (folder / FOLDER).glob(f"*/{HEAD}"))


def load_overlay(
    folder: Path,
    overlay_id: str,
    catalogue: Catalogue,
    checks: Checks,
    on: date,
    *,
    find_base: FindBase = lambda rules: None,
) -> Overlay:
    """Return one overlay of the content folder `controls`, which fits its base on that day.

    Its base is the catalogue, or else what `find_base` has for the rules that the overlay pins:
    an edition that was adopted before. Its controls name observations that `checks` know.

    Raises:
        NotFound: there is no such overlay.
        InvalidInput: it has faults, or asks less than its base; each with file and line.
    """
    known = list_overlays(folder)
    if overlay_id not in known:
        advice = f"there are: {', '.join(known) or 'none'}"
        raise NotFound("overlay", overlay_id, advice=advice)
    home = folder / FOLDER / overlay_id
    reader = Reader(folder)
    pair = reader.one(Overlay, home / HEAD)
    files = (path for path in home.glob("*.yaml") if path.name != HEAD)
    controls = read_controls(reader, files, overlay_id)
    if pair is None:
        reader.finish()
        raise InvalidInput(Fault(overlay_id, "no overlay"))
    overlay, place = pair
    if overlay.id != overlay_id:
        reader.refuse(place.at("id"), f"the id must be the folder's: {overlay_id}")
    if overlay.controls:
        reader.refuse(place.at("controls"), "a control is a file of its own in this folder")
    base = _base(catalogue, overlay, find_base)
    own = base.model_copy(update={"instruments": (*base.instruments, *overlay.instruments)})
    for control, where in controls:
        check_control(reader, control, where, own, OF_OVERLAYS)
    check_codes(reader, controls, frozenset(one.code for one in checks.observations))
    whole = overlay.model_copy(update={"controls": tuple(control for control, _ in controls)})
    for path, what in _misfits(base, whole, on):
        reader.refuse(place.at(*path), what)
    reader.finish()
    return whole


def _base(catalogue: Catalogue, overlay: Overlay, find_base: FindBase) -> Catalogue:
    """Return what the overlay stands on; the catalogue where nobody knows what that is."""
    pinned = overlay.base.rules
    found = None if pinned == rules_digest(catalogue) else find_base(pinned)
    return catalogue if found is None else found


def load_overlays(
    folder: Path,
    catalogue: Catalogue,
    checks: Checks,
    on: date,
    *,
    find_base: FindBase = lambda rules: None,
) -> tuple[Overlay, ...]:
    """Return every overlay of the content folder `controls`, each as `load_overlay` reads it.

    Raises:
        InvalidInput: with every fault of every overlay.
    """
    found: list[Overlay] = []
    faults: list[Fault] = []
    for overlay_id in list_overlays(folder):
        try:
            found.append(
                load_overlay(folder, overlay_id, catalogue, checks, on, find_base=find_base)
            )
        except InvalidInput as error:
            faults.extend(error.faults)
    if faults:
        raise InvalidInput(faults)
    return tuple(found)


def apply_overlay(catalogue: Catalogue, overlay: Overlay, on: date) -> Catalogue:
    """Return the catalogue as the overlay makes it on that day.

    Raises:
        InvalidInput: the overlay was made for another edition, or asks less than this one.
    """
    faults = [
        Fault(f"{overlay.id}: {'.'.join(('$', *map(str, path)))}", what)
        for path, what in _misfits(catalogue, overlay, on)
    ]
    if faults:
        raise InvalidInput(faults)
    return laid_over(catalogue, overlay)


def _misfits(catalogue: Catalogue, overlay: Overlay, on: date) -> list[Misfit]:
    found = list(misfits(catalogue, overlay, on))
    rules = rules_digest(catalogue)
    if overlay.base.rules != rules:
        found.append((("base", "rules"), f"the rules of the base here are {rules}"))
    return found
