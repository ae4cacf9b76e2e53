"""Reads the texts in another language that stand beside controls and checks."""

from collections.abc import Callable, Mapping
from pathlib import Path
from string import Formatter
from typing import TypeVar

from cyberposture.content.bundle import ContentFolders
from cyberposture.content.reading.documents import Document, build, read_file
from cyberposture.content.translations import (
    Translations,
    clause_texts,
    framework_names,
    indicator_texts,
    source_digest,
)
from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.checks import Check, Checks
from cyberposture.model.controls import Catalogue, Control
from cyberposture.model.translations import (
    CheckTranslation,
    ClausesTranslation,
    ControlTranslation,
    FrameworkTranslation,
    IndicatorsTranslation,
    Translation,
)

FRAMEWORK, CLAUSES, INDICATORS = "framework", "clauses", "indicators"
"""How the files begin that render what holds a catalogue together."""
T = TypeVar("T", ControlTranslation, CheckTranslation)
W = TypeVar("W", bound=Translation)


def languages(folders: ContentFolders) -> list[str]:
    """Return the codes of the languages in which there is any text, in order of the alphabet."""
    return sorted(_languages(folders.controls) | _languages(folders.scanners))


def load_every_language(
    folders: ContentFolders, catalogue: Catalogue, checks: Checks
) -> tuple[Translations, ...]:
    """Return every text in every language, in order of the languages.

    Raises:
        InvalidInput: with every fault of every file, each with file and line.
    """
    found, faults = [], []
    for language in languages(folders):
        try:
            found.append(load_translations(folders, catalogue, checks, language))
        except InvalidInput as error:
            faults += error.faults
    if faults:
        raise InvalidInput(faults)
    return tuple(found)


def load_translations(
    folders: ContentFolders, catalogue: Catalogue, checks: Checks, language: str
) -> Translations:
    """Return every text in this language.

    Raises:
        InvalidInput: with every fault of every file, each with file and line.
    """
    faults: list[Fault] = []
    controls = _load_controls(folders.controls, catalogue, language, faults)
    tests = _load(
        CheckTranslation,
        folders.scanners,
        language,
        known={check.id: check for check in checks.checks},
        identify=lambda path: f"{path.parent.name}.{path.name.removesuffix(f'.{language}.yaml')}",
        faults=faults,
    )
    for identity, (found, document) in tests.items():
        check = checks.find(identity)
        if check is not None:
            faults += _other_facts(check, found, document)
    whole = _load_wholes(folders.controls, catalogue, language, faults)
    if faults:
        raise InvalidInput(sorted(set(faults)))
    known = {one: found for one, (found, _) in tests.items()}
    return Translations(language, controls, known, *whole)


def load_beside(
    folder: Path, catalogue: Catalogue, others: tuple[Translations, ...]
) -> tuple[Translations, ...]:
    """Return the texts of a content folder `controls` alone, with the checks' texts of `others`.

    Raises:
        InvalidInput: with every fault of every file, each with file and line.
    """
    faults: list[Fault] = []
    tests = {one.language: one.checks for one in others if one.checks}
    found = tuple(
        Translations(
            language,
            _load_controls(folder, catalogue, language, faults),
            tests.get(language, {}),
            *_load_wholes(folder, catalogue, language, faults),
        )
        for language in sorted(_languages(folder) | tests.keys())
    )
    if faults:
        raise InvalidInput(sorted(set(faults)))
    return found


def _languages(folder: Path) -> set[str]:
    return {path.name.split(".")[-2] for path in folder.rglob("*.*.yaml")}


def _load_controls(
    folder: Path, catalogue: Catalogue, language: str, faults: list[Fault]
) -> dict[str, ControlTranslation]:
    found = _load(
        ControlTranslation,
        folder,
        language,
        known={control.id: control for control in catalogue.controls},
        identify=lambda path: path.name[:6],
        faults=faults,
    )
    for identity, (translation, document) in found.items():
        control = catalogue.find(identity)
        if control is not None:
            faults += _differences(control, translation, document)
    return {identity: translation for identity, (translation, _) in found.items()}


Wholes = tuple[
    FrameworkTranslation | None,
    ClausesTranslation | None,
    IndicatorsTranslation | None,
]


def _load_wholes(folder: Path, catalogue: Catalogue, language: str, faults: list[Fault]) -> Wholes:
    """Return what renders the frame of a catalogue: each None where there is no such file."""
    names = framework_names(catalogue, notes=True)
    clauses = {"clauses": clause_texts(catalogue)["clauses"]}
    return (
        _load_whole(FrameworkTranslation, folder, f"{FRAMEWORK}.{language}", names, faults),
        _load_whole(ClausesTranslation, folder, f"{CLAUSES}.{language}", clauses, faults),
        _load_indicators(folder, catalogue, language, faults),
    )


def _load_indicators(
    folder: Path, catalogue: Catalogue, language: str, faults: list[Fault]
) -> IndicatorsTranslation | None:
    known = {"indicators": indicator_texts(catalogue)}
    found = _load_whole(IndicatorsTranslation, folder, f"{INDICATORS}.{language}", known, faults)
    for code, texts in found.indicators.items() if found is not None else ():
        figures = known["indicators"].get(code, {}).get("figures", {})
        for unknown in sorted(texts.figures.keys() - figures.keys()):
            where = f"{folder.name}/{INDICATORS}.{language}.yaml"
            faults.append(Fault(where, f"{code}: no figure called {unknown}"))
    return found


def _load_whole(
    model: type[W],
    folder: Path,
    name: str,
    known: Mapping[str, Mapping[str, object]],
    faults: list[Fault],
) -> W | None:
    """Return the texts of `NAME.LANGUAGE`; what they name must be `known`, by kind and id."""
    path, language = next(folder.glob(f"*/{name}.yaml"), None), name.rpartition(".")[2]
    if path is None:
        return None
    try:
        document = read_file(path, str(Path(folder.name) / path.relative_to(folder)))
        found = build(model, document)
    except InvalidInput as error:
        faults.extend(error.faults)
        return None
    if found.language != language:
        faults.append(Fault(document.where(("language",)), f"the file's name says {language}"))
    told = found.model_dump()
    for kind, names in known.items():
        for unknown in sorted((told[kind] or {}).keys() - names.keys()):
            faults.append(Fault(document.where((kind, unknown)), f"no {kind} called {unknown}"))
    return found


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
        if path.name.partition(".")[0] in (FRAMEWORK, CLAUSES, INDICATORS):
            continue  # read by itself
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


def _other_facts(check: Check, translation: CheckTranslation, document: Document) -> list[Fault]:
    """Return where a translated sentence needs other facts than its English."""
    if translation.says is None:
        return []
    own, english = translation.says.model_dump(by_alias=True), check.says.model_dump(by_alias=True)
    return [
        Fault(document.where(("says", kind)), f"the facts in braces are those of: {text}")
        for kind, text in english.items()
        if text is not None and _facts(own[kind] or "") != _facts(text)
    ]


def _facts(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


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
