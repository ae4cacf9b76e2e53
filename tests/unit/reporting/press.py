"""Renders reports of the checkout's own content folder, as a service would."""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

from html_page import Page

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import load_reports
from cyberposture.model.reports import Audience, ReportDefinition
from cyberposture.reporting.consultation_inputs import ConsultationInputs
from cyberposture.reporting.inputs import InstitutionInputs, NationInputs
from cyberposture.reporting.render import Renderer
from cyberposture.reporting.view.consultation import ConsultationView, consultation_view
from cyberposture.reporting.view.institution import InstitutionView, institution_view
from cyberposture.reporting.view.nation import NationView, nation_view

Inputs = InstitutionInputs | NationInputs | ConsultationInputs

RENDERER = Renderer(find_content(None).reports)
PLAIN = "inside:x"


@cache
def definitions() -> dict[str, ReportDefinition]:
    """Return every report of the content folder by id."""
    return {report.id: report for report in load_reports(find_content(None).reports)}


def report_of(inputs: Inputs) -> ReportDefinition:
    """Return the report that is made from such inputs."""
    names = {ConsultationInputs: "consultation", NationInputs: "nation"}
    return definitions()[names.get(type(inputs), "institution")]


def view_of(
    inputs: Inputs, audience: Audience, language: str = "en"
) -> InstitutionView | NationView | ConsultationView:
    """Return the view of these inputs for one audience."""
    report = report_of(inputs)
    words = RENDERER.words(report, language)
    if isinstance(inputs, NationInputs):
        return nation_view(report, audience, words, inputs)
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


OURS = frozenset(
    {
        "content", "control", "check", "what", "kind", "severity", "verdict", "grade", "round_code",
        "document", "result", "parameters", "zone", "sector", "tier", "steps", "code_of_round",
    }
)  # fmt: skip
"""Fields that hold our own vocabulary, or are validated before they come here."""
REFERENCES = frozenset({"code", "about", "subject", "event", "outcome", "changed", "state"})
"""The same of a consultation, whose numbers and ids the register makes or has looked up."""


def poisoned(value: Any, poison: str, name: str = "") -> Any:
    """Return the inputs with every text from outside replaced by `poison`."""
    if name in OURS:
        return value
    if isinstance(value, str):
        # A finding's code is looked up; it must stay one of a kind.
        return value + poison if name == "code" else poison
    if is_dataclass(value) and not isinstance(value, type):
        known = REFERENCES if type(value).__module__ == ConsultationInputs.__module__ else ()
        changed = {
            f.name: poisoned(getattr(value, f.name), poison, f.name)
            for f in fields(value)
            if f.name not in known
        }
        return replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(poisoned(item, poison, name) for item in value)
    if isinstance(value, dict):
        return {key: poisoned(item, poison) for key, item in value.items()}
    if hasattr(value, "model_copy") and name == "institution":
        return value.model_copy(update={"name": poison})
    return value


def every(items: Iterable[str]) -> str:
    """Return the items on one line each, for a failing test to show."""
    return "\n".join(sorted(items))
