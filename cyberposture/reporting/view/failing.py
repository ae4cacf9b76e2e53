"""Where checks fail now, over many institutions: the gravest first, said as what is wrong."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cyberposture.model.checks import Severity
from cyberposture.reporting.failures import say_failure
from cyberposture.reporting.plain import Text, given
from cyberposture.reporting.view.groups import Nation

_SEVERITIES: Final[tuple[Severity, ...]] = ("critical", "high", "medium", "low")


@dataclass(frozen=True, slots=True)
class ExposureRow:
    """One check that fails somewhere."""

    title: str
    check: str
    severity: str
    severity_word: str
    institutions: Text
    before: Text | None
    """At how many it failed in the last round; None where that is not known."""
    endpoints: str
    where: tuple[tuple[str, Text], ...]
    """At which institutions, by code and name, for those who may read names."""


def exposure_of(n: Nation) -> tuple[ExposureRow, ...]:
    """Return the checks that fail now, the gravest first, then at most institutions."""
    asked = len(n.inputs.rows)
    checks = {check.id: check for check in n.inputs.content.checks.checks}

    def place(check: str, at: int) -> tuple[int, int, str]:
        # What may not be told is not told by its place in the list either.
        grave = _SEVERITIES.index(checks[check].severity) if check in checks else len(_SEVERITIES)
        return grave, 0 if n.lens.hides(at, asked) else -at, check

    rows = []
    for failure in sorted(n.inputs.failures, key=lambda f: place(f.check, len(f.institutions))):
        at = len(failure.institutions)
        if not at:
            continue
        check = checks.get(failure.check)
        severity = check.severity if check else _SEVERITIES[-1]
        earlier = failure.previous_institutions
        rows.append(
            ExposureRow(
                # Said of all failures alike: a plural would tell the public what its number hides.
                title=say_failure(n.words, n.inputs.content, check, None)
                if check
                else failure.check,
                check=failure.check,
                severity=severity,
                severity_word=n.words.say(f"severity.{severity}"),
                institutions=n.count(at, asked),
                before=None if earlier is None else n.count(earlier, asked),
                endpoints="–" if n.lens.hides(at, asked) else str(failure.endpoints),
                where=_where(n, failure.institutions),
            )
        )
    return tuple(rows)


def _where(n: Nation, codes: Iterable[str]) -> tuple[tuple[str, Text], ...]:
    if not n.lens.shows("institutions"):
        return ()
    names = n.names
    return tuple((code, given(names[code])) for code in codes if code in names)
