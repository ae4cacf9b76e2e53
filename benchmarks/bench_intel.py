"""How fast a table of flaws is taken in and asked, and in how much memory, beside plain JSON.

    python benchmarks/bench_intel.py [--flaws 300000]

The file is generated with a seed, in the form of the NVD. Each measurement has a process of its
own, so that neither memory nor garbage of one weighs on the next; the ratios are to `json.load`.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cyberposture.exchange.intel.opened import opened
from cyberposture.exchange.intel.rows import Told
from cyberposture.exchange.intel.tables import read_rows
from cyberposture.model.intel import Bundle
from cyberposture.services.intel import taking_in as intel_import
from cyberposture.store import bundles
from cyberposture.store.acts import Act
from cyberposture.store.database import open_database

HEAD = (
    '{{"resultsPerPage":{n},"startIndex":0,"totalResults":{n},"format":"NVD_CVE","version":"2.0",'
    '"timestamp":"2026-11-18T00:00:00.000","vulnerabilities":['
)
ASKED = 2_000


def write_table(path: Path, flaws: int, seed: int = 7) -> None:
    """Write a table of so many flaws, each with one to six ranges, and text that is passed over."""
    chance = random.Random(seed)
    with path.open("w") as out:
        out.write(HEAD.format(n=flaws))
        for number in range(flaws):
            criteria = f"cpe:2.3:a:vendor_{number % 5000}:product_{number % 20000}" + ":*" * 8
            matches = []
            for _ in range(chance.choice([1, 1, 2, 3, 6])):
                major, minor = chance.randint(1, 9), chance.randint(1, 40)
                matches.append(
                    {
                        "vulnerable": True,
                        "criteria": criteria,
                        "versionStartIncluding": f"{major}.0",
                        "versionEndExcluding": f"{major}.{minor}",
                    }
                )
            cve = {
                "id": f"CVE-{1999 + number % 27}-{10_000 + number}",
                "vulnStatus": "Analyzed",
                "descriptions": [{"lang": "en", "value": "words " * 60}],
                "references": [{"url": f"https://example.org/{number}", "source": "x"}] * 3,
                "configurations": [
                    {"nodes": [{"operator": "OR", "negate": False, "cpeMatch": matches}]}
                ],
            }
            out.write(("," if number else "") + json.dumps({"cve": cve}))
        out.write("]}")


def load_plainly(path: Path) -> int:
    """Return how many flaws plain JSON holds, all of it in memory."""
    with path.open() as stream:
        return len(json.load(stream)["vulnerabilities"])


def read_ours(path: Path) -> int:
    """Return how many flaws our reader yields, checking each of them."""
    with opened(path) as source:
        return sum(1 for _ in read_rows("nvd", source, Told(), is_json=True))


def take_in(path: Path) -> int:
    """Return how many flaws are in a register after they were read, checked and written."""
    database = open_database(f"sqlite:///{path.with_suffix('.sqlite')}")
    database.migrate()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as spool:
        reading = intel_import._Reading("nvd", spool, intel_import.no_progress)
        reading.take(path)
        bundle: Bundle = reading.bundle(None, 14)
        began = time.perf_counter()
        with database.transaction() as connection:
            act = Act("benchmark", "", bundle.as_of)
            record = bundles.insert_bundle(connection, bundle, act)
            intel_import._write(connection, "nvd", record.number, spool)
        print(f"  of that the register was held {time.perf_counter() - began:.1f} s")
    began = time.perf_counter()
    with database.reading() as connection:
        for number in range(ASKED):
            key = (f"vendor_{number % 5000}", f"product_{number % 20000}")
            assert bundles.list_flaws(connection, record.number, [key])
    each_us = (time.perf_counter() - began) / ASKED * 1e6
    print(f"  then one product asked about: {each_us:.0f} µs")
    database.close()
    return bundle.rows


MEASURED: dict[str, Callable[[Path], int]] = {
    "json.load": load_plainly,
    "read and checked": read_ours,
    "taken in": take_in,
}


def main() -> None:
    """Print seconds, ratio and peak memory of each way."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--flaws", type=int, default=300_000)
    parser.add_argument("--one", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        began = time.perf_counter()
        count = MEASURED[given.one[0]](Path(given.one[1]))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"RESULT {time.perf_counter() - began} {peak} {count}")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "nvd.json"
        write_table(path, given.flaws)
        print(f"{given.flaws} flaws, {path.stat().st_size / 1e6:.0f} MB")
        plain = 0.0
        for way in MEASURED:
            command = [sys.executable, __file__, "--one", way, str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            *said, last = done.stdout.splitlines()
            _, seconds, peak, count = last.split()
            plain = plain or float(seconds)
            ratio = float(seconds) / plain
            print(f"{way}: {float(seconds):.1f} s, {ratio:.1f} x, {peak} MiB, {count} flaws")
            print("\n".join(said), end="\n" if said else "")


if __name__ == "__main__":
    main()
