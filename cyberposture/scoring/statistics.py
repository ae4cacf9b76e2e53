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
HALVES, QUARTERS = 2, 4
"""Into how many parts a median and quartiles cut a group: each part must be large enough itself."""
NO_BAND = "not enough known"
SILENT = "has not answered"
"""Stands beside the bands where all that were asked are told apart."""


class Standing(Model):
    """What a group's statistics need to know about one institution."""

    institution: str
    verified: int | None
    """None: not enough is known, or it has not answered."""
    band: str | None
    has_answered: bool = True


class Quartiles(Model):
    """The places that part the ordered scores in four, in basis points.

    Where lower and upper are None, the median alone may be told.
    """

    lower: int | None
    median: int
    upper: int | None


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


def for_public(whole: Distribution, smallest: int = SMALLEST_GROUP) -> Distribution:
    """Return what may be said of a group in public, where groups under `smallest` are not told.

    A group of which fewer were asked, answered or scored is not described at all. Of others the
    extremes are left out, and so are the cells of `hidden_cells`: all that were asked, those
    without an answer among them, are one set of cells. Every other number is told where it follows
    from cells that are told, and nowhere else; places on the scale as `_places_for_public` says.
    """
    sizes = (whole.asked or 0, whole.answered or 0, whole.scored or 0)
    if min(sizes) < smallest:
        nothing = dict.fromkeys(Distribution.model_fields)
        return Distribution.model_validate(nothing | {"bands": (), "is_suppressed": True})
    cells = {SILENT: sizes[0] - sizes[1]} | {cell.band: cell.count or 0 for cell in whole.bands}
    hidden = hidden_cells(cells, smallest)
    is_told = SILENT not in hidden
    change: dict[str, object] = {
        "lowest": None, "highest": None, "is_suppressed": True,
        "quartiles": _places_for_public(whole.quartiles, cells, hidden, smallest),
        "bands": tuple(
            BandShare(
                band=cell.band,
                count=None if cell.band in hidden else cell.count,
                share=cell.share if is_told and cell.band not in hidden else None,
            )
            for cell in whole.bands
        ),
    }  # fmt: skip
    if not is_told:
        change |= {"answered": None, "response_rate": None}
    if hidden - {SILENT, NO_BAND} and hidden & {SILENT, NO_BAND}:
        change["scored"] = None
    return whole.model_copy(update=change)


def hidden_cells(cells: Mapping[str, int], smallest: int = SMALLEST_GROUP) -> frozenset[str]:
    """Return which of the cells that make up a known whole may not be told: none, several, or all.

    Of those that hold some, and fewer than `smallest`, three or more hide each other where their
    sum can be shared out in several ways. Else the next larger go with them (all of one size
    together) until two at least hold twice as many. So much must be left that whoever knows the
    whole, the others and this very rule cannot tell any of them; a test goes through all small
    worlds. If there is no such rest, or all stand in one cell, none is told.
    """
    filled = {name: count for name, count in cells.items() if count}
    if len(filled) == 1:
        return frozenset(cells)
    small = [count for count in filled.values() if count < smallest]
    if not small:
        return frozenset()
    most = len(small) * (smallest - 1)
    if 2 < len(small) < len(filled) and smallest + 2 < sum(small) < most - 1:
        return frozenset(name for name, count in filled.items() if count < smallest)
    for limit in sorted({max(count, smallest - 1) for count in filled.values()}):
        hidden = frozenset(name for name, count in filled.items() if count <= limit)
        if len(hidden) > 1 and sum(filled[name] for name in hidden) >= 2 * smallest:
            return hidden if len(hidden) < len(filled) else frozenset(cells)
    return frozenset(cells)


def _places_for_public(
    found: Quartiles | None, cells: Mapping[str, int], hidden: frozenset[str], smallest: int
) -> Quartiles | None:
    """Return which places on the scale may be told beside cells of which some are hidden.

    The median needs two groups of the smallest size in bands that are told, the others four: what
    a told place cuts off is counted by it. Beside hidden bands the median is told where it follows
    from the told ones in which band it lies; the others never are.
    """
    bands = [name for name in cells if name not in (SILENT, NO_BAND)]
    in_bands = hidden.intersection(bands)
    scored = sum(cells[name] for name in bands if name not in hidden)
    if found is None or scored < HALVES * smallest:
        return None
    if not in_bands and scored >= QUARTERS * smallest:
        return found
    alone = found.model_copy(update={"lower": None, "upper": None})
    if not in_bands:
        return alone
    rest = sum(cells[name] for name in hidden)
    ends = (min(in_bands, key=bands.index), max(in_bands, key=bands.index))
    told = {name: 0 if name in hidden else cells[name] for name in bands}
    guesses = [told | {end: rest} for end in ends]
    guesses += [told] if hidden & {SILENT, NO_BAND} else []
    middles = {_middle_band(guess) for guess in guesses}
    return alone if len(middles) == 1 and None not in middles else None


def places_for_public(whole: Distribution, smallest: int = SMALLEST_GROUP) -> Quartiles | None:
    """Return which places may be told of a group of which no cell is told, such as a sector."""
    scored = whole.scored or 0
    if whole.quartiles is None or scored < HALVES * smallest:
        return None
    if scored >= QUARTERS * smallest:
        return whole.quartiles
    return whole.quartiles.model_copy(update={"lower": None, "upper": None})


def _middle_band(counts: Mapping[str, int]) -> str | None:
    """Return the band in which both middle ones of all stand, None where there is no such one."""
    total, below = sum(counts.values()), 0
    for name, count in counts.items():
        if count and below <= (total - 1) // 2 and total // 2 < below + count:
            return name
        below += count
    return None


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


def changes_for_public(changed: int, asked: int, smallest: int = SMALLEST_GROUP) -> int | None:
    """Return at how many of a group at least something changed; None: that is not told.

    It grows by whole groups, and a whole group besides may always be unchanged. Whoever keeps every
    such number knows of nobody that it changed, or that it did not; a test goes through all small
    worlds. That holds while the group stays the same: where institutions agree afterwards to be
    named, what is told of them by name can be taken off a number that was told before.
    """
    least = min(changed, asked - smallest) // smallest * smallest
    return least if least > 0 else None


def _median_change(changes: Sequence[int]) -> int | None:
    """Return the median of changes; of two middle ones the mean, its half cut towards 0."""
    if not changes:
        return None
    ordered = sorted(changes)
    twice = ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]
    return twice // 2 if twice >= 0 else -(-twice // 2)


def trend_for_public(
    whole: Trend, before: Distribution, after: Distribution, smallest: int = SMALLEST_GROUP
) -> Trend:
    """Return what may be said of a trend in public, beside what is said of all in either round.

    It is told where both rounds' numbers and medians are told, the panel is no small group, and
    neither are those who stand in one round alone: the difference would tell of them.
    """
    panel, sizes = whole.panel or 0, (before.scored, after.scored)
    told = all(size is not None and (size == panel or size - panel >= smallest) for size in sizes)
    if panel < smallest or not told or before.quartiles is None or after.quartiles is None:
        return Trend.model_validate(dict.fromkeys(Trend.model_fields) | {"is_suppressed": True})
    return whole
