"""What starts by itself: rows that people can read, what is due and why, and the calendar."""

import json
from datetime import date, datetime
from typing import Annotated, get_args
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from fastapi.responses import HTMLResponse

from cyberposture.clock import find_zone
from cyberposture.errors import CyberpostureError, Fault, InvalidInput, NotFound, WrongUsage
from cyberposture.exchange.sheets import build_row
from cyberposture.model.gate import Window
from cyberposture.services.scans import due_views
from cyberposture.services.schedule import calendar, month, schedules
from cyberposture.services.schedule.triggers import next_run_of
from cyberposture.store.schedules import TriggerKind
from cyberposture.web.network.filled import Filled, Form, Trouble, missing, trouble_of
from cyberposture.web.network.showing import EMPTY, NO_TROUBLE, asked, read_moment, show
from cyberposture.web.pages.cert.services import offered
from cyberposture.web.surroundings import Allowed, Visit, require_form_key

router = APIRouter(include_in_schema=False)
PLACE = "/cert/schedule"
CALENDAR = "/cert/calendar"
MOST_DUE = 100
See = Annotated[Visit, Depends(Allowed("see-schedule"))]
Keep = Annotated[Visit, Depends(Allowed("keep-schedule"))]


@router.get(PLACE)
def show_schedule(visit: See) -> HTMLResponse:
    """Show the rows, and what is looked at next and why."""
    return _show(visit, NO_TROUBLE, EMPTY)


def _show(visit: Visit, trouble: Trouble, typed: Filled) -> HTMLResponse:
    institution = asked(visit, "institution")
    rows = schedules.list_schedules(visit.register)
    due = due_views.list_next(visit.register, institution or None, MOST_DUE)
    return show(
        visit, "cert/schedule.html.j2", trouble=trouble, typed=typed, rows=rows, due=due,
        institution=institution, kinds=schedules.KINDS, triggers=get_args(TriggerKind),
        place=PLACE, now=visit.register.clock(), offered=offered(visit),
    )  # fmt: skip


@router.post(PLACE)
def add_row(visit: Keep, form: Form) -> Response:
    """Add a row."""
    require_form_key(visit, form.form_key)
    trouble = missing(visit, form, "code", "spec")
    if trouble is None:
        try:
            _add(visit, form)
        except CyberpostureError as error:
            trouble = _placed(visit, error)
    if trouble is not None:
        return _show(visit, trouble, form)
    return visit.go(PLACE, "row_added")


def _placed(visit: Visit, error: CyberpostureError) -> Trouble:
    """Return what is wrong; what makes no sense as a whole stands at the trigger."""
    if isinstance(error, NotFound) and error.kind == "institution":
        return Trouble(422, {"of": str(error)})
    if isinstance(error, WrongUsage):
        return Trouble(422, {"spec": str(error)})
    return trouble_of(visit, error)


def _add(visit: Visit, form: Filled) -> None:
    kinds: tuple[TriggerKind, ...] = get_args(TriggerKind)
    fires: TriggerKind = next((one for one in kinds if one == form["trigger"]), "interval")
    try:
        given = json.loads(form["arguments"] or "{}")
    except (json.JSONDecodeError, RecursionError) as error:
        raise InvalidInput(Fault("arguments", str(error))) from error
    zone = form["zone"] or month.NATION_ZONE
    next_run = next_run_of(form["code"], fires, form["spec"], zone, now=visit.register.clock())
    schedules.add_schedule(
        visit.register, form["code"], form["kind"], fires, form["spec"],
        institution=form["of"] or None, zone=zone, arguments=given, next_run=next_run,
    )  # fmt: skip


@router.post(f"{PLACE}/{{row}}/{{step}}")
def change_row(visit: Keep, row: str, step: str, form: Form) -> Response:
    """Pause a row, or have it run again."""
    require_form_key(visit, form.form_key)
    try:
        if step == "resume":
            schedules.resume_schedule(visit.register, row, reason=form["reason"])
        else:
            schedules.remove_schedule(visit.register, row, reason=form["reason"])
    except CyberpostureError as error:
        return _show(visit, _placed(visit, error), EMPTY)
    return visit.go(PLACE, "row_resumed" if step == "resume" else "row_paused")


