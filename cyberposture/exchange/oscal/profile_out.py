"""Writes a profile of ours as an OSCAL profile over the exported catalogue."""

from collections.abc import Sequence

from cyberposture.exchange.oscal.catalogue_out import catalogue_uuid
from cyberposture.exchange.oscal.clause_in import parameter_id
from cyberposture.exchange.oscal.control_out import title_line
from cyberposture.exchange.oscal.prose import Plain, escape
from cyberposture.exchange.oscal.words import metadata, own_part, stable_uuid
from cyberposture.model.controls import Catalogue, Profile
from cyberposture.model.parameters import Effective

CATALOGUE_FILE = "catalog.json"
"""The name under which profiles and the mapping know the catalogue beside them."""


def profile_document(
    catalogue: Catalogue,
    profile: Profile,
    control_ids: Sequence[str],
    *,
    modified: str,
    numbers: Sequence[Effective] = (),
) -> Plain:
    """Return the document: the profile selects `control_ids` by id and leaves them in their groups.

    Why it picks a control out stands in a part of its own; `numbers` are parameters that are not
    our defaults. `modified` is the moment, with its zone, of the edition's last change.
    """
    framework = catalogue.framework
    resource = stable_uuid("catalogue-of-profiles", framework.id)
    modify = _modify(profile, control_ids, numbers)
    heading = metadata(profile.title, framework.version, modified, kind="profile")
    chosen = [*control_ids, *(f"{number.id}={number.value}" for number in numbers)]
    return {
        "profile": {
            "uuid": stable_uuid("profile", profile.id, catalogue_uuid(catalogue), *chosen),
            "metadata": {**heading, "remarks": escape(profile.note)},
            "imports": [
                {"href": f"#{resource}", "include-controls": [{"with-ids": list(control_ids)}]}
            ],
            "merge": {"as-is": True},
            **({"modify": modify} if modify else {}),
            "back-matter": {
                "resources": [
                    {
                        "uuid": resource,
                        "title": title_line(framework.title),
                        "rlinks": [{"href": CATALOGUE_FILE, "media-type": "application/json"}],
                    }
                ]
            },
        }
    }


def _modify(profile: Profile, control_ids: Sequence[str], numbers: Sequence[Effective]) -> Plain:
    settings = [
        {
            "param-id": parameter_id(number.id),
            "values": [str(number.value)],
            "guidelines": [{"prose": escape(number.set_by.source)}],
        }
        for number in numbers
        if number.set_by is not None
    ]
    reasons = [
        {
            "control-id": chosen.id,
            "adds": [{"parts": [own_part("reason", class_=profile.id, prose=escape(chosen.why))]}],
        }
        for chosen in profile.controls or ()
        if chosen.id in control_ids
    ]
    return {
        **({"set-parameters": settings} if settings else {}),
        **({"alters": reasons} if reasons else {}),
    }
