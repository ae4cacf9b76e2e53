"""Rounds: opened with terms and cohorts, begun in waves, watched until everybody is reviewed."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.errors import CyberpostureError, Fault, InvalidInput, WrongState
from cyberposture.model.campaigns import ALWAYS_SHOWN, RoundPlan
from cyberposture.services.assessments import campaigns, extending, funnels, rounds
from cyberposture.services.assessments.campaigns import Campaign
from cyberposture.services.reports.subjects import About
from cyberposture.services.review.measuring import measure_round
from cyberposture.web.sending import send_report
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key

router = APIRouter(include_in_schema=False)
ROUNDS = "/cert/rounds"
ONE = "/cert/rounds/{round_code}"
HERE = ZoneInfo("Asia/Karachi")
"""Where the CERT is: its dates end at midnight there."""
Faults = list[tuple[str, str]]


class RoundForm(BaseModel):
    """A new round with its first cohort, which holds everybody."""

    form_key: str = Field("", max_length=200)
    code: str = Field("", max_length=80)
    title: str = Field("", max_length=300)
    due: str = Field("", max_length=20)
    share: str = Field("10", max_length=5)
    answers: str = Field("", max_length=5)
    evidence: str = Field("", max_length=5)
    terms: str = Field("", max_length=20_000)


class CohortForm(BaseModel):
    """A cohort that is added to a round."""

    form_key: str = Field("", max_length=200)
    code: str = Field("", max_length=80)
    title: str = Field("", max_length=300)
    sectors: str = Field("", max_length=1_000)
    tiers: str = Field("", max_length=40)
    begins: str = Field("", max_length=20)
    due: str = Field("", max_length=20)


class PressForm(BaseModel):
    """A button about one cohort, or about the round."""

    form_key: str = Field("", max_length=200)
    cohort: str = Field("", max_length=80)
    reason: str = Field("", max_length=5_000)


class TimeForm(BaseModel):
    """What the CERT says to one request for more time."""

    form_key: str = Field("", max_length=200)
    number: int = Field(0, ge=0)
    until: str = Field("", max_length=20)
    do: str = Field("", max_length=10)
    reason: str = Field("", max_length=5_000)


@dataclass(frozen=True)
class Trouble:
    """What of a form is not as it should be, and what was typed."""

    form: str
    faults: Faults
    typed: dict[str, Any]


def sectors_held(visit: Visit) -> frozenset[str] | None:
    """Return the sectors that a regulator sees, or None: the CERT and reviewers see all."""
    held = visit.person.memberships
    if any(one.role != "sector-regulator" and visit_sees_all(one.role) for one in held):
        return None
    return frozenset(one.sector for one in held if one.sector is not None)


def visit_sees_all(role: str) -> bool:
    """Return whether a role sees the institutions of every sector in a round."""
    return role in ("cert-administrator", "cert-analyst", "reviewer")


def _is_admin(visit: Visit) -> bool:
    return any(one.role == "cert-administrator" for one in visit.person.memberships)


def day_of(text: str, field: str, *, ends: bool) -> datetime:
    """Return the first or (`ends`) the last second of a day where the CERT is.

    Raises:
        InvalidInput: the text is no day.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(Fault(field, "choose a day, such as 2026-12-20")) from error
    return datetime.combine(day, time(23, 59, 59) if ends else time(), HERE)


def leniently(given: Mapping[str, Any] | Faults) -> dict[str, Any]:
    """Return a form's texts for a template, in which what was not typed is empty."""
    return defaultdict(str, given)


def located(error: CyberpostureError) -> Faults:
    """Return what was wrong as pairs of field and sentence, with what to do instead."""
    if isinstance(error, InvalidInput):
        return [(one.where.rsplit(".", 1)[-1], one.what) for one in error.faults]
    return [("form", " ".join(part for part in (f"{error}.", error.advice() or "") if part))]


@router.get(ROUNDS)
def list_rounds(visit: Annotated[Visit, Depends(Allowed("see-rounds"))]) -> HTMLResponse:
    """List the rounds with how far everybody is."""
    return _list(visit)