@router.get(CALENDAR)
def show_calendar(visit: See) -> HTMLResponse:
    """Show a month of windows and blackouts, of an institution or of the nation."""
    return _calendar(visit, asked(visit, "institution"), NO_TROUBLE, EMPTY)


def _calendar(visit: Visit, institution: str, trouble: Trouble, typed: Filled) -> HTMLResponse:
    first = _month_of(asked(visit, "month"), visit.register.clock())
    shown = month.show_month(visit.register, institution or None, first)
    return show(
        visit, "cert/calendar.html.j2", zone=shown.zone, trouble=trouble, typed=typed, month=shown,
        institution=institution, place=CALENDAR, kept=f"institution={institution}",
    )  # fmt: skip


def _month_of(text: str, now: datetime) -> date:
    """Return the first day of the month that a text such as 2026-11 names, else of this month."""
    try:
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        first = now.astimezone(find_zone(month.NATION_ZONE)).date().replace(day=1)
    return first if 2000 <= first.year <= 2100 else now.date().replace(day=1)


@router.post(f"{CALENDAR}/{{step}}")
def change_calendar(visit: Keep, step: str, form: Form) -> Response:
    """Add or end a window, a blackout or a denial."""
    require_form_key(visit, form.form_key)
    steps = {
        "window": (_add_window, ("start", "hours")), "end-window": (_end_window, ()),
        "blackout": (_add_blackout, ("title", "from", "until")),
        "cancel-blackout": (_cancel_blackout, ()), "deny": (_deny, ("cidr", "reason")),
        "allow": (_allow, ("reason",)), "confirm": (_confirm, ()),
    }  # fmt: skip
    act, needed = steps.get(step, (_confirm, ("nothing",)))
    trouble = missing(visit, form, *needed)
    if trouble is None:
        try:
            act(visit, form)
        except CyberpostureError as error:
            trouble = _placed(visit, error)
    if trouble is not None:
        return _calendar(visit, form["institution"], trouble, form)
    answer = visit.go(CALENDAR)
    month_text = "".join(c for c in form["month"] if c.isdecimal() or c == "-")[:7]
    query = f"?institution={form['institution']}&month={month_text}&done=kept"
    answer.headers["location"] = CALENDAR + "".join(c for c in query if c.isprintable())
    return answer


def _add_window(visit: Visit, form: Filled) -> None:
    days = sorted({int(one) for one in form.lists.get("weekday", ()) if one in set("0123456")})
    given = {
        "weekdays": days, "start": form["start"], "length_s": form.number("hours") * 3600,
        "zone": form["zone"],
    }  # fmt: skip
    window = build_row(Window, "arguments", given)
    calendar.add_window(visit.register, form["institution"], window)


def _end_window(visit: Visit, form: Filled) -> None:
    calendar.end_window(visit.register, form["institution"], _id(form))


def _add_blackout(visit: Visit, form: Filled) -> None:
    begins, ends = (read_moment(form[name], form["zone"]) for name in ("from", "until"))
    if begins is None or ends is None or ends <= begins:
        said = str(visit.words.say("calendar.order"))
        raise InvalidInput(Fault("until", said))
    owner = form["institution"] or None
    calendar.add_blackout(visit.register, form["title"], begins, ends, owner)


def _cancel_blackout(visit: Visit, form: Filled) -> None:
    calendar.cancel_blackout(visit.register, _id(form), reason=form["reason"])


def _deny(visit: Visit, form: Filled) -> None:
    calendar.add_denial(visit.register, form["cidr"], reason=form["reason"])


def _allow(visit: Visit, form: Filled) -> None:
    calendar.remove_denial(visit.register, form["cidr"], reason=form["reason"])


def _confirm(visit: Visit, form: Filled) -> None:
    calendar.confirm_deny_list(visit.register)


def _id(form: Filled) -> UUID:
    try:
        return UUID(form["id"])
    except ValueError as error:
        raise InvalidInput(Fault("id", "is no such row")) from error
