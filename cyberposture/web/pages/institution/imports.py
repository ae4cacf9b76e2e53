"""Imports of answers, and the way back from each."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.services.assessments import importing
from cyberposture.services.assessments.importing import ImportView
from cyberposture.services.institutions.entries import get_institution
from cyberposture.services.people.names import names_of
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key

router = APIRouter(include_in_schema=False)
IMPORTS = "/institutions/{institution}/rounds/{round_code}/imports"


class UndoForm(BaseModel):
    """Why an import is undone."""

    form_key: str = Field("", max_length=200)
    reason: str = Field("", max_length=2000)


@router.get(IMPORTS)
def show_imports(
    visit: Annotated[Visit, Depends(Allowed("see-answers"))], institution: str, round_code: str
) -> HTMLResponse:
    """Show what came in by files, and what undoing would do."""
    owner = get_institution(visit.register, institution).institution
    found = importing.view_imports(visit.register, institution, round_code)
    actors = [one.record.act.actor for one in found]
    names = names_of(visit.register, actors)
    zone = ZoneInfo(owner.zone)
    return visit.show(
        "institution/imports.html.j2",
        owner=owner,
        round_at=f"/institutions/{institution}/rounds/{round_code}",
        imports=[_shown(visit, one, names, zone) for one in found],
        may_undo=visit.may("submit", institution),
    )


def _shown(
    visit: Visit, one: ImportView, names: dict[str, str], zone: ZoneInfo
) -> dict[str, object]:
    record, words = one.record, visit.words
    undoing = record.undoing or {}
    return {
        "code": record.code,
        "file": record.file_name,
        "when": words.minute(record.act.at, zone),
        "who": names.get(record.act.actor, record.act.actor),
        "count": len(record.revisions),
        "changed": one.changed,
        "undone": words.minute(record.undone_at, zone) if record.undone_at else "",
        "restored": len(undoing.get("restored", ())),
        "conflicts": undoing.get("conflicts", ()),
    }


@router.post(IMPORTS + "/{import_code}/undo")
def undo(
    visit: Annotated[Visit, Depends(Allowed("submit"))],
    institution: str,
    round_code: str,
    import_code: str,
    form: Annotated[UndoForm, Form()],
) -> Response:
    """Bring back what the answers said before an import."""
    require_form_key(visit, form.form_key)
    importing.undo_import(
        visit.register, institution, round_code, import_code, reason=plain(form.reason, 2_000)
    )
    return visit.go(f"/institutions/{institution}/rounds/{round_code}/imports", "import-undone")
