"""Sets two editions side by side: what each control became, by declaration or by its rules.

What the author declared in `supersedes` and `retired.yaml` wins. Without a word of the author only
the id tells that two controls are one; what looks alike under other ids is proposed apart, and
counts as gone and new.
"""

from collections.abc import Iterator

from cyberposture.content.comparing.likeness import propose
from cyberposture.content.comparing.strength import rule_changes
from cyberposture.content.comparing.wording import differing_texts, word_changes, wording_of
from cyberposture.model.comparison import (
    Book,
    Change,
    ChangeKind,
    ClauseChange,
    Comparable,
    Comparison,
    FrameChange,
    Link,
    RuleChange,
    Wording,
)
from cyberposture.model.controls import Clause, Supersession

_DEMANDING = ("reworded", "weaker", "stronger", "merged", "split")
"""Declarations from the least to the most that they ask of whoever answered before."""


def compare(old: Book, new: Book) -> Comparison:
    """Return everything that differs between two editions: each id of both in one change."""
    changes = tuple(_Pairing(old, new).changes())
    kept = frozenset(
        change.new[0]
        for change in changes
        if not change.declared and change.old == change.new and change.wording
    )
    lone = {"removed": kept, "new": kept}
    for change in changes:
        if change.kind in lone and not change.declared:
            lone[change.kind] |= {*change.old, *change.new}
    # What others wrote has neither rules nor clauses of ours that could have changed.
    both_ours = all(side.frame or side.clauses for side in (old, new))
    return Comparison(
        old=f"{old.name} {old.version}",
        new=f"{new.name} {new.version}",
        changes=changes,
        proposals=propose(
            [entry for entry in old.entries if entry.id in lone["removed"]],
            [entry for entry in new.entries if entry.id in lone["new"]],
            kept=kept,
            rest=[entry for entry in new.entries if entry.id not in lone["new"]],
        ),
        frame=tuple(_frame_changes(old, new)) if both_ours else (),
        clauses=tuple(_clause_changes(old.clauses, new.clauses)) if both_ours else (),
    )


