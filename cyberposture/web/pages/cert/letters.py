"""The life of an authorisation: requested, its signed copy recorded, granted, told, withdrawn."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from cyberposture.errors import CyberpostureError, NotFound
from cyberposture.scanning.techniques import TECHNIQUES
from cyberposture.services.permission import authorise, notices, requests, standing
from cyberposture.services.permission.signed_copies import SignedCopy, record_signed
from cyberposture.web.network.filled import (
    KEY,
    OWN_KEY,
    Filled,
    Form,
    Trouble,
    key_of,
    missing,
    trouble_of,
)
from cyberposture.web.network.showing import NO_TROUBLE, asked, show
from cyberposture.web.pages.cert.authorisations import PLACE, back_to, show_one
from cyberposture.web.surroundings import Allowed, Visit, require_form_key

router = APIRouter(include_in_schema=False)
ONE = f"{PLACE}/{{institution}}/{{reference:path}}"
REQUEST = "/cert/letters/new"
USUAL_DAYS = 365
Request = Annotated[Visit, Depends(Allowed("request-authorisation"))]


@router.get(REQUEST)
def show_request(visit: Request) -> Response:
    """Ask what a letter of ours shall ask for."""
    given = {"institution": asked(visit, "institution"), "load": "3", "days": str(USUAL_DAYS)}
    return _request(visit, NO_TROUBLE, Filled(given, {}))


def _request(visit: Visit, trouble: Trouble, typed: Filled) -> Response:
    opt_in = [one.code for one in TECHNIQUES.values() if one.opt_in]
    return show(
        visit, "cert/request.html.j2", trouble=trouble, typed=typed, opt_in=opt_in, place=REQUEST
    )


@router.post(REQUEST)
def request_letter(visit: Request, form: Form) -> Response:
    """Write a letter in both languages from what the institution declares, and keep it."""
    require_form_key(visit, form.form_key)
    trouble = missing(visit, form, "institution", "reference")
    if trouble is None:
        try:
            requests.request_letter(
                visit.register,
                visit.portal.runtime.folders.reports,
                form["institution"],
                form["reference"],
                load=min(4, form.number("load", 3)),
                days=max(1, form.number("days", USUAL_DAYS)),
                exclusions=form.lines("exclusions"),
                opt_in=form.lists.get("opt_in", ()),
                special_allowed=form["special"] == "yes",
                language="ur",
            )
        except CyberpostureError as error:
            trouble = trouble_of(visit, error)
    if trouble is not None:
        return _request(visit, trouble, form)
    return back_to(form["institution"], form["reference"], "letter_written")


@dataclass(frozen=True)
class Step:
    """One step in the life of an authorisation: what the form must hold, and what is done then."""

    needed: tuple[str, ...]
    act: Callable[[], object]
    done: str
    """The words that say that it was done."""


def _take(visit: Visit, institution: str, reference: str, form: Filled, step: Step) -> Response:
    """Take a step, or show the page again with what was wrong."""
    trouble = missing(visit, form, *step.needed)
    if trouble is None:
        try:
            step.act()
        except CyberpostureError as error:
            trouble = trouble_of(visit, error)
    if trouble is not None:
        return show_one(visit, institution, reference, trouble, form)
    return back_to(institution, reference, step.done)


def _own(visit: Visit, institution: str, reference: str) -> None:
    """Return if an authorisation is this institution's.

    Raises:
        NotFound: it is not.
    """
    standing.require_own(visit.register, reference, institution)


@router.post(f"{ONE}/signed")
def record_copy(visit: Request, institution: str, reference: str, form: Form) -> Response:
    """Record the signed copy of our letter; a second person must grant it."""
    require_form_key(visit, form.form_key)
    letter = requests.get_letter(visit.register, reference)
    if letter.institution != institution:
        raise NotFound("letter", reference)

    def record() -> None:
        said = {name: form[name] for name in ("signatory", "signatory_role")}
        said["power_to_sign_checked"] = form["power_to_sign_checked"]
        hosted = (letter.asked or {}).get("hosted", {})
        sheets = {
            party: form.files[f"sheet_{number}"]
            for number, party in enumerate(hosted)
            if form.files.get(f"sheet_{number}")
        }
        contacts = {"emergency_contacts": form.lines("emergency_contacts")}
        copy = SignedCopy(form.files["letter"], sheets)
        record_signed(visit.register, letter, said | contacts, copy, key_of(form))

    needed = ("signatory", "signatory_role", "power_to_sign_checked", "emergency_contacts")
    step = Step((*needed, "letter", KEY), record, "letter_recorded")
    return _take(visit, institution, reference, form, step)


@router.post(f"{ONE}/grant")
def grant(
    visit: Annotated[Visit, Depends(Allowed("grant-authorisation"))],
    institution: str,
    reference: str,
    form: Form,
) -> Response:
    """Grant an authorisation as the second person."""
    require_form_key(visit, form.form_key)
    _own(visit, institution, reference)

    def sign() -> None:
        authorise.grant(visit.register, reference, visit.person.person, key_of(form))

    return _take(visit, institution, reference, form, Step((KEY,), sign, "letter_granted"))


@router.post(f"{ONE}/withdraw")
def withdraw(
    visit: Annotated[Visit, Depends(Allowed("withdraw-authorisation"))],
    institution: str,
    reference: str,
    form: Form,
) -> Response:
    """End an authorisation at once; a key is not needed for that."""
    require_form_key(visit, form.form_key)
    _own(visit, institution, reference)

    def end() -> None:
        authorise.withdraw(
            visit.register, reference, visit.person.person,
            key_of(form, OWN_KEY) if form.files.get(OWN_KEY) else None,
            withdrawn_by=form["withdrawn_by"], reason=form["reason"],
        )  # fmt: skip

    step = Step(("withdrawn_by", "reason"), end, "letter_withdrawn")
    return _take(visit, institution, reference, form, step)


@router.post(f"{ONE}/waiver")
def waive_notice(visit: Request, institution: str, reference: str, form: Form) -> Response:
    """Record the letter in which the institution says that it wants no notice."""
    require_form_key(visit, form.form_key)
    _own(visit, institution, reference)

    def waive() -> None:
        with tempfile.TemporaryDirectory() as folder:
            letter = Path(folder) / "letter"
            letter.write_bytes(form.files["waiver"])
            notices.waive(visit.register, reference, letter, visit.person.person)

    return _take(visit, institution, reference, form, Step(("waiver",), waive, "notice_waived"))


@router.post(f"{ONE}/notice")
def keep_notice(
    visit: Annotated[Visit, Depends(Allowed("request-authorisation"))],
    institution: str,
    reference: str,
    form: Form,
) -> Response:
    """Write the notice, or record that it went out, or who confirmed it."""
    require_form_key(visit, form.form_key)
    _own(visit, institution, reference)
    runtime, register, person = visit.portal.runtime, visit.register, visit.person.person

    def write() -> None:
        notices.write_notice(
            register, runtime.folders.reports, runtime.sender, reference, language="ur"
        )

    def sent() -> None:
        notices.record_sent(register, reference, person, form["how"])

    def confirmed() -> None:
        notices.record_acknowledged(register, reference, person, form["who"])

    steps = {
        "sent": Step(("how",), sent, "notice_sent"),
        "confirmed": Step(("who",), confirmed, "notice_confirmed"),
    }
    step = steps.get(form["step"], Step((), write, "notice_written"))
    return _take(visit, institution, reference, form, step)
