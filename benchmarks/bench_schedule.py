"""A year of a nation under a test's clock: how fair the turns are, and how fresh the evidence.

    python benchmarks/bench_schedule.py [--institutions 2000] [--addresses 64] [--slots 40]

Nothing is sent and nobody sleeps: the pure rules of timing run over drawn answers, with windows in
zones that change their clocks, blackouts, a week in which the scanner is down, and a date at which
the evidence must be fresh. Three sizes are run with places in proportion, and the exponent says how
the cost grows. Then the store's own query is timed: the next batch out of so many due targets.
"""

import argparse
import math
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "unit" / "scanning"))

import sqlalchemy as sa
from simulated_nation import Nation, Story, percentile, simulate, too_late

from cyberposture.scanning.timing.intervals import DAY_US, HOUR_US, KNOTS_US, STEP
from cyberposture.store import due, tables, turns
from cyberposture.store.database import open_database

DOWN, FESTIVAL, DEADLINE = (120, 7), (200, 5), 300


def a_year(institutions: int, addresses: int, slots: int) -> tuple[float, Story]:
    """Return the processor time that a year took to simulate, and what came of it."""
    nation = Nation(
        institutions, addresses, 365, slots=slots, down=DOWN, festival=FESTIVAL,
        deadline_day=DEADLINE,
    )  # fmt: skip
    begun = time.process_time()
    story = simulate(nation)
    return time.process_time() - begun, story


def show_waits(story: Story) -> None:
    """Print how long looks of each priority waited, and how many waited too long."""
    print("  wait by priority, in hours: median, 95 of 100, 99 of 100, longest")
    for knot, interval in enumerate(KNOTS_US):
        waits = [one.wait_us for one in story.served if one.priority // STEP == knot]
        if waits:
            told = [percentile(waits, part) / HOUR_US for part in (50, 95, 99)]
            told.append(max(waits) / HOUR_US)
            print(f"    every {interval / HOUR_US:6.0f} h {len(waits):9} looks  "
                  + "  ".join(f"{one:7.1f}" for one in told))  # fmt: skip
    late = too_late(story, DOWN[1] * DAY_US)
    print(f"  waited longer than two intervals, a closed time and the downtime: {len(late)}")


def show_fairness(story: Story) -> None:
    """Print how the worst served institution compares with the best of its kind."""
    kinds: dict[str, dict[str, list[int]]] = {}
    for one in story.served:
        shape = len(story.offices[one.office].open)
        kind = "always" if shape < 10 else "nightly" if shape > 200 else "weekly"
        kinds.setdefault(kind, {}).setdefault(one.office, []).append(one.wait_us)
    print("  mean wait by institution, in hours: best, worst; and their share of fresh evidence")
    for kind, offices in sorted(kinds.items()):
        means = sorted(statistics.fmean(waits) / HOUR_US for waits in offices.values())
        fresh = sorted(statistics.fmean(story.fresh_of_office[code]) for code in offices)
        print(f"    {kind:8} {len(offices):5} institutions  wait {means[0]:6.2f} to "
              f"{means[-1]:6.2f}  fresh {fresh[-1]:.3f} to {fresh[0]:.3f}  "
              f"worst/best {fresh[0] / fresh[-1]:.3f}")  # fmt: skip


def show_freshness(story: Story) -> None:
    """Print the shares of hosts that answer whose evidence is fresh."""
    of_interval = [share for _, share, _ in story.fresh]
    of_age = [share for _, _, share in story.fresh]
    print(f"  younger than its interval: median {statistics.median(of_interval):.4f}, "
          f"least {min(of_interval):.4f}")  # fmt: skip
    print(f"  younger than its control allows: median {statistics.median(of_age):.4f}, "
          f"least {min(of_age):.4f}")  # fmt: skip
    print(f"  younger than 30 days at the deadline: {story.fresh_at_deadline:.4f}")


def fill(path: Path, institutions: int, targets: int) -> tuple[sa.URL, list[UUID]]:
    """Make a register with so many due targets in all, and return it."""
    url = f"sqlite:///{path}"
    database = open_database(url)
    database.migrate()
    now = datetime(2026, 11, 19, tzinfo=UTC)
    ids = [uuid4() for _ in range(institutions)]
    each = targets // institutions
    written = {"actor": "bench", "reason": "", "at": now}
    with database.transaction() as connection:
        connection.execute(
            sa.insert(tables.institutions),
            [{"id": one, "code": f"office-{n}", **written} for n, one in enumerate(ids)],
        )
        for number, one in enumerate(ids):
            rows = [
                {
                    "id": uuid4(), "institution_id": one, "target": f"10.{number}.{host}",
                    "technique": "posture", "vantage": "external", "priority": host * 7 % 500,
                    "due_at": now - timedelta(minutes=(host * 13 + number) % 9000), "rank": host,
                    "cycle": 1, "attempts": 0, "why": "the last look was clean",
                }
                for host in range(each)
            ]  # fmt: skip
            connection.execute(sa.insert(tables.due_targets), rows)
    database.close()
    return sa.make_url(url), ids


def next_batch_ms(institutions: int, targets: int, runs: int = 5) -> float:
    """Return the median processor time of finding whose turn it is, and its next batch."""
    now = datetime(2026, 11, 19, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder:
        url, _ = fill(Path(folder) / "register.sqlite", institutions, targets)
        database = open_database(url.render_as_string())
        times = []
        for _ in range(runs):
            with database.reading() as connection:
                begun = time.process_time()
                standing = turns.list_standing(connection, vantage="external", at=now, limit=200)
                first = standing[0][0].institution_id
                found = due.list_due(connection, first, at=now, vantage="external", limit=16)
                times.append(1000 * (time.process_time() - begun))
            if len(found) < 16:
                raise RuntimeError("the batch is not full")
        database.close()
    return statistics.median(times)


def exponent(sizes: list[int], costs: list[float]) -> float:
    """Return by which power of the size the cost grows, from the first to the last."""
    return math.log(costs[-1] / costs[0]) / math.log(sizes[-1] / sizes[0])


def main() -> None:
    """Run three sizes and print what came of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--institutions", type=int, default=2000)
    parser.add_argument("--addresses", type=int, default=64)
    parser.add_argument("--slots", type=int, default=40)
    parser.add_argument("--targets", type=int, default=1_000_000)
    given = parser.parse_args()
    sizes = [max(10, given.institutions // part) for part in (16, 4, 1)]
    took = []
    for size in sizes:
        slots = max(1, given.slots * size // given.institutions)
        elapsed, story = a_year(size, given.addresses, slots)
        took.append(elapsed)
        print(f"{size} institutions x {given.addresses} addresses, {slots} places, 365 days: "
              f"{len(story.served)} looks in {story.batches} batches, simulated in "
              f"{elapsed:.1f} s")  # fmt: skip
    print(f"  cost grows with the power {exponent(sizes, took):.2f} of the size")
    show_waits(story)
    show_fairness(story)
    show_freshness(story)
    counts = [given.targets // part for part in (16, 4, 1)]
    costs = [next_batch_ms(max(10, n // 200), n) for n in counts]
    for n, cost in zip(counts, costs, strict=True):
        print(f"next batch of {n} due targets of {max(10, n // 200)} institutions: "
              f"{cost:.1f} ms of a processor")  # fmt: skip
    print(f"  cost grows with the power {exponent(counts, costs):.2f} of the size")


if __name__ == "__main__":
    main()
