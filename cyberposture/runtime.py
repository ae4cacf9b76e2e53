"""Wires settings, database, keys, content and services together for one process."""

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

from cyberposture.clock import Clock, utc_now
from cyberposture.content.bundle import ContentFolders, find_content
from cyberposture.content.editions import identify
from cyberposture.content.loader import load_content
from cyberposture.errors import MissingService, WrongState
from cyberposture.services.permission.notices import Sender
from cyberposture.services.post.digests import Desk
from cyberposture.services.post.hook_talk import HookRoute
from cyberposture.services.post.mail import MailRoute
from cyberposture.services.register import Register
from cyberposture.services.scanner import Scanner
from cyberposture.settings import Settings, search_path
from cyberposture.store.audit import AuditLog
from cyberposture.store.blobs import BlobDoor
from cyberposture.store.database import Database, open_database
from cyberposture.store.heads import HeadsFile
from cyberposture.store.keys import (
    create_master_key,
    create_signing_key,
    keep_public_key,
    load_master_key,
    load_signing_key,
)


@dataclass(frozen=True)
class Runtime:
    """Everything that one process works with."""

    settings: Settings
    folders: ContentFolders
    register: Register
    scanner: Scanner
    heads_file: HeadsFile
    served: frozenset[str] = frozenset()
    """The vantages whose chunks this very process runs, beside its clock."""

    def acting_as(self, actor: str) -> "Runtime":
        """Return the same runtime in which somebody else acts."""
        return replace(self, register=replace(self.register, actor=actor))

    @property
    def sender(self) -> Sender:
        """From where this process scans and whom to ring about it, as a notice tells it."""
        return Sender(self.settings.source_addresses, self.settings.duty_telephone)

    @property
    def hook_route(self) -> HookRoute:
        """How programs may be reached that are told of events."""
        settings = self.settings
        return HookRoute(settings.webhook_private_addresses, settings.webhook_trust_file)

    def find_desk(self) -> Desk | None:
        """Return what mail needs, or None where no mail server is set.

        Raises:
            WrongState: the settings do not fit together.
            MissingService: the file of the password cannot be read.
        """
        route = _mail_route(self.settings)
        if route is None:
            return None
        return Desk(route, self.folders.reports, self.settings.portal_url, self.register.body)

    @property
    def sets_folder(self) -> Path:
        """Where sets of reports lie that people asked for on the portal."""
        return self.settings.workspace / "sets"

    def key_file_of(self, person: str) -> Path:
        """Return where a person's private key is left when nobody says otherwise."""
        return self.settings.workspace / "keys" / "people" / f"{person}.key"

    def close(self) -> None:
        """Close every connection."""
        self.register.database.close()


def _mail_route(settings: Settings) -> MailRoute | None:
    if settings.smtp_host is None:
        return None
    if settings.smtp_sender is None:
        raise WrongState(
            "a mail server is set, and no address that mail comes from",
            advice="set CYBERPOSTURE_SMTP_SENDER",
        )
    password = ""
    if settings.smtp_password_file is not None:
        try:
            password = settings.smtp_password_file.read_text(encoding="utf-8").split("\n")[0]
        except (OSError, UnicodeDecodeError) as error:
            raise MissingService(f"{settings.smtp_password_file} cannot be read") from error
    if settings.smtp_user is not None and settings.smtp_tls == "none":
        raise WrongState(
            "a password is not sent without protection",
            advice="set CYBERPOSTURE_SMTP_TLS to starttls or tls",
        )
    return MailRoute(
        host=settings.smtp_host,
        port=settings.smtp_port,
        tls=settings.smtp_tls,
        sender=settings.smtp_sender,
        user=settings.smtp_user,
        password=password,
        trust_store=settings.smtp_trust_file,
        per_day=settings.mail_per_day,
    )


def signing_key_path(settings: Settings) -> Path:
    """Return where the key is that signs audit heads."""
    return settings.workspace / "keys" / "audit.key"


def public_key_path(settings: Settings) -> Path:
    """Return where the public half of that key is, with which auditors verify the heads."""
    return settings.workspace / "keys" / "audit.pub"


