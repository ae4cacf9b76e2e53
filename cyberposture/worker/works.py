"""What each kind of schedule row does: one service call, on behalf of the schedule."""

from datetime import timedelta
from pathlib import Path

import structlog

from cyberposture.errors import CyberpostureError, MissingService
from cyberposture.runtime import Runtime
from cyberposture.services.assessments import reminding
from cyberposture.services.findings import acts as finding_acts
from cyberposture.services.findings import urgent
from cyberposture.services.permission import expiry
from cyberposture.services.post import delivering
from cyberposture.services.reports import report
from cyberposture.services.reports.sets import making as sets
from cyberposture.services.reports.sets.plan import wanted_of
from cyberposture.services.reports.subjects import About
from cyberposture.services.review import telling
from cyberposture.services.scans import draining, scan, watch
from cyberposture.services.scans import views as scan_views
from cyberposture.services.schedule.schedules import Schedule
from cyberposture.services.scores import score
from cyberposture.worker.schedule import Work


def _institution(row: Schedule) -> str:
    return row.institution or str(row.arguments.get("institution", ""))


def _is_left(runtime: Runtime, vantage: str) -> bool:
    """Return whether a scan is only begun here: workers go on with it, or ours beside the clock."""
    return vantage in runtime.served or scan.is_left_to_others(runtime.register, vantage)


def run_scan(runtime: Runtime, row: Schedule) -> None:
    """Scan the row's institution, from the vantage that the row names.

    Where the process died in the midst of such a scan, that one is brought to its end instead; if
    it is left to workers they do that, and one that still runs is not begun a second time.
    """
    register = runtime.acting_as(f"schedule:{row.code}").register
    scanner = scan.from_vantage(runtime.scanner, row.arguments.get("vantage"))
    running = scan_views.find_running(register, _institution(row), scanner.vantage)
    is_left = _is_left(runtime, scanner.vantage)
    if is_left and running is not None:
        return
    lost = scan_views.find_lost(register, _institution(row), scanner.vantage)
    if lost is not None and not is_left:
        scan.resume_scan(register, scanner, lost)
        return
    request = scan.Request(_institution(row), kind="scheduled", reason=f"schedule {row.code}")
    (scan.begin_scan if is_left else scan.run_scan)(register, scanner, request)


def drain_due(runtime: Runtime, row: Schedule) -> None:
    """Look at what is due by now, from the vantage that the row names, each institution in turn.

    Arguments: `at_once` batches, `minutes` for which new ones are begun, and whether they are
    `handed_on` to workers; without it, they are wherever scans are left to workers.
    """
    register = runtime.acting_as(f"schedule:{row.code}").register
    scanner = scan.from_vantage(runtime.scanner, row.arguments.get("vantage"))
    is_left = _is_left(runtime, scanner.vantage)
    pace = draining.Pace(
        at_once=int(row.arguments.get("at_once", draining.HANDED_ON if is_left else 2)),
        lasting=timedelta(minutes=int(row.arguments.get("minutes", 10))),
        is_handed_on=row.arguments.get("handed_on", is_left) is True,
    )
    draining.drain(register, scanner, pace, last=row.last_run)


def take_up_lost(runtime: Runtime) -> None:
    """Bring scans to their end whose process died; where workers do them, they do that too."""
    register = runtime.acting_as("clock").register
    if register.database.has_queue:
        return
    for one in scan_views.list_lost(register):
        if _is_left(runtime, one.record.vantage):
            continue
        scanner = scan.from_vantage(runtime.scanner, one.record.vantage)
        try:
            scan.resume_scan(register, scanner, one.record.code)
        except CyberpostureError as error:
            problem = structlog.get_logger("clock")
            problem.error("a lost scan cannot go on", scan=one.record.code, problem=str(error))


def run_score(runtime: Runtime, row: Schedule) -> None:
    """Compute and keep the live score of the row's institution."""
    score.score_live(runtime.acting_as(f"schedule:{row.code}").register, _institution(row))


def run_report(runtime: Runtime, row: Schedule) -> None:
    """Write the report that the row names, or the set of reports, to its place."""
    register = runtime.acting_as(f"schedule:{row.code}").register
    given, out = row.arguments, Path(str(row.arguments["out"]))
    audience, campaign = str(given["audience"]), given.get("round")
    if given["report"] == "set":
        wanted = wanted_of(
            audience, campaign, row.institution, given.get("sector"),
            language=str(given.get("language", "both")), with_pdf=bool(given.get("pdf", True)),
        )  # fmt: skip
        sets.write_set(register, runtime.folders, wanted, out)
        return
    report.write_report(
        register,
        runtime.folders,
        str(given["report"]),
        audience,
        About(institution=row.institution, round_code=campaign),
        out=out,
    )


def run_urgent(runtime: Runtime, row: Schedule) -> None:
    """Bring back what was set aside for a time that is over, and announce what cannot wait."""
    register = runtime.acting_as(f"schedule:{row.code}").register
    finding_acts.end_marks(register)
    urgent.announce_urgent(register, runtime.folders.reports, runtime.settings.duty_telephone)


def run_watch(runtime: Runtime, row: Schedule) -> None:
    """Look at ourselves, and tell each alarm once."""
    register = runtime.acting_as(f"schedule:{row.code}").register
    watch.report_alarms(register, runtime.heads_file, runtime.folders.reports)


def run_expiry(runtime: Runtime, row: Schedule) -> None:
    """Write the notices of authorisations that end soon, each once."""
    expiry.announce_endings(
        runtime.acting_as(f"schedule:{row.code}").register,
        runtime.folders.reports,
        runtime.settings.duty_telephone,
    )


def run_remind(runtime: Runtime, row: Schedule) -> None:
    """Write the reminders of what is due in a round, each once."""
    register = runtime.acting_as(f"schedule:{row.code}").register
    reminding.remind(register, runtime.folders.reports, runtime.settings.portal_url)


def run_news(runtime: Runtime, row: Schedule) -> None:
    """Write the notices of what the CERT answered, decided and released, each once."""
    register = runtime.acting_as(f"schedule:{row.code}").register
    telling.tell_news(register, runtime.folders.reports, runtime.settings.portal_url)


def run_deliver(runtime: Runtime, row: Schedule) -> None:
    """Hand over what is queued: to the mail server where one is set, and to other programs.

    Raises:
        MissingService: the mail server does not serve; what it was to get waits.
    """
    register = runtime.acting_as(f"schedule:{row.code}").register
    told = delivering.deliver_hooks(register, runtime.hook_route)
    desk = runtime.find_desk()
    mailed = None if desk is None else delivering.deliver_mail(register, desk)
    problem = (mailed.problem if mailed is not None else "") or told.problem
    if problem:
        raise MissingService(problem)


WORKS: dict[str, Work] = {
    "scan": run_scan,
    "due": drain_due,
    "score": run_score,
    "report": run_report,
    "urgent": run_urgent,
    "expiry": run_expiry,
    "watch": run_watch,
    "remind": run_remind,
    "news": run_news,
    "deliver": run_deliver,
}
"""What to do, by kind of row."""
