"""What a page shows of a receipt: what was taken, what was not, and who said otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from cyberposture.model.offline import Attested, BadPlace, Entry, ListedPiece, Said, SealedReceipt
from cyberposture.reporting.words import Words


@dataclass(frozen=True)
class ShownSaid:
    """One version of an answer."""

    choice: str
    text: str


@dataclass(frozen=True)
class ShownClash:
    """An answer with two versions."""

    control: str
    where: str
    yours: ShownSaid
    theirs: ShownSaid
    who: str
    time: str


@dataclass(frozen=True)
class ShownReceipt:
    """A receipt as a page shows it."""

    code: str
    paper: str
    kind: str
    file_name: str
    sha256: str
    time: str
    who: str
    taken: tuple[str, ...]
    same: tuple[str, ...]
    unchanged: int
    evidence: tuple[tuple[str, str], ...]
    pieces: tuple[ListedPiece, ...]
    clashes: tuple[ShownClash, ...]
    faults: tuple[BadPlace, ...]
    attested: Attested | None
    entry: Entry

    @property
    def is_clean(self) -> bool:
        """Whether everything was taken."""
        return not self.clashes and not self.faults


def show_receipt(
    sealed: SealedReceipt, words: Words, zone: ZoneInfo, names: Mapping[str, str]
) -> ShownReceipt:
    """Return a receipt in words; people are called by `names` where they are in it."""
    receipt, outcome = sealed.receipt, sealed.receipt.outcome
    return ShownReceipt(
        code=receipt.code,
        paper=receipt.paper,
        kind=words.say(f"offline.kind.{receipt.kind}"),
        file_name=receipt.file_name,
        sha256=receipt.sha256,
        time=words.minute(receipt.at, zone),
        who=names.get(receipt.by, receipt.by),
        taken=tuple(outcome.taken),
        same=outcome.same,
        unchanged=outcome.unchanged,
        evidence=tuple(outcome.evidence.items()),
        pieces=outcome.pieces,
        clashes=tuple(
            ShownClash(
                control=one.control,
                where=one.where,
                yours=_said(one.yours, words),
                theirs=_said(one.theirs, words),
                who=names.get(one.by, one.by),
                time=words.minute(one.at, zone),
            )
            for one in outcome.clashes
        ),
        faults=outcome.faults,
        attested=outcome.attested,
        entry=receipt.entry,
    )


def _said(one: Said, words: Words) -> ShownSaid:
    if one.choice in ("", "na"):
        key = "card.unanswered" if one.choice == "" else "card.does_not_apply"
        return ShownSaid(words.say(key), one.text)
    return ShownSaid(f"{one.choice} · {words.say(f'level.{one.choice}')}", one.text)


def people_in(sealed: SealedReceipt) -> set[str]:
    """Return the codes of everybody whom a receipt names."""
    return {sealed.receipt.by, *(one.by for one in sealed.receipt.outcome.clashes)}
