"""The scope of an assessment: what the institution is, what follows, and what the CERT said.

`Look` shows what would follow and keeps nothing, `keep` keeps a draft, `send` hands it to the CERT.
"""

from dataclasses import dataclass
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, Field

from cyberposture.content.translations import in_language
from cyberposture.errors import Fault, InvalidInput
from cyberposture.exchange.sheets import build_row
from cyberposture.model.scopes import MOST_SERVICES, Scope
from cyberposture.services.assessments import scoping
from cyberposture.services.assessments.scoping import Consequence, Scoping
from cyberposture.services.people.names import names_of
from cyberposture.store.scopes import ScopeRecord
from cyberposture.web.surroundings import Allowed, Visit, plain, require_form_key

router = APIRouter(include_in_schema=False)
SCOPE = "/institutions/{institution}/rounds/{round_code}/scope"
MINUTES_EACH = 4
_SPARE_ROWS = 2


class ScopeForm(BaseModel):
    """What the form sends; titles and texts of services stand in the same order."""

    form_key: str = Field("", max_length=200)
    profile: str = Field("", max_length=64)
    feature: list[str] = Field(default_factory=list, max_length=50)
    service: list[str] = Field(default_factory=list, max_length=MOST_SERVICES)
    about: list[str] = Field(default_factory=list, max_length=MOST_SERVICES)
    nothing: str = Field("", max_length=3)
    """`yes` where none of the features is there, and that is meant so."""
    do: str = Field("look", max_length=10)


@dataclass(frozen=True)
class Place:
    """Which assessment is meant."""

    institution: str
    round_code: str

    @property
    def path(self) -> str:
        """The page's own address."""
        return f"/institutions/{self.institution}/rounds/{self.round_code}/scope"


@router.get(SCOPE)
def show_scope(
    visit: Annotated[Visit, Depends(Allowed("scope"))], place: Annotated[Place, Depends()]
) -> HTMLResponse:
    """Show the newest scope and what follows from it."""
    found = scoping.read_scoping(visit.register, place.institution, place.round_code)
    return _show(visit, place, found, found.scope)


@router.post(SCOPE)
def take_scope(
    visit: Annotated[Visit, Depends(Allowed("scope"))],
    place: Annotated[Place, Depends()],
    form: Annotated[ScopeForm, Form()],
) -> Response:
    """Show what would follow, keep a draft, or send it to the CERT."""
    require_form_key(visit, form.form_key)
    found = scoping.read_scoping(visit.register, place.institution, place.round_code)
    try:
        scope = _scope_of(visit, form)
        if form.do not in ("keep", "send"):
            return _show(visit, place, found, scope, is_tried=True)
        if form.do == "send":
            _require_whole(visit, form)
        scoping.keep_scope(
            visit.register, place.institution, place.round_code, scope, send=form.do == "send"
        )
    except InvalidInput as error:
        faults = [(one.where.partition(".")[0], one.what) for one in error.faults]
        rows = [(one["title"], one["about"]) for one in _services(form)]
        return _show(visit, place, found, _typed(form, found), 422, rows=rows, faults=faults)
    return visit.go(place.path, "scope-sent" if form.do == "send" else "scope-kept")


def _services(form: ScopeForm) -> list[dict[str, str]]:
    abouts = [*form.about, *([""] * len(form.service))]
    pairs = zip(form.service, abouts, strict=False)
    said = [{"title": plain(title), "about": plain(about)} for title, about in pairs]
    return [one for one in said if one["title"] or one["about"]]


def _scope_of(visit: Visit, form: ScopeForm) -> Scope:
    if any(not one["title"] for one in _services(form)):
        raise InvalidInput(Fault("services", str(visit.words.say("scope.needs_title"))))
    value = {
        "profile": form.profile,
        "features": list(dict.fromkeys(form.feature)),
        "services": _services(form),
    }
    return build_row(Scope, "services", value)


