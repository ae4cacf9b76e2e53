"""How the figures of a nation or a sector came about, as far as its audience may know."""

from collections.abc import Iterator

from cyberposture.reporting.plain import Text, given
from cyberposture.reporting.view.groups import Group, Nation, is_assessed
from cyberposture.reporting.view.reasons import Reason, Reasons, source_of

NAMED = 25
"""Up to so many institutions are named beside a figure; more stand in the table of all."""
Titled = tuple[tuple[str, str], ...]
"""The ids of explanations, each with the word that is its title."""


def reasons_for(n: Nation) -> Reasons:
    """Return what writes the explanations of a nation's figures."""
    inputs = n.inputs
    of = n.words.say("reason.of-round", round=given(inputs.round_title or inputs.round_code))
    return Reasons(n.words, source_of(n.words, inputs.content, of, inputs.as_of, n.zone))


def group_ids(n: Nation, kind: str) -> dict[str, str]:
    """Return the id of each group's explanation by its label; `kind` is sector or profile."""
    groups = n.sectors if kind == "sector" else n.profiles
    return {group.label: f"{kind}-{place}" for place, group in enumerate(groups, start=1)}


def reasons_of_groups(n: Nation, kind: str) -> Iterator[Reason]:
    """Yield the explanation of each group."""
    ids = group_ids(n, kind)
    for group in n.sectors if kind == "sector" else n.profiles:
        yield reason_of_group(n, group, ids[group.label], kind)


def reason_of_group(n: Nation, group: Group, id_: str, kind: str) -> Reason:
    """Return which institutions a group's figures rest on, and how its median is found.

    Of a sector or profile that is as it is for all: it stands below the explanation of all.
    """
    words = n.words
    if n.is_guarded:
        counted = words.say("reason.group.guarded", n=n.lens.smallest_group)
        out = words.say("reason.group.out-guarded", n=n.lens.smallest_group)
    else:
        counted = _counted(n, group)
        silent = sum(row.result is None for row in group.rows)
        unknown = len(group.rows) - silent - len(group.assessed)
        out = words.say("reason.group.out", n=silent, unknown=unknown)
    basis = "profile" if kind == "profile" else "baseline"
    how = "how-as-all" if kind in ("sector", "profile") else "how"
    asked = len(n.inputs.content.catalogue.selected("A"))
    return reasons_for(n).build(
        id_,
        group.label,
        [
            ("counted", counted),
            ("scores", words.say(f"reason.group.{basis}", n=asked)),
            ("how", words.say(f"reason.group.{how}")),
            ("out", out),
        ],
    )


def _counted(n: Nation, group: Group) -> Text:
    facts = {"n": len(group.assessed), "asked": len(group.rows)}
    counted = n.words.say("reason.group.counted", **facts)
    if not n.lens.shows("institutions") or not group.assessed:
        return counted
    if len(group.assessed) > NAMED:
        return _beside(counted, n.words.say("reason.group.in-table"))
    names = sorted(row.name for row in group.assessed if is_assessed(row))
    return _beside(counted, n.words.listed([given(name) for name in names]))


def _beside(said: Text, more: Text) -> Text:
    return Text(f"{said} {more}", f"{said.__html__()} {more.__html__()}")


def reasons_of_nation(n: Nation, *, has_panel: bool) -> Iterator[Reason]:
    """Yield the explanations of a nation's figures, in the order in which it shows them."""
    shared = (("dependencies", "section.shared"),)
    yield from reasons_of_many(n, ("sector", "profile"), has_panel=has_panel, after=shared)
    yield reasons_for(n).of("clauses", "section.clauses")


def reasons_of_sector(n: Nation, *, has_panel: bool) -> Iterator[Reason]:
    """Yield the explanations of a sector's figures, in the order in which it shows them."""
    own = (("gaps", "sector.gaps"), ("lowest", "sector.lowest-title"))
    yield from reasons_of_many(n, ("profile",), has_panel=has_panel, before=own)


def reasons_of_many(
    n: Nation,
    groups: tuple[str, ...],
    *,
    has_panel: bool,
    before: Titled = (),
    after: Titled = (),
) -> Iterator[Reason]:
    """Yield what a nation and a sector explain alike, and what one alone shows among it."""
    r = reasons_for(n)
    yield reason_of_group(n, n.everybody, "all", "all")
    yield r.of("gap", "reason.gap.title")
    yield r.of("gates", "section.gates")
    yield r.of("critical", "reason.critical.title")
    yield r.of("bands", "bands.chart-title")
    yield r.of("coverage", "reason.coverage.title")
    for kind in groups:
        yield from reasons_of_groups(n, kind)
    panel = (("panel", "panel.title"),) if has_panel else ()
    shown = (("claims", "section.contradictions"), ("failures", "section.exposure"))
    named = (("named", "section.named"),) if n.lens.shows("institutions") else ()
    for id_, title in (*panel, *before, *shown, *after, *named):
        yield r.of(id_, title)
