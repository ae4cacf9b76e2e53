"""The sample of one sector, out of the sample of the nation."""

from dataclasses import replace

from cyberposture.reporting.samples.nation import a_nation
from cyberposture.reporting.samples.scores import AS_OF
from cyberposture.reporting.sector_inputs import OpenContradiction, PastRound, SectorInputs

SECTOR = "power"


def a_sector(size: int = 60) -> SectorInputs:
    """Return a sector of a nation of `size` institutions, with its rounds before this one."""
    nation = a_nation(size)
    own = [row for row in nation.rows if row.sector == SECTOR]
    past = tuple(
        PastRound(
            f"2025-h{number}", f"round 2025-H{number} (fictional)",
            {row.code: (5_000 + 400 * number, 4_000 + 400 * number) for row in own[:-1]},
        )
        for number in (1, 2)
    )  # fmt: skip
    contradictions = tuple(
        OpenContradiction(row.code, "IAM-09", "lab.ssh-not-on-the-internet") for row in own[::2]
    )
    return SectorInputs(nation, SECTOR, is_whole=True, past=past, contradictions=contradictions)


def of_the_sector_alone(inputs: SectorInputs) -> SectorInputs:
    """Return what readers are given who may be told of small groups: no other sector."""
    rows = tuple(row for row in inputs.nation.rows if row.sector == inputs.sector)
    codes = {row.code for row in rows}
    used = tuple(one for one in inputs.nation.dependencies if one.institution in codes)
    nation = replace(inputs.nation, rows=rows, dependencies=used, as_of=AS_OF)
    return replace(inputs, nation=nation, is_whole=False)
