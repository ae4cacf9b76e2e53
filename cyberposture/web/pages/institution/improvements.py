"""The institution's improvement plan: what it will do, by whom, until when, and how far it is."""

from typing import Annotated, Any, cast
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.content.translations import in_language
from cyberposture.errors import Conflict, InvalidInput, NotFound, WrongState
from cyberposture.model.improvements import Progress
from cyberposture.scoring.explain import people as shown
from cyberposture.scoring.plan import Step
from cyberposture.services.assessments.questionnaire import read_questionnaire
from cyberposture.services.people.names import names_of
from cyberposture.services.review import improving
from cyberposture.services.review.improving import ImprovementPlan
from cyberposture.store.improvements import ActionRecord
from cyberposture.web.pages.cert.campaigns import Faults, leniently, located
from cyberposture.web.pages.institution.what_if import quoted_checks, titles_of
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key

router = APIRouter(include_in_schema=False)
PLAN = "/institutions/{institution}/rounds/{round_code}/plan"
PROGRESS: tuple[Progress, ...] = ("open", "under-way", "done", "dropped")


class ActionForm(BaseModel):
    """One action; with a code it changes the one that is there."""

    form_key: str = Field("", max_length=200)
    code: str = Field("", max_length=80)
    seen: int = Field(0, ge=0)
    what: str = Field("", max_length=5_000)
    controls: str = Field("", max_length=2_000)
    findings: str = Field("", max_length=2_000)
    keeper: str = Field("", max_length=2_000)
    due: str = Field("", max_length=20)
    budget: str = Field("", max_length=300)
    no_budget_why: str = Field("", max_length=5_000)


class ProgressForm(BaseModel):
    """How far an action is."""

    form_key: str = Field("", max_length=200)
    code: str = Field("", max_length=80)
    seen: int = Field(0, ge=0)
    progress: str = Field("", max_length=20)
    note: str = Field("", max_length=5_000)


def about_plan(visit: Visit, plan: ImprovementPlan, zone: ZoneInfo) -> dict[str, Any]:
    """Return what a page shows of a plan."""
    words = visit.words
    names = names_of(visit.register, {one.act.actor for one in plan.events})
    return {
        "plan": plan,
        "actions": [(one, words.day(one.action.due, zone)) for one in plan.actions],
        "events": [
            (words.minute(one.act.at, zone), names.get(one.act.actor, one.act.actor),
             " · ".join(part for part in (str(words.say(f"review.plan.{one.kind}")),
                                          one.act.reason) if part))
            for one in reversed(plan.events)
        ],
        "suggestions": _suggested(visit, plan),
        "before": [
            (record.round, [(one, words.day(one.action.due, zone)) for one in actions])
            for record, actions in plan.earlier
        ],
    }  # fmt: skip


def _suggested(visit: Visit, plan: ImprovementPlan) -> list[tuple[Step, str, str, str]]:
    """Return each suggestion with its gain, its checks and its controls as they are called."""
    if plan.pinned is None:
        return []
    texts = in_language(plan.pinned.translations, visit.words.language)
    comma = str(visit.words.say("frame.comma"))
    return [
        (one, shown(one.gain), comma.join(quoted_checks(visit, one)),
         titles_of(one, plan.pinned.catalogue, texts))
        for one in plan.suggestions
    ]  # fmt: skip


@router.get(PLAN)
def show_plan(
    visit: Annotated[Visit, Depends(Allowed("plan-improvements"))],
    institution: str,
    round_code: str,
    edit: str = "",
    of: str = "",
) -> HTMLResponse:
    """Show the plan; `edit` names an action to change, `of` the controls of a new one."""
    typed: dict[str, Any] = {"controls": of[:200]}
    plan = improving.read_plan(visit.register, institution, round_code)
    chosen = next((one for one in plan.actions if one.code == edit), None)
    if chosen is not None:
        given = chosen.action
        typed = {
            **given.model_dump(mode="json"), "controls": ", ".join(given.controls),
            "findings": ", ".join(given.findings), "code": chosen.code, "seen": chosen.revision,
        }  # fmt: skip
    return _show(visit, institution, round_code, typed=typed)


