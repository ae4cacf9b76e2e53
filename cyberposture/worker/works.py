"""What each kind of schedule row does: one service call, on behalf of the schedule."""

from pathlib import Path

from cyberposture.runtime import Runtime
from cyberposture.services import finding_acts, report, scan, scan_views, score, urgent
from cyberposture.services.schedules import Schedule
from cyberposture.worker.schedule import Work


def _institution(row: Schedule) -> str:
    return row.institution or str(row.arguments.get("institution", ""))


def run_scan(runtime: Runtime, row: Schedule) -> None:
    """Scan the row's institution, from the vantage that the row names.

    Where the process died in the midst of such a scan, that one is brought to its end instead.
    """
    register = runtime.acting_as(f"schedule:{row.code}").register
    scanner = scan.from_vantage(runtime.scanner, row.arguments.get("vantage"))
    lost = scan_views.find_lost(register, _institution(row), scanner.vantage)
    if lost is not None:
        scan.resume_scan(register, scanner, lost)
        return
    request = scan.Request(_institution(row), kind="scheduled", reason=f"schedule {row.code}")
    scan.run_scan(register, scanner, request)


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


def run_urgent(runtime: Runtime, row: Schedule) -> None:
    """Bring back what was set aside for a time that is over, and announce what cannot wait."""
    register = runtime.acting_as(f"schedule:{row.code}").register
    finding_acts.end_marks(register)
    urgent.announce_urgent(register, runtime.folders.reports, runtime.settings.duty_telephone)


WORKS: dict[str, Work] = {
    "scan": run_scan,
    "score": run_score,
    "report": run_report,
    "urgent": run_urgent,
}
"""What to do, by kind of row."""
