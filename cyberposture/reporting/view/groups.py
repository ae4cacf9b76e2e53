"""A nation's rows in groups: who is assessed, by sector and by profile, none too small to be told.

Figures over all profiles are those of the baseline controls, which every institution is asked.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from zoneinfo import ZoneInfo

from cyberposture.clock import find_zone
from cyberposture.model.scores import ScoreParameters, ScoreResult
from cyberposture.reporting.inputs import InstitutionRow, NationInputs
from cyberposture.reporting.plain import Text
from cyberposture.reporting.told import told_in, told_indicator
from cyberposture.reporting.view.lens import Lens
from cyberposture.reporting.words import Words
from cyberposture.scoring.rollup import band
from cyberposture.scoring.statistics import (
    HALVES,
    SMALLEST_GROUP,
    Distribution,
    Quartiles,
    Standing,
    Trend,
    describe,
    for_public,
    places_for_public,
    trend,
    trend_for_public,
)


@dataclass(frozen=True, slots=True)
class Group:
    """Institutions that are described together."""

    label: str
    rows: tuple[InstitutionRow, ...]

    @property
    def assessed(self) -> tuple[InstitutionRow, ...]:
        """The rows of which enough is known."""
        return tuple(row for row in self.rows if is_assessed(row))


def is_assessed(row: InstitutionRow) -> bool:
    """Return whether enough is known of an institution for it to stand in statistics."""
    return row.baseline is not None and row.baseline.institution.band is not None


def was_asked_less(row: InstitutionRow) -> bool:
    """Return whether an institution was asked a part of the baseline only."""
    return row.result is not None and row.baseline is None


def verified_of(row: InstitutionRow) -> int | None:
    """Return the verified baseline score, None where not enough is known."""
    if row.baseline is None or row.baseline.institution.band is None:
        return None
    return row.baseline.institution.verified


def closed_gates(row: InstitutionRow) -> tuple[str, ...]:
    """Return the gates that hold an institution's own band."""
    if row.result is None:
        return ()
    whole = row.result.institution
    overdue = whole.gates_unknown if row.observation_overdue else ()
    return tuple(sorted({*whole.gates_holding, *overdue}))


def is_held_down(parameters: ScoreParameters, result: ScoreResult) -> bool:
    """Return whether gates keep an institution in a lower band than it would have."""
    whole = result.institution
    free = band(parameters, whole.verified, whole.coverage, whole.confidence, held=False)
    return free != whole.band


