"""What each kind of schedule row does: one service call, on behalf of the schedule."""

from pathlib import Path

from cyberposture.runtime import Runtime
from cyberposture.services import report, scan, score
from cyberposture.services.schedules import Schedule
from cyberposture.worker.schedule import Work


def _institution(row: Schedule) -> str:
    return row.institution or str(row.arguments.get("institution", ""))


def run_scan(runtime: Runtime, row: Schedule) -> None:
    """Scan the row's institution, from the vantage that the row names."""
    request = scan.Request(_institution(row), kind="scheduled", reason=f"schedule {row.code}")
    scanner = scan.from_vantage(runtime.scanner, row.arguments.get("vantage"))
    scan.run_scan(runtime.acting_as(f"schedule:{row.code}").register, scanner, request)


def run_score(runtime: Runtime, row: Schedule) -> None:
    """Compute and keep the live score of the row's institution."""
    score.score_live(runtime.acting_as(f"schedule:{row.code}").register, _institution(row))


def run_report(runtime: Runtime, row: Schedule) -> None:
    """Write the report that the row names to its place."""
    report.write_report(
        runtime.acting_as(f"schedule:{row.code}").register,
        runtime.folders,
        str(row.arguments["report"]),
        str(row.arguments["audience"]),
        Path(str(row.arguments["out"])),
        institution=row.institution,
        round_code=row.arguments.get("round"),
    )


WORKS: dict[str, Work] = {"scan": run_scan, "score": run_score, "report": run_report}
"""What to do, by kind of row."""
