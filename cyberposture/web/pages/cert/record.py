"""The record of all that was done, searched and verified; who touched an address; our alarms."""

from datetime import datetime
from typing import Annotated, cast, get_args

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, Response

from cyberposture.errors import CyberpostureError, InvalidInput
from cyberposture.model.checks import Verdict
from cyberposture.runtime import public_key_path
from cyberposture.services.proof import audit, searching
from cyberposture.services.scans import canaries, watch
from cyberposture.services.schedule.month import NATION_ZONE
from cyberposture.store.audit_search import Place, Wanted
from cyberposture.store.keys import load_public_key
from cyberposture.web.gaps import gaps_in
from cyberposture.web.network.filled import Filled, Form, Trouble, missing, trouble_of
from cyberposture.web.network.showing import (
    EMPTY,
    NO_TROUBLE,
    asked,
    namer,
    pager_of,
    read_moment,
    show,
)
from cyberposture.web.pages.cert.services import offered
from cyberposture.web.surroundings import Allowed, Visit, reached_elsewhere, require_form_key

router = APIRouter(include_in_schema=False)
NOISY = ("gate",)
"""Entries so many that they would hide the others; they are found by their kind."""


def _moment(visit: Visit, name: str) -> datetime | None:
    return read_moment(asked(visit, name), NATION_ZONE)


@router.get("/cert/audit")
def search_record(visit: Annotated[Visit, Depends(Allowed("see-audit"))]) -> HTMLResponse:
    """Search the record by subject, person, kind and time, the newest first."""
    kind = asked(visit, "kind")
    wanted = Wanted(
        kind=kind or None,
        subject=asked(visit, "subject") or None,
        actor=asked(visit, "actor") or None,
        since=_moment(visit, "since"),
        until=_moment(visit, "until"),
        kinds_but=() if kind or asked(visit, "subject") else NOISY,
    )
    chain, _, number = asked(visit, "after").rpartition(".")
    after = Place(chain, int(number)) if number.isascii() and number.isdecimal() else None
    institution = asked(visit, "institution")
    found = searching.search(
        visit.register, institution=institution or None, wanted=wanted, after=after
    )
    onward = ""
    if found.has_more:
        last = found.lines[-1].place
        onward = pager_of(visit, f"{last.chain}.{last.seq}")
    return show(
        visit, "cert/audit.html.j2", found=found, onward=onward, institution=institution,
        wanted=wanted, since=asked(visit, "since"), until=asked(visit, "until"),
    )  # fmt: skip


@router.post("/cert/audit/verify")
def verify_record(
    visit: Annotated[Visit, Depends(Allowed("see-audit"))], form: Form
) -> HTMLResponse:
    """Verify every chain up to its last trusted head, and show what is wrong, if anything."""
    require_form_key(visit, form.form_key)
    runtime = visit.portal.runtime
    key = load_public_key(public_key_path(runtime.settings))
    report = audit.verify_chains(runtime.register.database, runtime.heads_file, key)
    return show(visit, "cert/verified.html.j2", report=report, now=visit.register.clock())


@router.get("/cert/contact")
def ask_contact(visit: Annotated[Visit, Depends(Allowed("see-scans"))]) -> HTMLResponse:
    """Answer who of us touched an address, and who allowed it."""
    address, found, trouble = asked(visit, "address"), None, NO_TROUBLE
    if address:
        try:
            found = searching.touched(visit.register, address, _moment(visit, "at"))
        except InvalidInput as error:
            said = trouble_of(visit, error)
            trouble = Trouble(422, {"address": said.faults.get("address", str(error))})
    elif "address" in visit.request.query_params:
        trouble = Trouble(422, gaps_in(visit.words, address=address))
    return show(
        visit, "cert/contact.html.j2", trouble=trouble, found=found, address=address,
        at=asked(visit, "at"),
    )  # fmt: skip


@router.get("/cert/watch")
def watch_ourselves(visit: Annotated[Visit, Depends(Allowed("see-watch"))]) -> HTMLResponse:
    """Show what is wrong with our own watching, and the canaries that show it."""
    return _show_watch(visit, NO_TROUBLE, EMPTY)


def _show_watch(visit: Visit, trouble: Trouble, typed: Filled) -> HTMLResponse:
    runtime = visit.portal.runtime
    words = visit.portal.renderer.page_words("notices", visit.words.language)
    found = watch.look_at_ourselves(visit.register, runtime.heads_file)
    alarms = [watch.say_alarm(words, one) for one in found]
    may_plant, title_of = visit.may("keep-schedule"), namer(visit)
    return show(
        visit, "cert/watch.html.j2", trouble=trouble, typed=typed, alarms=alarms,
        reached_at=reached_elsewhere(visit.request), address=visit.portal.address,
        canaries=canaries.list_canaries(visit.register), may_plant=may_plant,
        offered=offered(visit) if may_plant else [], verdicts=get_args(Verdict),
        checks=[(one.id, title_of(one, one.id)) for one in visit.register.content.checks.checks],
    )  # fmt: skip


@router.post("/cert/watch/canaries")
def plant_canary(
    visit: Annotated[Visit, Depends(Allowed("keep-schedule"))], form: Form
) -> Response:
    """Have a check at an address of ours watched."""
    require_form_key(visit, form.form_key)
    trouble = missing(visit, form, "institution", "address", "check")
    if trouble is None:
        try:
            verdict = form["verdict"] if form["verdict"] in get_args(Verdict) else "fail"
            canaries.plant(
                visit.register, form["institution"], form["address"], form["check"],
                verdict=cast("Verdict", verdict), cycle_days=form.number("cycle_days", 7),
                reason=form["reason"],
            )  # fmt: skip
        except CyberpostureError as error:
            trouble = trouble_of(visit, error)
    if trouble is not None:
        return _show_watch(visit, trouble, form)
    return visit.go("/cert/watch", "canary-planted")


@router.post("/cert/watch/canaries/{canary}/end")
def end_canary(
    visit: Annotated[Visit, Depends(Allowed("keep-schedule"))], canary: str, form: Form
) -> Response:
    """Have a canary watched no more."""
    require_form_key(visit, form.form_key)
    canaries.end(visit.register, canary, reason=form["reason"])
    return visit.go("/cert/watch", "canary-ended")
