"""Turns our catalogue, or one that others wrote, into what can be set side by side."""

from collections.abc import Iterator
from typing import Any

from cyberposture.content.digests import canonical
from cyberposture.content.editions import rules_beside
from cyberposture.model.comparison import Book, Comparable
from cyberposture.model.controls import Catalogue, Control
from cyberposture.model.foreign import ForeignCatalogue, ForeignControl

_BESIDE = {"neighbours", "indicators", "proposed", "glossary"}
"""What stands beside the controls and is no rule, by its name in `Catalogue`."""


def book_of(catalogue: Catalogue, digest: str | None = None) -> Book:
    """Return our catalogue for a comparison; `digest` is that of its rules where it has one."""
    titles = {domain.id: domain.title for domain in catalogue.framework.domains}
    own = {"version", "dated", "note"}
    frame = {
        **catalogue.framework.model_dump(mode="json", exclude=own),
        **rules_beside(catalogue),
        **catalogue.model_dump(mode="json", include=_BESIDE),
    }
    return Book(
        name=catalogue.framework.id,
        version=catalogue.framework.version,
        digest=digest,
        frame=dict(_flat("", frame)),
        entries=tuple(
            comparable(control, titles.get(control.domain, control.domain))
            for control in catalogue.controls
        ),
        clauses=catalogue.clauses,
        retired=catalogue.retired,
    )


def book_of_foreign(foreign: ForeignCatalogue) -> Book:
    """Return somebody else's catalogue for a comparison."""
    return Book(
        name=foreign.title or foreign.id,
        version=foreign.version,
        digest=foreign.digest,
        entries=tuple(_foreign(control) for control in foreign.controls),
    )


def comparable(control: Control, domain: str) -> Comparable:
    """Return one of our controls for a comparison; `domain` is the title of its domain."""
    condition = control.applies_when
    return Comparable(
        id=control.id,
        title=control.title,
        texts=_texts(control),
        path=(domain,),
        version=control.version,
        weight=control.weight,
        tier=control.tier,
        gate=control.gate,
        evidence_mode=control.evidence_mode,
        evidence_age_days=control.evidence_age_days,
        applies_when=(
            None
            if condition is None
            else canonical(condition.model_dump(mode="json", exclude_none=True)).decode()
        ),
        observations=control.observations,
        supersedes=control.supersedes,
    )


def _texts(control: Control) -> dict[str, str]:
    """Return what people read of a control, but for crossings and the reason for its weight."""
    found = {"title": control.title, "statement": control.statement, "intent": control.intent or ""}
    if control.levels is not None:
        levels = control.levels.model_dump(by_alias=True)
        found |= {f"level {number}": text for number, text in levels.items()}
    found |= {f"guidance {size}": text for size, text in control.guidance.items()}
    found["sources"] = "\n".join(
        f"{one.instrument} {one.edition} {one.clause} ({one.derivation})" for one in control.sources
    )
    found["evidence"] = "\n".join(proof.what for proof in control.evidence)
    found["review"] = "\n".join(control.review)
    found |= {f"note for {sector}": text for sector, text in control.sector_notes.items()}
    return {name: text for name, text in found.items() if text}


def _foreign(control: ForeignControl) -> Comparable:
    texts = {"title": control.title, "statement": control.statement, "guidance": control.guidance}
    return Comparable(
        id=control.id,
        title=control.title,
        texts={name: text for name, text in texts.items() if text},
        path=control.path if control.parent is None else (*control.path, control.parent),
    )


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield every number and word with the path that leads to it; rows go by what they name."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _flat(f"{name}.{key}" if name else str(key), part)
    elif isinstance(value, list):
        names = [_known_as(part, place) for place, part in enumerate(value)]
        for place, (known, part) in enumerate(zip(names, value, strict=True)):
            # What two rows name alike is told apart by where they stand.
            own = known if names.count(known) == 1 else f"{known} {place + 1}"
            yield from _flat(f"{name}.{own}", part)
    elif value is not None:
        yield name, str(value)


def _known_as(row: Any, place: int) -> object:
    """Return what tells a row of a list from the others: what it names, or else its place."""
    named = row if isinstance(row, dict) else {}
    return next((named[key] for key in ("id", "domain", "parameter") if key in named), place)
