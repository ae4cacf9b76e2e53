"""What management sees in the portal: the first parts of the reports, over the scores of a round.

The views are those of the reports, so that page and report never differ; what an audience may not
see is not in them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from cyberposture.content.translations import in_language
from cyberposture.errors import NotFound
from cyberposture.model.reports import Audience, ReportDefinition
from cyberposture.reporting.plain import Text
from cyberposture.reporting.render import Renderer
from cyberposture.reporting.site import NOWHERE, Site
from cyberposture.reporting.view.institution import institution_view
from cyberposture.reporting.words import FIRST_LANGUAGE
from cyberposture.services.register import Register
from cyberposture.services.reports.inputs import InstitutionGatherer
from cyberposture.services.reports.report import find_definition
from cyberposture.services.reports.subjects import About, Order, view_of
from cyberposture.store import rounds, scores
from cyberposture.store.institutions import get_institution, list_institutions
from cyberposture.store.rounds import RoundRecord


@dataclass(frozen=True)
class Shown:
    """One dashboard: its marked-up parts, and the language in which they could be had."""

    parts: Text
    language: str


@dataclass(frozen=True)
class Choice:
    """A round or a sector that can be looked at."""

    code: str
    title: str


def rounds_of_institution(register: Register, code: str) -> tuple[Choice, ...]:
    """Return the rounds in which an institution has a score, the newest first.

    Raises:
        NotFound: the institution is not in the register.
    """
    with register.reading() as connection:
        institution = get_institution(connection, code, as_of=register.clock())
        kept = scores.list_scores(connection, institution_id=institution.id, kind="round")
        scored = {one.round_id for one in kept}
        return _choices(one for one in rounds.list_rounds(connection) if one.id in scored)


def rounds_with_scores(register: Register) -> tuple[Choice, ...]:
    """Return the rounds in which anybody has a score, the newest first."""
    with register.reading() as connection:
        return _choices(
            one for one in rounds.list_rounds(connection) if _has_scores(connection, one)
        )


def show_institution(
    register: Register,
    renderer: Renderer,
    audience: Audience,
    code: str,
    round_code: str | None,
    *,
    language: str,
) -> Shown:
    """Return where an institution stands: in a round, or (None) live.

    Raises:
        NotFound: institution, round or score is not there.
    """
    definition = find_definition(register, "institution")
    spoken = _spoken(definition, language)
    with register.reading() as connection:
        inputs = InstitutionGatherer(register, connection, code, round_code).gather()
    view = institution_view(definition, audience, renderer.words(definition, spoken), inputs)
    return _shown(renderer.render_part(definition, "dashboard.html.j2", view), spoken)


def show_nation(
    register: Register,
    renderer: Renderer,
    audience: Audience,
    round_code: str,
    *,
    language: str,
    sector: str | None = None,
    site: Site = NOWHERE,
) -> Shown:
    """Return where the nation, or one sector, stands in a round; names lead where `site` says.

    Raises:
        NotFound: there is no such round, or no such sector.
    """
    name = "nation" if sector is None else "sector"
    about = About(round_code=round_code, sector=sector)
    return show_report(register, renderer, name, audience, about, language=language, site=site)


def show_report(
    register: Register,
    renderer: Renderer,
    name: str,
    audience: Audience,
    about: About,
    *,
    language: str,
    site: Site = NOWHERE,
) -> Shown:
    """Return the parts of a report that a page of the portal shows.

    Raises:
        NotFound: what it is about is not there.
    """
    definition = find_definition(register, name)
    spoken = _spoken(definition, language)
    order = Order(definition, audience, renderer.words(definition, spoken), about)
    view = view_of(register, order)
    return _shown(renderer.render_part(definition, "dashboard.html.j2", view, site), spoken)


def list_sectors(register: Register, *, language: str = FIRST_LANGUAGE) -> tuple[Choice, ...]:
    """Return the sectors in which there are institutions now, in the framework's order."""
    with register.reading() as connection:
        found = list_institutions(connection, as_of=register.clock(), active_only=True)
    held = {sector for one in found for sector in one.institution.sectors}
    titles = _titles(register, language)
    return tuple(Choice(code, title) for code, title in titles.items() if code in held)


def title_of_sector(register: Register, sector: str, *, language: str = FIRST_LANGUAGE) -> str:
    """Return what a sector is called.

    Raises:
        NotFound: the framework has no such sector.
    """
    titles = _titles(register, language)
    if sector not in titles:
        raise NotFound("sector", sector)
    return titles[sector]


def _titles(register: Register, language: str) -> dict[str, str]:
    """Return what the sectors are called, in the framework's order."""
    content = register.content
    return in_language(content.translations, language).names(content.catalogue)["sectors"]


def _has_scores(connection: Connection, one: RoundRecord) -> bool:
    return bool(scores.list_round_scores(connection, one.id))


def _choices(found: Iterable[RoundRecord]) -> tuple[Choice, ...]:
    newest = sorted(found, key=lambda one: one.round.opens, reverse=True)
    return tuple(Choice(one.round.code, one.round.title) for one in newest)


def _spoken(definition: ReportDefinition, language: str) -> str:
    return language if language in definition.languages else FIRST_LANGUAGE


def _shown(marked_up: str, language: str) -> Shown:
    # What the sandbox made is marked up already: every fact in it was escaped there.
    return Shown(Text(marked_up, marked_up), language)
