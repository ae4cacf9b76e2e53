"""What is missing at each institution of a sector, by name: for those who may read names alone."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from cyberposture.reporting.inputs import InstitutionRow
from cyberposture.reporting.plain import Text, given, percent
from cyberposture.reporting.sector_inputs import OpenContradiction
from cyberposture.reporting.view.failing import ExposureRow
from cyberposture.reporting.view.frame import Band, band_of
from cyberposture.reporting.view.groups import Nation, closed_gates
from cyberposture.reporting.view.sector_gaps import claims_the_whole


@dataclass(frozen=True, slots=True)
class Each:
    """One institution: what it claims, which gates are closed, what fails, what is contradicted."""

    code: str
    name: Text
    band: Band | None
    """None: it has not answered."""
    says: tuple[Text, ...]
    gates: tuple[tuple[str, str], ...]
    """Control and title."""
    failures: tuple[ExposureRow, ...]
    contradicted: tuple[tuple[str, str], ...]
    """Control and title of each claim that the network contradicts."""


def each_of(
    n: Nation, exposure: Iterable[ExposureRow], held: Iterable[OpenContradiction]
) -> tuple[Each, ...]:
    """Return every institution by name; none where names may not be seen."""
    if not n.lens.shows("institutions"):
        return ()
    failing: defaultdict[str, list[ExposureRow]] = defaultdict(list)
    for row in exposure:
        for code, _ in row.where:
            failing[code].append(row)
    against: defaultdict[str, set[str]] = defaultdict(set)
    for one in held:
        against[one.institution].add(one.control)
    return tuple(
        Each(
            code=row.code,
            name=given(row.name),
            band=None
            if row.result is None
            else band_of(n.words, n.inputs.parameters, row.result.institution.band),
            says=tuple(_says(n, row, len(against[row.code]))),
            gates=_titled(n, closed_gates(row)),
            failures=tuple(failing[row.code]),
            contradicted=_titled(n, sorted(against[row.code])),
        )
        for row in sorted(n.inputs.rows, key=lambda r: (r.name, r.code))
    )


def _titled(n: Nation, controls: Iterable[str]) -> tuple[tuple[str, str], ...]:
    find = n.inputs.content.catalogue.find
    return tuple((one, found.title if (found := find(one)) else one) for one in controls)


def _says(n: Nation, row: InstitutionRow, contradicted: int) -> Iterable[Text]:
    if row.result is None:
        yield n.words.say("each.not-answered")
        return
    whole = row.result.institution
    if whole.band is None and whole.coverage is not None:
        floor = percent(n.inputs.parameters.coverage_floor)
        yield n.words.say("each.no-band", share=percent(whole.coverage), floor=floor)
    claimed = sum(claims_the_whole(one) for one in row.result.controls)
    yield n.words.say("each.claims", n=claimed, against=contradicted)
