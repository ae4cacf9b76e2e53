"""One assessment before the administrator: who reviews it, its next step, its appeals, its life."""

from itertools import zip_longest
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.errors import Fault, InvalidInput, NotAuthorised, NotFound, WrongState
from cyberposture.exchange.sheets import build_row
from cyberposture.model.assessments import Review
from cyberposture.model.life import steps_from
from cyberposture.services.people.names import names_of
from cyberposture.services.review import (
    appealing,
    assigning,
    handing_back,
    outcome,
    reading,
    releasing,
    taking_up,
)
from cyberposture.services.scores import score
from cyberposture.store.appeals import AppealRecord
from cyberposture.store.review_assignments import Part
from cyberposture.web.pages.cert.campaigns import Faults, leniently, located
from cyberposture.web.pages.institution.outcome import about_outcome
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key

router = APIRouter(include_in_schema=False)
ONE = "/cert/assessments/{institution}/{round_code}"
PARTS: tuple[Part, ...] = ("first", "second", "third")
MOST_CORRECTED = 40
"""So many controls one decision corrects at most."""
SPARE_ROWS = 2
"""So many empty rows stand below the controls that were appealed on."""


class ReviewerForm(BaseModel):
    """Who gets which part, or from whom it is taken."""

    form_key: str = Field("", max_length=200)
    person: str = Field("", max_length=80)
    part: str = Field("", max_length=10)
    do: str = Field("", max_length=10)


class StepForm(BaseModel):
    """A step in the life of the assessment."""

    form_key: str = Field("", max_length=200)
    do: str = Field("", max_length=20)
    controls: str = Field("", max_length=2_000)
    reason: str = Field("", max_length=5_000)
    told: str = Field("", max_length=500)


class DecisionForm(BaseModel):
    """What is said to an appeal; a granted one corrects what its rows name."""

    form_key: str = Field("", max_length=200)
    code: str = Field("", max_length=80)
    do: str = Field("", max_length=10)
    reason: str = Field("", max_length=5_000)
    control: list[Annotated[str, Field(max_length=10)]] = Field(
        default_factory=list, max_length=MOST_CORRECTED
    )
    level: list[Annotated[str, Field(max_length=5)]] = Field(
        default_factory=list, max_length=MOST_CORRECTED
    )
    grade: list[Annotated[str, Field(max_length=5)]] = Field(
        default_factory=list, max_length=MOST_CORRECTED
    )
    told: str = Field("", max_length=500)

    def rows(self) -> list[tuple[str, str, str]]:
        """Return the rows as they were filled: control, level and grade."""
        whole = zip_longest(self.control, self.level, self.grade, fillvalue="")
        return [(control.strip().upper(), level, grade) for control, level, grade in whole]


@router.get(ONE)
def show_assessment(
    visit: Annotated[Visit, Depends(Allowed("release-result"))], institution: str, round_code: str
) -> HTMLResponse:
    """Show who reviews, what comes next, what was said, and all that happened."""
    return _show(visit, institution, round_code)


def _show(
    visit: Visit,
    institution: str,
    round_code: str,
    status: int = 200,
    *,
    faults: Faults | None = None,
    typed: dict[str, Any] | None = None,
) -> HTMLResponse:
    register = visit.register
    review = reading.read_review(register, institution, round_code)
    found = outcome.read_outcome(register, institution, round_code)
    candidates = assigning.list_candidates(register, institution, round_code)
    zone = ZoneInfo(review.asked.institution.zone)
    state = review.asked.assessment.state
    decided = {one.decided_by for one in found.appeals if one.decided_by}
    names = names_of(register, decided | {one.act.actor for one in found.appeals})
    return visit.show(
        "cert/assessment.html.j2",
        status,
        review=review,
        asked=review.asked,
        state=state,
        candidates=candidates,
        parts=[part for part in PARTS if part not in {one.part for one in candidates}],
        steps=steps_from(state),
        appeals=[
            (one, visit.words.minute(one.act.at, zone), names.get(one.act.actor, one.act.actor),
             names.get(one.decided_by or "", one.decided_by or ""),
             "" if one.decided_at is None else visit.words.minute(one.decided_at, zone))
            for one in found.appeals
        ],
        rows_of={one.code: _rows_of(one, typed or {}) for one in found.appeals},
        life=[
            (visit.words.minute(one.at, zone), one.who, _told(visit, one))
            for one in reading.read_life(register, institution, round_code)
        ],
        faults=faults or [],
        fault=leniently(faults or []),
        typed=leniently(typed or {}),
        **about_outcome(visit, found),
    )  # fmt: skip


