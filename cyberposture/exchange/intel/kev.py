"""Reads the list of flaws known to be exploited.

Source: CISA, Known Exploited Vulnerabilities catalogue, JSON (`catalogVersion` 2025.08.25).
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.intel.json_stream import read_stream
from cyberposture.exchange.intel.opened import Opened
from cyberposture.exchange.intel.rows import Told, build, read_count, read_moment, require_count
from cyberposture.model.intel import CVE, Exploited

_Text = Annotated[str, Field(max_length=10_000)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    cveID: CVE
    vendorProject: _Text
    product: _Text
    vulnerabilityName: _Text
    dateAdded: Annotated[date, Field(strict=False)]
    dueDate: Annotated[date, Field(strict=False)]
    knownRansomwareCampaignUse: Literal["Known", "Unknown"] = "Unknown"


def read_kev(source: Opened, told: Told) -> Iterator[Exploited]:
    """Yield every entry; `told` is filled in by the end.

    Raises:
        InvalidInput: it is no such list, is cut off, or an entry is wrong; with the JSON path.
    """
    seen: dict[str, str] = {}
    found = 0
    for path, value in read_stream(source, "vulnerabilities"):
        place = f"{source.name}: {path}"
        if not path.startswith("$.vulnerabilities["):
            _note(told, path, value, place)
            continue
        entry = build(_Entry, place, value)
        if entry.cveID in seen:
            raise InvalidInput(Fault(place, f"{entry.cveID} stands in {seen[entry.cveID]} already"))
        seen[entry.cveID] = path
        found += 1
        yield Exploited(
            cve=entry.cveID,
            vendor=entry.vendorProject,
            product=entry.product,
            title=entry.vulnerabilityName,
            added_on=entry.dateAdded,
            due_on=entry.dueDate,
            ransomware=entry.knownRansomwareCampaignUse == "Known",
        )
    if told.as_of is None:
        raise InvalidInput(Fault(f"{source.name}: $.dateReleased", "missing"))
    require_count(source.name, told, found, "$.count")


def _note(told: Told, path: str, value: Any, place: str) -> None:
    match path:
        case "$.dateReleased":
            told.as_of = read_moment(value, place)
        case "$.count":
            told.stated = read_count(value, place)
        case "$.catalogVersion":
            told.details["version"] = str(value)[:60]