class _Pairing:
    """Finds which old and new controls belong together, and what became of each group."""

    def __init__(self, old: Book, new: Book) -> None:
        self.old = {entry.id: entry for entry in old.entries}
        self.new = {entry.id: entry for entry in new.entries}
        self.retired = {row.id: row for row in new.retired}
        self.declared: dict[tuple[str, str], Supersession] = {}
        self.begun: dict[str, Supersession] = {}
        """Ids under which, so their author, something else begins."""
        self.heirs: dict[str, list[str]] = {identity: [] for identity in self.old}
        self.origins: dict[str, list[str]] = {identity: [] for identity in self.new}
        for entry in new.entries:
            for identity in self._origins(entry):
                self.heirs[identity].append(entry.id)
                self.origins[entry.id].append(identity)

    def _origins(self, entry: Comparable) -> list[str]:
        """Return the old controls that this one comes from, and note what was declared.

        A row about a version before the old edition's is history that the old edition knew.
        """
        for row in entry.supersedes:
            before = self.old.get(row.id)
            if before is None or row.version < (before.version or 1):
                continue
            if row.change == "new":
                self.begun |= {entry.id: row} if row.id == entry.id else {}
                continue
            known = self.declared.get((row.id, entry.id))
            if known is None or _DEMANDING.index(row.change) > _DEMANDING.index(known.change):
                self.declared[row.id, entry.id] = row
        origins = [identity for identity, heir in self.declared if heir == entry.id]
        if entry.id in self.old and entry.id not in {*origins, *self.begun}:
            origins.insert(0, entry.id)
        return origins

    def changes(self) -> Iterator[Change]:
        """Yield one change for each group, in the order of the old edition, then of the new."""
        seen: set[str] = set()
        for identity in self.old:
            if identity not in seen:
                olds, news = self._group(identity)
                seen.update(olds)
                yield self._change(olds, news)
        for identity, origins in self.origins.items():
            if not origins:
                row = self.begun.get(identity)
                why = "it was not there before" if row is None else row.why
                yield _alone("new", self.new[identity], row is not None, why)

    def _group(self, start: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return all old and new ids that hang together with this old one."""
        olds, news, waiting = {start}, set[str](), [start]
        while waiting:
            for heir in self.heirs[waiting.pop()]:
                news.add(heir)
                waiting += [other for other in self.origins[heir] if other not in olds]
                olds.update(self.origins[heir])
        return (
            tuple(identity for identity in self.old if identity in olds),
            tuple(identity for identity in self.new if identity in news),
        )

    def _change(self, olds: tuple[str, ...], news: tuple[str, ...]) -> Change:
        if not news:
            row = self.retired.get(olds[0]) or self.begun.get(olds[0])
            why = "it is gone, and nothing says why" if row is None else row.why
            return _alone("removed", self.old[olds[0]], row is not None, why)
        pairs = [(old, heir) for old in olds for heir in self.heirs[old]]
        if len(pairs) == 1:
            return self._one_to_one(*pairs[0])
        kind: ChangeKind = "split" if len(olds) == 1 else "merged"
        rows = [self.declared[pair] for pair in pairs if pair in self.declared]
        return Change(
            kind=kind,
            old=olds,
            new=news,
            declared=True,
            why=" ".join(dict.fromkeys(row.why for row in rows)),
            links=tuple(Link(old=old, new=heir, kind=kind) for old, heir in pairs),
            wording=tuple(text for pair in pairs for text in self._wording(*pair, "statement")),
        )

    def _wording(self, old: str, new: str, name: str) -> Iterator[Wording]:
        before, after = self.old[old], self.new[new]
        if name in differing_texts(before, after):
            yield from wording_of(before, after, (name,), f", {old} to {new}")

    def _one_to_one(self, old: str, new: str) -> Change:
        before, after = self.old[old], self.new[new]
        rules = rule_changes(before, after)
        names = differing_texts(before, after)
        row = self.declared.get((old, new))
        kind, why = _judge(before, after, rules, names)
        if row is not None:
            kind, why = row.change, row.why
        return Change(
            kind=kind,
            old=(old,),
            new=(new,),
            declared=row is not None,
            why=why,
            links=(Link(old=old, new=new, kind=kind),),
            rules=rules,
            wording=wording_of(before, after, names),
        )


def _alone(kind: ChangeKind, entry: Comparable, declared: bool, why: str) -> Change:
    is_new = kind == "new"
    return Change(
        kind=kind,
        old=() if is_new else (entry.id,),
        new=(entry.id,) if is_new else (),
        declared=declared,
        why=why,
    )


def _judge(
    before: Comparable, after: Comparable, rules: tuple[RuleChange, ...], names: tuple[str, ...]
) -> tuple[ChangeKind, str]:
    """Return what a control became of which its author says nothing."""
    if rules:
        told = "; ".join(f"{rule.what} {rule.old} → {rule.new}" for rule in rules)
        return ("weaker" if all(r.way == "weaker" for r in rules) else "stronger"), told
    if (after.version or 1) > (before.version or 1):
        return "stronger", (
            f"version {before.version} → {after.version}: its author says that the meaning changed"
        )
    if names:
        return "reworded", f"other words: {', '.join(names)}"
    if before.path != after.path:
        return "unchanged", f"it stands elsewhere now: {' / '.join(after.path)}"
    return "unchanged", ""


def _frame_changes(old: Book, new: Book) -> Iterator[FrameChange]:
    names = [*old.frame, *(name for name in new.frame if name not in old.frame)]
    for name in names:
        sides = old.frame.get(name), new.frame.get(name)
        if sides[0] != sides[1]:
            yield FrameChange(what=name, old=sides[0], new=sides[1])


def _clause_changes(old: tuple[Clause, ...], new: tuple[Clause, ...]) -> Iterator[ClauseChange]:
    """Yield every clause of both tables, in the order of the old one, then of the new."""
    after = {clause.id: clause for clause in new}
    for clause in old:
        yield _clause_change(clause, after.pop(clause.id, None))
    for clause in after.values():
        yield ClauseChange(id=clause.id, kind="new", old_level=None, new_level=clause.level)


def _clause_change(old: Clause, new: Clause | None) -> ClauseChange:
    if new is None:
        return ClauseChange(id=old.id, kind="removed", old_level=old.level, new_level=None)
    wording = tuple(
        Wording(text=name, words=word_changes(getattr(old, name), getattr(new, name)))
        for name in ("text", "demand", "addressee")
        if getattr(old, name).split() != getattr(new, name).split()
    )
    same = "unchanged" if not wording else "reworded"
    return ClauseChange.model_validate(
        {
            "id": old.id,
            "kind": "level" if old.level != new.level else same,
            "old_level": old.level,
            "new_level": new.level,
            "wording": wording,
        }
    )
