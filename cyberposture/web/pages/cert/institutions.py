"""The institutions as the CERT keeps them: found, looked at, added, changed, imported."""

import tempfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.errors import CyberpostureError, Fault, InvalidInput, NotFound, WrongState
from cyberposture.exchange.sheets import build_row
from cyberposture.model.institutions import Institution
from cyberposture.services.institutions import entries, life, shared_services
from cyberposture.services.people import substitutes
from cyberposture.web.gaps import gaps_in
from cyberposture.web.network.saying import sectors_named
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key

router = APIRouter(include_in_schema=False)
PLACE = "/cert/institutions"
PAGE = 50
ZONE = ZoneInfo("Asia/Karachi")
TIERS = ("A", "G", "X")
Sees = Annotated[Visit, Depends(Allowed("see-institutions"))]
Keeps = Annotated[Visit, Depends(Allowed("keep-institutions"))]
Key = Annotated[str, Form(max_length=200)]
Line = Annotated[str, Form(max_length=500)]


class InstitutionForm(BaseModel):
    """An institution as a form gives it; lists with a semicolon between, or a line each."""

    form_key: str = Field("", max_length=200)
    code: str = Field("", max_length=100)
    name: str = Field("", max_length=200)
    sectors: list[str] = Field(default_factory=list, max_length=20)
    tier: str = Field("A", max_length=1)
    parent: str = Field("", max_length=100)
    contacts: str = Field("", max_length=2000)
    since: str = Field("", max_length=10)
    reason: str = Field("", max_length=500)

    def given(self) -> dict[str, Any]:
        """Return what an institution is made of."""
        contacts = [plain(one, 200) for one in self.contacts.splitlines() if one.strip()]
        return {"name": plain(self.name, 200), "sectors": self.sectors, "tier": self.tier,
                "parent": self.parent.strip() or None, "contacts": contacts}  # fmt: skip


class EndForm(BaseModel):
    """From when an institution exists no longer, and in which other one it went up."""

    form_key: str = Field("", max_length=200)
    into: str = Field("", max_length=100)
    since: str = Field("", max_length=10)
    reason: str = Field("", max_length=500)


def _faults(error: CyberpostureError) -> dict[str, str]:
    if not isinstance(error, InvalidInput):
        return {"": str(error)}
    found: dict[str, str] = {}
    for one in error.faults:
        name, colon, what = one.what.partition(": ")
        is_field = bool(colon) and name.split(".")[0] in InstitutionForm.model_fields
        found[name.split(".")[0] if is_field else ""] = what if is_field else one.what
    return found


def _own_sectors(visit: Visit) -> list[str] | None:
    """Return the sectors that the visitor is bound to; None: all of them."""
    if visit.may("see-watch"):
        return None
    return sorted({one.sector for one in visit.person.memberships if one.sector is not None})


def _choices(visit: Visit) -> dict[str, Any]:
    words, sectors = visit.words, sectors_named(visit)
    return {
        "base": PLACE,
        "sectors": sectors,
        "sector_names": dict(sectors),
        "tiers": TIERS,
        "may_keep": visit.may("keep-institutions"),
        "day": lambda moment: words.day(moment, ZONE),
    }


@router.get(PLACE)
def list_institutions(visit: Sees) -> HTMLResponse:
    """Show the institutions that fit, a page at a time."""
    return _show_list(visit)


