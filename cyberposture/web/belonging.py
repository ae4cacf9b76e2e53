"""The people pages, once for an institution and once for the CERT: who belongs, and how it changes.

`people_router` makes the routes; with an institution in the address all of it is about that one.
"""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal, cast, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.errors import CyberpostureError, Fault, InvalidInput, WrongState
from cyberposture.model.people import Role
from cyberposture.services.institutions.entries import get_institution
from cyberposture.services.people import memberships, people, substitutes
from cyberposture.services.people.memberships import A_LEAD_GIVES, Given, Invitation, Letter
from cyberposture.services.people.substitutes import Belonging
from cyberposture.web.access import Action
from cyberposture.web.gaps import gaps_in
from cyberposture.web.network.saying import sectors_named
from cyberposture.web.surroundings import (
    LANGUAGES,
    Allowed,
    Visit,
    plain,
    reached_elsewhere,
    require_form_key,
)

ZONE = ZoneInfo("Asia/Karachi")
PAGE = 50


class RoleForm(BaseModel):
    """A role as a form gives it; dates are days as browsers send them."""

    form_key: str = Field("", max_length=200)
    role: str = Field("", max_length=40)
    institution: str = Field("", max_length=100)
    sector: str = Field("", max_length=100)
    valid_from: str = Field("", max_length=10)
    valid_until: str = Field("", max_length=10)
    reason: str = Field("", max_length=500)


class InvitationForm(RoleForm):
    """Somebody who is to come in."""

    name: str = Field("", max_length=200)
    code: str = Field("", max_length=60)
    mail: str = Field("", max_length=254)
    language: str = Field("en", max_length=2)


class StandInForm(BaseModel):
    """Who stands in, and between which days."""

    form_key: str = Field("", max_length=200)
    substitute: str = Field("", max_length=100)
    valid_from: str = Field("", max_length=10)
    valid_until: str = Field("", max_length=10)
    reason: str = Field("", max_length=500)


def _own(visit: Visit) -> str | None:
    """Return the institution that the page is about; None: all of them."""
    found: str | None = visit.request.path_params.get("institution")
    return found


def _base(visit: Visit) -> str:
    own = _own(visit)
    return "/cert/people" if own is None else f"/institutions/{own}/people"


def _zone(visit: Visit) -> ZoneInfo:
    own = _own(visit)
    if own is None:
        return ZONE
    return ZoneInfo(get_institution(visit.register, own).institution.zone)


def _day(text: str, zone: ZoneInfo, field: str, *, is_last: bool = False) -> datetime | None:
    """Return the beginning of a day, or its end.

    Raises:
        InvalidInput: it is no day.
    """
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip()) + timedelta(days=is_last)
    except (ValueError, OverflowError) as error:
        raise InvalidInput(Fault(field, "write a day as 2026-12-31")) from error
    return datetime.combine(day, time(), zone)


def _given(form: RoleForm, visit: Visit) -> Given:
    zone, own = _zone(visit), _own(visit)
    if form.role not in _roles(visit):
        raise InvalidInput(Fault("role", str(visit.words.say("belong.choose_role"))))
    begins = _day(form.valid_from, zone, "valid_from")
    if begins is not None and begins <= visit.register.clock():
        begins = None  # A day that has begun: at once.
    return Given(
        form.role,
        own or form.institution.strip() or None,
        form.sector.strip() or None,
        begins,
        _day(form.valid_until, zone, "until", is_last=True),
    )


def _roles(visit: Visit) -> tuple[Role, ...]:
    everything: tuple[Role, ...] = get_args(Role)
    if _own(visit) is None or visit.may("keep-people"):
        return everything if _own(visit) is None else tuple(
            one for one in everything if one in memberships.OF_AN_INSTITUTION
        )  # fmt: skip
    return tuple(one for one in everything if one in A_LEAD_GIVES)


def _faults(error: CyberpostureError) -> dict[str, str]:
    if not isinstance(error, InvalidInput):
        return {"code": str(error)}
    found = {}
    for one in error.faults:
        if one.where == "arguments":
            name, _, what = one.what.partition(": ")
            found[name] = what
        else:
            found[one.where] = one.what
    return found


