"""Tables of others about flaws, support, routes and places, and what institutions confirm.

Rows of a bundle carry its number and not its key: there are millions of them.
"""

from sqlalchemy import Index, Table, UniqueConstraint

from cyberposture.store.tables.columns import (
    day,
    document,
    ended,
    flag,
    identity,
    metadata,
    moment,
    number,
    owner,
    words,
    written,
)

bundles = Table(
    "bundles",
    metadata,
    identity(),
    number("number"),
    words("kind"),
    words("sha256"),
    moment("as_of"),
    words("name"),
    number("rows"),
    document("details"),
    *written(),
    UniqueConstraint("number"),
    UniqueConstraint("kind", "sha256"),
    Index(None, "kind", "as_of"),
)

exploited_flaws = Table(
    "exploited_flaws",
    metadata,
    number("bundle", primary_key=True),
    words("cve", primary_key=True),
    words("vendor"),
    words("product"),
    words("title"),
    day("added_on"),
    day("due_on"),
    flag("ransomware"),
)

flaws = Table(
    "flaws",
    metadata,
    number("bundle", primary_key=True),
    words("cve", primary_key=True),
    words("status"),
    words("configurations"),
)

# A vendor and product of '*' stand for an entry whose product is a pattern.
flaw_products = Table(
    "flaw_products",
    metadata,
    number("bundle", primary_key=True),
    words("vendor", primary_key=True),
    words("product", primary_key=True),
    words("cve", primary_key=True),
)

support_ends = Table(
    "support_ends",
    metadata,
    number("bundle", primary_key=True),
    words("vendor", primary_key=True),
    words("product", primary_key=True),
    words("branch", primary_key=True),
    day("ends_on"),
    words("source"),
)

# `first` is the first address as text that sorts by it. A network's number is text, because it may
# be larger than a database's whole number; '' where none is told.
table_prefixes = Table(
    "table_prefixes",
    metadata,
    number("bundle"),
    words("prefix"),
    words("first"),
    number("length"),
    words("asn"),
    number("max_length", optional=True),
    words("country"),
    Index(None, "bundle", "prefix"),
    Index(None, "bundle", "first"),
)

# What an institution says is installed at a port, by whom and when; it holds while that is seen.
version_confirmations = Table(
    "version_confirmations",
    metadata,
    identity(),
    words("code"),
    owner(),
    words("address"),
    words("protocol"),
    number("port"),
    words("seen"),
    words("version"),
    document("mended"),
    words("person"),
    day("confirmed_on"),
    *written(),
    *ended("withdrawn"),
    UniqueConstraint("code"),
    Index(None, "institution_id", "address"),
)
