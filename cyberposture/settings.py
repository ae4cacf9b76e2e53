"""The one place where configuration is read; its values are passed in to the rooms below.

It reads the environment when a door asks for it, never at import, and opens no file.
"""

import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from cyberposture.errors import Fault, InvalidInput
from cyberposture.model.operating_body import OperatingBody
from cyberposture.model.people import MailAddress
from cyberposture.model.setting_texts import (
    AddressList,
    BodyName,
    HeaderText,
    HomePath,
    HostText,
    Place,
    Reached,
    WebAddress,
    mask_url,
    read_place,
)

PREFIX = "CYBERPOSTURE_"


Origin = Literal["default", "environment", "command line"]


def _setting(default: Any, text: str, *, unit: str | None = None, **bounds: Any) -> Any:
    """Return a field that carries its own documentation."""
    return Field(default, description=text, json_schema_extra={"unit": unit}, **bounds)


class Settings(BaseSettings):
    """Every setting there is, each with its default; frozen once read."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        validate_default=True,
        hide_input_in_errors=True,  # a database's address holds its password
    )

    workspace: HomePath = _setting(
        Path("workspace"), "folder of the embedded register, evidence and keys"
    )
    database_url: str | None = _setting(
        None,
        "where the register is: postgresql://… or sqlite:///…; without it, register.sqlite in the "
        "workspace",
        repr=False,
    )
    content: HomePath | None = _setting(
        None,
        "folder with an edition of your own: controls, scanners and reports; without it, the "
        "edition that the program carries",
    )
    master_key_file: HomePath | None = _setting(
        None,
        "file of the key that wraps every institution's key; without it, keys/master.key in the "
        "workspace",
    )
    cert_name: BodyName | None = _setting(
        None,
        "name of the CERT that runs this, as pages, letters, mails and reports say it; without it, "
        "the central CERT",
    )
    cert_name_ur: BodyName | None = _setting(
        None, "the same name in Urdu; without it, the name as it is"
    )
    cert_telephone: Reached | None = _setting(
        None, "telephone for whoever has a question; without it, DUTY_TELEPHONE"
    )
    cert_mail: MailAddress | None = _setting(
        None, "mail address for whoever has a question; without it, SCANNER_CONTACT"
    )
    cert_url: WebAddress | None = _setting(
        None, "page of the CERT, told beside its name; without it, SCANNER_URL"
    )
    scanner_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")] = _setting(
        "scanner-1", "name of this scanner in facts and in the audit log", max_length=64
    )
    vantage: Annotated[
        str, StringConstraints(pattern=r"^(external|internal:[a-z0-9]+(-[a-z0-9]+)*)$")
    ] = _setting("external", "where this scanner stands: external, or internal:ZONE")
    scanner_contact: HeaderText | None = _setting(
        None, "mail address or telephone that this scanner tells to the hosts it speaks to"
    )
    scanner_url: HeaderText | None = _setting(
        None, "page that explains the scans, told to the hosts that this scanner speaks to"
    )
    scanner_addresses: AddressList | None = _setting(
        None,
        "addresses from which this scanner sends, with commas between; they stand on every notice",
    )
    duty_telephone: Reached | None = _setting(
        None, "telephone that is answered day and night when somebody asks about a scan"
    )
    portal_url: Annotated[str, StringConstraints(pattern=r"^https?://[^/\s]+$")] = _setting(
        "http://127.0.0.1:8000",
        "where people reach the portal, as it stands in links; with https, cookies demand it",
    )
    upload_bytes: int = _setting(
        25_000_000,
        "most that one file of evidence, or one scan of a signed paper, may hold",
        unit="bytes",
        ge=100_000,
        le=200_000_000,
    )
    evidence_pieces: int = _setting(
        5_000,
        "most pieces of evidence that one institution may list",
        unit="pieces",
        ge=10,
        le=1_000_000,
    )
    sso_issuer: (
        Annotated[
            str,
            StringConstraints(pattern=r"^(https://|http://(127\.0\.0\.1|localhost)[:/])[^\s]+$"),
        ]
        | None
    ) = _setting(None, "single sign-on: the OpenID Connect issuer that people may come in by")
    sso_client: str | None = _setting(None, "single sign-on: the name that we have at the issuer")
    sso_secret_file: HomePath | None = _setting(
        None, "single sign-on: file of the secret that we share with the issuer"
    )
    sso_strong: str = _setting(
        "",
        "single sign-on: what the issuer calls (as acr) a sign-in by two factors, with commas "
        "between; without it, or the method mfa, we ask for our own second factor",
    )
    rate_pps: int = _setting(
        5,
        "most packets a second that a port scan sends to one address",
        unit="packets/s",
        ge=1,
        le=100_000,
    )
    rate_network_pps: int | None = _setting(
        None,
        "most packets a second to one network (/24, /48); without it, 16 times RATE_PPS",
        unit="packets/s",
        ge=1,
        le=10_000_000,
    )
    rate_institution_pps: int | None = _setting(
        None,
        "most packets a second to one institution; without it, 16 times RATE_PPS",
        unit="packets/s",
        ge=1,
        le=10_000_000,
    )
    rate_system_pps: int | None = _setting(
        None,
        "most packets a second from all workers together; without it, 256 times RATE_PPS",
        unit="packets/s",
        ge=1,
        le=100_000_000,
    )
    connections_per_address: int = _setting(
        1, "most connections open to one address at a time", unit="connections", ge=1, le=10
    )
    parallel_chunks: int = _setting(
        2, "most chunks of scans that run at the same time", unit="chunks", ge=1, le=64
    )
    host_timeout_s: int = _setting(
        900,
        "time after which nmap gives up on one host; what it did not answer is inconclusive",
        unit="s",
        ge=1,
        le=86_400,
    )
    stop_poll_s: float = _setting(
        1.0,
        "time between two looks at the stop switch while something is being sent",
        unit="s",
        gt=0,
        le=1,
    )
    zone_lease_s: int = _setting(
        60,
        "how long a scanner in a zone without access to the register may send after its lease was "
        "signed, unless it is renewed",
        unit="s",
        ge=8,
        le=60,
    )
    laboratory_port_offset: int = _setting(
        0,
        "added to the loopback laboratory's ports under 1024, for use without root's rights",
        unit="ports",
        ge=0,
        le=50_000,
    )
    resolver: Place | None = _setting(
        None,
        "ADDRESS:PORT of the resolver that names are looked up with, an IPv6 address in brackets; "
        "without it, nothing is looked up",
    )
    trust_store_file: HomePath | None = _setting(
        None,
        "PEM file of the authorities that certificates are judged by; without it, the system's",
    )
    smtp_host: HostText | None = _setting(
        None, "mail server that takes our notices; without it, they wait in the register"
    )
    smtp_port: int = _setting(587, "port of the mail server", unit="port", ge=1, le=65_535)
    smtp_tls: Literal["none", "starttls", "tls"] = _setting(
        "starttls",
        "how the talk with the mail server is protected; none is for a server on this machine",
    )
    smtp_sender: MailAddress | None = _setting(None, "mail address that our notices come from")
    smtp_user: HeaderText | None = _setting(None, "name under which we sign in at the mail server")
    smtp_password_file: HomePath | None = _setting(
        None, "file of the password to that, in its first line"
    )
    smtp_trust_file: HomePath | None = _setting(
        None, "PEM file of the authority of the mail server's certificate; without it, the system's"
    )
    mail_per_day: int = _setting(
        20,
        "most mails that go to one address singly in 24 hours; what is more goes out together",
        unit="mails",
        ge=1,
        le=1_000,
    )
    webhook_private_addresses: bool = _setting(
        False, "whether programs at private addresses may be told of events"
    )
    webhook_trust_file: HomePath | None = _setting(
        None, "PEM file of the authority of such programs' certificates; without it, the system's"
    )
    metrics: bool = _setting(
        False, "whether the portal counts for a monitor, at /metrics, for whoever reaches it"
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "least weighty message that the log takes"
    )

    _given: frozenset[str] = PrivateAttr(default=frozenset())

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str | None) -> str | None:
        if url is None:
            return None
        scheme, separator, rest = url.partition("://")
        if scheme in ("postgresql", "postgresql+psycopg") and separator:
            return f"postgresql+psycopg://{rest}"
        if scheme == "sqlite" and rest.startswith("/") and rest != "/":
            return url
        raise ValueError("a database is named by postgresql://user@host/name or sqlite:///file")

    @property
    def register_url(self) -> str:
        """The SQLAlchemy URL of the register; it may hold a password."""
        return self.database_url or f"sqlite:///{self.workspace / 'register.sqlite'}"

    @property
    def master_key_path(self) -> Path:
        """Where the master key is, or will be."""
        return self.master_key_file or self.workspace / "keys" / "master.key"

    @property
    def source_addresses(self) -> tuple[str, ...]:
        """The addresses from which is scanned, one by one."""
        return tuple(part.strip() for part in (self.scanner_addresses or "").split(",") if part)

    @property
    def operating_body(self) -> OperatingBody:
        """The CERT that runs this, by its name, and how it is reached."""
        return OperatingBody(
            name=self.cert_name or "",
            name_ur=self.cert_name_ur or "",
            telephone=self.cert_telephone or self.duty_telephone or "",
            mail=self.cert_mail or self.scanner_contact or "",
            web=self.cert_url or self.scanner_url or "",
        )

    @property
    def strong_sign_ons(self) -> frozenset[str]:
        """What the issuer of single sign-on calls a sign-in by two factors."""
        return frozenset(part.strip() for part in self.sso_strong.split(",") if part.strip())

    @property
    def resolver_place(self) -> tuple[str, int] | None:
        """Address and port of the resolver."""
        return None if self.resolver is None else read_place(self.resolver)

    def origin_of(self, name: str) -> Origin:
        """Return where the value of the setting `name` comes from."""
        if name in self._given:
            return "command line"
        return "environment" if name in self.model_fields_set else "default"


def load_settings(**given: Any) -> Settings:
    """Return the settings of this process: `given` (but for None), else environment, else default.

    Raises:
        InvalidInput: a value is out of bounds, or a variable with our prefix names no setting.
    """
    stray = [_stray_variable(name) for name in sorted(os.environ) if _is_stray(name)]
    if stray:
        raise InvalidInput(stray, advice="`cyberposture settings` lists every setting")
    given = {name: value for name, value in given.items() if value is not None}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        faults = [
            Fault(variable_of(str(detail["loc"][0])), detail["msg"].removeprefix("Value error, "))
            for detail in error.errors(include_input=False, include_url=False)
        ]
        raise InvalidInput(
            faults, advice="`cyberposture settings` tells what each setting is for"
        ) from error
    settings._given = frozenset(given)
    return settings


def search_path() -> str:
    """Return the folders in which programs such as nmap are looked for, as PATH has them."""
    return os.environ.get("PATH", os.defpath)


def variable_of(name: str) -> str:
    """Return the environment variable of the setting `name`."""
    return PREFIX + name.upper()


def _is_stray(variable: str) -> bool:
    name = variable.upper()
    return name.startswith(PREFIX) and name.removeprefix(PREFIX).lower() not in (
        Settings.model_fields
    )


def _stray_variable(variable: str) -> Fault:
    known = [variable_of(name) for name in Settings.model_fields]
    near = difflib.get_close_matches(variable.upper(), known, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return Fault(variable, f"no setting has this name{hint}")


@dataclass(frozen=True)
class SettingLine:
    """One setting as people see it: secrets in `value` are masked."""

    name: str
    variable: str
    value: str
    unit: str | None
    default: str
    origin: Origin
    text: str


def describe(settings: Settings) -> list[SettingLine]:
    """Return every setting with its value, unit, default and origin, in the order of the class."""
    return [
        SettingLine(
            name=name,
            variable=variable_of(name),
            value=_shown(name, getattr(settings, name)),
            unit=_unit(field.json_schema_extra),
            default=_shown(name, field.default),
            origin=settings.origin_of(name),
            text=field.description or "",
        )
        for name, field in Settings.model_fields.items()
    ]


def _unit(extra: object) -> str | None:
    return extra.get("unit") if isinstance(extra, dict) else None


def _shown(name: str, value: object) -> str:
    if value is None:
        return ""
    return mask_url(str(value)) if name == "database_url" else str(value)
