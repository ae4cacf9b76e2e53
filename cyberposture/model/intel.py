"""Tables of others about products, flaws, routes and places, as dated and hashed bundles."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from cyberposture.model.foundation import Model, Moment, Sha256

BundleKind = Literal["kev", "nvd", "support", "rpki", "origins", "locations"]
KINDS: Final[Mapping[BundleKind, str]] = {
    "kev": "flaws known to be exploited (CISA KEV, JSON)",
    "nvd": "flaws and the versions that have them (NVD 2.0, JSON)",
    "support": "days on which the support of products ends (our own CSV or JSON)",
    "rpki": "route-origin records (rpki-client or routinator, JSON or CSV)",
    "origins": "which network announces which prefix (CSV)",
    "locations": "country and network of addresses (CSV)",
}
MAX_AGE_DAYS: Final[Mapping[BundleKind, int]] = {
    "kev": 14,
    "nvd": 14,
    "support": 180,
    "rpki": 7,
    "origins": 7,
    "locations": 90,
}
"""How many days after its date a table may still speak, where its import says nothing else.

Source: our own defaults. Flaws become known and records change daily; dates of support are set
years ahead, and blocks of addresses move seldom.
"""

NEEDED_FOR: Final[Mapping[str, tuple[BundleKind, ...]]] = {
    "flawed-version": ("nvd",),
    "exploited-flaw": ("nvd", "kev"),
    "unsupported-product": ("support",),
    "route-origin": ("rpki", "origins"),
    "kept-where-declared": ("locations",),
}
"""The tables that each fact which checks ask for comes from."""

CVE = Annotated[str, StringConstraints(pattern=r"^CVE-[0-9]{4}-[0-9]{4,9}$")]
VersionText = Annotated[str, StringConstraints(min_length=1, max_length=200)]
ASN = Annotated[int, Field(ge=0, le=4_294_967_295)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class Bundle(Model):
    """One imported table: what it is, as of when, and how much it holds."""

    kind: BundleKind
    sha256: Sha256
    as_of: Moment
    name: str
    """The name of the file, or of the first of several."""
    rows: int = Field(ge=0)
    size_bytes: int = Field(ge=0)
    max_age_days: int = Field(ge=1, le=3_650)
    """How many days after its date it may still speak."""
    details: dict[str, str | int] = Field(default_factory=dict)

    @property
    def valid_until(self) -> datetime:
        """The moment from which it is too old to speak."""
        return self.as_of + timedelta(days=self.max_age_days)


class Used(Model):
    """Which bundle a fact was looked up in, and until when that may still count."""

    kind: BundleKind
    sha256: Sha256
    as_of: Moment
    valid_until: Moment


class Match(Model):
    """One product with a range of versions, or on what a product runs."""

    criteria: Annotated[str, StringConstraints(min_length=1, max_length=4_000)]
    vulnerable: bool
    start_including: VersionText | None = None
    start_excluding: VersionText | None = None
    end_including: VersionText | None = None
    end_excluding: VersionText | None = None

    def has_range(self) -> bool:
        """Return whether any bound of versions is given."""
        bounds = (self.start_including, self.start_excluding)
        return any(one is not None for one in (*bounds, self.end_including, self.end_excluding))


class Node(Model):
    """Several products, joined."""

    operator: Literal["AND", "OR"] = "OR"
    negate: bool = False
    matches: tuple[Match, ...]


class Configuration(Model):
    """What a flaw needs to be there: nodes, joined."""

    operator: Literal["AND", "OR"] = "OR"
    negate: bool = False
    nodes: tuple[Node, ...]


class Flaw(Model):
    """One published flaw and the products that have it."""

    cve: CVE
    status: str = ""
    configurations: tuple[Configuration, ...] = ()


class Exploited(Model):
    """A flaw that is known to be used in attacks."""

    cve: CVE
    vendor: str
    product: str
    title: str
    added_on: date
    due_on: date
    ransomware: bool


class SupportEnd(Model):
    """The day on which the support of a product, or of one branch of it, ends."""

    vendor: str
    product: str
    branch: str = ""
    """The leading numbers of its versions, such as 2.4; without it every version."""
    ends_on: date
    source: str


class PrefixRow(Model):
    """What a table says of one prefix: its network, how long a route may be, its country."""

    prefix: str
    asn: int | None = None
    max_length: int | None = None
    country: str = ""
