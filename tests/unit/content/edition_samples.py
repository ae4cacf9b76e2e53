"""Two small editions of a catalogue, with one control for each thing that may become of it."""

import json
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

from cyberposture.content.loader import load_catalogue
from cyberposture.content.reading.documents import read_file
from cyberposture.model.controls import Catalogue

CHECKOUT = Path(__file__).resolve().parents[3]
SHIPPED = CHECKOUT / "controls" / "ncsp-2021"
Controls = dict[str, dict[str, Any]]

_WORDS = {
    "GOV-01": ("Policy approved", "The head of the institution has approved a security policy."),
    "GOV-02": ("Board informed", "The board hears about security incidents every quarter."),
    "GOV-03": ("Officer named", "One officer answers for security to the head."),
    "GOV-04": ("Budget planned", "The yearly budget names what is spent on security."),
    "GOV-05": (
        "Backups and drills",
        "Backups of important records are stored offline, and evacuation drills are held yearly.",
    ),
    "GOV-06": ("Visitors registered", "Visitors sign a register at the entrance."),
    "GOV-07": ("Visitors escorted", "Visitors are escorted inside the building by staff."),
    "GOV-08": ("Fax machines sealed", "Fax machines are sealed outside office hours."),
    "GOV-09": ("Suppliers assessed", "Contracts with suppliers follow a written assessment."),
    "GOV-11": ("Backups offline", "Backups of important records are stored offline."),
    "GOV-12": ("Drills held", "Evacuation drills are held yearly."),
    "GOV-13": (
        "Visitors registered and escorted",
        "Visitors sign a register at the entrance and are escorted inside the building by staff.",
    ),
}


def control(identity: str, **changes: Any) -> dict[str, Any]:
    """Return a control as its file holds it."""
    title, statement = _WORDS.get(
        identity, (f"Something about {identity}", "All of it is as it ought to be.")
    )
    return {
        "id": identity,
        "version": 1,
        "title": title,
        "statement": statement,
        "evidence_mode": "Q",
        "weight": 3,
        "tier": "A",
        "sources": [
            {"instrument": "NCSP", "edition": "2021", "clause": "3.5(1)", "derivation": "I"}
        ],
    } | changes


def heir(old: str, change: str, *, version: int = 1, why: str = "As agreed.") -> dict[str, Any]:
    """Return a row of `supersedes`."""
    return {"id": old, "version": version, "change": change, "why": why}


def gone(identity: str, why: str = "Nobody needs it any more.") -> dict[str, Any]:
    """Return a row of `retired.yaml`."""
    return {"id": identity, "on": "2027-01-31", "why": why}


def first() -> Controls:
    """Return the controls of the first edition: the last of them the network decides."""
    found = {f"GOV-0{n}": control(f"GOV-0{n}") for n in range(1, 9)}
    found["GOV-04"]["weight"] = 5
    found["IAM-10"] = control(
        "IAM-10",
        title="No login over cleartext protocols",
        statement="No service takes a password over an unencrypted connection.",
        evidence_mode="N",
        gate="A",
        observations=[{"code": "O-CLEAR", "direction": "C"}],
    )
    return found


def second(*, declared: bool = True) -> Controls:
    """Return the controls of the second edition; without declarations the author says nothing."""
    found = deepcopy(first())
    for identity in ("GOV-05", "GOV-06", "GOV-07", "GOV-08"):
        del found[identity]
    found["GOV-02"]["statement"] = "The board hears about security incidents each quarter."
    found["GOV-03"] |= {"weight": 5, "version": 2, "supersedes": [heir("GOV-03", "stronger")]}
    found["GOV-04"] |= {"weight": 3, "version": 2, "supersedes": [heir("GOV-04", "weaker")]}
    found["GOV-09"] = control("GOV-09")
    found["GOV-11"] = control("GOV-11", supersedes=[heir("GOV-05", "split")])
    found["GOV-12"] = control("GOV-12", supersedes=[heir("GOV-05", "split")])
    merged = [heir("GOV-06", "merged"), heir("GOV-07", "merged")]
    found["GOV-13"] = control("GOV-13", supersedes=merged)
    if not declared:
        for one in found.values():
            one.pop("supersedes", None)
    return found


RETIRED = [gone("GOV-05"), gone("GOV-06"), gone("GOV-07"), gone("GOV-08")]
"""What the second edition says of the controls that it no longer has."""


def write_edition(
    root: Path, controls: Controls, *, version: str = "1.0", retired: list[Any] | None = None
) -> Path:
    """Write a content folder with these controls under the shipped rules; return it.

    Checks and reports are those of the checkout.
    """
    home = root / "controls" / "small"
    home.mkdir(parents=True)
    for name in ("scanners", "reports"):
        (root / name).symlink_to(CHECKOUT / name)
    framework = (SHIPPED / "framework.yaml").read_text()
    (home / "framework.yaml").write_text(
        framework.replace('version: "1.0"', f'version: "{version}"')
    )
    for path in SHIPPED.glob("*.yaml"):
        # The names in other languages are those of the shipped profiles, the small one lacks some.
        of_shipped = path.name.startswith("framework.")
        if not of_shipped and path.name not in ("parameters.yaml", "retired.yaml"):
            (home / path.name).write_bytes(path.read_bytes())
    # These name controls of the shipped edition, which a small one does not have.
    parameters = [row | {"controls": []} for row in read_file(SHIPPED / "parameters.yaml").value]
    (home / "parameters.yaml").write_text(json.dumps(parameters, indent=1))
    shutil.copytree(SHIPPED / "sectors", home / "sectors")
    whole = shutil.ignore_patterns("start.yaml")
    shutil.copytree(SHIPPED / "profiles", home / "profiles", ignore=whole)
    (home / "retired.yaml").write_text(json.dumps(retired or [], indent=1))
    for identity, one in controls.items():
        path = home / identity[:3].lower() / f"{identity}-sample.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(one, indent=1))
    return root


def first_edition(root: Path) -> Catalogue:
    """Write the first edition into `root` and return its catalogue."""
    return load_catalogue(write_edition(root, first()) / "controls")


def second_edition(root: Path, *, declared: bool = True) -> Catalogue:
    """Write the second edition into `root` and return its catalogue."""
    retired = RETIRED if declared else []
    written = write_edition(root, second(declared=declared), version="2.0", retired=retired)
    return load_catalogue(written / "controls")