@dataclass(frozen=True)
class Nation:
    """Everything that the views of a nation read."""

    inputs: NationInputs
    lens: Lens
    words: Words

    def __post_init__(self) -> None:
        """Let all that is said of content be said in the language of the words.

        Where small groups are not told of, none may be small without those who are named in public
        anyway: anybody can take off what is known of them.
        """
        content = told_in(self.inputs.content, self.words.language)
        indicators = tuple(
            replace(one, indicator=told_indicator(one.indicator, content))
            for one in self.inputs.indicators
        )
        told = replace(self.inputs, content=content, indicators=indicators)
        object.__setattr__(self, "inputs", told)
        if self.lens.smallest_group > 1 and self.inputs.named:
            least = self.lens.smallest_group + self.inputs.named
            object.__setattr__(self, "lens", replace(self.lens, smallest_group=least))

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone in which dates are printed."""
        return find_zone(self.inputs.zone)

    @property
    def is_guarded(self) -> bool:
        """Whether small groups may not be told of."""
        return self.lens.smallest_group > 1

    @property
    def least_for_a_median(self) -> int:
        """How many must stand behind a median: either half of them is a group."""
        return HALVES * self.lens.smallest_group if self.is_guarded else 1

    @cached_property
    def names(self) -> dict[str, str]:
        """The names of those who were asked, by code; only for whom a lens shows them."""
        return {row.code: row.name for row in self.inputs.rows}

    @cached_property
    def everybody(self) -> Group:
        """All institutions that were asked."""
        return Group(self.words.say("group.all"), self.inputs.rows)

    @cached_property
    def answered(self) -> tuple[InstitutionRow, ...]:
        """The institutions that have a score at all."""
        return tuple(row for row in self.inputs.rows if row.result is not None)

    @cached_property
    def may_be_described(self) -> bool:
        """Whether so many are assessed that something may be said of them together."""
        return len(self.everybody.assessed) >= max(self.lens.smallest_group, 1)

    @cached_property
    def sectors(self) -> tuple[Group, ...]:
        """The sectors in the framework's order; those too small to be told of stand together."""
        found: defaultdict[str, list[InstitutionRow]] = defaultdict(list)
        for row in self.inputs.rows:
            found[row.sector].append(row)
        titles = {s.id: s.title for s in self.inputs.content.catalogue.framework.sectors}
        order = [*(s for s in titles if s in found), *sorted(found.keys() - titles.keys())]
        groups = [Group(titles.get(sector, sector), tuple(found[sector])) for sector in order]
        return self._large_enough(groups)

    @cached_property
    def profiles(self) -> tuple[Group, ...]:
        """The institutions by profile; groups too small to be told of are left out, two at least.

        What was scored on a part of the baseline only is compared with nothing but its like.
        """
        short = tuple(r for r in self.inputs.rows if was_asked_less(r))
        groups = [Group(self.words.say("tier.start"), short)]
        groups += [
            Group(
                self.words.say(f"tier.{tier}"),
                tuple(r for r in self.inputs.rows if r.tier == tier and not was_asked_less(r)),
            )
            for tier in ("A", "G", "X")
        ]
        return self._large_enough([group for group in groups if group.rows])

    def _large_enough(self, groups: list[Group]) -> tuple[Group, ...]:
        """Return the groups with the small ones put together, so that none follows by subtraction.

        One small group alone takes the next smallest with it; if all together are still too few,
        there is no group at all.
        """
        small: list[Group] = []
        by_size = sorted(groups, key=lambda group: len(group.assessed))
        for group in by_size:
            gathered = sum(len(g.assessed) for g in small)
            is_small = len(group.assessed) < self.lens.smallest_group
            if not (is_small and self.is_guarded) and (
                not small or (len(small) > 1 and gathered >= self.lens.smallest_group)
            ):
                break
            small.append(group)
        kept = [group for group in groups if group not in small]
        if not small:
            return tuple(kept)
        rest = Group(self.words.say("group.others"), tuple(r for g in small for r in g.rows))
        if len(rest.assessed) < self.lens.smallest_group:
            return tuple(kept)
        return (*kept, rest)

    def describe(self, rows: Iterable[InstitutionRow]) -> Distribution:
        """Return how a group stands on the baseline, as far as the audience may know."""
        return self._as_told(self._whole(rows))

    def _whole(self, rows: Iterable[InstitutionRow]) -> Distribution:
        return describe(
            [_standing(row.code, row.result, row.baseline) for row in rows], self._bands
        )

    @cached_property
    def _bands(self) -> list[str]:
        return [name for name, _ in self.inputs.parameters.bands]

    def _as_told(self, whole: Distribution) -> Distribution:
        if self.is_guarded:
            return for_public(whole, self.lens.smallest_group)
        return without_quarters(whole)

    def places_of(self, rows: Iterable[InstitutionRow]) -> Quartiles | None:
        """Return the quartiles of a group of which nothing else is told."""
        whole = self._whole(rows)
        if self.is_guarded:
            return places_for_public(whole, self.lens.smallest_group)
        return without_quarters(whole).quartiles

    @cached_property
    def told(self) -> Distribution:
        """How all stand together, as far as the audience may know."""
        return self.describe(self.inputs.rows)

    def count(self, part: int, *wholes: int) -> Text:
        """Return how many it is, as exactly as the audience may know.

        `wholes` are the sizes of groups that it is a part of, without any: of those that answered.
        What it leaves of each may give away a few as well. A whole that may not be told itself is
        not named beside its part.
        """
        sizes = wholes or (len(self.answered),)
        # Even a whole that is as large as one that is told would say so by being named.
        told = {len(self.inputs.rows)} if wholes else {self.told.answered}
        if self.is_guarded and self.lens.hides(part, *sizes) and not set(sizes) <= told:
            few = part < self.lens.smallest_group
            return self.words.say("count.few" if few else "count.most", n=self.lens.smallest_group)
        tight = min(sizes, key=lambda size: size - part)
        return self.lens.count(self.words, part, tight)

    @cached_property
    def before(self) -> tuple[Standing, ...]:
        """How those stood who were asked in the previous round."""
        if self.inputs.previous is not None:
            return self.inputs.previous
        earlier = ((row.code, row.previous_baseline) for row in self.inputs.rows)
        return tuple(_standing(code, past, past) for code, past in earlier if past is not None)

    @cached_property
    def trend(self) -> Trend | None:
        """How the institutions assessed in both rounds moved; None without an earlier round."""
        before = {one.institution: one.verified for one in self.before if one.verified is not None}
        after = {
            row.code: points for row in self.inputs.rows if (points := verified_of(row)) is not None
        }
        if self.inputs.previous_title is None or not before.keys() & after.keys():
            return None
        whole = trend(before, after)
        if not self.is_guarded:
            return whole
        earlier = self._as_told(describe(self.before, self._bands))
        return trend_for_public(whole, earlier, self.told, self.lens.smallest_group)


def without_quarters(whole: Distribution) -> Distribution:
    """Return how a group stands without its quarters where it is too small to have any."""
    found = whole.quartiles
    if found is None or (whole.scored or 0) >= SMALLEST_GROUP:
        return whole
    middle = found.model_copy(update={"lower": None, "upper": None})
    return whole.model_copy(update={"quartiles": middle})


def _standing(code: str, own: ScoreResult | None, baseline: ScoreResult | None) -> Standing:
    known = baseline is not None and baseline.institution.band is not None
    return Standing(
        institution=code,
        verified=baseline.institution.verified if baseline is not None and known else None,
        band=None if baseline is None else baseline.institution.band,
        has_answered=own is not None,
    )