def _require_whole(visit: Visit, form: ScopeForm) -> None:
    """Return if there is enough in a scope for the CERT to look at it.

    Raises:
        InvalidInput: no service is named, or no feature and nobody said that this is meant.
    """
    said, faults = visit.words.say, []
    if not _services(form):
        faults.append(Fault("services", str(said("scope.needs_service"))))
    if not form.feature and form.nothing != "yes":
        faults.append(Fault("features", str(said("scope.needs_feature"))))
    if faults:
        raise InvalidInput(faults)


def _typed(form: ScopeForm, found: Scoping) -> Scope:
    """Return what was chosen as far as there is such a thing; services are shown as typed."""
    profiles = {one.id for one in found.profiles}
    features = {one.id for one in found.asked.catalogue.framework.features}
    return Scope(
        profile=form.profile if form.profile in profiles else found.scope.profile,
        features=tuple(one for one in form.feature if one in features),
    )


def _show(
    visit: Visit,
    place: Place,
    found: Scoping,
    scope: Scope,
    status: int = 200,
    *,
    rows: list[tuple[str, str]] | None = None,
    is_tried: bool = False,
    faults: list[tuple[str, str]] | None = None,
) -> HTMLResponse:
    try:
        then = scoping.follow(found.asked, scope)
    except InvalidInput as error:
        then, status = scoping.follow(found.asked, found.scope), 422
        faults = [(one.where.partition(".")[0], one.what) for one in error.faults]
    rows = rows or [(one.title, one.about) for one in scope.services]
    spare = max(_SPARE_ROWS, 3 - len(rows)) if len(rows) < MOST_SERVICES else 0
    return visit.show(
        "institution/scope.html.j2",
        status,
        place=place,
        rows=rows + [("", "")] * spare,
        scope=scope,
        is_tried=is_tried,
        faults=faults or [],
        is_sent=found.waiting is not None and scope == found.waiting.scope,
        is_unsent=(is_tried or bool(faults)) and scope != found.scope,
        asks_nothing=not scope.features and "features" in dict(faults or []),
        **about_scope(visit, found, then),
    )


def about_scope(visit: Visit, found: Scoping, then: Consequence) -> dict[str, object]:
    """Return what the institution's and the CERT's page show alike of a scope."""
    asked = found.asked
    zone = ZoneInfo(asked.institution.zone)
    texts = in_language(asked.pinned.translations, visit.words.language)
    acts = [one.act for one in found.history]
    acts += [one.decision.act for one in found.history if one.decision is not None]
    names = names_of(visit.register, [act.actor for act in acts])
    return {
        "found": found,
        "asked": asked,
        "then": then,
        "named": texts.names(asked.catalogue),
        "minutes": MINUTES_EACH * then.to_answer,
        "features": [one for one in asked.catalogue.framework.features if one.id != scoping.CII],
        "sizes": {one.id: len(asked.catalogue.of_profile(one)) for one in found.profiles},
        "left_out": [(one.control.id, texts.title_of(one.control)) for one in then.left_out],
        "history": [
            step
            for one in reversed(found.history)
            for step in _steps(visit, one, zone, names, texts.names(asked.catalogue)["features"])
        ],
    }


def _steps(
    visit: Visit,
    one: ScopeRecord,
    zone: ZoneInfo,
    names: dict[str, str],
    features: dict[str, str],
) -> list[tuple[str, str, str]]:
    """Return what happened to one revision, the newest first: when, who, what."""
    words = visit.words
    key = "scope.was_sent" if one.is_sent else "scope.was_kept"
    said = words.say(
        key,
        n=one.revision,
        features="; ".join(features.get(f, f) for f in one.scope.features) or "–",
    )
    steps = [(words.minute(one.act.at, zone), names.get(one.act.actor, one.act.actor), str(said))]
    if one.decision is not None:
        act = one.decision.act
        told = words.say(f"scope.was_{one.decision.outcome}", n=one.revision, why=act.reason)
        steps.insert(0, (words.minute(act.at, zone), names.get(act.actor, act.actor), str(told)))
    return steps
