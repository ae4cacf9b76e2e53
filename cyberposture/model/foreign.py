"""A catalogue that others wrote, as plain as it can be compared, shown and crossed with ours.

What reads a format (OSCAL, a library) fills this and nothing else; what compares editions or
writes crosswalks reads this and never the format. It is no catalogue of ours: it has no weights,
tiers, gates or levels, and nothing is scored from it.
"""

from typing import Annotated, Literal

from pydantic import StringConstraints, model_validator

from cyberposture.model.foundation import Model, Sha256

ForeignFormat = Literal["oscal-catalog", "oscal-profile", "library"]
ForeignId = Annotated[str, StringConstraints(min_length=1, max_length=100)]
"""An id as its author wrote it: `ac-2.1`, `ism-1859`, `PR.AA-01`; compared letter by letter."""

Label = Annotated[str, StringConstraints(max_length=1_000)]
Prose = Annotated[str, StringConstraints(max_length=1_000_000)]


class ForeignProperty(Model):
    """A named value that the author hung on a control; `namespace` says whose word the name is."""

    name: Label
    value: Label
    namespace: Label = ""


class ForeignParameter(Model):
    """A blank in the text of a control: what it is called, and what fills it or may fill it."""

    id: ForeignId
    label: Label = ""
    values: tuple[Label, ...] = ()
    choices: tuple[Label, ...] = ()


class ForeignControl(Model):
    """One expectation of somebody else.

    `statement` and `guidance` are plain text with one line a part, parameters filled in where
    they have values. What has children and no text of its own is a group, not a control.
    """

    id: ForeignId
    title: Label = ""
    statement: Prose = ""
    guidance: Prose = ""
    parent: ForeignId | None = None
    """The control that this one is an enhancement of; it stands in the same catalogue."""
    path: tuple[Label, ...] = ()
    """Titles of the groups that hold it, outermost first; parents that are controls are in none."""
    class_: Label = ""
    """The word that the author sorts it by, such as `ISM-principle`."""
    parameters: tuple[ForeignParameter, ...] = ()
    props: tuple[ForeignProperty, ...] = ()


class ForeignGroup(Model):
    """A heading; many have no id of their own. `path` are the titles of those above it."""

    id: ForeignId | None = None
    title: Label
    path: tuple[Label, ...] = ()
    text: Prose = ""


class Remark(Model):
    """Something in the file that is not as it should be, and was read all the same."""

    where: Label
    """File with line or JSON path."""
    what: Label


class ForeignCatalogue(Model):
    """Everything that was read from one file, in the order of the file."""

    id: Label
    """What the author calls the work, the same in all its editions where the format has such."""
    title: Label
    version: Label
    format: ForeignFormat
    digest: Sha256
    """Of the bytes that were read."""
    controls: tuple[ForeignControl, ...]
    groups: tuple[ForeignGroup, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @model_validator(mode="after")
    def _coherent(self) -> "ForeignCatalogue":
        ids = {control.id for control in self.controls}
        if len(ids) != len(self.controls):
            raise ValueError("controls: each id once; a reader keeps the first and remarks on it")
        for control in self.controls:
            if control.parent is not None and control.parent not in ids:
                raise ValueError(f"controls: {control.id} has no parent {control.parent} here")
        return self


class Edge(Model):
    """One control beside another, each by its id; `relation` is seen from the source.

    The relation is one of ours (equal, subset, superset, intersects) or the author's own word.
    """

    source: ForeignId
    target: ForeignId
    relation: Label
    why: Prose = ""


class ForeignCrosswalk(Model):
    """Which controls of one catalogue stand beside which of another, as its author says."""

    source: Label
    """What the author calls the catalogue that the edges start from; `target`, where they end."""
    target: Label
    framework: Label = ""
    """Our own id of the target, in an export of ours."""
    edges: tuple[Edge, ...] = ()
    remarks: tuple[Remark, ...] = ()
