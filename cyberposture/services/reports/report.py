"""Writes reports: one self-contained file each, for one audience, whole or not at all."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

from cyberposture.content.bundle import ContentFolders
from cyberposture.errors import MissingService, NotFound, WrongUsage
from cyberposture.model.reports import Audience, ReportDefinition
from cyberposture.reporting.forms import Form, in_form
from cyberposture.reporting.render import Renderer
from cyberposture.services.register import Register
from cyberposture.services.reports.subjects import About, Order, view_of


def find_definition(register: Register, name: str) -> ReportDefinition:
    """Return the definition of a report.

    Raises:
        NotFound: there is no such report.
    """
    for definition in register.content.reports:
        if definition.id == name:
            return definition
    names = ", ".join(d.id for d in register.content.reports)
    raise NotFound("report", name, advice=f"there are: {names}")


@contextmanager
def placed(path: Path, data: str | bytes) -> Iterator[None]:
    """Write a file under another name, and put it in its place when all inside went well.

    Raises:
        MissingService: no file can be written there.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
        yield
        draft.replace(path)
    except OSError as error:
        raise MissingService(f"{path} cannot be written: {error.strerror}") from error
    finally:
        # What took its place is gone by now; what did not must not lie about.
        if draft.exists():
            draft.unlink()


def write_text(path: Path, text: str) -> None:
    """Write a file whole: under another name first, so that nobody ever reads half of it.

    Raises:
        MissingService: no file can be written there.
    """
    with placed(path, text):
        pass


def _audience(text: str, definition: ReportDefinition) -> Audience:
    if text not in get_args(Audience) or text not in definition.audiences:
        raise WrongUsage(
            f"the report {definition.id} is not made for {text!r}",
            advice=f"made for: {', '.join(definition.audiences)}",
        )
    return text


def render_report(
    register: Register,
    renderer: Renderer,
    name: str,
    audience: str,
    about: About,
    *,
    language: str = "en",
) -> str:
    """Return a report as the text of one HTML file.

    Raises:
        NotFound: report, institution, round or score is not there.
        WrongUsage: it is not made for this audience or in this language, or lacks its subject.
    """
    definition = find_definition(register, name)
    reader = _audience(audience, definition)
    order = Order(definition, reader, renderer.words(definition, language), about)
    return renderer.render(definition, reader, view_of(register, order))


def read_report(
    register: Register,
    renderer: Renderer,
    name: str,
    audience: str,
    about: About,
    *,
    language: str = "en",
) -> str:
    """Return a report for somebody who reads it in the portal, which goes on record.

    Raises: as `render_report`.
    """
    text = render_report(register, renderer, name, audience, about, language=language)
    with register.change("report-read", name) as change:
        change.tell(audience=audience, language=language, **about.told())
    return text


def write_report(
    register: Register,
    folders: ContentFolders,
    name: str,
    audience: str,
    about: About,
    *,
    out: Path,
    language: str = "en",
    form: Form = "html",
) -> Path:
    """Write a report to `out` and return the path; who made it for whom goes on record first.

    Raises: as `render_report`, and
        MissingService: no file can be written there, or what makes this form is not installed.
    """
    renderer = Renderer(folders.reports, register.body)
    text = render_report(register, renderer, name, audience, about, language=language)
    data = in_form(text, form, folders.reports)
    with placed(out, data), register.change("report-written", name) as change:
        change.tell(audience=audience, language=language, file=out.name, **about.told())
    return out
