"""Identifies content: the digest under which every score, verdict and report names it.

Each kind has a digest of its own, so that a corrected comma in a text does not change the rules.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar

from cyberposture.content.digests import canonical
from cyberposture.content.translations import Translations
from cyberposture.errors import Corrupt
from cyberposture.model.checks import Checks
from cyberposture.model.controls import Catalogue
from cyberposture.model.foundation import Model, Sha256
from cyberposture.model.translations import (
    CheckTranslation,
    ClausesTranslation,
    ControlTranslation,
    FrameworkTranslation,
    IndicatorsTranslation,
    Translation,
)

_TEXTS = frozenset(
    {
        "title",
        "statement",
        "gap",
        "weight_reason",
        "intent",
        "levels",
        "guidance",
        "evidence",
        "review",
        "sector_notes",
        "maps_to",
        "why",
        "note",
    }
)
_TEXT_KINDS = ("indicators", "proposed", "glossary")
_RULE_KINDS = ("instruments", "parameters", "sector_rules", "profiles")
_RULE_TEXTS = frozenset(
    {
        "title",
        "issuer",
        "who",
        "why",
        "note",
        "special",
        "own_rules",
        "source",
        "section",
        "read_on",
        "day",
    }
)
_NAMES = frozenset({"id", "parameter", "domain", "instrument"})
"""What tells in the texts to which part of a rule they belong."""
_CHECK_TEXTS = frozenset({"title", "says", "why", "remedy", "sources", "examples", "rollup_reason"})
_CHECK_KINDS = ("observations", "packs")
_WHOLES = ("framework", "clauses", "indicators")
"""What is rendered as a whole, and not control by control."""
W = TypeVar("W", bound=Translation)
_NO_CHECKS = Checks(packs=(), checks=(), observations=())


class Edition(Model):
    """The identity of the content that a process works with."""

    catalogue: str
    version: str
    rules: Sha256
    checks: Sha256
    texts: Sha256


def _split(items: list[dict[str, Any]], texts: frozenset[str]) -> tuple[list[Any], list[Any]]:
    rules = [{k: v for k, v in item.items() if k not in texts} for item in items]
    words = [{k: v for k, v in item.items() if k in texts or k == "id"} for item in items]
    return rules, words


def _without_texts(value: Any) -> Any:
    """Return rules without the words beside them, however deep they stand."""
    if isinstance(value, dict):
        return {k: _without_texts(v) for k, v in value.items() if k not in _RULE_TEXTS}
    return [_without_texts(part) for part in value] if isinstance(value, list) else value


def rules_beside(catalogue: Catalogue) -> dict[str, Any]:
    """Return the rules that stand beside the controls, by kind, without their texts."""
    whole = catalogue.model_dump(mode="json", by_alias=True, include=set(_RULE_KINDS))
    return {kind: _without_texts(part) for kind, part in whole.items()}


def _texts_alone(value: Any) -> Any:
    """Return the words that stand in rules, with the names of what they belong to."""
    if isinstance(value, list):
        return [_texts_alone(part) for part in value]
    return {
        k: _texts_alone(v) if isinstance(v, list | dict) else v
        for k, v in value.items()
        if k in _RULE_TEXTS | _NAMES or (isinstance(v, list) and v and isinstance(v[0], dict))
    }


def documents(
    catalogue: Catalogue, checks: Checks, translations: Sequence[Translations] = ()
) -> dict[str, bytes]:
    """Return the canonical bytes of each kind of content: `catalogue` rules, `checks`, `texts`.

    Translations are texts: a change of theirs changes neither rules nor checks. Where there are
    none, the texts are as they were before anything was translated.
    """
    return dict(_take_apart(_TheSame(catalogue, checks, translations)))


class _TheSame:
    """Content that is equal to nothing but itself: comparing it whole would take longer."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def __hash__(self) -> int:
        return hash(tuple(id(part) for part in self.parts))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _TheSame) and all(
            one is its for one, its in zip(self.parts, other.parts, strict=True)
        )


@lru_cache(maxsize=2)  # it never changes, and is asked for whenever it is named or adopted
def _take_apart(content: _TheSame) -> dict[str, bytes]:
    catalogue, checks, translations = content.parts
    whole = catalogue.model_dump(mode="json", by_alias=True)
    found = checks.model_dump(mode="json", by_alias=True)
    control_rules, control_texts = _split(whole["controls"], _TEXTS)
    for rules, control in zip(control_rules, catalogue.controls, strict=True):
        # Its words are text; how old it may be decides a grade.
        rules["evidence_age_days"] = [proof.max_age_days for proof in control.evidence]
    check_rules, check_texts = _split(found.pop("checks"), _CHECK_TEXTS)
    clause_ids = [clause["id"] for clause in whole["clauses"]]
    # They stand beside the score: what they mean is kept, and changes no rule.
    explained = {kind: part for kind in _TEXT_KINDS if (part := whole.pop(kind))}
    beside = {kind: whole.pop(kind) for kind in _RULE_KINDS}
    whole |= {kind: _without_texts(part) for kind, part in beside.items()}
    texts = {
        "controls": control_texts,
        **{kind: _texts_alone(part) for kind, part in beside.items()},
        "checks": check_texts,
        "clauses": whole["clauses"],
        **{kind: found.pop(kind) for kind in _CHECK_KINDS},
        **explained,
    }
    # What else stands beside the checks decides verdicts as they do.
    decisive = {kind: part for kind, part in found.items() if part is not None}
    said = {
        one.language: _told(one)
        for one in translations
        if one.controls or one.checks or any(getattr(one, kind) for kind in _WHOLES)
    }
    if said:
        texts["translations"] = said
    return {
        "catalogue": canonical({**whole, "controls": control_rules, "clauses": clause_ids}),
        "checks": canonical({**decisive, "checks": check_rules} if decisive else check_rules),
        "texts": canonical(texts),
    }


