"""How one institution moved from round to round: what it declared, and what was borne out."""

from dataclasses import dataclass

from cyberposture.reporting.charts import Panel, panel_of
from cyberposture.reporting.own_rounds import OwnRound
from cyberposture.reporting.plain import Text, clean, given
from cyberposture.reporting.view.frame import Band, band_of, shown
from cyberposture.reporting.view.material import Material
from cyberposture.reporting.view.trend import CODE


@dataclass(frozen=True, slots=True)
class OwnRoundRow:
    """One round in figures."""

    title: Text
    declared: str
    claims: str
    verified: str
    band: Band
    has_other_rules: bool


@dataclass(frozen=True, slots=True)
class OwnRounds:
    """The institution's rounds, the oldest first."""

    says: Text
    chart: Panel
    rows: tuple[OwnRoundRow, ...]


def own_rounds_of(m: Material) -> OwnRounds | None:
    """Return how the institution moved; None without a second round of which enough is known.

    The public is told of no round but the one that the report is about: that an institution agreed
    to be named later would open what an earlier report hid.
    """
    if m.lens.audience == "public":
        return None
    whole = m.inputs.score.result.institution
    live = str(m.words.say("score-kind.live-short"))
    now = OwnRound(
        code=m.inputs.round_code or live,
        title=m.inputs.score.title or live,
        rules=m.inputs.content.edition.rules,
        declared=whole.declared,
        claims=whole.claims_verified,
        verified=whole.verified,
        band=whole.band,
    )
    rounds = (*m.inputs.past, now)
    known = [one for one in rounds if one.band is not None]
    chart = panel_of(
        m.parameters,
        [(clean(one.code, CODE), one.declared, one.claims) for one in known],
        str(m.words.say("rounds.description", n=len(known))),
    )
    if chart is None:
        return None
    rows = tuple(
        OwnRoundRow(
            title=given(one.title or one.code),
            declared=shown(one.declared) or "–",
            claims=shown(one.claims) or "–",
            verified=shown(one.verified) or "–",
            band=band_of(m.words, m.parameters, one.band),
            has_other_rules=one.rules != now.rules,
        )
        for one in rounds
    )
    return OwnRounds(m.words.say("rounds.intro", n=len(known)), chart, rows)
