"""From what a file of a set was made, as one digest: equal digests give equal files.

A report depends on its institution's part of the register and on what is everybody's, on the
templates and words, and on the program. That anything changed shows in the audit chains, for no
change is made without an entry; nothing needs to be gathered to know that nothing did.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

import cyberposture
from cyberposture.model.operating_body import UNNAMED, OperatingBody
from cyberposture.reporting.render import SHARED, Renderer
from cyberposture.reporting.sets.views import SetPage
from cyberposture.reporting.site import Site
from cyberposture.services.reports.sets.plan import Piece, Plan
from cyberposture.store.audit import SYSTEM_CHAIN
from cyberposture.store.last_changes import last_changes

HOME = "set"
"""The folder of what the pages around the reports look like and say."""


class States:
    """The states of all files of one set, from one state of the register."""

    def __init__(
        self, connection: Connection, reports: Path, plan: Plan, body: OperatingBody = UNNAMED
    ) -> None:
        self._body = _plain(body)
        self._reports = reports
        self._plan = plan
        self._chains = last_changes(connection)
        self._folders: dict[str, str] = {}
        self.everything = digest_of(sorted(self._chains.items()))

    def of_piece(self, piece: Piece, language: str, site: Site) -> str:
        """Return the state of one report in one language, under what it links."""
        member = piece.member
        return digest_of(
            [
                _program(),
                self._folder_digest(piece.definition.id),
                self._folder_digest(piece.definition.builds_on or HOME),
                self._folder_digest(HOME),
                piece.definition.model_dump(mode="json"),
                self._plan.wanted.audience,
                language,
                piece.about.told(),
                self.everything if member is None else self._of_institution(member.id),
                "" if member is None else str(member.score.id),
                _plain(site),
                self._body,
            ]
        )

    def of_everything(self, site: Site, template: str) -> str:
        """Return the state of a page that tells of the whole register."""
        made_of = [_program(), self._folder_digest(HOME), template, _plain(site), self._body]
        return digest_of([*made_of, self._plan.round.round.code, self.everything])

    def of_page(self, view: SetPage, site: Site, template: str) -> str:
        """Return the state of a page that is no report, whatever head it prints."""
        parts = {f.name: getattr(view, f.name) for f in fields(view) if f.name != "words"}
        frame = {f.name: getattr(view.frame, f.name) for f in fields(view.frame)}
        said = _plain(parts | {"frame": {k: v for k, v in frame.items() if k != "head"}})
        made_of = [_program(), self._folder_digest(HOME), template, _plain(site), self._body]
        return digest_of([*made_of, said])

    def _folder_digest(self, home: str) -> str:
        """Return a digest of the templates, styles and words of one report and those of all."""
        if home not in self._folders:
            self._folders[home] = _files_digest(self._reports, (SHARED, home))
        return self._folders[home]

    def _of_institution(self, key: UUID) -> list[str]:
        return [self._chains.get(str(key), ""), self._chains.get(SYSTEM_CHAIN, "")]


def digest_of(document: Any) -> str:
    """Return the SHA-256 of plain values."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def renderer_of(reports: Path, body: OperatingBody = UNNAMED) -> Renderer:
    """Return the templates as they are now, made ready once for many sets of one issuer."""
    return _renderer(reports, body, _files_digest(reports, (".",)))


@lru_cache(maxsize=2)
def _renderer(reports: Path, body: OperatingBody, _digest: str) -> Renderer:
    return Renderer(reports, body)


def _files_digest(reports: Path, homes: Sequence[str]) -> str:
    """Return a digest of everything in these folders."""
    found = hashlib.sha256()
    for home in homes:
        for path in sorted(path for path in (reports / home).rglob("*") if path.is_file()):
            found.update(f"{path.relative_to(reports)}\0".encode() + path.read_bytes())
    return found.hexdigest()


@lru_cache(maxsize=1)
def _program() -> str:
    """Return a digest of the program: views and rules are as much of a page as its template."""
    found = hashlib.sha256(cyberposture.__version__.encode())
    for path in sorted(Path(cyberposture.__file__).parent.rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()


def _plain(value: Any) -> Any:
    """Return records as plain values."""
    if is_dataclass(value) and not isinstance(value, type):
        return [_plain(getattr(value, field.name)) for field in fields(value)]
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str | int | None) else str(value)
