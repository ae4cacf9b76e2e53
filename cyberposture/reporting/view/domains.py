"""The domains: one chart and its table, from the same figures."""

from dataclasses import dataclass

from cyberposture.reporting.charts import DomainChart, row_of, ticks_of
from cyberposture.reporting.plain import Text, percent
from cyberposture.reporting.view.frame import Difference, difference, shown
from cyberposture.reporting.view.material import Material
from cyberposture.scoring.points import rounded_ratio


@dataclass(frozen=True, slots=True)
class DomainRow:
    """One domain in figures."""

    id: str
    title: str
    verified: str | None
    declared: str | None
    claims_verified: str | None
    gap: Difference | None
    network: str | None
    """What only the network decides, by itself."""
    coverage: str | None
    closed_gates: tuple[str, ...]
    asked: int
    """How many of its controls apply."""


@dataclass(frozen=True, slots=True)
class Domains:
    """All domains, as a chart and as a table, with a sentence on what stands out."""

    n: int
    chart: DomainChart
    rows: tuple[DomainRow, ...]
    stands_out: Text | None


def domains_of(m: Material) -> Domains:
    """Return the domains in the order of the framework."""
    titles = {d.id: d.title for d in m.inputs.content.catalogue.framework.domains}
    order = {domain: place for place, domain in enumerate(titles)}
    scores = sorted(m.inputs.score.result.domains, key=lambda d: order.get(d.id, len(order)))
    rows, lines = [], []
    for score in scores:
        network = network_alone(m, score.id)
        gates = tuple(c for c in m.closed_gates if m.asked[c].domain == score.id)
        row = DomainRow(
            id=score.id,
            title=titles.get(score.id, score.id),
            verified=shown(score.verified),
            declared=shown(score.declared),
            claims_verified=shown(score.claims_verified),
            gap=difference(score.declared, score.claims_verified),
            network=shown(network),
            coverage=percent(score.coverage),
            closed_gates=gates,
            asked=sum(m.scores[c.id].applicable for c in m.asked.values() if c.domain == score.id),
        )
        rows.append(row)
        lines.append(
            row_of(
                row.id,
                row.title,
                declared=score.declared,
                claims=score.claims_verified,
                network=network,
                side=_side(m, gates),
                figures=_figures(m, row),
            )
        )
    stands_out = _stands_out(m, titles)
    chart = DomainChart(
        ticks=ticks_of(m.parameters),
        rows=tuple(lines),
        heads=tuple(
            m.words.say(f"head.{h}") for h in ("claims", "declared", "network", "coverage")
        ),
        description=str(stands_out or m.words.say("domains.all-in-table")),
    )
    return Domains(len(rows), chart, tuple(rows), stands_out)


def _figures(m: Material, row: DomainRow) -> tuple[str, ...]:
    """Return what stands beside a domain's line, in the order of the chart's heads."""
    share = row.coverage
    covered = "–" if share is None else str(m.words.say("frame.percent", share=share))
    return (row.claims_verified or "–", row.declared or "–", row.network or "–", covered)


def network_alone(m: Material, domain: str) -> int | None:
    """Return the weighted mean of what only the network decides in a domain, in basis points."""
    total = weights = 0
    for control in m.asked.values():
        points = m.scores[control.id].verified
        if control.domain == domain and control.evidence == "N" and points is not None:
            total += control.weight * points
            weights += control.weight
    return rounded_ratio(total, weights)


def _side(m: Material, gates: tuple[str, ...]) -> str:
    if not gates:
        return ""
    return m.words.say("domains.gates", gate=gates[0], n=len(gates))


def _stands_out(m: Material, titles: dict[str, str]) -> Text | None:
    """Return the domain where least of the claim is borne out, in words; None where none is."""
    gaps = [
        (d.declared - d.claims_verified, d)
        for d in m.inputs.score.result.domains
        if d.declared is not None and d.claims_verified is not None
    ]
    gap, widest = max(gaps, key=lambda pair: pair[0], default=(0, None))
    if widest is None or gap < 10:
        return None
    return m.words.say(
        "domains.stands-out",
        domain=titles.get(widest.id, widest.id),
        declared=shown(widest.declared),
        verified=shown(widest.claims_verified),
    )
