"""Our own words in OSCAL documents, and identifiers that stay the same for the same content.

OSCAL asks for UUIDs of version 4 or 5. Ours are cut from a digest and carry the bits of version 4,
so that exporting one edition twice gives the same bytes.
"""

import hashlib
import json
import re
from typing import Any
from uuid import UUID

from cyberposture.exchange.oscal.prose import Plain, escape

NAMESPACE = "urn:cyberposture:oscal:1"
"""Says that a property or part means what this program says it means."""

OSCAL_VERSION = "1.2.1"
OSCAL_NAMESPACE = "http://csrc.nist.gov/ns/oscal"
"""Whose the names are that carry no namespace."""

_LEGAL = re.compile(r"\S(.*\S)?\Z")


def stable_uuid(*parts: str) -> str:
    """Return a UUID with the bits of version 4 that follows from the parts alone."""
    digest = hashlib.sha256(json.dumps(parts).encode()).digest()
    return str(UUID(bytes=digest[:16], version=4))


def is_value(text: str) -> bool:
    """Return whether OSCAL lets a property have this value: one line, no space at its ends."""
    return _LEGAL.fullmatch(text) is not None and len(text.splitlines()) == 1


def own_prop(name: str, value: object, **more: str) -> Plain:
    """Return a property in our namespace; `class_` stands for the key of that name."""
    named = {key.strip("_"): text for key, text in more.items()}
    return {"name": name, "ns": NAMESPACE, "value": str(value), **named}


def own_part(name: str, **more: Any) -> Plain:
    """Return a part in our namespace; `class_` stands for the key of that name."""
    named = {key.strip("_"): value for key, value in more.items()}
    return {"name": name, "ns": NAMESPACE, **named}


def own_values(item: Plain, name: str) -> list[Plain]:
    """Return the properties of ours that have this name."""
    return [
        prop
        for prop in item.get("props", ())
        if prop["name"] == name and prop.get("ns") == NAMESPACE
    ]


def find_own(item: Plain, name: str) -> str | None:
    """Return the value of the first property of ours that has this name, or None."""
    return next((prop["value"] for prop in own_values(item, name)), None)


def metadata(title: str, version: str, modified: str, *, kind: str) -> Plain:
    """Return the metadata of a document of ours; `kind` says what it holds of an edition."""
    line = " ".join(title.split()) or "-"
    return {
        "title": escape(line),
        "last-modified": modified,
        "version": version if is_value(version) else "-",
        "oscal-version": OSCAL_VERSION,
        "props": [own_prop("export", kind)],
    }


def encode(document: Plain, *, is_large: bool = False) -> bytes:
    """Return a document as the bytes of its file: UTF-8, indented unless large, with a line end."""
    indent = None if is_large else 2
    return (json.dumps(document, ensure_ascii=False, indent=indent) + "\n").encode()
