"""Reads the texts in another language that stand beside controls and checks, and counts them.

A translation whose English has changed since is kept, called outdated, and never shown as current.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from cyberposture.content.bundle import ContentFolders
from cyberposture.content.editions import digest
from cyberposture.content.reading.documents import Document, build, read_file
from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.checks import Check, Checks
from cyberposture.model.controls import Catalogue, Control
from cyberposture.model.translations import (
    CheckTranslation,
    ControlTranslation,
    State,
    Translation,
)

T = TypeVar("T", ControlTranslation, CheckTranslation)


@dataclass(frozen=True)
class Translations:
    """The texts in one language, by the id of the control or check that they render."""

    language: str
    controls: Mapping[str, ControlTranslation] = field(default_factory=dict)
    checks: Mapping[str, CheckTranslation] = field(default_factory=dict)

    def state(self, item: Control | Check) -> State:
        """Return how the item's texts stand in this language."""
        found: Translation | None
        if isinstance(item, Control):
            found = self.controls.get(item.id)
        else:
            found = self.checks.get(item.id)
        if found is None:
            return "missing"
        return found.status if found.source == source_digest(item) else "outdated"

    def count(self, items: Iterable[Control | Check]) -> Counter[State]:
        """Return how many of the items stand in each state."""
        return Counter(self.state(item) for item in items)


def source_digest(item: Control | Check) -> str:
    """Return the SHA-256 over the English texts that a translation of the item renders."""
    if isinstance(item, Check):
        return digest({"title": item.title, "why": item.why, "remedy": item.remedy})
    levels = None if item.levels is None else item.levels.model_dump(by_alias=True)
    return digest(
        {
            "title": item.title,
            "statement": item.statement,
            "levels": levels,
            "evidence": [proof.what for proof in item.evidence],
        }
    )


def languages(folders: ContentFolders) -> list[str]:
    """Return the codes of the languages in which there is any text, in order of the alphabet."""
    files = [*folders.controls.rglob("*.*.yaml"), *folders.scanners.rglob("*.*.yaml")]
    return sorted({path.name.split(".")[-2] for path in files})


def load_translations(
    folders: ContentFolders, catalogue: Catalogue, checks: Checks, language: str
) -> Translations:
    """Return every text in this language.

    Raises:
        InvalidInput: with every fault of every file, each with file and line.
    """
    faults: list[Fault] = []
    controls = _load(
        ControlTranslation,
        folders.controls,
        language,
        known={control.id: control for control in catalogue.controls},
        identify=lambda path: path.name[:6],
        faults=faults,
    )
    tests = _load(
        CheckTranslation,
        folders.scanners,
        language,
        known={check.id: check for check in checks.checks},
        identify=lambda path: f"{path.parent.name}.{path.name.removesuffix(f'.{language}.yaml')}",
        faults=faults,
    )
    for identity, (translation, document) in controls.items():
        control = catalogue.find(identity)
        if control is not None:
            faults += _differences(control, translation, document)
    if faults:
        raise InvalidInput(sorted(set(faults)))
    return Translations(
        language,
        {identity: found for identity, (found, _) in controls.items()},
        {identity: found for identity, (found, _) in tests.items()},
    )


def _load(
    model: type[T],
    root: Path,
    language: str,
    *,
    known: Mapping[str, Control | Check],
    identify: Callable[[Path], str],
    faults: list[Fault],
) -> dict[str, tuple[T, Document]]:
    found: dict[str, tuple[T, Document]] = {}
    for path in sorted(root.rglob(f"*.{language}.yaml")):
        name = str(Path(root.name) / path.relative_to(root))
        try:
            document = read_file(path, name)
            translation = build(model, document)
        except InvalidInput as error:
            faults.extend(error.faults)
            continue
        identity = identify(path)
        beside = path.with_name(f"{path.name.removesuffix(f'.{language}.yaml')}.yaml")
        if identity not in known or not beside.is_file():
            faults.append(Fault(name, f"there is no {beside.name} whose texts these could be"))
        if translation.language != language:
            faults.append(Fault(document.where(("language",)), f"the file's name says {language}"))
        found[identity] = (translation, document)
    return found


def _differences(
    control: Control, translation: ControlTranslation, document: Document
) -> list[Fault]:
    """Return where a current translation has more or fewer parts than its English."""
    if translation.source != source_digest(control):
        return []
    faults = []
    if (translation.levels is None) != (control.levels is None):
        faults.append(
            Fault(document.where(("levels",)), "levels: given where the English has them")
        )
    if len(translation.evidence) != len(control.evidence):
        what = f"evidence: {len(control.evidence)} items are expected"
        faults.append(Fault(document.where(("evidence",)), what))
    return faults
