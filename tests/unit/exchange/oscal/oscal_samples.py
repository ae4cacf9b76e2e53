"""Small OSCAL documents of our own making, and where those of others lie."""

import json
from pathlib import Path
from typing import Any

import pytest

from cyberposture.exchange.oscal.read import OSCALDocument, read_document
from cyberposture.exchange.oscal.resolve import Resolution, resolve
from cyberposture.exchange.oscal.select import standing_controls

CHECKOUT = Path(__file__).resolve().parents[4]
SHARED = CHECKOUT.parent / "shared"
SAMPLES = SHARED / "samples" / "oscal"
SCHEMAS = SHARED / "oscal" / "schemas-1.2.1"
UUID = "11111111-2222-4333-8444-5555555555{:02}"
METADATA = {
    "title": "Rules of the harbour",
    "last-modified": "2026-01-01T00:00:00Z",
    "version": "1",
    "oscal-version": "1.2.1",
}
needs_samples = pytest.mark.skipif(not SAMPLES.is_dir(), reason="no ../shared/samples here")
needs_schemas = pytest.mark.skipif(not SCHEMAS.is_dir(), reason="no ../shared/oscal here")


def control(identity: str, **more: Any) -> dict[str, Any]:
    """Return a control whose statement says its id."""
    statement = {"id": f"{identity}_smt", "name": "statement", "prose": f"Do {identity}."}
    return {"id": identity, "title": f"Title of {identity}", "parts": [statement]} | more


def catalog(**more: Any) -> dict[str, Any]:
    """Return a catalogue: group `a` with a1 (with a1.1 and a1.2 in it) and a2, group without id
    with b1; the back matter holds a resource that b1 links to, and one that nobody does.
    """
    body = {
        "uuid": UUID.format(1),
        "metadata": dict(METADATA),
        "groups": [
            {
                "id": "a",
                "title": "Berths",
                "params": [{"id": "loose", "label": "loose one"}],
                "controls": [
                    control("a1", controls=[control("a1.1"), control("a1.2")]),
                    control("a2", params=[{"id": "a2_p", "label": "how often"}]),
                ],
            },
            {
                "title": "Piers",
                "groups": [
                    {
                        "title": "North pier",
                        "parts": [{"name": "overview", "prose": "Where the wind is."}],
                        "controls": [control("b1", links=[{"href": f"#{UUID.format(8)}"}])],
                    }
                ],
            },
        ],
        "back-matter": {
            "resources": [
                {"uuid": UUID.format(8), "title": "Chart"},
                {"uuid": UUID.format(9), "title": "Old chart"},
            ]
        },
    }
    return {"catalog": body | more}


def profile(*imports: dict[str, Any], number: int = 50, **more: Any) -> dict[str, Any]:
    """Return a profile; without imports it imports all of `catalog.json`."""
    body = {
        "uuid": UUID.format(number),
        "metadata": METADATA | {"title": f"Profile {number}"},
        "imports": list(imports) or [{"href": "catalog.json", "include-all": {}}],
    }
    return {"profile": body | more}


def taking(*ids: str, href: str = "catalog.json", **more: Any) -> dict[str, Any]:
    """Return an import of these ids."""
    return {"href": href, "include-controls": [{"with-ids": list(ids)}]} | more


def read(document: Any, name: str = "catalog.json", **options: Any) -> OSCALDocument:
    """Return the document as it is read from a file of that name."""
    return read_document(name, json.dumps(document).encode(), **options)


def resolved(made: dict[str, Any], **files: dict[str, Any]) -> Resolution:
    """Resolve a profile among `files`, named without `.json`; the catalogue is always there."""
    at_hand = {
        f"{name}.json": document for name, document in {"catalog": catalog(), **files}.items()
    }
    documents = [read(document, name) for name, document in at_hand.items()]

    def find(wanted):
        return next((document for document in documents if wanted.means(document)), None)

    return resolve(read(made, "profile.json"), find)


def ids(resolution: Resolution) -> list[str]:
    """Return the ids of all controls of the result in their order."""
    return [standing.control["id"] for standing in standing_controls(resolution.catalogue.body)]


def found(resolution: Resolution, identity: str) -> dict[str, Any]:
    """Return one control of the result."""
    return next(
        standing.control
        for standing in standing_controls(resolution.catalogue.body)
        if standing.control["id"] == identity
    )
