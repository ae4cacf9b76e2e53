"""Whether a draft may follow the editions before it: every control accounted for, no id reused.

It looks at ids, versions and rules; whether the draft is good is for people to say.
"""

from collections.abc import Callable, Iterator, Mapping

from cyberposture.content.comparing.books import book_of
from cyberposture.content.comparing.strength import rule_changes
from cyberposture.errors import Fault
from cyberposture.model.controls import Catalogue, Control

Placing = Callable[[str, tuple[str | int, ...]], str]
"""Gives file and line of a part of a control (by its id) or of a file (by its name)."""

RETIRED_FILE, FRAMEWORK_FILE = "retired.yaml", "framework.yaml"


def faults_of_draft(
    adopted: Mapping[str, Catalogue], draft: Catalogue, digest: str, place: Placing
) -> list[Fault]:
    """Return everything for which the draft, whose rules have this digest, must not be adopted.

    `adopted` are the catalogues adopted so far by the digest of their rules, the present one last;
    before the first adoption nothing can be wrong.
    """
    if not adopted:
        return []
    draftsman = _Draft(list(adopted.values()), draft, place)
    found = [
        *draftsman.faults_of_names(
            {key: one.framework.version for key, one in adopted.items()}, digest
        ),
        *draftsman.faults_of_gone(),
        *draftsman.faults_of_retired(),
    ]
    for control in draft.controls:
        found += [*draftsman.faults_of_id(control), *draftsman.faults_of_version(control)]
        found += draftsman.faults_of_declarations(control)
    return sorted(set(found))


class _Draft:
    """A draft beside everything that was adopted before it."""

    def __init__(self, adopted: list[Catalogue], draft: Catalogue, place: Placing) -> None:
        self.last, self.draft, self.place = adopted[-1], draft, place
        self.before = {control.id: control for control in self.last.controls}
        self.versions: dict[str, int] = {}
        """The highest version that each control ever had."""
        self.given_up: set[str] = set()
        """Ids that some edition had or retired and that are no more."""
        for catalogue in adopted:
            for control in catalogue.controls:
                highest = max(control.version, self.versions.get(control.id, 0))
                self.versions[control.id] = highest
        for catalogue in adopted:
            ids = [*(c.id for c in catalogue.controls), *(row.id for row in catalogue.retired)]
            self.given_up |= set(ids) - self.before.keys()
        self.entries = [
            {entry.id: entry for entry in book.entries}
            for book in (book_of(self.last), book_of(draft))
        ]

    def faults_of_names(self, versions: Mapping[str, str], digest: str) -> Iterator[Fault]:
        """Yield a fault where an adopted edition of other rules bears the same name."""
        version = self.draft.framework.version
        same = [key for key, known in versions.items() if known == version and key != digest]
        if digest not in versions and same:
            what = f"{version} was adopted with other rules; these need a version of their own"
            yield Fault(self.place(FRAMEWORK_FILE, ("version",)), what)

    def faults_of_gone(self) -> Iterator[Fault]:
        """Yield each control of the last edition of which nothing says what became of it."""
        present = {control.id for control in self.draft.controls}
        retired = {row.id for row in self.draft.retired}
        heirs = {
            row.id
            for control in self.draft.controls
            for row in control.supersedes
            if row.id in self.before and row.version >= self.before[row.id].version
        }
        for identity in sorted(self.before.keys() - present - retired - heirs):
            yield Fault(
                self.place(RETIRED_FILE, ()),
                f"{identity} of {self.last.framework.version} is gone: retire it here, "
                "or let a control supersede it",
            )

    def faults_of_retired(self) -> Iterator[Fault]:
        """Yield each id that was retired and is not in the list any more."""
        missing = {row.id for row in self.last.retired} - {row.id for row in self.draft.retired}
        for identity in sorted(missing):
            yield Fault(self.place(RETIRED_FILE, ()), f"{identity} is retired and must stay here")

    def faults_of_id(self, control: Control) -> Iterator[Fault]:
        """Yield a fault where the id was used before and given up."""
        if control.id in self.given_up:
            what = f"{control.id} was given up before this edition: an id never comes back"
            yield Fault(self.place(control.id, ("id",)), what)

    def faults_of_version(self, control: Control) -> Iterator[Fault]:
        """Yield a fault where the version fell, or stayed although the rules changed."""
        old, where = self.before.get(control.id), self.place(control.id, ("version",))
        if old is None:
            return
        if control.version < old.version:
            yield Fault(where, f"version {control.version} after {old.version}: versions only rise")
        elif control.version == old.version:
            entries = [side[control.id] for side in self.entries]
            rules = "; ".join(f"{r.what} {r.old} → {r.new}" for r in rule_changes(*entries))
            if rules:
                more = f"raise the version above {old.version}"
                yield Fault(where, f"{rules}: the meaning changed, so {more}")

    def faults_of_declarations(self, control: Control) -> Iterator[Fault]:
        """Yield a fault for each row of `supersedes` about what never was."""
        for number, row in enumerate(control.supersedes):
            highest = self.versions.get(row.id)
            where = self.place(control.id, ("supersedes", number))
            if highest is None:
                yield Fault(where, f"no edition before this one has {row.id}")
            elif row.version > highest:
                yield Fault(where, f"{row.id} never had version {row.version}, at most {highest}")
            elif row.id == control.id and row.version >= control.version:
                yield Fault(where, f"version {control.version} cannot supersede itself")