def _list(visit: Visit, status: int = 200, trouble: Trouble | None = None) -> HTMLResponse:
    found = funnels.list_campaigns(visit.register, sectors=sectors_held(visit))
    rows = [(record, row, visit.words.day(record.round.due, HERE)) for record, row in found]
    return visit.show(
        "cert/rounds.html.j2", status, rows=rows, is_admin=_is_admin(visit),
        faults=[] if trouble is None else trouble.faults,
        fault=leniently([] if trouble is None else trouble.faults),
        typed=leniently({} if trouble is None else trouble.typed), always=ALWAYS_SHOWN,
    )  # fmt: skip


@router.post(ROUNDS)
def open_round(
    visit: Annotated[Visit, Depends(Allowed("keep-rounds"))], form: Annotated[RoundForm, Form()]
) -> Response:
    """Open a round with its terms and a first cohort."""
    require_form_key(visit, form.form_key)
    try:
        due = day_of(form.due, "due", ends=True)
        plan = _plan_of(visit, form, due)
        campaigns.open_campaign(visit.register, form.code.strip(), plain(form.title), due, plan)
    except (InvalidInput, WrongState) as error:
        trouble = Trouble("open", located(error), form.model_dump())
        return _list(visit, 422, trouble)
    return visit.go(f"{ROUNDS}/{form.code.strip()}", "round-opened")


def _plan_of(visit: Visit, form: RoundForm, due: datetime) -> RoundPlan:
    try:
        share = int(form.share) * 100
    except ValueError as error:
        raise InvalidInput(Fault("share", "a whole number of percent, 0 to 100")) from error
    cohort = {"code": "everybody", "title": str(visit.words.say("review.everybody")),
              "begins": visit.register.clock(), "due": due}  # fmt: skip
    shown = [name for name, asked in (("answers", form.answers), ("evidence", form.evidence))
             if asked]  # fmt: skip
    terms = {"regulator_sees": shown, "text": plain(form.terms)}
    return campaigns.read_plan({"cohorts": [cohort], "terms": terms, "drawn_share": share})


@router.get(ONE)
def show_round(
    visit: Annotated[Visit, Depends(Allowed("see-rounds"))], round_code: str
) -> HTMLResponse:
    """Show one round: its funnel, its waves, its terms, and where each institution stands."""
    return _show(visit, round_code)


def _show(
    visit: Visit, round_code: str, status: int = 200, trouble: Trouble | None = None
) -> HTMLResponse:
    campaign = campaigns.read_campaign(visit.register, round_code)
    sectors = sectors_held(visit)
    places = funnels.list_places(visit.register, round_code, sectors=sectors)
    codes = {one.institution.code: one.institution.name for one in places}
    waiting = [one for one in extending.list_waiting(visit.register)
               if one.round == round_code and one.institution in codes]  # fmt: skip
    words, now = visit.words, visit.register.clock()
    rows = [
        (row, "" if row.begins is None else words.day(row.begins, HERE),
         "" if row.due is None else words.day(row.due, HERE),
         row.begins is not None and row.begins <= now and row.invited < row.held)
        for row in funnels.count_funnel(campaign, places)
    ]  # fmt: skip
    return visit.show(
        "cert/round.html.j2",
        status,
        campaign=campaign,
        record=campaign.record,
        rows=rows,
        places=places,
        waiting=[(one, codes[one.institution], words.day(one.wished, HERE),
                  one.wished.astimezone(HERE).date().isoformat()) for one in waiting],
        measured=measure_round(visit.register, round_code, sectors=sectors),
        due=words.day(campaign.record.round.due, HERE),
        opened=words.day(campaign.record.round.opens, HERE),
        is_admin=_is_admin(visit),
        may_keep=visit.may("keep-rounds"),
        may_report=visit.may("see-round-report"),
        always=ALWAYS_SHOWN,
        trouble="" if trouble is None else trouble.form,
        faults=[] if trouble is None else trouble.faults,
        fault=leniently([] if trouble is None else trouble.faults),
        typed=leniently({} if trouble is None else trouble.typed),
    )  # fmt: skip


