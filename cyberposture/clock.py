"""The one place that knows what time it is; everything else is handed a `Clock`.

It does not schedule anything: schedules live in `cyberposture.worker`.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from io import BytesIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Clock = Callable[[], datetime]
"""Returns the present moment, aware and in UTC."""


def utc_now() -> datetime:
    """Return the present moment in UTC, to the microsecond."""
    return datetime.now(UTC)


def to_iso(moment: datetime) -> str:
    """Return `moment` as ISO 8601 text in UTC with an explicit offset.

    Raises:
        ValueError: the moment carries no zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone cannot be written down")
    return moment.astimezone(UTC).isoformat()


def from_iso(text: str) -> datetime:
    """Return the aware moment that `text` names, in UTC.

    Raises:
        ValueError: the text is no ISO 8601 moment, or carries no zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no zone")
    return moment.astimezone(UTC)


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(files("tzdata").joinpath("zones").read_text().split())


@cache
def find_zone(name: str) -> ZoneInfo:
    """Return the IANA zone, out of the locked data of the program and never of the machine.

    Otherwise a logged decision could come out differently after an update of the machine.

    Raises:
        ZoneInfoNotFoundError: the data know no such zone.
    """
    return ZoneInfo.from_file(BytesIO(zone_data(name)), key=name)


def zone_data(name: str) -> bytes:
    """Return what the program knows of an IANA zone, as RFC 8536 writes it.

    Raises:
        ZoneInfoNotFoundError: the data know no such zone.
    """
    if name not in _zone_names():
        raise ZoneInfoNotFoundError(name)
    return files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
