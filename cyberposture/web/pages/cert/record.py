"""The record of all that was done, searched and verified; who touched an address; our alarms."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from cyberposture.errors import InvalidInput
from cyberposture.runtime import public_key_path
from cyberposture.services.proof import audit, searching
from cyberposture.services.scans import canaries, watch
from cyberposture.services.schedule.month import NATION_ZONE
from cyberposture.store.audit_search import Place, Wanted
from cyberposture.store.keys import load_public_key
from cyberposture.web.network.filled import Form, Trouble, trouble_of
from cyberposture.web.network.showing import NO_TROUBLE, asked, pager_of, read_moment, show
from cyberposture.web.surroundings import Allowed, Visit, require_form_key

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
    return show(
        visit, "cert/contact.html.j2", trouble=trouble, found=found, address=address,
        at=asked(visit, "at"),
    )  # fmt: skip


@router.get("/cert/watch")
def watch_ourselves(visit: Annotated[Visit, Depends(Allowed("see-watch"))]) -> HTMLResponse:
    """Show what is wrong with our own watching, and the canaries that show it."""
    runtime = visit.portal.runtime
    alarms = watch.look_at_ourselves(visit.register, runtime.heads_file)
    return show(
        visit, "cert/watch.html.j2", alarms=alarms, canaries=canaries.list_canaries(visit.register)
    )
