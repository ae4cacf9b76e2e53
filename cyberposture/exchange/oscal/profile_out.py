"""Writes a profile of ours as an OSCAL profile over the exported catalogue."""

from collections.abc import Sequence

from cyberposture.exchange.oscal.catalogue_out import catalogue_uuid
from cyberposture.exchange.oscal.control_out import title_line
from cyberposture.exchange.oscal.prose import Plain
from cyberposture.exchange.oscal.words import metadata, stable_uuid
from cyberposture.model.controls import Catalogue, Profile

CATALOGUE_FILE = "catalog.json"
"""The name under which profiles and the mapping know the catalogue beside them."""


def profile_document(
    catalogue: Catalogue, profile: Profile, control_ids: Sequence[str], *, modified: str
) -> Plain:
    """Return the document: the profile selects `control_ids` by id and leaves them in their groups.

    `modified` is the moment, with its zone, of the edition's last change.
    """
    framework = catalogue.framework
    resource = stable_uuid("catalogue-of-profiles", framework.id)
    return {
        "profile": {
            "uuid": stable_uuid("profile", profile.id, catalogue_uuid(catalogue), *control_ids),
            "metadata": metadata(profile.title, framework.version, modified, kind="profile"),
            "imports": [
                {"href": f"#{resource}", "include-controls": [{"with-ids": list(control_ids)}]}
            ],
            "merge": {"as-is": True},
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