def lay_workspace(settings: Settings) -> None:
    """Make folder, keys and tables of a new workspace; what is there already is left alone.

    Raises:
        WrongState: a migration failed, or only one of the two keys is there.
        MissingService: there can be no folder in this place.
    """
    try:
        settings.workspace.mkdir(parents=True, exist_ok=True, mode=0o700)
        (settings.workspace / "keys").mkdir(exist_ok=True, mode=0o700)
    except OSError as error:
        raise MissingService(
            f"{settings.workspace} cannot be a workspace: {error.strerror}"
        ) from error
    master, signing = settings.master_key_path, signing_key_path(settings)
    if signing.exists() != master.exists():
        missing = signing if master.exists() else master
        raise WrongState(
            f"{missing} is missing while the other key is there",
            advice="bring it back from the safe place; a new one would make old files unreadable",
        )
    if not master.exists():
        create_master_key(master)
        create_signing_key(signing)
    if not public_key_path(settings).exists():
        keep_public_key(public_key_path(settings), load_signing_key(signing).public_key())
    database = open_database(settings.register_url)
    try:
        database.migrate()
    finally:
        database.close()


def user_agent_of(settings: Settings) -> str:
    """Return what this scanner says of itself to the pages that it looks at."""
    body = settings.operating_body
    # A header holds no other script; what the scanner was given to say goes before the rest.
    named = body.name if body.name.isascii() else ""
    parts = (named, settings.scanner_url or body.web, settings.scanner_contact or body.mail)
    about = " ".join(part for part in parts if part)
    return f"cyberposture posture check ({about or 'authorised by the institution'})"


def scanner_of(settings: Settings, ticket_key: bytes) -> Scanner:
    """Return the scanner that the settings tell of; one in a zone has no key for tickets."""
    return Scanner(
        scanner_id=settings.scanner_id,
        vantage=settings.vantage,
        user_agent=user_agent_of(settings),
        search_path=search_path(),
        has_raw_sockets=hasattr(os, "geteuid") and os.geteuid() == 0,
        rate_pps=settings.rate_pps,
        network_pps=settings.rate_network_pps,
        institution_pps=settings.rate_institution_pps,
        system_pps=settings.rate_system_pps,
        connections_per_address=settings.connections_per_address,
        parallel_chunks=settings.parallel_chunks,
        host_timeout_s=settings.host_timeout_s,
        stop_poll_s=settings.stop_poll_s,
        port_offset=settings.laboratory_port_offset,
        trust_store=settings.trust_store_file,
        resolver=settings.resolver_place,
        ticket_key=ticket_key,
    )


def _derived_key(settings: Settings, purpose: bytes) -> bytes:
    return hashlib.sha256(purpose + load_master_key(settings.master_key_path)).digest()


def lending_key(settings: Settings) -> str:
    """Return the private key, 32 bytes in hexadecimal, that signs leases to scanners of zones.

    Raises:
        MissingService: the master key is not there.
    """
    return _derived_key(settings, b"cyberposture leases of zones").hex()


def open_runtime(settings: Settings, actor: str, clock: Clock = utc_now) -> Runtime:
    """Return the runtime over a workspace that was laid before.

    Raises:
        WrongState: there is no register, or it is of another version.
        MissingService: a key or the database is not there.
        InvalidInput: the content has faults.
    """
    _require_register(settings)
    folders = find_content(settings.content)
    content = load_content(folders)
    database = _checked(open_database(settings.register_url))
    heads = HeadsFile(settings.workspace / "heads.jsonl")
    ticket_key = _derived_key(settings, b"cyberposture job tickets")
    register = Register(
        database=database,
        blobs=BlobDoor(load_master_key(settings.master_key_path)),
        audit=AuditLog(load_signing_key(signing_key_path(settings)), heads),
        clock=clock,
        content=content,
        edition=identify(content.catalogue, content.checks, content.translations),
        actor=actor,
        body=settings.operating_body,
    )
    return Runtime(settings, folders, register, scanner_of(settings, ticket_key), heads)


def open_record(settings: Settings) -> tuple[Database, HeadsFile]:
    """Return database and kept heads, as an auditor reads them: without any secret or content.

    Raises:
        WrongState: there is no register, or it is of another version.
        MissingService: the database is not there.
    """
    _require_register(settings)
    heads = HeadsFile(settings.workspace / "heads.jsonl")
    return _checked(open_database(settings.register_url)), heads


def has_register(settings: Settings) -> bool:
    """Return whether a register was laid in the workspace, or is named."""
    return settings.database_url is not None or (settings.workspace / "register.sqlite").exists()


def _require_register(settings: Settings) -> None:
    if not has_register(settings):
        raise WrongState(
            f"there is no register in {settings.workspace}",
            advice="cyberposture --workspace DIR init makes one",
        )


def _checked(database: Database) -> Database:
    """Return the database after it proved to be of this program's version."""
    with database.reading():
        return database
