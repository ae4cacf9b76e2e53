"""The sample of what is exposed: findings in the open, weeks, and who was looked at."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from cyberposture.reporting.exposure_inputs import (
    ExposureInputs,
    LookedAt,
    Software,
    Sort,
    StandingFinding,
    Week,
)
from cyberposture.reporting.samples.contents import content
from cyberposture.reporting.samples.institution import SEEN, a_head
from cyberposture.reporting.samples.scores import AS_OF

SORTS: tuple[Sort, ...] = ("late", "open", "aside")


def a_standing(number: int) -> StandingFinding:
    """Return one failure that the network shows; all of it depends on the number alone."""
    checks = content().checks.checks
    check, sort = checks[number % len(checks)], SORTS[number % 3]
    opened = AS_OF - timedelta(days=number % 90 + 1)
    return StandingFinding(
        institution=f"power-{number % 7}",
        code=f"F-2026-{number:05}",
        check=check.id,
        address=f"127.40.{number // 200 % 256}.{number % 200 + 1}",
        protocol="tcp",
        port=None if number % 5 == 4 else 1 + number % 60_000,
        severity=check.severity,
        state="open" if sort != "aside" else "disputed",
        sort=sort,
        first_seen=opened,
        opened_at=opened,
        last_seen=SEEN,
        due=opened + timedelta(days=14) if number % 11 else None,
        is_potential=number % 9 == 8,
        is_exploited=number % 6 == 5,
    )


def an_exposure(size: int = 40, **change: Any) -> ExposureInputs:
    """Return what is visible, with `size` failures at seven institutions."""
    codes = tuple(f"power-{number}" for number in range(7))
    usual = ExposureInputs(
        content=content(),
        as_of=AS_OF,
        zone="Asia/Karachi",
        audit_head=replace(a_head(), chain="system"),
        institution=None,
        names=tuple((code, f"Saffron Coast {code} (fictional)") for code in codes),
        findings=tuple(a_standing(number) for number in range(size)),
        weeks=tuple(
            Week(AS_OF - timedelta(weeks=12 - week), 9 - week % 4, 20 + week, 3, week % 5, 1, 4)
            for week in range(12)
        ),
        looks=tuple(
            LookedAt(code, 12, 9, 1, 1, 1, SEEN if place else None)
            for place, code in enumerate(codes)
        ),
        software=tuple(
            Software(f"ExampleHTTP {place}.4", codes[: place + 1], 3 * place + 1, place, 2, 1)
            for place in range(5)
        ),
        age_days=90,
        authorised=7,
    )
    return replace(usual, **change)


def an_empty_exposure() -> ExposureInputs:
    """Return a network on which nothing was seen."""
    return an_exposure(0, names=(), weeks=(), looks=(), software=(), authorised=0)
