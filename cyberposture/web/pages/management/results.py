"""Where an institution, a sector and the nation stand, and the whole report behind each page."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from cyberposture.model.people import Membership
from cyberposture.model.reports import Audience
from cyberposture.reporting.plain import Text
from cyberposture.reporting.site import Site
from cyberposture.services.institutions.entries import get_institution, list_institutions
from cyberposture.services.reports import dashboards
from cyberposture.services.reports.subjects import About
from cyberposture.web.access import may
from cyberposture.web.sending import send_report
from cyberposture.web.surroundings import Allowed, Visit, portal_of

router = APIRouter(include_in_schema=False)
LIVE = "live"
"""Asks for the standing of this moment instead of that of a round."""
_REFERENCE = re.compile(r'(?P<tag><a [^>]*?href=")#(?P<name>[\w-]+)"')
_CERT = ("cert-administrator", "cert-analyst", "reviewer")


@dataclass(frozen=True)
class Page:
    """What stands around a dashboard: what it is about, and what else can be looked at."""

    title: str
    choices: tuple[dashboards.Choice, ...]
    chosen: str
    report: str
    """Where the whole report is, if there is one."""
    institution: str = ""
    """The institution that it is about, if it is about one."""
    down_to: tuple[dashboards.Choice, ...] = ()
    """The institutions of a sector whose own results this person may read, by name."""
    orders: tuple[dashboards.Choice, ...] = ()
    """The other frameworks in whose order an institution's results can be read."""


def audience_of(held: Iterable[Membership], institution: str | None = None) -> Audience:
    """Return as whom somebody reads: with the eyes of a board, the CERT or a regulator."""
    held = tuple(held)
    if institution is not None and any(one.institution == institution for one in held):
        return "board"
    if any(one.role in _CERT for one in held):
        return "cert"
    return "sector" if any(one.role == "sector-regulator" for one in held) else "board"


def linked_to(report: str, parts: Text) -> Text:
    """Return parts whose references to what is not among them lead to the whole report."""
    marked_up = parts.__html__()

    def lead(found: re.Match[str]) -> str:
        is_here = f'id="{found["name"]}"' in marked_up
        return found[0] if is_here else f'{found["tag"]}{escape(report)}#{found["name"]}"'

    return Text(parts, _REFERENCE.sub(lead, marked_up))


@router.get("/style/reports.css")
def send_style(request: Request) -> Response:
    """Send the style of what pages show as reports do."""
    style = portal_of(request).renderer.parts_style()
    return Response(style, media_type="text/css", headers={"Cache-Control": "max-age=3600"})


@router.get("/institutions/{institution}/results")
def show_institution(
    visit: Annotated[Visit, Depends(Allowed("see-institution-results"))],
    institution: str,
    round_code: str = "",
) -> HTMLResponse:
    """Show where one institution stands: in its last round, unless another is asked for."""
    choices = dashboards.rounds_of_institution(visit.register, institution)
    chosen = round_code or (choices[0].code if choices else LIVE)
    audience = audience_of(visit.person.memberships, institution)
    shown = dashboards.show_institution(
        visit.register,
        visit.portal.renderer,
        audience,
        institution,
        None if chosen == LIVE else chosen,
        language=visit.words.language,
    )
    name = get_institution(visit.register, institution).institution.name
    report = f"/institutions/{institution}/results/report?round_code={chosen}"
    page = Page(name, choices, chosen, report, institution, orders=_orders(visit))
    return _show(visit, page, shown, has_live=True)


def _orders(visit: Visit) -> tuple[dashboards.Choice, ...]:
    return tuple(
        dashboards.Choice(one.id, f"{one.title} {one.edition}")
        for one in visit.register.content.catalogue.neighbours
        if one.status != "U"
    )


@router.get("/institutions/{institution}/results/report")
def read_institution_report(
    visit: Annotated[Visit, Depends(Allowed("see-institution-results"))],
    institution: str,
    round_code: str = LIVE,
) -> Response:
    """Send the whole report of an institution."""
    audience = audience_of(visit.person.memberships, institution)
    chosen = None if round_code == LIVE else round_code
    about = About(institution=institution, round_code=chosen)
    return send_report(visit, "institution", audience, about)


@router.get("/institutions/{institution}/results/in-order")
def read_in_order(
    visit: Annotated[Visit, Depends(Allowed("see-institution-results"))],
    institution: str,
    framework: str = "",
    round_code: str = LIVE,
) -> Response:
    """Send an institution's results in the order of another framework, else of the first known."""
    audience = audience_of(visit.person.memberships, institution)
    first = next((one.code for one in _orders(visit)), "")
    chosen = None if round_code == LIVE else round_code
    about = About(institution=institution, round_code=chosen, framework=framework or first)
    return send_report(visit, "crosswalk", audience, about)


