"""What a set of reports costs: whole, with one institution changed, and with nothing changed.

    python benchmarks/bench_report_set.py [--sizes 30,100,300] [--languages en]

A register of invented institutions with final scores is laid in a folder of its own, on SQLite; the
CERT's set holds the nation, every sector and every institution. Processor time does not depend on
what else the machine does, times do. The exponent says how cost grows with the size: 1 is linear.
Memory is the most that the program held while it made the set, above what it held before.
"""

import argparse
import json
import math
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cyberposture.clock import utc_now
from cyberposture.model.institutions import Institution
from cyberposture.runtime import Runtime, lay_workspace, open_runtime
from cyberposture.services import setup
from cyberposture.services.assessments import assess, importing, rounds
from cyberposture.services.institutions import entries, life
from cyberposture.services.reports.sets.making import SetMade, write_set
from cyberposture.services.reports.sets.plan import LANGUAGES, SetWanted
from cyberposture.services.scores import score
from cyberposture.settings import Settings

ROUND = "bench"
SECTORS = ("government", "power", "water", "finance", "health")


@dataclass(frozen=True)
class Cost:
    """What one run cost."""

    seconds: float
    cpu_s: float
    made: SetMade


def furnish(folder: Path, count: int) -> Runtime:
    """Return the runtime over a register in which so many institutions have final scores."""
    settings = Settings(workspace=folder)
    lay_workspace(settings)
    runtime = open_runtime(settings, "bench")
    register = runtime.register
    setup.adopt_content(register)
    setup.confirm_empty_deny_list(register)
    rounds.open_round(register, ROUND, "Bench", utc_now() + timedelta(days=30))
    asked = [c.id for c in register.content.catalogue.selected("A") if c.evidence_mode != "N"]
    sheets = [_sheet(folder, asked, shift) for shift in range(4)]
    known = {sector.id for sector in register.content.catalogue.framework.sectors}
    sectors = [sector for sector in SECTORS if sector in known]
    for number in range(count):
        code = f"office-{number}"
        entries.add_institution(
            register,
            Institution(code=code, name=f"Office {number} (invented)", tier="A",
                        sectors=(sectors[number % len(sectors)],), features=("web",),
                        contacts=("Porter",)),
        )  # fmt: skip
        assess.open_assessment(register, code, ROUND)
        importing.import_answers(register, sheets[number % len(sheets)], code, ROUND)
        score.finalise(register, code, ROUND)
    return runtime


def _sheet(folder: Path, asked: list[str], shift: int) -> Path:
    path = folder.parent / f"answers-{shift}.yaml"
    rows = [
        {"control": control, "level": (shift + place) % 3, "reason": "As written."}
        for place, control in enumerate(asked)
    ]
    path.write_text(json.dumps({"answers": rows}, indent=1))
    return path


def timed(make: Callable[[], SetMade]) -> Cost:
    """Return what a run cost."""
    began, cpu = time.perf_counter(), time.process_time()
    made = make()
    return Cost(time.perf_counter() - began, time.process_time() - cpu, made)


def held_mb() -> float:
    """Return the most that this program held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(count: int, languages: tuple[str, ...]) -> tuple[Cost, Cost, Cost, float]:
    """Return what the whole set, one change and no change cost, and the memory of the whole."""
    with tempfile.TemporaryDirectory() as folder:
        runtime = furnish(Path(folder) / "workspace", count)
        out = Path(folder) / "set"
        spoken = tuple(one for one in LANGUAGES if one in languages)
        wanted = SetWanted("cert", ROUND, languages=spoken, with_pdf=False)
        before = held_mb()

        def make() -> SetMade:
            return write_set(runtime.register, runtime.folders, wanted, out)

        whole = timed(make)
        memory = held_mb() - before
        nothing = timed(make)
        life.change_institution(runtime.register, "office-1", {"name": "Office One (invented)"})
        one = timed(make)
        runtime.close()
    return whole, one, nothing, memory


def main() -> None:
    """Measure each size and print figures, ratios and exponents."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", default="30,100,300", help="institutions")
    parser.add_argument("--languages", default="en,ur")
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",")]
    found = []
    for size in sizes:
        whole, one, nothing, memory = measure(size, tuple(given.languages.split(",")))
        found.append((size, whole, one, nothing))
        print(
            f"{size} institutions, {whole.made.files} files: whole {whole.cpu_s:.1f} s of "
            f"processor time ({whole.seconds:.1f} s), {whole.made.rendered} rendered; one changed "
            f"{one.cpu_s:.2f} s ({whole.cpu_s / one.cpu_s:.0f} times less), "
            f"{one.made.rendered} rendered; nothing changed {nothing.cpu_s:.2f} s "
            f"({whole.cpu_s / nothing.cpu_s:.0f} times less), {nothing.made.rendered} rendered; "
            f"{memory:.0f} MB above the beginning",
            flush=True,
        )
    if len(found) > 1:
        (small, *before), (large, *after) = found[0], found[-1]
        for name, first, last in zip(
            ("whole", "one changed", "nothing changed"), before, after, strict=True
        ):
            exponent = math.log(last.cpu_s / first.cpu_s) / math.log(large / small)
            print(f"{name}: grows with the size to the power of {exponent:.2f}")


if __name__ == "__main__":
    main()
