"""Drafts under consultation: read from a folder, kept by their digest, and read again."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from cyberposture.content.bundle import ContentFolders
from cyberposture.content.editions import documents, identify, restore, restore_translations
from cyberposture.content.loader import load_catalogue
from cyberposture.content.reading.translations import load_beside
from cyberposture.content.translations import Translations
from cyberposture.errors import Corrupt, NotFound
from cyberposture.model.controls import Catalogue
from cyberposture.services.catalogue.adoption import Draft, read_draft
from cyberposture.services.register import Change, Register
from cyberposture.store.editions import adopt_edition, get_edition_content


@dataclass(frozen=True)
class KeptDraft:
    """What people may comment on in a draft, each with its title, and the policy that it is for."""

    controls: dict[str, str]
    clauses: dict[str, str]
    policy: str
    note: str


def read_consulted(register: Register, folder: Path | None) -> Draft:
    """Return the draft in a folder of controls, or of all content; None: the content in use.

    A folder of controls alone goes with the checks in use.

    Raises:
        NotFound: there is no such folder.
        InvalidInput: it has faults, each with file and line.
    """
    if folder is None:
        return Draft(register.content, register.edition)
    if not folder.is_dir():
        raise NotFound("folder of a draft", str(folder))
    folders = ContentFolders(folder)
    if folders.is_whole():
        return read_draft(folders)
    home = folders.controls if folders.controls.is_dir() else folder
    catalogue = load_catalogue(home)
    translations = load_beside(home, catalogue, register.content.translations)
    content = replace(register.content, catalogue=catalogue, translations=translations)
    return Draft(content, identify(catalogue, content.checks, translations), home)


def keep_draft(change: Change, draft: Draft) -> str:
    """Keep the bytes of a draft and return their SHA-256; nothing is adopted by that."""
    content = draft.content
    parts = documents(content.catalogue, content.checks, content.translations)
    # Each part is canonical, and so is the whole with its keys in order.
    whole = b",".join(b'"%b":%b' % (kind.encode(), parts[kind]) for kind in sorted(parts))
    kept = adopt_edition(
        change.connection,
        "draft",
        b"{%b}" % whole,
        change.by,
        name=draft.edition.catalogue,
        version=draft.edition.version,
    )
    return kept.digest


def read_kept(connection: Connection, digest: str) -> KeptDraft:
    """Return what is kept of a draft.

    Raises:
        NotFound: no draft has this digest.
        Corrupt: the bytes kept are damaged, or are no draft.
    """
    whole = json.loads(get_edition_content(connection, "draft", digest))
    try:
        texts: dict[str, list[dict[str, Any]]] = whole["texts"]
        framework = whole["catalogue"]["framework"]
        return KeptDraft(
            controls={row["id"]: row["title"] for row in texts["controls"]},
            clauses={row["id"]: row["text"] for row in texts["clauses"]},
            policy=framework["policy"],
            note=framework["note"],
        )
    except (KeyError, TypeError) as error:
        raise Corrupt(f"what is kept under {digest[:12]} is no draft that can be read") from error


def restore_draft(
    register: Register, connection: Connection, digest: str
) -> tuple[Catalogue, tuple[Translations, ...]]:
    """Return the catalogue of a draft with its translations; it is rebuilt once a process.

    Raises:
        NotFound: no draft has this digest.
        Corrupt: the bytes kept are damaged, or are no draft.
    """
    key = ("draft", digest)
    if key not in register.restored:
        whole = json.loads(get_edition_content(connection, "draft", digest))
        rules, texts = (json.dumps(whole[kind]).encode() for kind in ("catalogue", "texts"))
        register.restored[key] = (restore(rules, texts), restore_translations(texts))
    return register.restored[key]
