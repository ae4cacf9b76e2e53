"""`cyberposture catalogue export --format xlsx|html`: the catalogue for people."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cyberposture.cli.catalogue.chosen import read_content
from cyberposture.cli.options import as_day, one_of
from cyberposture.cli.surroundings import read_settings, require_place
from cyberposture.errors import WrongState, WrongUsage

if TYPE_CHECKING:
    from cyberposture.content.bundle import ContentFolders
    from cyberposture.content.loader import Content
    from cyberposture.model.profiles import ProfileView


@dataclass(frozen=True)
class Chosen:
    """What was asked for: which part of the catalogue, in which language, as of which day."""

    profile: str | None
    sector: str | None
    language: str | None
    on: str | None
    edition: str | None = None
    """An adopted edition; None: the content in use."""


def publish(context: typer.Context, kind: str, out: Path, chosen: Chosen, force: bool) -> None:
    """Write the workbook or the book, and print where it is."""
    from cyberposture.content.bundle import find_content

    if chosen.language is not None and kind != "html":
        raise WrongUsage("--language belongs to the format html")
    folders = find_content(read_settings(context).content)
    content = read_content(context, chosen.edition)
    view = _view(content, chosen)
    parts = (chosen.edition, chosen.profile, chosen.sector, chosen.language)
    place = _place(out, kind, [part for part in parts if part])
    if place.exists() and not force:
        raise WrongState(
            f"{place.name} is there already; it is not overwritten", advice="use --force"
        )
    make = _book if kind == "html" else _workbook
    place.write_bytes(make(folders, content, view, chosen))
    typer.echo(str(place))


def _view(content: "Content", chosen: Chosen) -> "ProfileView | None":
    """Return the profile that was asked for; a sector alone is asked its largest one."""
    from cyberposture.model.profiles import view_profile

    catalogue = content.catalogue
    if chosen.profile is None and chosen.sector is None:
        return None
    names = [profile.id for profile in catalogue.profiles]
    named = catalogue.profile_of("X").id if chosen.profile is None else chosen.profile
    profile = catalogue.find_profile(one_of(names, named, "profile"))
    assert profile is not None
    if chosen.sector is not None:
        one_of([one.id for one in catalogue.framework.sectors], chosen.sector, "sector")
    return view_profile(catalogue, profile, sector=chosen.sector, features=None, on=_day(chosen))


def _day(chosen: Chosen) -> date:
    from cyberposture.clock import utc_now

    return utc_now().date() if chosen.on is None else as_day("--on", chosen.on)


def _place(out: Path, kind: str, parts: list[str]) -> Path:
    """Return the file to write: `out` itself, or one in the folder that it names."""
    if out.suffix.lower() != f".{kind}":
        out.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w.-]+", "-", "-".join(["catalogue", *parts]))
        return out / f"{name}.{kind}"
    require_place(out)
    return out


def _workbook(
    folders: "ContentFolders", content: "Content", view: "ProfileView | None", chosen: Chosen
) -> bytes:
    from cyberposture.exchange.workbook.profile import profile_workbook
    from cyberposture.exchange.workbook.write import whole_workbook

    if view is None:
        return whole_workbook(content.catalogue, content.checks.observations)
    return profile_workbook(content.catalogue, view)


def _book(
    folders: "ContentFolders", content: "Content", view: "ProfileView | None", chosen: Chosen
) -> bytes:
    from cyberposture import __version__
    from cyberposture.content.editions import identify
    from cyberposture.content.translations import in_language
    from cyberposture.reporting.book_inputs import BookInputs
    from cyberposture.reporting.render import Renderer
    from cyberposture.reporting.view.book import book_view

    catalogue, checks = content.catalogue, content.checks
    language = chosen.language or "en"
    renderer = Renderer(folders.reports)
    words = renderer.page_words("catalogue", language)
    texts = None if language == "en" else in_language(content.translations, language)
    sectors = () if chosen.sector is None else (chosen.sector,)
    inputs = BookInputs(
        catalogue=catalogue,
        checks=checks,
        edition=identify(catalogue, checks, content.translations),
        program_version=__version__,
        parameters=catalogue.effective(sectors, _day(chosen)),
        profile=view,
        translations=texts,
    )
    return renderer.render_page("catalogue", "book.html.j2", book_view(words, inputs)).encode()
