"""Groups of institutions: medians, quartiles, band shares and trends, and what the public may see.

It never averages averages, and it ranks nobody. Scores come in as basis points and quartiles go
out as basis points.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from cyberposture.model.foundation import Model
from cyberposture.scoring.points import rounded_ratio, rounded_share

SMALLEST_GROUP = 5
"""Fewer institutions than this are never described in public.

Source: our own choice, so that nobody is told apart by subtraction; the policy sets no number.
"""
NO_BAND = "not enough known"


class Standing(Model):
    """What a group's statistics need to know about one institution."""

    institution: str
    verified: int | None
    """None: not enough is known, or it has not answered."""
    band: str | None
    has_answered: bool = True


class Quartiles(Model):
    """The places that part the ordered scores in four, in basis points."""

    lower: int
    median: int
    upper: int


class BandShare(Model):
    """How many of a group stand in one band; None: suppressed."""

    band: str
    count: int | None
    share: int | None
    """In basis points of those that answered."""


class Distribution(Model):
    """How a group of institutions stands; what is None is not known, or suppressed."""

    asked: int | None
    answered: int | None
    response_rate: int | None
    """In basis points of those asked."""
    scored: int | None
    """How many have a verified score."""
    quartiles: Quartiles | None
    lowest: int | None
    highest: int | None
    bands: tuple[BandShare, ...]
    is_suppressed: bool = False
    """Whether something was left out so that no institution is given away."""


class Trend(Model):
    """Medians of two rounds: over the institutions present in both, and over all."""

    panel: int | None
    """How many institutions are present in both rounds."""
    panel_before: int | None
    panel_after: int | None
    median_change: int | None
    """The median of the panel's own changes, which is not the change of the medians."""
    all_before: int | None
    all_after: int | None
    is_suppressed: bool = False


def quantile(ordered: Sequence[int], part: int, parts: int) -> int | None:
    """Return the `part`-th of `parts` places in an ordered list, None where it is empty.

    A place between two values is read off the straight line between them, rounded half up.

    Source: definition 7 of R. J. Hyndman and Y. Fan, Sample Quantiles in Statistical Packages,
    The American Statistician 50 (4), November 1996; what spreadsheets call inclusive.
    """
    if not ordered:
        return None
    below, rest = divmod((len(ordered) - 1) * part, parts)
    above = min(below + 1, len(ordered) - 1)
    rise = ordered[above] - ordered[below]
    return ordered[below] + (rounded_ratio(rise * rest, parts) or 0)


def median(values: Sequence[int]) -> int | None:
    """Return the middle value, or the middle of two rounded half up; None of nothing."""
    return quantile(sorted(values), 1, 2)


def describe(group: Sequence[Standing], bands: Sequence[str]) -> Distribution:
    """Return how a group stands, with every band in the order given, those without any too."""
    answered = [standing for standing in group if standing.has_answered]
    scores = sorted(s.verified for s in answered if s.verified is not None)
    lower, middle, upper = (quantile(scores, part, 4) for part in (1, 2, 3))
    counts = Counter(standing.band or NO_BAND for standing in answered)
    quartiles = None
    if lower is not None and middle is not None and upper is not None:
        quartiles = Quartiles(lower=lower, median=middle, upper=upper)
    return Distribution(
        asked=len(group),
        answered=len(answered),
        response_rate=rounded_share(len(answered), len(group)),
        scored=len(scores),
        quartiles=quartiles,
        lowest=scores[0] if scores else None,
        highest=scores[-1] if scores else None,
        bands=tuple(
            BandShare(
                band=name, count=counts[name], share=rounded_share(counts[name], len(answered))
            )
            for name in (*bands, NO_BAND)
        ),
    )


def for_public(whole: Distribution) -> Distribution:
    """Return what may be said of a group in public.

    A group of fewer than 5 that were asked, answered or scored is not described at all. Of others
    the extremes are left out, and so are band cells that would give an institution away: small
    ones, the next smallest beside them (what is left out must not follow by subtraction), and all
    cells where the whole group stands in one.
    """
    sizes = (whole.asked or 0, whole.answered or 0, whole.scored or 0)
    if min(sizes) < SMALLEST_GROUP:
        hidden = dict.fromkeys(Distribution.model_fields)
        return Distribution.model_validate(hidden | {"bands": (), "is_suppressed": True})
    hidden_bands = _hidden_bands(whole.bands)
    bands = tuple(
        BandShare(band=cell.band, count=None, share=None) if cell.band in hidden_bands else cell
        for cell in whole.bands
    )
    change = {"lowest": None, "highest": None, "bands": bands, "is_suppressed": True}
    return whole.model_copy(update=change)


def _hidden_bands(cells: Sequence[BandShare]) -> set[str]:
    """Return the bands to leave out: none, or at least two that hold 5 institutions together."""
    filled = sorted((cell.count or 0, cell.band) for cell in cells if cell.count)
    if len(filled) == 1:
        return {cell.band for cell in cells}
    hidden = [(count, name) for count, name in filled if count < SMALLEST_GROUP]
    for cell in filled[len(hidden) :]:
        enough = len(hidden) > 1 and sum(count for count, _ in hidden) >= SMALLEST_GROUP
        if not hidden or enough:
            break
        hidden.append(cell)
    return {name for _, name in hidden}


def trend(before: Mapping[str, int], after: Mapping[str, int]) -> Trend:
    """Return how verified scores by institution moved between two rounds."""
    panel = sorted(before.keys() & after.keys())
    return Trend(
        panel=len(panel),
        panel_before=median([before[name] for name in panel]),
        panel_after=median([after[name] for name in panel]),
        median_change=_median_change([after[name] - before[name] for name in panel]),
        all_before=median(list(before.values())),
        all_after=median(list(after.values())),
    )


def _median_change(changes: Sequence[int]) -> int | None:
    """Return the median of changes; of two middle ones the mean, its half cut towards 0."""
    if not changes:
        return None
    ordered = sorted(changes)
    twice = ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]
    return twice // 2 if twice >= 0 else -(-twice // 2)


def trend_for_public(whole: Trend, before: int, after: int) -> Trend:
    """Return what may be said of a trend in public, given how many stand in each round.

    A small panel is not described; where nearly all are in the panel, the figures over all are
    left out, because they would tell of the few who are not.
    """
    panel = whole.panel or 0
    if panel < SMALLEST_GROUP:
        return Trend.model_validate(dict.fromkeys(Trend.model_fields) | {"is_suppressed": True})
    change: dict[str, object] = {}
    for name, size in (("all_before", before), ("all_after", after)):
        if 0 < size - panel < SMALLEST_GROUP:
            change |= {name: None, "is_suppressed": True}
    return whole.model_copy(update=change)
