"""The forms in which a report can be had, each made from the same rendered page."""

from pathlib import Path
from typing import Literal

from cyberposture.reporting.render import SHARED

Form = Literal["html", "pdf", "xlsx"]
PAPER = "paper.css"
"""What a PDF needs beside the style of all reports."""


def in_form(html: str, form: Form, folder: Path) -> bytes:
    """Return a rendered report in one form; `folder` is the content folder `reports`.

    Raises:
        MissingService: PDF is wanted, and its printer is not installed.
    """
    if form == "html":
        return html.encode("utf-8")
    if form == "pdf":
        from cyberposture.reporting.paper import as_pdf

        return as_pdf(html, (folder / SHARED / PAPER).read_text(encoding="utf-8"))
    from cyberposture.reporting.workbook import as_workbook

    return as_workbook(html)
