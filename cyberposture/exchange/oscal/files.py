"""Lays an edition out as the files of an OSCAL export: catalogue, profiles, crosswalk."""

from collections.abc import Sequence
from datetime import date

from cyberposture.content.translations import Translations
from cyberposture.errors import NotFound
from cyberposture.exchange.oscal.catalogue_out import catalogue_document
from cyberposture.exchange.oscal.mapping_out import mapping_document
from cyberposture.exchange.oscal.profile_out import CATALOGUE_FILE, profile_document
from cyberposture.exchange.oscal.read import read_document
from cyberposture.exchange.oscal.resolve import resolve
from cyberposture.exchange.oscal.words import encode
from cyberposture.model.controls import Catalogue, Profile
from cyberposture.model.parameters import Effective

MAPPING_FILE = "mapping.json"


def export_folder(
    catalogue: Catalogue,
    *,
    modified: str,
    translations: Sequence[Translations] = (),
    profile: str | None = None,
    sector: str | None = None,
) -> dict[str, bytes]:
    """Return the files by name: the whole catalogue, its profiles, and the crosswalk if it has one.

    `profile` leaves out the other profiles; `sector` leaves out what no institution of that sector
    is asked, and sets the numbers that apply there.

    Raises:
        NotFound: there is no such profile or sector.
    """
    whole = catalogue_document(catalogue, modified=modified, translations=translations)
    files = {CATALOGUE_FILE: encode(whole)}
    for one in _profiles(catalogue, profile):
        files[f"profile-{one.id}.json"] = _profile_file(catalogue, one, sector, modified)
    mapping = mapping_document(catalogue, modified=modified)
    if mapping is not None:
        files[MAPPING_FILE] = encode(mapping)
    return files


def export_file(
    catalogue: Catalogue,
    *,
    modified: str,
    translations: Sequence[Translations] = (),
    profile: str | None = None,
    sector: str | None = None,
) -> bytes:
    """Return one catalogue: the whole, or what `profile` leaves of it, for `sector` where given.

    Raises:
        NotFound: there is no such profile or sector.
    """
    made = catalogue_document(catalogue, modified=modified, translations=translations)
    data = encode(made)
    if profile is None and sector is None:
        return data
    largest = max(
        _profiles(catalogue, profile), key=lambda one: len(catalogue.of_profile(one)), default=None
    )
    if largest is None:
        raise NotFound("profile", "that holds the catalogue")
    document = read_document("profile.json", _profile_file(catalogue, largest, sector, modified))
    whole = read_document(CATALOGUE_FILE, data)
    return resolve(document, lambda wanted: whole).catalogue.data


def _profile_file(
    catalogue: Catalogue, profile: Profile, sector: str | None, modified: str
) -> bytes:
    """Return a profile as it is, or as it is for a sector, on the day of the edition."""
    numbers: tuple[Effective, ...] = ()
    if sector is not None:
        numbers = catalogue.effective([sector], date.fromisoformat(modified[:10]))
    ids = _asked(catalogue, profile, sector)
    return encode(profile_document(catalogue, profile, ids, modified=modified, numbers=numbers))


def _profiles(catalogue: Catalogue, wanted: str | None) -> tuple[Profile, ...]:
    profiles = catalogue.profiles
    if wanted is None:
        return profiles
    found = tuple(profile for profile in profiles if profile.id == wanted)
    if not found:
        known = ", ".join(profile.id for profile in profiles)
        raise NotFound("profile", wanted, advice=f"there are: {known}")
    return found


def _asked(catalogue: Catalogue, profile: Profile, sector: str | None) -> list[str]:
    """Return the ids of the profile's controls that some institution of the sector is asked."""
    features = frozenset(feature.id for feature in catalogue.framework.features)
    sectors = {one.id for one in catalogue.framework.sectors}
    if sector is not None and sector not in sectors:
        raise NotFound("sector", sector, advice=f"there are: {', '.join(sorted(sectors))}")
    return [
        control.id
        for control in catalogue.of_profile(profile)
        if sector is None
        or control.applies_when is None
        or control.applies_when.holds(features, frozenset({sector}))
    ]
