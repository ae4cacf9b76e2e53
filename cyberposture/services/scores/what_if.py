"""What the score would be if: some steps taken, some controls at other levels. Nothing is kept."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cyberposture.content.translations import Translations
from cyberposture.model.controls import Catalogue, Control
from cyberposture.model.institutions import Institution
from cyberposture.model.scores import InstitutionScore, ScoreDocument
from cyberposture.scoring.plan import Step, imagine, rank_improvements
from cyberposture.services.register import Register
from cyberposture.services.scores.basis import gather_basis

OFFERED = 10
"""So many steps can be ticked, the best ones."""


@dataclass(frozen=True)
class Offered:
    """A step that can be imagined."""

    key: str
    """Names it for as long as it is the same step."""
    step: Step
    is_taken: bool


@dataclass(frozen=True)
class Settable:
    """A control whose level can be imagined; None: unanswered, or left as it is."""

    control: Control
    stands: int | None
    imagined: int | None


@dataclass(frozen=True)
class WhatIf:
    """The live score as it is, and as it would be."""

    institution: Institution
    as_of: datetime
    now: InstitutionScore
    then: InstitutionScore
    steps: tuple[Offered, ...]
    controls: tuple[Settable, ...]
    """Of every domain, in the order of the catalogue."""
    catalogue: Catalogue
    translations: tuple[Translations, ...]

    @property
    def is_imagined(self) -> bool:
        """Whether anything is other than it is."""
        levels = any(one.imagined is not None for one in self.controls)
        return levels or any(one.is_taken for one in self.steps)


def look_ahead(
    register: Register, institution: str, *, steps: Collection[str], levels: Mapping[str, int]
) -> WhatIf:
    """Return the score of an institution as it would be; `steps` are keys, `levels` by control.

    Steps and controls that are not offered (any more) change nothing.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        basis = gather_basis(register, connection, institution, None, register.clock())
    ranked = rank_improvements(basis.document, basis.result, OFFERED)
    offered = tuple(Offered(_key(step), step, _key(step) in steps) for step in ranked)
    controls = _settable(basis.document, basis.pinned.catalogue.controls, levels)
    imagined = {one.control.id: one.imagined for one in controls if one.imagined is not None}
    taken = [one.step for one in offered if one.is_taken]
    return WhatIf(
        institution=basis.institution.institution,
        as_of=basis.as_of,
        now=basis.result.institution,
        then=imagine(basis.document, imagined, taken),
        steps=offered,
        controls=controls,
        catalogue=basis.pinned.catalogue,
        translations=basis.pinned.translations,
    )


def _settable(
    document: ScoreDocument, controls: Collection[Control], levels: Mapping[str, int]
) -> tuple[Settable, ...]:
    answers = {one.control: one for one in document.answers}
    asked = {one.id for one in document.controls if one.evidence != "N"}
    found = []
    for control in controls:
        answer = answers.get(control.id)
        if control.id not in asked or (answer is not None and answer.is_left_out):
            continue
        stands = None
        if answer is not None:
            stands = answer.level if answer.review is None else answer.review.level
        level = levels.get(control.id)
        found.append(Settable(control, stands, None if level == stands else level))
    return tuple(found)


def _key(step: Step) -> str:
    said = "|".join((step.kind, str(step.level), *step.controls, "", *step.checks))
    return sha256(said.encode()).hexdigest()[:12]
