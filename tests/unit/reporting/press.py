"""Renders reports of the checkout's own content folder, as a service would."""

from collections.abc import Iterable
from functools import cache

from html_page import Page

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import load_reports
from cyberposture.model.reports import Audience, ReportDefinition
from cyberposture.reporting.consultation_inputs import ConsultationInputs
from cyberposture.reporting.crosswalk_inputs import CrosswalkInputs
from cyberposture.reporting.exposure_inputs import ExposureInputs
from cyberposture.reporting.inputs import InstitutionInputs, NationInputs
from cyberposture.reporting.letter_inputs import LetterInputs
from cyberposture.reporting.render import Renderer, View
from cyberposture.reporting.round_inputs import RoundInputs
from cyberposture.reporting.sector_inputs import SectorInputs
from cyberposture.reporting.view.consultation import consultation_view
from cyberposture.reporting.view.crosswalk import crosswalk_view
from cyberposture.reporting.view.exposure import exposure_view
from cyberposture.reporting.view.institution import InstitutionView, institution_view
from cyberposture.reporting.view.letter import letter_view
from cyberposture.reporting.view.nation import nation_view
from cyberposture.reporting.view.round import round_view
from cyberposture.reporting.view.sector import sector_view

Inputs = (
    InstitutionInputs
    | CrosswalkInputs
    | NationInputs
    | SectorInputs
    | ExposureInputs
    | LetterInputs
    | RoundInputs
    | ConsultationInputs
)

HOME = find_content(None).reports
RENDERER = Renderer(HOME)


@cache
def definitions() -> dict[str, ReportDefinition]:
    """Return every report of the content folder by id."""
    return {report.id: report for report in load_reports(find_content(None).reports)}


def report_of(inputs: Inputs) -> ReportDefinition:
    """Return the report that is made from such inputs."""
    names = {
        ConsultationInputs: "consultation",
        CrosswalkInputs: "crosswalk",
        NationInputs: "nation",
        SectorInputs: "sector",
        ExposureInputs: "exposure",
        LetterInputs: "letter",
        RoundInputs: "round",
    }
    return definitions()[names.get(type(inputs), "institution")]


def view_of(inputs: Inputs, audience: Audience, language: str = "en") -> View:
    """Return the view of these inputs for one audience."""
    report = report_of(inputs)
    words = RENDERER.words(report, language)
    if isinstance(inputs, CrosswalkInputs):
        return crosswalk_view(report, audience, words, inputs)
    if isinstance(inputs, NationInputs):
        return nation_view(report, audience, words, inputs)
    if isinstance(inputs, SectorInputs):
        return sector_view(report, audience, words, inputs)
    if isinstance(inputs, ExposureInputs):
        return exposure_view(report, audience, words, inputs)
    if isinstance(inputs, LetterInputs):
        return letter_view(report, audience, words, inputs)
    if isinstance(inputs, RoundInputs):
        return round_view(report, audience, words, inputs)
    if isinstance(inputs, ConsultationInputs):
        return consultation_view(report, audience, words, inputs)
    return institution_view(report, audience, words, inputs)


def institution_of(inputs: InstitutionInputs, audience: Audience = "cert") -> InstitutionView:
    """Return the view of one institution."""
    report = definitions()["institution"]
    return institution_view(report, audience, RENDERER.words(report), inputs)


def html_of(inputs: Inputs, audience: Audience, language: str = "en") -> str:
    """Return the whole file."""
    return RENDERER.render(report_of(inputs), audience, view_of(inputs, audience, language))


def page_of(inputs: Inputs, audience: Audience, language: str = "en") -> Page:
    """Return the file, read strictly."""
    return Page(html_of(inputs, audience, language))


def every(items: Iterable[str]) -> str:
    """Return the items on one line each, for a failing test to show."""
    return "\n".join(sorted(items))
