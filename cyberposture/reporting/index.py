"""The index page of a set of reports: where to begin, what matters most, and what to do next."""

from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import quote, urlsplit

from cyberposture.clock import find_zone
from cyberposture.errors import WrongUsage
from cyberposture.model.reports import Audience, ReportDefinition
from cyberposture.reporting.charts import ChartRow, row_of
from cyberposture.reporting.inputs import SetEntry, SetInputs
from cyberposture.reporting.plain import LONG, Text, given
from cyberposture.reporting.render import Renderer
from cyberposture.reporting.told import told_in
from cyberposture.reporting.view.frame import Band, Frame, band_of, frame_of, shown
from cyberposture.reporting.view.lens import Lens, lens_for
from cyberposture.reporting.words import Words

TEMPLATE = "index.html.j2"
SENTENCES = 3
"""How many sentences the index opens with."""


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One report of the set."""

    href: str
    title: Text
    sector: str
    band: Band | None
    """None: the report is not about one institution, or it has no score."""
    verified: str | None
    declared: str | None
    chart: ChartRow | None
    gates: int
    note: Text | None


@dataclass(frozen=True, slots=True)
class SetView:
    """All that the template of an index may see."""

    audience: Audience
    words: Words
    frame: Frame
    sentences: tuple[Text, ...]
    nation: tuple[EntryRow, ...]
    institutions: tuple[EntryRow, ...]
    commands: tuple[tuple[str, str], ...]
    score_digest: str


def render_index(
    renderer: Renderer,
    definition: ReportDefinition,
    audience: Audience,
    inputs: SetInputs,
    *,
    language: str = "en",
) -> str:
    """Return the index page of a set; `definition` says what the audience is and may see.

    Raises:
        WrongUsage: the set is not made for this audience, or an entry lies outside its folder.
    """
    words = renderer.shared_words(language)
    inputs = replace(inputs, content=told_in(inputs.content, language))
    return renderer.render_shared(TEMPLATE, _view(words, lens_for(definition, audience), inputs))


def _view(words: Words, lens: Lens, inputs: SetInputs) -> SetView:
    rows = [(entry.subject, _row(words, inputs, entry)) for entry in inputs.entries]
    return SetView(
        audience=lens.audience,
        words=words,
        frame=frame_of(
            words,
            lens,
            inputs.content,
            inputs.audit_head,
            kind="set",
            title=inputs.title,
            headline=given(inputs.title),
            subtitle=(words.say("index.holds", n=len(inputs.entries)),),
            as_of=inputs.as_of,
            zone=find_zone(inputs.zone),
        ),
        sentences=tuple(given(text, LONG) for text in inputs.sentences[:SENTENCES]),
        nation=tuple(row for subject, row in rows if subject != "institution"),
        institutions=tuple(row for subject, row in rows if subject == "institution"),
        commands=inputs.commands,
        score_digest="",
    )


def _row(words: Words, inputs: SetInputs, entry: SetEntry) -> EntryRow:
    whole = entry.result.institution if entry.result else None
    chart = None
    if whole is not None:
        chart = row_of(
            "",
            "",
            declared=whole.declared,
            claims=whole.claims_verified,
            network=None,
            side="",
            figures=(),
        )
    titles = {s.id: s.title for s in inputs.content.catalogue.framework.sectors}
    return EntryRow(
        href=safe_href(entry.href),
        title=given(entry.title),
        sector=titles.get(entry.sector or "", entry.sector or ""),
        band=None if whole is None else band_of(words, inputs.parameters, whole.band),
        verified=shown(whole.verified) if whole else None,
        declared=shown(whole.declared) if whole else None,
        chart=chart,
        gates=len(whole.gates_holding) if whole else 0,
        note=given(entry.note, LONG) if entry.note else None,
    )


def safe_href(href: str) -> str:
    """Return a link to a file inside the set's own folder, quoted for a page.

    Raises:
        WrongUsage: it leads out of the folder, or anywhere but to a file.
    """
    parts = urlsplit(href)
    path = PurePosixPath(parts.path)
    outside = path.is_absolute() or ".." in path.parts or not path.parts
    if parts.scheme or parts.netloc or outside or "\\" in href:
        raise WrongUsage(f"{href!r} is not a file inside the set")
    return quote(parts.path)
