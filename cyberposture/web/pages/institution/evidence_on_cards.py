"""Evidence on the cards of questions: what stands behind an answer, and what is put there."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, Field

from cyberposture.errors import Fault, InvalidInput
from cyberposture.services.assessments import evidence
from cyberposture.services.assessments.cards import Card, DomainPage
from cyberposture.services.assessments.evidence import Use
from cyberposture.services.institutions.entries import get_institution
from cyberposture.web.pages.institution.evidence import (
    Faults,
    ShownPiece,
    description_of,
    faults_in,
    limits_of,
    show_piece,
)
from cyberposture.web.surroundings import Allowed, Visit, require_form_key
from cyberposture.web.uploads import Upload, read_upload

router = APIRouter(include_in_schema=False)
ON_CARD = "/institutions/{institution}/rounds/{round_code}/evidence/{control}"
MOST_OFFERED = 200
"""So many pieces can be chosen from on a card; the list of evidence holds them all."""


@dataclass(frozen=True)
class OnCard:
    """What stands behind one answer, in words, and what else could."""

    pieces: tuple[ShownPiece, ...]
    unlisted: tuple[str, ...]
    others: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class OnCards:
    """What stands behind the answers of a page, by control."""

    cards: dict[str, OnCard]
    others: tuple[tuple[str, str], ...]
    today: str
    megabytes: int

    def of(self, control: str) -> OnCard:
        """Return what stands behind one answer."""
        return self.cards.get(control, OnCard((), (), self.others))


class PieceForm(BaseModel):
    """Which piece is meant."""

    form_key: str = Field("", max_length=200)
    piece: str = Field("", max_length=50)


def evidence_on_cards(visit: Visit, found: DomainPage, cards_shown: Iterable[Card]) -> OnCards:
    """Return what the cards of a page show of evidence."""
    settings, institution = visit.portal.runtime.settings, found.asked.institution
    zone = ZoneInfo(institution.zone)
    today = visit.register.clock().astimezone(zone).date().isoformat()
    megabytes = settings.upload_bytes // 1_000_000
    if found.evidence is None:
        return OnCards({}, (), today, megabytes)
    listed = found.evidence.listed[:MOST_OFFERED]
    others = tuple((one.record.code, one.record.title) for one in listed)
    cards = {}
    for control in (one.control.id for one in cards_shown):
        behind = found.evidence.behind.get(control)
        if behind is None:
            continue
        here = {one.record.code for one in behind.pieces}
        cards[control] = OnCard(
            tuple(show_piece(visit, one, zone, institution.code) for one in behind.pieces),
            tuple(one.title for one in behind.unlisted),
            tuple(one for one in others if one[0] not in here),
        )
    return OnCards(cards, others, today, megabytes)


def _back(visit: Visit, institution: str, use: Use, done: str) -> Response:
    card = f"/institutions/{institution}/rounds/{use.round_code}/answers/{use.control[:3]}"
    return visit.go(f"{card}?done={done}&at={use.control}#{use.control}-evidence")


def _use(round_code: str, control: str) -> Use:
    return Use(round_code, control.upper()[:20])


@router.post(ON_CARD + "/upload")
async def add_file(
    visit: Annotated[Visit, Depends(Allowed("attach-evidence"))],
    institution: str,
    round_code: str,
    control: str,
) -> Response:
    """Take a file in and put it behind the answer to a control."""
    use, form = _use(round_code, control), Upload({}, None)
    try:
        form = await read_upload(visit, limits_of(visit).most_bytes)
        done = await run_in_threadpool(_add, visit, institution, use, form)
    except InvalidInput as error:
        faults = faults_in(visit, error)
        return await run_in_threadpool(_refused, visit, institution, use, form, faults)
    return _back(visit, institution, use, done)


def _add(visit: Visit, institution: str, use: Use, form: Upload) -> str:
    if form.file is None:
        raise InvalidInput(Fault("file", "choose a file"))
    said = description_of(form.fields, form.file.name)
    done = evidence.add_file(
        visit.register, institution, form.file, said, limits=limits_of(visit), use=use
    )
    return "evidence-there" if done.was_there else "evidence-attached"


def _refused(visit: Visit, institution: str, use: Use, form: Upload, faults: Faults) -> Response:
    """Return a page of its own that says what is wrong, with what was typed."""
    owner = get_institution(visit.register, institution).institution
    card = f"/institutions/{institution}/rounds/{use.round_code}"
    return visit.show(
        "institution/evidence-refused.html.j2",
        422,
        owner=owner,
        use=use,
        action=f"{card}/evidence/{use.control}/upload",
        back=f"{card}/answers/{use.control[:3]}#{use.control}",
        faults=faults,
        typed=form.fields,
        today=visit.register.clock().astimezone(ZoneInfo(owner.zone)).date().isoformat(),
        megabytes=limits_of(visit).most_bytes // 1_000_000,
    )


@router.post(ON_CARD + "/attach")
def attach(
    visit: Annotated[Visit, Depends(Allowed("attach-evidence"))],
    institution: str,
    round_code: str,
    control: str,
    form: Annotated[PieceForm, Form()],
) -> Response:
    """Put a piece of the list behind the answer to a control too."""
    require_form_key(visit, form.form_key)
    use = _use(round_code, control)
    evidence.attach(visit.register, institution, use, form.piece)
    return _back(visit, institution, use, "evidence-attached")


@router.post(ON_CARD + "/detach")
def detach(
    visit: Annotated[Visit, Depends(Allowed("attach-evidence"))],
    institution: str,
    round_code: str,
    control: str,
    form: Annotated[PieceForm, Form()],
) -> Response:
    """Take a piece from behind an answer; it stays in the list."""
    require_form_key(visit, form.form_key)
    use = _use(round_code, control)
    evidence.detach(visit.register, institution, use, form.piece)
    return _back(visit, institution, use, "evidence-detached")
