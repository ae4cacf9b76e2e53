"""The kinds of content file: where each lies, and its shape as a JSON Schema for editors.

A schema says what a file may hold; what files say to each other only `catalogue check` knows.
"""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from cyberposture.content.bundle import ContentFolders
from cyberposture.content.reading.indicator_files import IndicatorsFile
from cyberposture.errors import Fault
from cyberposture.model.checks import Check, Observation, OfficialDomains, Pack
from cyberposture.model.controls import (
    Clause,
    Control,
    Framework,
    Neighbour,
    Profile,
    Retired,
    Term,
)
from cyberposture.model.instruments import Instrument
from cyberposture.model.overlays import Overlay
from cyberposture.model.parameters import Parameter, SectorRules
from cyberposture.model.reports import ReportDefinition
from cyberposture.model.translations import (
    CheckTranslation,
    ClausesTranslation,
    ControlTranslation,
    FrameworkTranslation,
    IndicatorsTranslation,
)


@dataclass(frozen=True)
class FileKind:
    """One kind of content file: what it holds, and where such files lie in the content."""

    model: type[BaseModel]
    places: tuple[str, ...]
    """Patterns from the folder that holds `controls/`, `scanners/` and `reports/`."""
    is_list: bool = False
    """The file is a list of such things, not one."""


KINDS: dict[str, FileKind] = {
    "control": FileKind(
        Control,
        (
            "controls/*/???/*.yaml",
            "controls/*/proposed/*.yaml",
            "controls/overlays/*/???-[0-9][0-9]-*.yaml",
        ),
    ),
    "control-translation": FileKind(ControlTranslation, ("controls/*/*/*.*.yaml",)),
    "framework": FileKind(Framework, ("controls/*/framework.yaml",)),
    "framework-translation": FileKind(FrameworkTranslation, ("controls/*/framework.*.yaml",)),
    "clauses": FileKind(Clause, ("controls/*/clauses.yaml",), is_list=True),
    "clauses-translation": FileKind(ClausesTranslation, ("controls/*/clauses.*.yaml",)),
    "glossary": FileKind(Term, ("controls/*/glossary.yaml",), is_list=True),
    "indicators": FileKind(IndicatorsFile, ("controls/*/indicators.yaml",)),
    "indicators-translation": FileKind(IndicatorsTranslation, ("controls/*/indicators.*.yaml",)),
    "instruments": FileKind(Instrument, ("controls/*/instruments.yaml",), is_list=True),
    "overlay": FileKind(Overlay, ("controls/overlays/*/overlay.yaml",)),
    "neighbours": FileKind(Neighbour, ("controls/*/neighbours.yaml",), is_list=True),
    "parameters": FileKind(Parameter, ("controls/*/parameters.yaml",), is_list=True),
    "profile": FileKind(Profile, ("controls/*/profiles/*.yaml",)),
    "retired": FileKind(Retired, ("controls/*/retired.yaml",), is_list=True),
    "sector": FileKind(SectorRules, ("controls/*/sectors/*.yaml",)),
    "check": FileKind(Check, ("scanners/*/*.yaml",)),
    "check-translation": FileKind(CheckTranslation, ("scanners/*/*.*.yaml",)),
    "observations": FileKind(Observation, ("scanners/observations.yaml",), is_list=True),
    "official-domains": FileKind(OfficialDomains, ("scanners/official-domains.yaml",)),
    "pack": FileKind(Pack, ("scanners/*/pack.yaml",)),
    "report": FileKind(ReportDefinition, ("reports/*/report.yaml",)),
}


def schema_of(kind: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a kind of file, a key of `KINDS`."""
    found = KINDS[kind]
    schema = found.model.model_json_schema(by_alias=True)
    if found.is_list:
        definitions = schema.pop("$defs", {})
        schema = {"type": "array", "items": schema, "$defs": definitions}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{kind}: {', '.join(found.places)}",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def find_strays(folders: ContentFolders) -> list[Fault]:
    """Return the YAML files of controls and scanners that lie where nothing is ever read."""
    known = {
        path for kind in KINDS.values() for one in kind.places for path in folders.root.glob(one)
    }
    there = (path for home in (folders.controls, folders.scanners) for path in home.rglob("*"))
    return [
        Fault(path.relative_to(folders.root).as_posix(), "no file is read here under this name")
        for path in sorted(there)
        if path.suffix.lower() in (".yaml", ".yml") and path not in known
    ]