@router.get("/sectors")
def list_sectors(visit: Annotated[Visit, Depends(Allowed("see-sector-results"))]) -> HTMLResponse:
    """Show the sectors that this person may look at."""
    found = dashboards.list_sectors(visit.register, language=visit.words.language)
    mine = [one for one in found if visit.may("see-sector-results", sector=one.code)]
    return visit.show("management/sectors.html.j2", sectors=mine)


@router.get("/sectors/{sector}")
def show_sector(
    visit: Annotated[Visit, Depends(Allowed("see-sector-results"))],
    sector: str,
    round_code: str = "",
) -> HTMLResponse:
    """Show where one sector stands."""
    title = dashboards.title_of_sector(visit.register, sector, language=visit.words.language)
    choices = dashboards.rounds_with_scores(visit.register)
    chosen = round_code or (choices[0].code if choices else "")
    report = f"/sectors/{sector}/report?round_code={chosen}"
    down_to = tuple(_open_institutions(visit, sector))
    page = Page(title, choices, chosen, report, down_to=down_to)
    return _show_group(visit, page, sector, down_to)


def _open_institutions(visit: Visit, sector: str | None = None) -> Iterator[dashboards.Choice]:
    """Yield the institutions, of a sector or all, by name; those whose results one may read."""
    held = visit.person.memberships
    found = list_institutions(visit.register, sector)
    for one in sorted(found, key=lambda one: one.institution.name.casefold()):
        code = one.institution.code
        sectors = one.institution.sectors if sector is None else (sector,)
        if may(held, "see-institution-results", code, sectors=sectors):
            yield dashboards.Choice(code, one.institution.name)


@router.get("/sectors/{sector}/report")
def read_sector_report(
    visit: Annotated[Visit, Depends(Allowed("see-sector-results"))],
    sector: str,
    round_code: str = "",
) -> Response:
    """Send the whole report of a sector in a round; where none is named, show the page."""
    if not round_code:
        return visit.go(f"/sectors/{sector}")
    audience = audience_of(visit.person.memberships)
    return send_report(visit, "sector", audience, About(round_code=round_code, sector=sector))


@router.get("/cert/exposure")
def show_exposure(visit: Annotated[Visit, Depends(Allowed("see-exposure"))]) -> HTMLResponse:
    """Show what the network shows now, at all institutions."""
    shown = dashboards.show_report(
        visit.register,
        visit.portal.renderer,
        "exposure",
        "cert",
        About(),
        language=visit.words.language,
    )
    page = Page(visit.words.say("results.exposure"), (), "", "/cert/exposure/report")
    return _show(visit, page, shown, has_live=False)


@router.get("/cert/exposure/report")
def read_exposure_report(visit: Annotated[Visit, Depends(Allowed("see-exposure"))]) -> Response:
    """Send the whole report of what the network shows now."""
    return send_report(visit, "exposure", "cert", About())


@router.get("/nation")
def show_nation(
    visit: Annotated[Visit, Depends(Allowed("see-nation-results"))], round_code: str = ""
) -> HTMLResponse:
    """Show where the nation stands."""
    choices = dashboards.rounds_with_scores(visit.register)
    chosen = round_code or (choices[0].code if choices else "")
    report = f"/nation/report?round_code={chosen}"
    title = visit.words.say("results.nation")
    page = Page(title, choices, chosen, report)
    return _show_group(visit, page, None, tuple(_open_institutions(visit)))


@router.get("/nation/report")
def read_nation_report(
    visit: Annotated[Visit, Depends(Allowed("see-nation-results"))], round_code: str = ""
) -> Response:
    """Send the whole report of the nation in a round; where none is named, show the page."""
    if not round_code:
        return visit.go("/nation")
    audience = audience_of(visit.person.memberships)
    return send_report(visit, "nation", audience, About(round_code=round_code))


def _show_group(
    visit: Visit, page: Page, sector: str | None, readable: tuple[dashboards.Choice, ...]
) -> HTMLResponse:
    """Show where many stand; the names of those whose results one may read lead to them."""
    if not page.choices:
        return visit.show("management/no-scores.html.j2", page=page)
    shown = dashboards.show_nation(
        visit.register,
        visit.portal.renderer,
        audience_of(visit.person.memberships),
        page.chosen or page.choices[0].code,
        language=visit.words.language,
        sector=sector,
        site=Site(institutions={one.code: _own_page(one.code, page) for one in readable}),
    )
    return _show(visit, page, shown, has_live=False)


def _own_page(institution: str, page: Page) -> str:
    """Return where an institution's own standing in the same round is."""
    return f"/institutions/{institution}/results?{urlencode({'round_code': page.chosen})}"


def _show(visit: Visit, page: Page, shown: dashboards.Shown, *, has_live: bool) -> HTMLResponse:
    options = [(one.code, one.title) for one in page.choices]
    if has_live:
        options.append((LIVE, visit.words.say("results.live")))
    parts = linked_to(page.report, shown.parts) if page.report else shown.parts
    return visit.show(
        "management/results.html.j2", page=page, parts=parts, options=options,
        spoken=shown.language,
        may_export=page.institution != "" and visit.may("export-results", page.institution),
    )  # fmt: skip