def _show_list(
    visit: Visit, status: int = 200, typed: InstitutionForm | None = None,
    faults: dict[str, str] | None = None,
) -> HTMLResponse:  # fmt: skip
    asked = visit.request.query_params
    words, sector, tier = asked.get("search", "")[:100], asked.get("sector", ""), asked.get("tier")
    place = asked.get("page", "1")
    page = max(1, int(place)) if place.isdecimal() and len(place) < 6 else 1
    bound = _own_sectors(visit)
    if sector:
        bound = [sector] if bound is None or sector in bound else []
    found, total = entries.search_institutions(
        visit.register, words=words, sectors=bound, tier=tier if tier in TIERS else None,
        is_closed=asked.get("state") == "closed", limit=PAGE, offset=PAGE * (page - 1),
    )  # fmt: skip
    asked_for = {"search": words, "sector": sector, "tier": tier or "",
                 "state": asked.get("state", "")}  # fmt: skip
    return visit.show(
        "institutions/list.html.j2", status, found=found, total=total, page=page,
        pages=max(1, -(-total // PAGE)), asked=asked_for, faults=faults or {},
        typed=typed or InstitutionForm.model_validate({}), **_choices(visit),
    )  # fmt: skip


@router.post(PLACE)
def add_institution(visit: Keeps, form: Annotated[InstitutionForm, Form()]) -> Response:
    """Register one institution."""
    require_form_key(visit, form.form_key)
    try:
        given = {"code": form.code.strip(), **form.given()}
        new = build_row(Institution, "arguments", given)
        entries.add_institution(visit.register, new, reason=plain(form.reason))
    except (InvalidInput, WrongState, NotFound) as error:
        return _show_list(visit, 422, form, _faults(error))
    return visit.go(f"{PLACE}/{new.code}", "institution-added")


@router.get(f"{PLACE}/import")
def show_import(visit: Keeps) -> HTMLResponse:
    """Ask for a file of institutions."""
    return visit.show("institutions/import.html.j2", text="", found=None, faults=(), base=PLACE)


@router.post(f"{PLACE}/import")
def take_import(
    visit: Keeps,
    form_key: Key = "",
    text: Annotated[str, Form(max_length=1_900_000)] = "",
    step: Annotated[str, Form(max_length=10)] = "look",
) -> Response:
    """Look at what was pasted; keep it only when it was looked at and has no fault."""
    require_form_key(visit, form_key)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "institutions.csv"
        path.write_text(text)
        found, faults = entries.look_at_institutions(visit.register, path)
        if step == "keep" and not faults and found:
            entries.import_institutions(visit.register, path)
            return visit.go(PLACE, "institutions-imported")
    status = 422 if faults else 200
    return visit.show(
        "institutions/import.html.j2", status, text=text, found=found, faults=faults[:200],
        base=PLACE,
    )  # fmt: skip


@router.get(f"{PLACE}/{{institution}}")
def show_institution(visit: Sees, institution: str) -> HTMLResponse:
    """Show one institution with its life."""
    return _show_one(visit, institution)


def _show_one(
    visit: Visit, code: str, status: int = 200, faults: dict[str, str] | None = None,
    typed: InstitutionForm | None = None, *, split: "SplitForm | None" = None,
    end: EndForm | None = None,
) -> HTMLResponse:  # fmt: skip
    record = entries.get_institution(visit.register, code)
    one = record.institution
    services = shared_services.list_services(visit.register)
    filled = typed or InstitutionForm.model_validate(
        {"name": one.name, "sectors": list(one.sectors), "tier": one.tier,
         "parent": one.parent or "", "contacts": "\n".join(one.contacts)}
    )  # fmt: skip
    return visit.show(
        "institutions/one.html.j2",
        status,
        record=record,
        lineage=life.read_lineage(visit.register, code),
        people=substitutes.list_belonging(visit.register, code),
        runs=[view for view in services if view.service.provider == code],
        uses=[v for v in services if code in {use.institution for use in v.users}],
        typed=filled,
        split=split or SplitForm.model_validate({}),
        end=end or EndForm.model_validate({}),
        faults=faults or {},
        **_choices(visit),
    )


def _since(text: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        return datetime.combine(date.fromisoformat(text.strip()), time(), ZONE)
    except ValueError as error:
        raise InvalidInput(Fault("arguments", "since: write a day as 2026-12-31")) from error


@router.post(f"{PLACE}/{{institution}}/change")
def change_institution(
    visit: Keeps, institution: str, form: Annotated[InstitutionForm, Form()]
) -> Response:
    """Record that an institution is called or stands otherwise from a date on."""
    require_form_key(visit, form.form_key)
    if gaps := gaps_in(visit.words, name=form.name, reason=form.reason):
        return _show_one(visit, institution, 422, gaps, form)
    try:
        life.change_institution(
            visit.register, institution, form.given(), valid_from=_since(form.since),
            reason=plain(form.reason),
        )  # fmt: skip
    except (InvalidInput, WrongState) as error:
        return _show_one(visit, institution, 422, _faults(error), form)
    except NotFound as error:
        entries.get_institution(visit.register, institution)
        return _show_one(visit, institution, 422, {"parent": str(error)}, form)
    return visit.go(f"{PLACE}/{institution}", "institution-changed")


@router.post(f"{PLACE}/{{institution}}/close")
def close_institution(visit: Keeps, institution: str, form: Annotated[EndForm, Form()]) -> Response:
    """Record that an institution exists no longer, and in which other one it went up."""
    require_form_key(visit, form.form_key)
    entries.get_institution(visit.register, institution)
    if gaps := gaps_in(visit.words, end_reason=form.reason):
        return _show_one(visit, institution, 422, gaps, end=form)
    try:
        at, why, into = _since(form.since), plain(form.reason), form.into.strip()
        if into:
            life.merge_institutions(visit.register, [institution], into, at=at, reason=why)
        else:
            life.close_institution(visit.register, institution, at=at, reason=why)
    except (InvalidInput, WrongState, NotFound) as error:
        return _show_one(visit, institution, 422, _at(error, "end_since", "into"), end=form)
    return visit.go(f"{PLACE}/{institution}", "institution-closed")


class SplitForm(BaseModel):
    """What came out of an institution, from when, and whether it goes on."""

    form_key: str = Field("", max_length=200)
    parts: str = Field("", max_length=2000)
    stays: str = Field("", max_length=3)
    since: str = Field("", max_length=10)
    reason: str = Field("", max_length=500)


@router.post(f"{PLACE}/{{institution}}/split")
def split_institution(
    visit: Keeps, institution: str, form: Annotated[SplitForm, Form()]
) -> Response:
    """Record that an institution became several, which are in the register."""
    require_form_key(visit, form.form_key)
    entries.get_institution(visit.register, institution)
    if gaps := gaps_in(visit.words, parts=form.parts, split_reason=form.reason):
        return _show_one(visit, institution, 422, gaps, split=form)
    try:
        life.split_institution(
            visit.register, institution, form.parts.split(), at=_since(form.since),
            closes=form.stays != "yes", reason=plain(form.reason),
        )  # fmt: skip
    except (InvalidInput, WrongState, NotFound) as error:
        return _show_one(visit, institution, 422, _at(error, "split_since", "parts"), split=form)
    return visit.go(f"{PLACE}/{institution}", "institution-split")


def _at(error: CyberpostureError, day: str, other: str) -> dict[str, str]:
    """Return what is wrong at its field: at that of the day, or else at the other one."""
    faults = _faults(error)
    if "since" in faults:
        return {day: faults["since"]}
    return {other: error.faults[0].what if isinstance(error, InvalidInput) else str(error)}


@router.post(f"{PLACE}/{{institution}}/services")
def use_service(
    visit: Keeps, institution: str, form_key: Key = "", service: Line = "", step: Line = "use"
) -> Response:
    """Record that an institution uses a service of another one, or does so no longer."""
    require_form_key(visit, form_key)
    entries.get_institution(visit.register, institution)
    act = shared_services.leave_service if step == "leave" else shared_services.use_service
    try:
        act(visit.register, institution, service.strip())
    except (WrongState, NotFound) as error:
        return _show_one(visit, institution, 422, {"service": str(error)})
    return visit.go(f"{PLACE}/{institution}", "institution-changed")
