"""From a check's verdict back to the raw file and to the letter that allowed the look."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from cyberposture.reporting.inputs import EndpointVerdict, HeldAuthorisation
from cyberposture.reporting.plain import Text, clean
from cyberposture.reporting.view.material import Material

ROWS_OF_ALL, ROWS_AT_LEAST, ROWS_AT_MOST = 240, 2, 12
"""How many verdicts are listed in all and of one check: failures first, the rest is counted."""
_ORDER = ("fail", "inconclusive", "pass", "not-tested", "not-applicable")


class TraceRow(NamedTuple):
    """One verdict on one endpoint with where it comes from; a tuple, for there are hundreds."""

    endpoint: str
    verdict: str
    verdict_word: str
    says: str
    seen: str
    scan: str
    """Its code, with the number of the chunk."""
    sha256: str
    authorisation: str
    allowed_by: Text


@dataclass(frozen=True, slots=True)
class CheckSaw:
    """Everything that one check said of this institution."""

    check: str
    version: int
    title: str
    remedy: str
    rollup: str
    counts: tuple[Text, ...]
    rows: tuple[TraceRow, ...]
    more: int


@dataclass(frozen=True)
class Traces:
    """The verdicts of all checks, by check, made once and linked from every control."""

    m: Material

    @cached_property
    def by_check(self) -> dict[str, CheckSaw]:
        """Every check that judged something, in the order of their ids."""
        return {check: self._saw(check) for check in sorted(self.m.inputs.verdicts)}

    @cached_property
    def _authorisations(self) -> dict[str, HeldAuthorisation]:
        return {a.id: a for a in self.m.inputs.authorisations}

    @cached_property
    def _rows_of_a_check(self) -> int:
        share = ROWS_OF_ALL // max(1, len(self.m.inputs.verdicts))
        return min(ROWS_AT_MOST, max(ROWS_AT_LEAST, share))

    def _saw(self, check_id: str) -> CheckSaw:
        m = self.m
        found = m.inputs.verdicts[check_id]
        check = m.checks.get(check_id)
        ordered = sorted(found, key=lambda v: (_ORDER.index(v.verdict), v.address, v.port or 0))
        listed = ordered[: self._rows_of_a_check] if m.lens.shows("addresses") else []
        counts = [(v, sum(row.verdict == v for row in found)) for v in _ORDER]
        return CheckSaw(
            check=check_id,
            version=max((v.check_version for v in found), default=1),
            title=m.check_title(check_id),
            remedy=m.words.apart(check.remedy) if check else "",
            rollup=m.words.say(f"rollup.{check.rollup}") if check else "",
            counts=tuple(m.words.say(f"verdicts.{v}", n=n) for v, n in counts if n),
            rows=tuple(self._row(check_id, row) for row in listed),
            more=len(found) - len(listed),
        )

    def _row(self, check_id: str, v: EndpointVerdict) -> TraceRow:
        m = self.m
        scan = clean(v.scan, 64)
        if v.chunk is not None:
            scan = m.words.say("trace.chunk", scan=scan, chunk=v.chunk)
        return TraceRow(
            endpoint=m.endpoint(v.address, v.protocol, v.port),
            verdict=v.verdict,
            verdict_word=m.words.say(f"verdict.{v.verdict}"),
            says=m.seen(check_id, v.verdict, v.says, 140),
            seen=m.minute(v.observed_at),
            scan=scan,
            sha256=clean(v.artefact_sha256 or "", 64),
            authorisation=clean(v.authorisation or "", 64),
            allowed_by=self._allowed(v.authorisation),
        )

    def _allowed(self, authorisation: str | None) -> Text:
        """Return who allowed the look, as far as the audience may know."""
        words, held = self.m.words, self._authorisations.get(authorisation or "")
        if authorisation is None:
            return words.say("trace.no-authorisation")
        shown = clean(authorisation, 64)
        if held is None or not self.m.lens.shows("people"):
            return words.say("trace.allowed", id=shown)
        return words.say(
            "trace.allowed-by",
            id=shown,
            signatory=self.m.lens.show("people", held.signatory),
            role=self.m.lens.show("people", held.signatory_role),
            end=self.m.day(held.valid_until),
            load=held.load,
        )
