"""A consultation as everybody may read it: the draft's controls, and what was said of each."""

from collections import Counter
from dataclasses import dataclass

from cyberposture.content.translations import Translations
from cyberposture.errors import NotFound
from cyberposture.model.consultations import ConsultationState
from cyberposture.model.controls import Catalogue, Control
from cyberposture.services.catalogue.consultations import ConsultationView, list_consultations
from cyberposture.services.catalogue.drafts import restore_draft
from cyberposture.services.register import Register
from cyberposture.store import comments
from cyberposture.store import consultations as store
from cyberposture.store.comments import CommentRecord
from cyberposture.store.consultations import ConsultationRecord


@dataclass(frozen=True)
class OpenDraft:
    """A draft with the comments that may be shown; `said` counts them by control or clause."""

    record: ConsultationRecord
    state: ConsultationState
    catalogue: Catalogue
    translations: tuple[Translations, ...]
    comments: tuple[CommentRecord, ...]
    said: Counter[str]


def list_open_first(register: Register) -> list[ConsultationView]:
    """Return all consultations, those that take comments first, and of these the next to end."""
    found = list_consultations(register)
    return sorted(found, key=lambda one: (one.state != "open", one.record.consultation.closes))


def read_open_draft(register: Register, code: str) -> OpenDraft:
    """Return a draft and everything that everybody may read of what was said to it.

    A hidden comment is among them: it is shown as hidden, with the reason. One whose author
    objects to publication is not.

    Raises:
        NotFound: there is no such consultation.
    """
    with register.reading() as connection:
        record = store.get_consultation(connection, code)
        catalogue, translations = restore_draft(register, connection, record.consultation.draft)
        given = comments.list_comments(connection, consultation_id=record.id)
    public = tuple(one for one in given if one.said.is_public)
    return OpenDraft(
        record=record,
        state=record.state_at(register.clock()),
        catalogue=catalogue,
        translations=translations,
        comments=public,
        said=Counter(one.about for one in public),
    )


def control_of(draft: OpenDraft, control: str) -> Control:
    """Return a control of the draft.

    Raises:
        NotFound: the draft has none of this id.
    """
    for one in draft.catalogue.controls:
        if one.id == control:
            return one
    raise NotFound("control", control)
