"""How people prove at the portal's door who they are, and that they are still there."""

from sqlalchemy import Index, Table, UniqueConstraint

from cyberposture.store.tables.columns import (
    identity,
    metadata,
    moment,
    number,
    reference,
    words,
    written,
)

# One row a person: `secret_sha256` names the sealed file that holds the seed of the second factor.
accounts = Table(
    "accounts",
    metadata,
    reference("person_id", "people", primary_key=True),
    words("password"),
    words("secret_sha256"),
    moment("confirmed_at", optional=True),
    number("last_step"),
    number("failures"),
    moment("locked_until", optional=True),
    *written(),
)

# Of links, sessions and recovery codes only digests are kept: who reads the table cannot use them.
sign_in_links = Table(
    "sign_in_links",
    metadata,
    words("token_sha256", primary_key=True),
    reference("person_id", "people"),
    moment("ends_at"),
    moment("used_at", optional=True),
    *written(),
    Index(None, "person_id"),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    identity(),
    reference("person_id", "people"),
    words("code_sha256"),
    moment("used_at", optional=True),
    *written(),
    UniqueConstraint("person_id", "code_sha256"),
)

sessions = Table(
    "sessions",
    metadata,
    words("token_sha256", primary_key=True),
    reference("person_id", "people"),
    words("form_key"),
    moment("started_at"),
    moment("seen_at"),
    moment("ended_at", optional=True),
    Index(None, "person_id"),
)