def _show(
    visit: Visit,
    institution: str,
    round_code: str,
    status: int = 200,
    *,
    faults: Faults | None = None,
    typed: dict[str, Any] | None = None,
    theirs: str = "",
) -> HTMLResponse:
    asked = read_questionnaire(visit.register, institution, round_code)
    plan = improving.read_plan(visit.register, institution, round_code)
    return visit.show(
        "institution/plan.html.j2",
        status,
        asked=asked,
        round_code=round_code,
        at=f"/institutions/{institution}/rounds/{round_code}/plan",
        progress=[(one, str(visit.words.say(f"review.progress.{one}"))) for one in PROGRESS],
        faults=faults or [],
        fault=leniently(faults or []),
        typed=leniently(typed or {}),
        theirs=theirs,
        **about_plan(visit, plan, ZoneInfo(asked.institution.zone)),
    )


@router.post(PLAN)
def save_action(
    visit: Annotated[Visit, Depends(Allowed("plan-improvements"))],
    institution: str,
    round_code: str,
    form: Annotated[ActionForm, Form()],
) -> Response:
    """Keep an action."""
    require_form_key(visit, form.form_key)
    where, typed = (institution, round_code), form.model_dump()
    given = {
        "what": plain(form.what, 2_000),
        "controls": form.controls.upper().replace(",", " ").split(),
        "findings": form.findings.replace(",", " ").split(),
        "keeper": plain(form.keeper, 2_000),
        "due": form.due,
        "budget": plain(form.budget, 200),
        "no_budget_why": plain(form.no_budget_why, 2_000),
    }
    try:
        improving.save_action(
            visit.register, *where, given, code=form.code or None, seen_revision=form.seen
        )
    except Conflict as error:
        current = cast("ActionRecord", error.current)
        typed["seen"] = current.revision
        return _show(visit, *where, 409, typed=typed, theirs=current.action.what)
    except InvalidInput as error:
        return _show(visit, *where, 422, faults=located(error), typed=typed)
    except (WrongState, NotFound) as error:
        return _show(visit, *where, 409, faults=located(error), typed=typed)
    return visit.go(f"/institutions/{institution}/rounds/{round_code}/plan", "action-kept")


@router.post(f"{PLAN}/progress")
def note_progress(
    visit: Annotated[Visit, Depends(Allowed("plan-improvements"))],
    institution: str,
    round_code: str,
    form: Annotated[ProgressForm, Form()],
) -> Response:
    """Note how far an action is."""
    require_form_key(visit, form.form_key)
    where = (institution, round_code)
    progress: Progress = next((one for one in PROGRESS if one == form.progress), "open")
    try:
        improving.note_progress(
            visit.register, *where, form.code, progress,
            seen_revision=form.seen, note=plain(form.note, 2_000),
        )  # fmt: skip
    except InvalidInput as error:
        return _show(visit, *where, 422, faults=located(error))
    except (WrongState, NotFound) as error:
        return _show(visit, *where, 409, faults=located(error))
    return visit.go(f"/institutions/{institution}/rounds/{round_code}/plan", "progress-noted")


@router.post(f"{PLAN}/hand-in")
def hand_in(
    visit: Annotated[Visit, Depends(Allowed("plan-improvements"))],
    institution: str,
    round_code: str,
    form: Annotated[ProgressForm, Form()],
) -> Response:
    """Hand the plan to the CERT."""
    require_form_key(visit, form.form_key)
    try:
        improving.hand_in_plan(visit.register, institution, round_code)
    except WrongState as error:
        return _show(visit, institution, round_code, 409, faults=located(error))
    return visit.go(f"/institutions/{institution}/rounds/{round_code}/plan", "plan-handed-in")
