"""How fast an OSCAL catalogue is read, checked and told, beside bare JSON and compliance-trestle.

    python benchmarks/bench_oscal.py [--controls 1189] [--runs 5] [--schemas FOLDER]

The catalogue is generated with a seed, in the manner of the largest in use: enhancements below
controls, parameters, statements of nested items, and the assessor's parts, which are most of it.
With the folder of official schemas it is checked against them too. compliance-trestle is measured
where `make conformance` has installed it.
"""

import argparse
import json
import math
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

ENHANCEMENTS = 3
PEER = Path(__file__).resolve().parent.parent / "build" / "conformance" / "bin" / "python"
PEER_LOAD = """
import pathlib, sys, time
from trestle.oscal.catalog import Catalog
started = time.process_time()
Catalog.oscal_read(pathlib.Path(sys.argv[1]))
print(time.process_time() - started)
"""
WORDS = """access account approve assess boundary component define event incident monitor
organisation personnel policy procedure protect record review risk system"""


def make_catalogue(controls: int, seed: int = 1) -> dict[str, Any]:
    """Return a catalogue of so many controls in twenty groups, a quarter of them on top."""
    chance = random.Random(seed)
    groups: list[dict[str, Any]] = [
        {"id": f"g{number:02}", "class": "family", "title": prose(chance, 2), "controls": []}
        for number in range(20)
    ]
    resources = [
        {"uuid": make_uuid(chance), "title": prose(chance, 4), "rlinks": [{"href": "x.pdf"}]}
        for _ in range(200)
    ]
    made = turn = 0
    while made < controls:
        group = groups[turn % len(groups)]
        turn += 1
        top = make_control(f"{group['id']}-{len(group['controls']) + 1}", chance, resources)
        made += 1
        for number in range(min(ENHANCEMENTS, controls - made)):
            top.setdefault("controls", []).append(
                make_control(f"{top['id']}.{number + 1}", chance, resources)
            )
            made += 1
        group["controls"].append(top)
    groups = [group for group in groups if group["controls"]]
    metadata = {
        "title": "A generated catalogue",
        "last-modified": "2026-01-01T00:00:00Z",
        "version": "1",
        "oscal-version": "1.2.1",
    }
    return {
        "catalog": {
            "uuid": make_uuid(chance),
            "metadata": metadata,
            "groups": groups,
            "back-matter": {"resources": resources},
        }
    }


def make_uuid(chance: random.Random) -> str:
    return str(UUID(int=chance.getrandbits(128), version=4))


def prose(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(WORDS.split(), k=words)).capitalize()


def make_control(
    identity: str, chance: random.Random, resources: list[dict[str, Any]]
) -> dict[str, Any]:
    params = [f"{identity}_prm_{number}" for number in range(1, 5)]
    return {
        "id": identity,
        "class": "control",
        "title": prose(chance, 3),
        "params": [{"id": param, "label": prose(chance, 3)} for param in params],
        "props": [
            {"name": "label", "value": identity.upper()},
            {"name": "sort-id", "value": identity},
            {"name": "implementation-level", "value": "system"},
        ],
        "links": [
            {"href": f"#{chance.choice(resources)['uuid']}", "rel": "reference"} for _ in range(4)
        ],
        "parts": [
            {
                "id": f"{identity}_smt",
                "name": "statement",
                "prose": prose(chance, 10),
                "parts": list(make_items(f"{identity}_smt", params, chance)),
            },
            {"id": f"{identity}_gdn", "name": "guidance", "prose": prose(chance, 120)},
            {
                "id": f"{identity}_obj",
                "name": "assessment-objective",
                "parts": [
                    {
                        "id": f"{identity}_obj.{number}",
                        "name": "assessment-objective",
                        "props": [{"name": "label", "value": f"{identity}[{number}]"}],
                        "prose": prose(chance, 15),
                        "links": [{"href": f"#{identity}_smt", "rel": "assessment-for"}],
                    }
                    for number in range(6)
                ],
            },
        ],
    }


def make_items(above: str, params: list[str], chance: random.Random) -> Iterator[dict[str, Any]]:
    for number, param in enumerate(params):
        yield {
            "id": f"{above}.{number}",
            "name": "item",
            "props": [{"name": "label", "value": f"{number}."}],
            "prose": f"{prose(chance, 12)} {{{{ insert: param, {param} }}}}.",
        }


def measure(work: Callable[[], object], runs: int) -> float:
    """Return the median seconds of CPU."""
    seconds = []
    for _ in range(runs):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return statistics.median(seconds)


def compare(path: Path, schemas: Path | None, runs: int) -> None:
    """Print our reading beside what else reads the same file."""
    from cyberposture.exchange.foreign import read_foreign

    data = path.read_bytes()
    rows = {
        "cyberposture": measure(lambda: read_foreign("x.json", data), runs),
        "bare json.loads": measure(lambda: json.loads(data), runs),
    }
    if schemas is not None:
        rows["with the official schema"] = measure(
            lambda: read_foreign("x.json", data, schemas=schemas), runs
        )
    if PEER.exists():
        command = [str(PEER), "-c", PEER_LOAD, str(path)]
        rows["compliance-trestle, load alone"] = statistics.median(
            float(subprocess.run(command, check=True, capture_output=True).stdout)
            for _ in range(runs)
        )
    print(f"{len(read_foreign('x.json', data).controls)} controls, {len(data) / 1e6:.1f} MB")
    print(f"{'':32}{'ratio':>8}{'seconds':>10}")
    for name, seconds in rows.items():
        print(f"{name:32}{seconds / rows['cyberposture']:8.2f}{seconds:10.3f}")
    if not PEER.exists():
        print("compliance-trestle is not installed: make conformance")


def grow(controls: int, runs: int) -> None:
    """Print how time grows over three sizes."""
    from cyberposture.exchange.foreign import read_foreign

    sizes = (controls // 16, controls // 4, controls)
    seconds = []
    for size in sizes:
        data = json.dumps(make_catalogue(size), indent=2).encode()
        seconds.append(measure(lambda data=data: read_foreign("x.json", data), runs))
        print(f"{size:8} controls {seconds[-1]:8.3f} s")
    exponent = math.log(seconds[-1] / seconds[0]) / math.log(sizes[-1] / sizes[0])
    print(f"time grows with the number of controls to the power of {exponent:.2f}")


def main() -> None:
    """Write the file, measure, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--controls", type=int, default=1189)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--schemas", type=Path, default=None)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalogue.json"
        path.write_text(json.dumps(make_catalogue(given.controls), indent=2))
        compare(path, given.schemas, given.runs)
    grow(given.controls, given.runs)


if __name__ == "__main__":
    sys.exit(main())
