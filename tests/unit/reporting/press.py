"""Renders reports of the checkout's own content folder, as a service would."""

from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

from html_page import Page

from cyberposture.content.bundle import find_content
from cyberposture.content.loader import load_reports
from cyberposture.model.reports import Audience, ReportDefinition
from cyberposture.reporting.inputs import InstitutionInputs, NationInputs
from cyberposture.reporting.render import Renderer
from cyberposture.reporting.view.institution import InstitutionView, institution_view
from cyberposture.reporting.view.nation import NationView, nation_view

RENDERER = Renderer(find_content(None).reports)
PLAIN = "inside:x"


@cache
def definitions() -> dict[str, ReportDefinition]:
    """Return every report of the content folder by id."""
    return {report.id: report for report in load_reports(find_content(None).reports)}


def view_of(
    inputs: InstitutionInputs | NationInputs, audience: Audience
) -> InstitutionView | NationView:
    """Return the view of these inputs for one audience."""
    if isinstance(inputs, NationInputs):
        report = definitions()["nation"]
        return nation_view(report, audience, RENDERER.words(report), inputs)
    return institution_of(inputs, audience)


def institution_of(inputs: InstitutionInputs, audience: Audience = "cert") -> InstitutionView:
    """Return the view of one institution."""
    report = definitions()["institution"]
    return institution_view(report, audience, RENDERER.words(report), inputs)


def html_of(inputs: InstitutionInputs | NationInputs, audience: Audience) -> str:
    """Return the whole file."""
    name = "nation" if isinstance(inputs, NationInputs) else "institution"
    return RENDERER.render(definitions()[name], audience, view_of(inputs, audience))


def page_of(inputs: InstitutionInputs | NationInputs, audience: Audience) -> Page:
    """Return the file, read strictly."""
    return Page(html_of(inputs, audience))


OURS = frozenset(
    {
        "content", "control", "check", "what", "kind", "severity", "verdict", "grade", "round_code",
        "document", "result", "parameters", "zone", "sector", "tier", "steps", "code_of_round",
    }
)  # fmt: skip
"""Fields that hold our own vocabulary, or are validated before they come here."""


def poisoned(value: Any, poison: str, name: str = "") -> Any:
    """Return the inputs with every text from outside replaced by `poison`."""
    if name in OURS:
        return value
    if isinstance(value, str):
        # A finding's code is looked up; it must stay one of a kind.
        return value + poison if name == "code" else poison
    if is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: poisoned(getattr(value, f.name), poison, f.name) for f in fields(value)}
        return replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(poisoned(item, poison, name) for item in value)
    if isinstance(value, dict):
        return {key: poisoned(item, poison) for key, item in value.items()}
    if hasattr(value, "model_copy") and name == "institution":
        return value.model_copy(update={"name": poison})
    return value
