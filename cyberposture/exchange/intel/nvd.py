"""Reads the NVD's flaws and the versions that have them, entry by entry.

Of each flaw only what tells whom it concerns is kept: number, status, configurations.

Source: NVD, CVE API 2.0 schema (csrc.nist.gov/schema/nvd/api/2.0, `NVD_CVE` 2.0), cpematch.
"""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.intel.json_stream import read_stream
from cyberposture.exchange.intel.opened import Opened
from cyberposture.exchange.intel.rows import Told, build, read_count, read_moment, require_count
from cyberposture.model.intel import CVE, Configuration, Flaw, Match, Node, VersionText
from cyberposture.scanning.matching.cpe import read_cpe

FORMAT = "NVD_CVE"
VERSION = "2.0"


class _Read(BaseModel):
    """What is not about whom a flaw concerns is passed over, but nothing that is may be unknown."""

    model_config = ConfigDict(extra="ignore", strict=True)


class _Match(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    vulnerable: bool
    criteria: Annotated[str, Field(min_length=1, max_length=4_000)]
    matchCriteriaId: str = ""
    versionStartIncluding: VersionText | None = None
    versionStartExcluding: VersionText | None = None
    versionEndIncluding: VersionText | None = None
    versionEndExcluding: VersionText | None = None


class _Node(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    operator: Literal["AND", "OR"] = "OR"
    negate: bool = False
    cpeMatch: Annotated[list[_Match], Field(max_length=100_000)]


class _Configuration(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    operator: Literal["AND", "OR"] = "OR"
    negate: bool = False
    nodes: list[_Node]


class _Flaw(_Read):
    id: CVE
    vulnStatus: str = ""
    configurations: list[_Configuration] = []


class _Item(_Read):
    cve: _Flaw


def read_nvd(source: Opened, told: Told) -> Iterator[Flaw]:
    """Yield every flaw; `told` is filled in by the end.

    Raises:
        InvalidInput: it is no such file, is cut off, or an entry is wrong; with the JSON path.
    """
    found = 0
    for path, value in read_stream(source, "vulnerabilities"):
        place = f"{source.name}: {path}"
        if not path.startswith("$.vulnerabilities["):
            _note(told, path, value, place)
            continue
        flaw = _flaw(build(_Item, place, value).cve, place)
        if flaw.cve in told.seen:
            raise InvalidInput(Fault(place, f"{flaw.cve} stands in what was read before"))
        told.seen.add(flaw.cve)
        found += 1
        yield flaw
    for key in ("format", "version"):
        if key not in told.details:
            raise InvalidInput(Fault(f"{source.name}: $.{key}", "missing"))
    if told.as_of is None:
        raise InvalidInput(Fault(f"{source.name}: $.timestamp", "missing"))
    require_count(source.name, told, found, "$.resultsPerPage")


def _note(told: Told, path: str, value: Any, place: str) -> None:
    match path:
        case "$.timestamp":
            told.as_of = read_moment(value, place)
        case "$.resultsPerPage":
            told.stated = read_count(value, place)
        case "$.totalResults":
            told.total = read_count(value, place)
        case "$.format" | "$.version":
            wanted = FORMAT if path == "$.format" else VERSION
            if value != wanted:
                raise InvalidInput(Fault(place, f"{str(value)[:40]!r} instead of {wanted!r}"))
            told.details[path[2:]] = value


def _flaw(read: _Flaw, place: str) -> Flaw:
    configurations = tuple(
        Configuration.model_construct(
            operator=one.operator,
            negate=one.negate,
            nodes=tuple(
                Node.model_construct(
                    operator=node.operator,
                    negate=node.negate,
                    matches=tuple(
                        _match(match, f"{place}.cve.configurations[{c}].nodes[{n}].cpeMatch[{m}]")
                        for m, match in enumerate(node.cpeMatch)
                    ),
                )
                for n, node in enumerate(one.nodes)
            ),
        )
        for c, one in enumerate(read.configurations)
    )
    return Flaw.model_construct(
        cve=read.id, status=read.vulnStatus[:60], configurations=configurations
    )


def _match(read: _Match, place: str) -> Match:
    try:
        read_cpe(read.criteria)
    except ValueError as error:
        raise InvalidInput(Fault(f"{place}.criteria", str(error))) from error
    # All of it was checked by the model that it was read into.
    return Match.model_construct(
        criteria=read.criteria,
        vulnerable=read.vulnerable,
        start_including=read.versionStartIncluding,
        start_excluding=read.versionStartExcluding,
        end_including=read.versionEndIncluding,
        end_excluding=read.versionEndExcluding,
    )
