"""Names what a profile imports, so that it can be looked for among what is at hand.

Nothing is fetched: an address is only a name by which a file may be known.
"""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from cyberposture.exchange.oscal.read import OSCALDocument


@dataclass(frozen=True)
class Wanted:
    """What an import refers to: its addresses as written, the title of its resource, and the
    bytes themselves where the profile carries them.
    """

    href: str
    addresses: tuple[str, ...]
    title: str = ""
    carried: bytes | None = None

    def file_names(self) -> tuple[str, ...]:
        """Return the names that the file may have, likeliest first.

        A profile in JSON may name the XML form of its catalogue, whose JSON form is then meant.
        """
        names: list[str] = []
        for address in self.addresses:
            path = PurePosixPath(unquote(urlsplit(address).path))
            if not path.name:
                continue
            as_json = re.sub(r"(?<=[._/-])(xml|yaml)(?=[._/-]|$)", "json", path.name)
            names += [path.name] if path.suffix == ".json" else [as_json]
        return tuple(dict.fromkeys(names))

    def means(self, document: OSCALDocument) -> bool:
        """Return whether the document is what is meant, by its file name, title or UUID."""
        uuid = str(document.body["uuid"]).lower()
        return (
            document.name in self.file_names()
            or (self.title != "" and self.title == document.title)
            or any(address.lower() in (uuid, f"urn:uuid:{uuid}") for address in self.addresses)
        )

    def closeness(self, document: OSCALDocument) -> tuple[bool, str]:
        """Return what the closest of several documents that are meant has most of: its version
        stands in an address, and it was changed last.
        """
        metadata = document.body["metadata"]
        is_named = any(metadata["version"] in address for address in self.addresses)
        return is_named, metadata["last-modified"]


Find = Callable[[Wanted], OSCALDocument | None]
"""Returns the document that is meant, or None where it is not at hand."""


def wanted_by(profile: OSCALDocument, href: str) -> Wanted:
    """Return what the import with this href refers to; `#uuid` leads into the back matter."""
    if not href.startswith("#"):
        return Wanted(href, (href,))
    for resource in profile.body.get("back-matter", {}).get("resources", ()):
        if resource["uuid"].lower() == href[1:].lower():
            addresses = tuple(link["href"] for link in resource.get("rlinks", ()))
            title = resource.get("title", "")
            return Wanted(href, addresses, title, _carried(resource.get("base64")))
    return Wanted(href, ())


def _carried(base: dict[str, str] | None) -> bytes | None:
    if base is None:
        return None
    try:
        return base64.b64decode(base["value"], validate=True)
    except (binascii.Error, ValueError):
        return None
