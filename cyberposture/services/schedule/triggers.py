"""What the text of a schedule row means: when it fires, in the row's own zone."""

from datetime import UTC, datetime

from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from cyberposture.errors import WrongUsage


def trigger_of(code: str, kind: str, spec: str, zone: str) -> BaseTrigger:
    """Return the trigger that a row describes, in the row's own zone.

    Raises:
        WrongUsage: the row's text is no such trigger.
    """
    try:
        match kind:
            case "cron":
                return CronTrigger.from_crontab(spec, timezone=zone)
            case "interval":
                return IntervalTrigger(seconds=_seconds(spec), timezone=zone)
            case "date":
                return DateTrigger(datetime.fromisoformat(spec), timezone=zone)
            case other:
                raise WrongUsage(f"no trigger of kind {other!r}: cron, interval or date")
    except (ValueError, KeyError, OverflowError) as error:
        raise WrongUsage(f"schedule {code}: {spec!r} in {zone!r} is no {kind}") from error


def _seconds(spec: str) -> int:
    if int(spec) < 1:
        raise ValueError("an interval is at least a second long")
    return int(spec)


def next_run_of(code: str, kind: str, spec: str, zone: str, *, now: datetime) -> datetime | None:
    """Return when a trigger fires next, in UTC, or None where it never does again.

    Raises:
        WrongUsage: the text is no such trigger.
    """
    found = trigger_of(code, kind, spec, zone).get_next_fire_time(None, now)
    return found.astimezone(UTC) if found is not None else None