def _choices(visit: Visit) -> dict[str, Any]:
    words = visit.words
    return {
        "base": _base(visit),
        "own": _own(visit),
        "roles": [(one, words.say(f"role.{one}")) for one in _roles(visit)],
        "sectors": [("", words.say("belong.anywhere")), *sectors_named(visit)],
        "languages": [(code, words.say(f"language.{code}")) for code in LANGUAGES],
        "day": lambda moment: words.day(moment, ZONE),
        "now": visit.register.clock(),
        "may_invite": visit.may("invite-people", _own(visit)),
    }


def _empty(visit: Visit) -> InvitationForm:
    """Return a form that nobody typed in: in the reader's language, with the role of a link."""
    asked = visit.request.query_params.get("role", "")
    role = asked if asked in _roles(visit) else ""
    return InvitationForm.model_validate({"role": role, "language": visit.words.language})


def show_list(
    visit: Visit, status: int = 200, typed: InvitationForm | None = None,
    faults: dict[str, str] | None = None,
) -> HTMLResponse:  # fmt: skip
    """Show who belongs, and the form of an invitation."""
    words = visit.request.query_params.get("search", "")[:100]
    place = visit.request.query_params.get("page", "1")
    page = max(1, int(place)) if place.isdecimal() and len(place) < 6 else 1
    own = _own(visit)
    if own is None:
        found, total = substitutes.search_belonging(
            visit.register, words, limit=PAGE, offset=PAGE * (page - 1)
        )
    else:
        found = substitutes.list_belonging(visit.register, own)
        total = len(found)
    return visit.show(
        "people/list.html.j2", status, found=found, total=total, search=words, page=page,
        pages=max(1, -(-total // PAGE)) if own is None else 1,
        typed=typed or _empty(visit), faults=faults or {}, **_choices(visit),
    )  # fmt: skip


def show_one(
    visit: Visit, code: str, status: int = 200, faults: dict[str, str] | None = None,
    typed: BaseModel | None = None,
) -> HTMLResponse:  # fmt: skip
    """Show one person with every role they have or had here."""
    found = substitutes.get_belonging(visit.register, code, _own(visit))
    return visit.show(
        "people/one.html.j2", status, one=found, faults=faults or {},
        typed=typed or RoleForm.model_validate({}), **_choices(visit),
    )  # fmt: skip


def _letter(visit: Visit, code: str, name: str, language: str) -> Letter:
    words = visit.portal.words[language]

    def write(token: str) -> tuple[str, str]:
        link = f"{visit.portal.address}/come-in/{token}"
        said = words.say("belong.letter", name=name, who=visit.person.name, link=link, code=code)
        return str(words.say("belong.letter_subject")), str(said)

    return write


def _show_link(visit: Visit, code: str, name: str, mail: str | None, token: str) -> HTMLResponse:
    return visit.show(
        "people/link.html.j2", name=name, code=code, mail=mail, base=_base(visit),
        link=f"{visit.portal.address}/come-in/{token}", reached_at=reached_elsewhere(visit.request),
    )  # fmt: skip


def invite(visit: Visit, form: InvitationForm) -> Response:
    """Invite somebody and show the link this one time."""
    name = plain(form.name, 200)
    if gaps := gaps_in(visit.words, name=name):
        return show_list(visit, 422, form, gaps)
    language = form.language if form.language in LANGUAGES else "en"
    code = form.code.strip() or memberships.suggest_code(visit.register, name)
    try:
        asked = Invitation(
            code, name, _given(form, visit), form.mail.strip() or None,
            cast("Literal['en', 'ur']", language),
        )  # fmt: skip
        token = memberships.invite_person(
            visit.register,
            asked,
            letter=_letter(visit, code, name, language),
            reason=plain(form.reason),
        )
    except (InvalidInput, WrongState) as error:
        return show_list(visit, 422, form, _faults(error))
    return _show_link(visit, code, name, asked.mail, token)


def renew_link(visit: Visit, code: str) -> Response:
    """Make a new link and show it this one time."""
    found: Belonging = substitutes.get_belonging(visit.register, code, _own(visit))
    person = found.record.person
    letter = _letter(visit, code, person.name, person.language or "en")
    within = None if visit.may("keep-people") else _own(visit)
    token = memberships.send_new_link(visit.register, code, institution=within, letter=letter)
    return _show_link(visit, code, person.name, person.mail, token)


def give(visit: Visit, code: str, form: RoleForm) -> Response:
    """Give one more role."""
    substitutes.get_belonging(visit.register, code, _own(visit))
    try:
        memberships.grant(visit.register, code, _given(form, visit), reason=plain(form.reason))
    except (InvalidInput, WrongState) as error:
        faults = _faults(error)
        return show_one(visit, code, 422, {"role": faults["code"]} if "code" in faults else faults,
                        form)  # fmt: skip
    return visit.go(f"{_base(visit)}/{code}", "role-given")


def stand_in(visit: Visit, code: str, membership: UUID, form: StandInForm) -> Response:
    """Name who stands in."""
    gaps = gaps_in(visit.words, substitute=form.substitute, until=form.valid_until)
    if gaps:
        return show_one(visit, code, 422, _of(membership, gaps), form)
    try:
        zone = _zone(visit)
        until = _day(form.valid_until, zone, "until", is_last=True) or visit.register.clock()
        begins = _day(form.valid_from, zone, "valid_from")
        substitutes.name_substitute(
            visit.register, membership, form.substitute.strip(), until, valid_from=begins,
            institution=_own(visit), reason=plain(form.reason),
        )  # fmt: skip
    except InvalidInput as error:
        return show_one(visit, code, 422, _of(membership, _faults(error)), form)
    return visit.go(f"{_base(visit)}/{code}", "substitute-named")


def _of(membership: UUID, faults: dict[str, str]) -> dict[str, str]:
    """Return faults by the ids of the fields of the form beside one role."""
    ids = {"valid_from": "from", "until": "until"}
    return {f"{ids.get(name, 'substitute')}-{membership}": told for name, told in faults.items()}


def people_router(base: str, see: Action, keep: Action) -> APIRouter:
    """Return the routes of the people pages under an address."""
    router = APIRouter(include_in_schema=False)
    sees = Annotated[Visit, Depends(Allowed(see))]
    keeps = Annotated[Visit, Depends(Allowed(keep))]
    Key = Annotated[str, Form(max_length=200)]

    @router.get(base)
    def list_people(visit: sees) -> HTMLResponse:
        return show_list(visit)

    @router.post(base)
    def invite_person(visit: keeps, form: Annotated[InvitationForm, Form()]) -> Response:
        require_form_key(visit, form.form_key)
        return invite(visit, form)

    @router.get(f"{base}/{{person}}")
    def show_person(visit: sees, person: str) -> HTMLResponse:
        return show_one(visit, person)

    @router.post(f"{base}/{{person}}/link")
    def make_link(visit: keeps, person: str, form_key: Key = "") -> Response:
        require_form_key(visit, form_key)
        return renew_link(visit, person)

    @router.post(f"{base}/{{person}}/roles")
    def give_role(visit: keeps, person: str, form: Annotated[RoleForm, Form()]) -> Response:
        require_form_key(visit, form.form_key)
        return give(visit, person, form)

    @router.post(f"{base}/{{person}}/roles/{{membership}}/end")
    def end_role(visit: keeps, person: str, membership: UUID, form_key: Key = "") -> Response:
        require_form_key(visit, form_key)
        memberships.end(visit.register, membership, institution=_own(visit))
        return visit.go(f"{_base(visit)}/{person}", "role-ended")

    _add_substitutes(router, base, keep)
    return router


def _add_substitutes(router: APIRouter, base: str, keep: Action) -> None:
    keeps = Annotated[Visit, Depends(Allowed(keep))]
    Key = Annotated[str, Form(max_length=200)]

    @router.post(f"{base}/{{person}}/roles/{{membership}}/substitute")
    def name_substitute(
        visit: keeps, person: str, membership: UUID, form: Annotated[StandInForm, Form()]
    ) -> Response:
        require_form_key(visit, form.form_key)
        return stand_in(visit, person, membership, form)

    @router.post(f"{base}/{{person}}/substitutes/{{substitution}}/end")
    def end_substitute(
        visit: keeps, person: str, substitution: UUID, form_key: Key = ""
    ) -> Response:
        require_form_key(visit, form_key)
        substitutes.end_substitute(visit.register, substitution, institution=_own(visit))
        return visit.go(f"{_base(visit)}/{person}", "substitute-ended")


def disable(visit: Visit, code: str, reason: str) -> Response:
    """Let a person act no more."""
    if gaps := gaps_in(visit.words, reason=reason):
        return show_one(visit, code, 422, gaps)
    people.disable(visit.register, code, reason=plain(reason))
    return visit.go(f"{_base(visit)}/{code}", "person-disabled")