def _told(translations: Translations) -> dict[str, Any]:
    told: dict[str, Any] = {
        kind: {identity: one.model_dump(mode="json", by_alias=True) for identity, one in of.items()}
        for kind, of in (("controls", translations.controls), ("checks", translations.checks))
    }
    for kind in _WHOLES:
        whole = getattr(translations, kind)
        if whole is not None:
            told[kind] = whole.model_dump(mode="json")
            if told[kind].get("notes", "") is None:
                del told[kind]["notes"]  # editions from before there were any keep their digests
    return told


def _joined(rules: Any, texts: Any) -> Any:
    """Return rules with the words that were kept apart from them."""
    if isinstance(rules, list) and isinstance(texts, list):
        return [_joined(one, other) for one, other in zip(rules, texts, strict=True)]
    if isinstance(rules, dict) and isinstance(texts, dict):
        return texts | {k: _joined(v, texts[k]) if k in texts else v for k, v in rules.items()}
    return rules


def restore(rules: bytes, texts: bytes) -> Catalogue:
    """Return the catalogue that `documents` took apart into its rules and its texts.

    Raises:
        Corrupt: the two do not belong together, or are no catalogue.
    """
    try:
        whole, words = json.loads(rules), json.loads(texts)
        said = {control["id"]: control for control in words["controls"]}
        if said.keys() != {control["id"] for control in whole["controls"]}:
            raise Corrupt("these texts are not those of this catalogue's controls")
        if [clause["id"] for clause in words["clauses"]] != whole["clauses"]:
            raise Corrupt("these clauses are not those of this catalogue")
        controls = [{**control, **said[control["id"]]} for control in whole["controls"]]
        for control in controls:
            del control["evidence_age_days"]
        beside = {kind: _joined(whole[kind], words[kind]) for kind in _RULE_KINDS}
        kept = {kind: words.get(kind, []) for kind in ("clauses", *_TEXT_KINDS)}
        return Catalogue.model_validate(whole | kept | beside | {"controls": controls})
    except (ValueError, KeyError, TypeError) as error:
        raise Corrupt("what is kept of this edition is no catalogue that can be read") from error


def restore_checks(rules: bytes, texts: bytes) -> Checks:
    """Return the checks that `documents` took apart into their rules and their texts.

    Raises:
        Corrupt: the two do not belong together, or are no checks.
    """
    try:
        kept, words = json.loads(rules), json.loads(texts)
        whole = kept if isinstance(kept, dict) else {"checks": kept}
        said = {check["id"]: check for check in words["checks"]}
        if said.keys() != {check["id"] for check in whole["checks"]}:
            raise Corrupt("these texts are not those of these checks")
        checks = [{**check, **said[check["id"]]} for check in whole["checks"]]
        beside = {kind: words[kind] for kind in _CHECK_KINDS}
        return Checks.model_validate(whole | beside | {"checks": checks})
    except (ValueError, KeyError, TypeError) as error:
        raise Corrupt("what is kept of these checks is nothing that can be read") from error


def restore_translations(texts: bytes) -> tuple[Translations, ...]:
    """Return the translations among the texts that `documents` wrote, in order of the languages.

    Texts that were kept before translations were have none.

    Raises:
        Corrupt: they are no translations.
    """
    try:
        said = json.loads(texts).get("translations", {})
        return tuple(
            Translations(
                language,
                {k: ControlTranslation.model_validate(v) for k, v in of["controls"].items()},
                {k: CheckTranslation.model_validate(v) for k, v in of["checks"].items()},
                _whole(FrameworkTranslation, of, "framework"),
                _whole(ClausesTranslation, of, "clauses"),
                _whole(IndicatorsTranslation, of, "indicators"),
            )
            for language, of in sorted(said.items())
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Corrupt("what is kept of the translations is nothing that can be read") from error


def _whole(model: type[W], told: dict[str, Any], kind: str) -> W | None:
    return model.model_validate(told[kind]) if kind in told else None


def rules_digest(catalogue: Catalogue) -> str:
    """Return the digest of a catalogue's rules, under which rounds and overlays name it."""
    return hashlib.sha256(documents(catalogue, _NO_CHECKS)["catalogue"]).hexdigest()


def identify(
    catalogue: Catalogue, checks: Checks, translations: Sequence[Translations] = ()
) -> Edition:
    """Return the edition that these rules, checks and texts make up."""
    digests = {
        kind: hashlib.sha256(data).hexdigest()
        for kind, data in documents(catalogue, checks, translations).items()
    }
    return Edition(
        catalogue=catalogue.framework.id,
        version=catalogue.framework.version,
        rules=digests["catalogue"],
        checks=digests["checks"],
        texts=digests["texts"],
    )
