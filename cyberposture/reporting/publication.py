"""What of a consultation everybody may read: no private text, no hidden one, no mail address.

Every form of the report (page, JSON, CSV) is made from this, so that none says more than another.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from statistics import median
from typing import Any, TypeVar

from cyberposture.model.consultations import Outcome
from cyberposture.reporting.consultation_inputs import ConsultationInputs, GivenComment

T = TypeVar("T")

OUTCOMES: tuple[Outcome, ...] = ("accepted", "partly", "rejected")
WITHHELD = "[mail address]"
"""Stands where a mail address stood in a text."""
_DAY = timedelta(days=1)

# It looks only from the beginning of a run of signs, so that no text takes long.
_MAIL = re.compile(r"(?<![\w.+'%/=-])[\w.+'%/=-]+(?:@[\w.+'%/=-]*\w(?:[.+'%/=-]+(?=@))?)+")


@dataclass(frozen=True, slots=True)
class Count:
    """Comments by what came of them."""

    accepted: int = 0
    partly: int = 0
    rejected: int = 0
    waiting: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.accepted + self.partly + self.rejected + self.waiting


@dataclass(frozen=True, slots=True)
class Publication:
    """A consultation as everybody may read it.

    The counts by group are of the comments shown; with `private` and `hidden` they make up `all`.
    """

    inputs: ConsultationInputs
    """Without any comment that is not shown, and without mail addresses."""
    all: Count
    groups: tuple[tuple[str | None, Count], ...]
    """By name of the group in the order of invitation; None stands for those without a group."""
    private: Count
    hidden: Count
    removed: tuple[tuple[str, str], ...]
    """The reference number of each hidden comment, and the reason of moderation."""
    median_days: int | None
    """Until the first disposition, of all comments that have one; None: there is none."""

    @property
    def shown(self) -> tuple[GivenComment, ...]:
        """The comments that everybody may read, in the order in which they came in."""
        return self.inputs.comments


def publish(inputs: ConsultationInputs) -> Publication:
    """Return what everybody may read of a consultation."""
    clean = without_addresses(inputs)
    shown = tuple(one for one in clean.comments if one.is_shown)
    hidden = [one for one in clean.comments if one.is_public and one.hidden_why is not None]
    names: list[str | None] = [group.name for group in clean.groups]
    if any(one.group is None for one in shown):
        names.append(None)
    return Publication(
        inputs=replace(clean, comments=shown),
        all=count(clean.comments),
        groups=tuple((name, count(c for c in shown if c.group == name)) for name in names),
        private=count(one for one in clean.comments if not one.is_public),
        hidden=count(hidden),
        removed=tuple((one.code, one.hidden_why or "") for one in hidden),
        median_days=_median_days(clean.comments),
    )


def count(comments: Iterable[GivenComment]) -> Count:
    """Return how many comments there are by what came of them."""
    found = Counter(one.disposed.outcome if one.disposed else "waiting" for one in comments)
    return Count(**found)


def _median_days(comments: Sequence[GivenComment]) -> int | None:
    """Return the middle number of whole days until the first disposition, cut off."""
    waited = [(c.disposed.first_at - c.received_at) // _DAY for c in comments if c.disposed]
    return int(median(waited)) if waited else None


def without_addresses(value: T) -> T:
    """Return a record in which no text holds a mail address any more."""
    found: Any = value
    if isinstance(found, str):
        found = _MAIL.sub(WITHHELD, found) if "@" in found else found
    elif isinstance(found, tuple):
        found = tuple(without_addresses(item) for item in found)
    elif type(found).__module__ == ConsultationInputs.__module__:
        parts = {f.name: without_addresses(getattr(found, f.name)) for f in fields(found)}
        found = replace(found, **parts)
    cleaned: T = found
    return cleaned