def _rows_of(appeal: AppealRecord, typed: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return the rows of corrections that a decision offers: those typed, else those appealed."""
    filled: list[tuple[str, str, str]] = typed.get("rows", [])
    known = filled or [(control, "", "") for control in appeal.controls]
    rows = [row for row in known if any(row)] + [("", "", "")] * SPARE_ROWS
    return rows[:MOST_CORRECTED]


def _told(visit: Visit, one: reading.LifeEntry) -> str:
    """Return one event in words: what happened, about which controls, and why."""
    words = visit.words
    kind = one.kind.removeprefix("became ")
    group = "review.states" if one.kind.startswith("became ") else "review.event"
    said = words.name(group, kind.replace(" ", "-"))
    controls = one.details.get("controls") or one.details.get("control") or ()
    # Some events tell which controls they were about, others only how many.
    named = [str(one) for one in controls] if isinstance(controls, list) else [str(controls or "")]
    about = words.codes(filter(None, named))
    return " · ".join(part for part in (str(said), str(about), one.why) if part)


@router.post(f"{ONE}/reviewers")
def set_reviewer(
    visit: Annotated[Visit, Depends(Allowed("release-result"))],
    institution: str,
    round_code: str,
    form: Annotated[ReviewerForm, Form()],
) -> Response:
    """Give a part to somebody, or take theirs away."""
    require_form_key(visit, form.form_key)
    try:
        if form.do == "take":
            assigning.take_away(visit.register, institution, round_code, form.person)
        else:
            part: Part = next((one for one in PARTS if one == form.part), "first")
            assigning.assign(visit.register, institution, round_code, form.person, part)
    except (WrongState, NotAuthorised, NotFound) as error:
        return _show(visit, institution, round_code, 409, faults=located(error))
    done = "reviewer-taken" if form.do == "take" else "reviewer-given"
    return visit.go(f"/cert/assessments/{institution}/{round_code}", done)


@router.post(f"{ONE}/steps")
def take_step(
    visit: Annotated[Visit, Depends(Allowed("release-result"))],
    institution: str,
    round_code: str,
    form: Annotated[StepForm, Form()],
) -> Response:
    """Take the next step in the life of an assessment."""
    require_form_key(visit, form.form_key)
    try:
        _take(visit, institution, round_code, form)
    except (InvalidInput, WrongState, NotFound) as error:
        typed = form.model_dump()
        return _show(visit, institution, round_code, 409, faults=located(error), typed=typed)
    return visit.go(f"/cert/assessments/{institution}/{round_code}", "step-taken")


def _take(visit: Visit, institution: str, round_code: str, form: StepForm) -> None:
    register, where = visit.register, (institution, round_code)
    controls = form.controls.upper().replace(",", " ").split()
    reason = plain(form.reason)
    match form.do:
        case "take-up":
            taking_up.take_up(register, *where)
        case "release":
            releasing.release(register, *where)
        case "hand-back":
            handing_back.hand_back(register, *where, controls, reason=reason)
        case "take-back":
            releasing.take_back(register, *where, controls, reason=reason)
        case "finalise":
            score.finalise(register, *where, reason=reason, told=plain(form.told, 500))
        case "reopen":
            releasing.reopen(register, *where, controls, reason=reason)
        case "archive":
            releasing.archive(register, *where, reason=reason)
        case _:
            raise InvalidInput(Fault("do", "choose one of the steps"))


@router.post(f"{ONE}/appeal")
def decide_appeal(
    visit: Annotated[Visit, Depends(Allowed("decide-appeal"))],
    institution: str,
    round_code: str,
    form: Annotated[DecisionForm, Form()],
) -> Response:
    """Decide an appeal; a granted one corrects a control, and the score with it."""
    require_form_key(visit, form.form_key)
    try:
        granted = form.do == "grant"
        corrections = _corrections(form) if granted else []
        appealing.decide_appeal(
            visit.register, institution, form.code, "granted" if granted else "rejected",
            reason=plain(form.reason), corrections=corrections, told=plain(form.told, 500),
        )  # fmt: skip
    except (InvalidInput, WrongState, NotAuthorised, NotFound) as error:
        typed = form.model_dump() | {"rows": form.rows()}
        return _show(visit, institution, round_code, 409, faults=located(error), typed=typed)
    return visit.go(f"/cert/assessments/{institution}/{round_code}", "appeal-decided")


def _corrections(form: DecisionForm) -> list[Review]:
    """Return what each row corrects that holds more than a control; the reason is that of all.

    Raises:
        InvalidInput: a row is not as it should be, or a control stands twice.
    """
    found: list[Review] = []
    for number, (control, level, grade) in enumerate(form.rows(), start=1):
        if not (level or grade):
            continue
        if control in {one.control for one in found}:
            raise InvalidInput(Fault(f"correction-{number}", f"{control} stands twice"))
        given = {
            "control": control,
            "level": int(level) if level in ("0", "1", "2", "3") else None,
            "grade": grade or None,
            "reason": plain(form.reason, 2_000),
        }
        found.append(build_row(Review, f"correction-{number}", given))
    return found
