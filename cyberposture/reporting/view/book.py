"""The catalogue as a book: how to read it, the controls by domain, the clauses, the numbers."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from cyberposture.model.controls import Control, Term
from cyberposture.model.profiles import ControlLine, ProfileView
from cyberposture.reporting.book_inputs import BookInputs
from cyberposture.reporting.plain import Text
from cyberposture.reporting.view.book_cards import (
    Card,
    Cards,
    Fact,
    NumberRow,
    SectorFact,
    anchor_of,
    number_of,
)
from cyberposture.reporting.view.book_texts import ORDER, Said, Texts
from cyberposture.reporting.words import Words


@dataclass(frozen=True, slots=True)
class Domain:
    """A group of controls."""

    id: str
    title: Said
    counts: Text | None
    """How much it counts in the sector; None: as usual."""
    why: str | None
    cards: tuple[Card, ...]
    gates: int


@dataclass(frozen=True, slots=True)
class ClauseEntry:
    """A clause of the policy, and the controls that follow from it."""

    id: str
    anchor: str
    text: Said
    level: Text
    controls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another framework that controls are set beside."""

    title: str
    issuer: str
    note: str
    status: Text


@dataclass(frozen=True, slots=True)
class Kind:
    """What a profile is about, and for whom."""

    title: Said
    about: Said
    sector: SectorFact | None
    own_rules: str | None
    counts: Text


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the texts is there in the language of the book, and how sure they are."""

    controls: Text
    checks: Text
    has_drafts: bool


@dataclass(frozen=True, slots=True)
class BookView:
    """All that the template of the book may see."""

    words: Words
    language: str
    direction: str
    window_title: str
    title: str
    subtitle: tuple[str, ...]
    note: Said
    share: Share | None
    kind: Kind | None
    example: Text
    """The address of a control on the page."""
    glossary: tuple[Fact, ...]
    domains: tuple[Domain, ...]
    total: int
    proposed: tuple[Card, ...]
    clauses: tuple[ClauseEntry, ...]
    numbers: tuple[NumberRow, ...]
    elsewhere: tuple[Elsewhere, ...]
    terms: tuple[Term, ...]
    edition: str
    digests: tuple[tuple[Text, str], ...]
    program: str


_GLOSSARY = ("level", "weight", "tier", "gate", "evidence", "network", "derivation", "crossing")


def book_view(words: Words, inputs: BookInputs) -> BookView:
    """Return the view of the whole book, or of the profile that the inputs choose."""
    catalogue, framework = inputs.catalogue, inputs.catalogue.framework
    texts = Texts(words, inputs)
    cards = Cards(words, inputs, texts)
    domains = tuple(_domains(words, inputs, cards, texts))
    shown = {card.id for domain in domains for card in domain.cards}
    edition = inputs.edition
    name = f"{framework.id} {framework.version}"
    proposed = () if inputs.profile else tuple(cards.card(one) for one in catalogue.proposed)
    # What the catalogue calls itself is English: a book in another language is called by its kind.
    title = framework.title if inputs.translations is None else words.say("book.kind")
    return BookView(
        words=words,
        language=words.language,
        direction=words.direction,
        window_title=f"{title} ({name})",
        title=title,
        subtitle=tuple(_subtitle(words, inputs, texts)),
        note=texts.note,
        share=_share(words, inputs, shown),
        kind=None if inputs.profile is None else _kind(words, inputs.profile, texts),
        example=_address(domains),
        glossary=tuple(
            Fact(words.say(f"how.{one}.word"), words.say(f"how.{one}.means")) for one in _GLOSSARY
        ),
        domains=domains,
        total=len(shown),
        proposed=proposed,
        clauses=tuple(_clauses(words, inputs, shown, texts)),
        numbers=tuple(number_of(words, one) for one in inputs.parameters),
        elsewhere=tuple(
            Elsewhere(f"{n.title} {n.edition}", n.issuer, n.note, words.say(f"status.{n.status}"))
            for n in catalogue.neighbours
        ),
        terms=catalogue.glossary,
        edition=name,
        digests=(
            (words.say("digest.rules"), edition.rules),
            (words.say("digest.checks"), edition.checks),
            (words.say("digest.texts"), edition.texts),
        ),
        program=inputs.program_version,
    )


def _address(domains: tuple[Domain, ...]) -> Text:
    """Return the address of the first control, which reads from the left in every language."""
    first = next((card.id for domain in domains for card in domain.cards), "")
    return Text(f"#{first}", f'<bdi dir="ltr">#{first}</bdi>')


def _subtitle(words: Words, inputs: BookInputs, texts: Texts) -> Iterator[str]:
    framework = inputs.catalogue.framework
    if inputs.translations is not None:
        yield texts.inline(texts.english(framework.title))
    yield words.say("book.edition", edition=f"{framework.id} {framework.version}")
    if framework.dated is not None:
        month = words.say(f"month.{framework.dated.month}")
        day = {"day": framework.dated.day, "month": month, "year": framework.dated.year}
        yield words.say("date.day", **day)
    yield words.say("book.from", policy=texts.inline(texts.policy))


def _domains(words: Words, inputs: BookInputs, cards: Cards, texts: Texts) -> Iterator[Domain]:
    """Yield the domains that have controls; in a profile, those that somebody there is asked."""
    if inputs.profile is None:
        for domain in inputs.catalogue.framework.domains:
            held = [c for c in inputs.catalogue.controls if c.domain == domain.id]
            made = tuple(cards.card(control) for control in held)
            counts = _counts(words, domain.factor_pct)
            if made:
                title = texts.domains[domain.id]
                yield Domain(domain.id, title, counts, None, made, _gates(made))
        return
    for part in inputs.profile.domains:
        made = tuple(
            cards.card(control, line)
            for line in part.controls
            if line.state != "left-out" and (control := _found(inputs, line)) is not None
        )
        counts = _counts(words, part.factor_pct)
        if made:
            title = texts.domains[part.id]
            yield Domain(part.id, title, counts, part.why, made, _gates(made))


def _found(inputs: BookInputs, line: ControlLine) -> Control | None:
    return inputs.catalogue.find(line.id)


def _counts(words: Words, factor_pct: int) -> Text | None:
    return None if factor_pct == 100 else words.say("book.counts", percent=factor_pct)


def _gates(cards: tuple[Card, ...]) -> int:
    return sum(card.is_gate for card in cards)


def _kind(words: Words, view: ProfileView, texts: Texts) -> Kind:
    sector, (title, about) = view.sector, texts.profiles[view.profile]
    return Kind(
        title=title,
        about=about,
        sector=None if sector is None else SectorFact(texts.sectors[sector.id], sector.special),
        own_rules=None if sector is None else sector.own_rules,
        counts=words.say(
            "book.kind-counts",
            asked=view.count("asked"),
            depends=view.count("depends"),
            left=view.count("left-out"),
        ),
    )


def _share(words: Words, inputs: BookInputs, shown: set[str]) -> Share | None:
    """Return the line that counts what is translated, over the controls of this book."""
    found = inputs.translations
    if found is None:
        return None
    controls = found.count(c for c in inputs.catalogue.controls if c.id in shown)
    checks = found.count(inputs.checks.checks)
    return Share(
        controls=words.say(
            "share.controls", whole=len(shown), **{state: controls[state] for state in ORDER}
        ),
        checks=words.say(
            "share.checks",
            whole=len(inputs.checks.checks),
            **{state: checks[state] for state in ORDER},
        ),
        has_drafts=controls["draft"] + checks["draft"] > 0,
    )


def _clauses(
    words: Words, inputs: BookInputs, shown: set[str], texts: Texts
) -> Iterator[ClauseEntry]:
    """Yield every clause of the policy with the controls of this book that follow from it."""
    following: dict[str, list[str]] = defaultdict(list)
    for control in inputs.catalogue.controls:
        if control.id in shown:
            for source in control.sources:
                following[source.clause].append(control.id)
    for clause in inputs.catalogue.clauses:
        yield ClauseEntry(
            id=clause.id,
            anchor=anchor_of(clause.id),
            text=texts.clauses[clause.id],
            level=words.say(f"clause-level.{clause.level.lower()}"),
            controls=tuple(dict.fromkeys(following[clause.id])),
        )