@router.get(f"{ONE}/report")
def read_report(
    visit: Annotated[Visit, Depends(Allowed("see-round-report"))], round_code: str
) -> Response:
    """Send the report of how a round is going."""
    return send_report(visit, "round", "cert", About(round_code=round_code))


@router.post(f"{ONE}/cohorts")
def add_cohort(
    visit: Annotated[Visit, Depends(Allowed("keep-rounds"))],
    round_code: str,
    form: Annotated[CohortForm, Form()],
) -> Response:
    """Add a cohort with a wave of its own; cohorts that hold everybody stay last."""
    require_form_key(visit, form.form_key)
    campaign = campaigns.read_campaign(visit.register, round_code)
    try:
        plan = _with_cohort(visit, campaign, form)
        campaigns.plan_round(visit.register, round_code, plan)
    except (InvalidInput, WrongState) as error:
        trouble = Trouble("cohort", located(error), form.model_dump())
        return _show(visit, round_code, 422, trouble)
    return visit.go(f"{ROUNDS}/{round_code}", "cohort-added")


def _with_cohort(visit: Visit, campaign: Campaign, form: CohortForm) -> RoundPlan:
    known = [one.model_dump(mode="json") for one in campaign.plan.cohorts] if campaign.plan else []
    new = {
        "code": form.code.strip(),
        "title": plain(form.title),
        "sectors": form.sectors.replace(",", " ").split(),
        "tiers": form.tiers.upper().replace(",", " ").split(),
        "begins": day_of(form.begins, "begins", ends=False),
        "due": day_of(form.due, "due", ends=True),
    }
    narrow = [one for one in known if one["sectors"] or one["tiers"]]
    wide = [one for one in known if not (one["sectors"] or one["tiers"])]
    own = [narrow, [new], wide] if new["sectors"] or new["tiers"] else [narrow, wide, [new]]
    document: dict[str, Any] = {"cohorts": [one for part in own for one in part]}
    if campaign.plan is not None:
        document["terms"] = campaign.plan.terms.model_dump(mode="json")
        document["drawn_share"] = campaign.plan.drawn_share
    return campaigns.read_plan(document)


@router.post(f"{ONE}/waves")
def begin_wave(
    visit: Annotated[Visit, Depends(Allowed("keep-rounds"))],
    round_code: str,
    form: Annotated[PressForm, Form()],
) -> Response:
    """Invite everybody of a cohort who was not invited yet."""
    require_form_key(visit, form.form_key)
    campaigns.begin_wave(visit.register, round_code, form.cohort)
    return visit.go(f"{ROUNDS}/{round_code}", "wave-begun")


@router.post(f"{ONE}/close")
def close_round(
    visit: Annotated[Visit, Depends(Allowed("release-result"))],
    round_code: str,
    form: Annotated[PressForm, Form()],
) -> Response:
    """Close a round: nothing is answered in it any more."""
    require_form_key(visit, form.form_key)
    rounds.close_round(visit.register, round_code, reason=plain(form.reason))
    return visit.go(f"{ROUNDS}/{round_code}", "round-closed")


@router.post(f"{ONE}/more-time/{{institution}}")
def decide_time(
    visit: Annotated[Visit, Depends(Allowed("keep-rounds"))],
    round_code: str,
    institution: str,
    form: Annotated[TimeForm, Form()],
) -> Response:
    """Grant an institution more time, or not."""
    require_form_key(visit, form.form_key)
    where, reason = (institution, round_code, form.number), plain(form.reason)
    try:
        if form.do == "grant":
            until = day_of(form.until, "until", ends=True)
            extending.grant_time(visit.register, *where, until, reason=reason)
        else:
            extending.refuse_time(visit.register, *where, reason=reason)
    except (InvalidInput, WrongState) as error:
        typed = {**form.model_dump(), "institution": institution}
        return _show(visit, round_code, 422, Trouble("time", located(error), typed))
    done = "time-granted" if form.do == "grant" else "time-refused"
    return visit.go(f"{ROUNDS}/{round_code}", done)
