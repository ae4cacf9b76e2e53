"""Books of the real catalogue in English, and of a small one in a made-up Urdu."""

from datetime import date
from functools import cache

from html_page import Page

from cyberposture.content.bundle import find_content
from cyberposture.content.editions import identify
from cyberposture.content.loader import Content, load_content
from cyberposture.content.translations import Translations, source_digest
from cyberposture.model.controls import Control
from cyberposture.model.profiles import view_profile
from cyberposture.model.translations import CheckTranslation, ControlTranslation
from cyberposture.reporting.book_inputs import BookInputs
from cyberposture.reporting.render import Renderer
from cyberposture.reporting.view.book import BookView, book_view

FOLDERS = find_content(None)
RENDERER = Renderer(FOLDERS.reports)
DAY = date(2026, 11, 22)
WORDS = "یہ اردو میں ایک مثال ہے"


@cache
def content() -> Content:
    """Return the real content, read once."""
    return load_content(FOLDERS)


def book(**changes: object) -> BookInputs:
    """Return the inputs of the whole catalogue's book."""
    catalogue, checks = content().catalogue, content().checks
    inputs = {
        "catalogue": catalogue,
        "checks": checks,
        "edition": identify(catalogue, checks),
        "program_version": "0.1.0",
        "parameters": catalogue.effective((), DAY),
    }
    return BookInputs(**(inputs | changes))


def profile_book(profile: str, sector: str | None) -> BookInputs:
    """Return the inputs of the book of one profile, for a sector where one is given."""
    catalogue = content().catalogue
    found = catalogue.find_profile(profile)
    assert found is not None
    view = view_profile(catalogue, found, sector=sector, features=None, on=DAY)
    return book(profile=view, parameters=view.parameters)


def translated(control: Control, *, status: str = "draft", source: str = "") -> ControlTranslation:
    """Return a control in a made-up Urdu."""
    levels = {str(n): f"{WORDS} {n}" for n in range(4)} if control.levels else None
    return ControlTranslation.model_validate({
        "language": "ur",
        "status": status,
        "translator": "nobody",
        "reviewer": "somebody" if status == "reviewed" else None,
        "source": source or source_digest(control),
        "title": f"{WORDS} {control.id}",
        "statement": f"{WORDS}، {control.id}۔",
        "levels": levels,
        "evidence": [WORDS for _ in control.evidence],
    })  # fmt: skip


def urdu_book() -> BookInputs:
    """Return a book in which some texts are reviewed, some drafts, some overtaken, most missing."""
    controls, checks = content().catalogue.controls, content().checks.checks
    found = {
        controls[0].id: translated(controls[0], status="reviewed"),
        controls[1].id: translated(controls[1]),
        controls[2].id: translated(controls[2], source="0" * 64),
    }
    check = CheckTranslation(language="ur", status="draft", translator="nobody", title=WORDS,
                             source=source_digest(checks[0]), why=WORDS, remedy=WORDS)  # fmt: skip
    return book(translations=Translations("ur", found, {checks[0].id: check}))


def view_of(inputs: BookInputs) -> BookView:
    """Return the view of a book, in the language of its texts."""
    language = "en" if inputs.translations is None else inputs.translations.language
    return book_view(RENDERER.page_words("catalogue", language), inputs)


def html_of(inputs: BookInputs) -> str:
    """Return the whole file."""
    return RENDERER.render_page("catalogue", "book.html.j2", view_of(inputs))


def page_of(inputs: BookInputs) -> Page:
    """Return the file, read strictly."""
    return Page(html_of(inputs))
