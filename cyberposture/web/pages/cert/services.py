"""Shared services: founded, answered for, reviewed, used, closed; each on a page of its own."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, cast, get_args

from fastapi import APIRouter, Depends, Response
from fastapi.responses import HTMLResponse

from cyberposture.content.translations import Translations, in_language
from cyberposture.errors import CyberpostureError, Fault, InvalidInput, NotFound
from cyberposture.model.assessments import Grade, Level, OwnGrade
from cyberposture.services.institutions import entries, shared_services
from cyberposture.services.institutions.shared_services import Said, ServiceView
from cyberposture.web.network.filled import Filled, Form, Trouble, missing, trouble_of
from cyberposture.web.network.showing import EMPTY, NO_TROUBLE, show
from cyberposture.web.surroundings import Allowed, Visit, require_form_key

router = APIRouter(include_in_schema=False)
PLACE = "/cert/services"
ONE = f"{PLACE}/{{institution}}/{{service}}"
LEVELS = (0, 1, 2, 3)
MOST_OFFERED = 500
"""So many institutions are offered to choose from; any other is typed."""
Sees = Annotated[Visit, Depends(Allowed("see-shared-services"))]
Keeps = Annotated[Visit, Depends(Allowed("keep-institutions"))]


def offered(visit: Visit) -> list[tuple[str, str]]:
    """Return the institutions that a field offers, as pairs of code and name."""
    found, _ = entries.search_institutions(visit.register, words="", limit=MOST_OFFERED)
    return [(one.institution.code, one.institution.name) for one in found]


@router.get(PLACE)
def list_services(visit: Sees) -> HTMLResponse:
    """List the services, and offer to found one."""
    return _show_list(visit, NO_TROUBLE, EMPTY)


def _show_list(visit: Visit, trouble: Trouble, typed: Filled) -> HTMLResponse:
    found = [
        view
        for view in shared_services.list_services(visit.register)
        if visit.may("see-shared-services", view.service.provider)
    ]
    return show(
        visit, "cert/services.html.j2", trouble=trouble, typed=typed, found=found, place=PLACE,
        may_keep=visit.may("keep-institutions"), offered=offered(visit),
    )  # fmt: skip


@router.post(PLACE)
def found_service(visit: Keeps, form: Form) -> Response:
    """Found a service that an institution runs for others."""
    require_form_key(visit, form.form_key)
    trouble = missing(visit, form, "provider", "code", "title")
    if trouble is None:
        try:
            shared_services.found_service(
                visit.register, form["provider"], form["code"], form["title"],
                reason=form["reason"],
            )  # fmt: skip
        except CyberpostureError as error:
            trouble = trouble_of(visit, error)
    if trouble is not None:
        return _show_list(visit, trouble, form)
    return visit.go(f"{PLACE}/{form['provider']}/{form['code']}", "service-founded")


def _get(visit: Visit, institution: str, service: str) -> ServiceView:
    for view in shared_services.list_services(visit.register, institution):
        if view.service.code == service:
            return view
    raise NotFound("service", service)


@router.get(ONE)
def show_service(visit: Sees, institution: str, service: str) -> HTMLResponse:
    """Show one service: what its provider answers, what reviewers found, and who uses it."""
    return _show_one(visit, institution, service, NO_TROUBLE, EMPTY)


def _show_one(
    visit: Visit, institution: str, service: str, trouble: Trouble, typed: Filled
) -> HTMLResponse:
    view = _get(visit, institution, service)
    catalogue = visit.register.content.catalogue
    texts = in_language(visit.register.content.translations, visit.words.language)
    titles = {one.id: _title(one.id, one.title, texts) for one in catalogue.controls}
    answerable = [(one.id, f"{one.id} {titles[one.id]}") for one in catalogue.controls
                  if one.evidence_mode != "N"]  # fmt: skip
    names = dict(offered(visit))
    return show(
        visit, "cert/service.html.j2", trouble=trouble, typed=typed, one=view,
        at=f"{PLACE}/{institution}/{service}", place=PLACE, titles=titles, controls=answerable,
        may_keep=visit.may("keep-institutions") and view.service.closed_at is None,
        may_review=visit.may("review", institution) and view.service.closed_at is None,
        levels_of=LEVELS, grades_of=get_args(Grade), own_grades=get_args(OwnGrade),
        today=visit.register.clock().date(), names=names, offered=list(names.items()),
    )  # fmt: skip


def _title(control: str, english: str, texts: Translations) -> str:
    told = texts.controls.get(control)
    return english if told is None else told.title


def _take(
    visit: Visit, place: tuple[str, str], form: Filled, needed: tuple[str, ...],
    act: Callable[[], object],
) -> Response | None:  # fmt: skip
    """Do what a form asks for; return the page again where something is wrong with it."""
    require_form_key(visit, form.form_key)
    _get(visit, *place)
    trouble = missing(visit, form, *needed)
    if trouble is None:
        try:
            act()
        except CyberpostureError as error:
            trouble = trouble_of(visit, error)
    return None if trouble is None else _show_one(visit, *place, trouble, form)


def _one_of(form: Filled, name: str, among: tuple[object, ...]) -> object:
    """Return which of some values a field holds.

    Raises:
        InvalidInput: none of them.
    """
    for value in among:
        if str(value) == form[name]:
            return value
    raise InvalidInput(Fault(name, f"one or more of: {', '.join(map(str, among))}"))


@router.post(f"{ONE}/answers")
def answer(visit: Keeps, institution: str, service: str, form: Form) -> Response:
    """Write what the provider answers to one control for its service."""

    def act() -> None:
        try:
            expires = date.fromisoformat(form["expires"])
        except ValueError as error:
            raise InvalidInput(Fault("expires", "write a day as 2026-12-31")) from error
        said = Said(
            form["control"], cast("Level", _one_of(form, "level", LEVELS)), expires,
            form["duty"], cast("OwnGrade", _one_of(form, "grade", get_args(OwnGrade))),
        )  # fmt: skip
        shared_services.answer_for_service(
            visit.register, service, said, provider=institution, reason=form["reason"]
        )

    needed = ("control", "level", "grade", "expires")
    again = _take(visit, (institution, service), form, needed, act)
    return again or visit.go(f"{PLACE}/{institution}/{service}", "service-answered")


@router.post(f"{ONE}/review")
def review(
    visit: Annotated[Visit, Depends(Allowed("review"))], institution: str, service: str, form: Form
) -> Response:
    """Write what a reviewer found of one answer of a service."""

    def act() -> None:
        shared_services.review_service(
            visit.register, service, form["control"],
            cast("Level", _one_of(form, "level", LEVELS)),
            cast("Grade", _one_of(form, "grade", get_args(Grade))), reason=form["reason"],
        )  # fmt: skip

    needed = ("control", "level", "grade", "reason")
    again = _take(visit, (institution, service), form, needed, act)
    return again or visit.go(f"{PLACE}/{institution}/{service}", "service-reviewed")


@router.post(f"{ONE}/users")
def keep_user(visit: Keeps, institution: str, service: str, form: Form) -> Response:
    """Record that an institution uses the service from now on, or no longer."""
    acts = {"leave": shared_services.leave_service}

    def act() -> None:
        acts.get(form["step"], shared_services.use_service)(visit.register, form["user"], service)

    again = _take(visit, (institution, service), form, ("user",), act)
    return again or visit.go(f"{PLACE}/{institution}/{service}", "service-users")


@router.post(f"{ONE}/close")
def close(visit: Keeps, institution: str, service: str, form: Form) -> Response:
    """Record that the service is run no longer."""

    def act() -> None:
        shared_services.close_service(visit.register, service, reason=form["reason"])

    again = _take(visit, (institution, service), form, ("reason",), act)
    return again or visit.go(f"{PLACE}/{institution}/{service}", "service-closed")
