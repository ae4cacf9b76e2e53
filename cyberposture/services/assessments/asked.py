"""What an assessment asks now: the controls of its profile that apply to the institution as it is.

A control whose condition does not hold is not asked; what was answered to it before stays.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from cyberposture.model.controls import Catalogue, Control
from cyberposture.model.institutions import Institution
from cyberposture.scoring.assemble import applies, features_of
from cyberposture.services.catalogue.pinned import Pinned, get_pinned
from cyberposture.services.register import Register
from cyberposture.store import answers
from cyberposture.store.answers import AnswerRevision
from cyberposture.store.assessments import AssessmentRecord
from cyberposture.store.layouts import get_layout
from cyberposture.store.opened import get_opened
from cyberposture.store.rounds import RoundRecord

MOST_DIVIDED = 1_000
"""So many divisions of a catalogue are kept in mind."""


@dataclass(frozen=True)
class Asked:
    """An assessment with the edition that it asks under, as it stands now."""

    institution: Institution
    institution_id: UUID
    campaign: RoundRecord
    assessment: AssessmentRecord
    pinned: Pinned
    controls: tuple[Control, ...]
    """Those that are asked, in their order."""
    left_out: tuple[Control, ...]
    """Those of the profile whose condition does not hold."""
    given: dict[str, AnswerRevision]

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue of the round's edition."""
        return self.pinned.catalogue

    @property
    def due(self) -> datetime:
        """Until when: what was granted to this institution, else the round's own date."""
        return self.assessment.due_at or self.campaign.round.due

    def find(self, control: str) -> Control | None:
        """Return the control that is asked under this id, or None."""
        return next((one for one in self.controls if one.id == control), None)


def read_asked(register: Register, institution: str, round_code: str) -> Asked:
    """Return what an institution is asked in a round, from one state of the register.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    with register.reading() as connection:
        return open_asked(register, connection, institution, round_code)


def open_asked(
    register: Register,
    connection: Connection,
    institution: str,
    round_code: str,
    *,
    answered: bool = True,
) -> Asked:
    """Return what an institution is asked in a round; without `answered`, its answers are not read.

    Raises:
        NotFound: institution, round or assessment is not there.
    """
    now = register.clock()
    record, campaign, assessment = get_opened(connection, institution, round_code, as_of=now)
    pinned = get_pinned(register, connection, campaign.round.edition)
    asked, left_out = _divide(register, connection, pinned, assessment.layout, record.institution)
    given = answers.list_answers(connection, assessment.id) if answered else {}
    return Asked(
        institution=record.institution,
        institution_id=record.id,
        campaign=campaign,
        assessment=assessment,
        pinned=pinned,
        controls=asked,
        left_out=left_out,
        given=given,
    )


def divide(
    catalogue: Catalogue, controls: Iterable[str], institution: Institution
) -> tuple[tuple[Control, ...], tuple[Control, ...]]:
    """Return those of the controls that apply to the institution, and those that do not."""
    known = {control.id: control for control in catalogue.controls}
    found = [known[one] for one in controls if one in known]
    asked = tuple(one for one in found if applies(one, institution))
    return asked, tuple(one for one in found if not applies(one, institution))


def _divide(
    register: Register,
    connection: Connection,
    pinned: Pinned,
    layout: str,
    institution: Institution,
) -> tuple[tuple[Control, ...], tuple[Control, ...]]:
    """Return what `divide` does, worked out once for all institutions that are alike to it."""
    alike = (features_of(institution), frozenset(institution.sectors))
    key = (pinned.edition.rules, pinned.edition.texts, layout, alike)
    if key not in register.divided:
        if len(register.divided) >= MOST_DIVIDED:
            register.divided.clear()
        controls = get_layout(connection, layout)
        register.divided[key] = divide(pinned.catalogue, controls, institution)
    return register.divided[key]


def takes_answer(control: Control) -> bool:
    """Return whether an institution answers this control; else the network alone decides it."""
    return control.evidence_mode != "N"


def is_said(revision: AnswerRevision | None) -> bool:
    """Return whether an answer is the institution's own word: a suggestion is nobody's."""
    if revision is None or revision.is_suggestion:
        return False
    return revision.answer.level is not None or revision.answer.not_applicable is not None
