"""How people prove at the portal's door who they are, and that they are still there."""

from sqlalchemy import Index, Table, UniqueConstraint

from cyberposture.store.tables.columns import (
    document,
    ended,
    identity,
    metadata,
    moment,
    number,
    reference,
    words,
    written,
)

# One row a person. The password is empty where single sign-on is the only way in.
accounts = Table(
    "accounts",
    metadata,
    reference("person_id", "people", primary_key=True),
    words("password"),
    moment("confirmed_at", optional=True),
    number("failures"),
    moment("locked_until", optional=True),
    *written(),
)

# A second factor: of an authenticator the sealed file with its seed and the last time step used, of
# a security key its public half and how often it signed.
second_factors = Table(
    "second_factors",
    metadata,
    identity(),
    reference("person_id", "people"),
    words("kind"),
    words("name"),
    words("secret_sha256", optional=True),
    words("credential", optional=True),
    words("public_key", optional=True),
    number("count"),
    moment("confirmed_at", optional=True),
    moment("used_at", optional=True),
    *written(),
    *ended("removed"),
    Index(None, "person_id"),
    UniqueConstraint("credential"),
)

# By whom else a person is known: an issuer and what it calls them.
identities = Table(
    "identities",
    metadata,
    identity(),
    reference("person_id", "people"),
    words("issuer"),
    words("subject"),
    *written(),
    UniqueConstraint("issuer", "subject"),
)

# A step at the door that is half done: what is asked back follows from the secret in the cookie.
challenges = Table(
    "challenges",
    metadata,
    words("token_sha256", primary_key=True),
    words("kind"),
    reference("person_id", "people", optional=True),
    moment("at"),
    moment("ends_at"),
    moment("used_at", optional=True),
    Index(None, "ends_at"),
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
    words("browser"),
    Index(None, "person_id"),
)

# By which a machine acts for a person: of the secret only a digest is kept.
tokens = Table(
    "tokens",
    metadata,
    identity(),
    words("token_sha256"),
    reference("person_id", "people"),
    words("name"),
    document("scopes"),
    moment("ends_at"),
    moment("used_at", optional=True),
    *written(),
    *ended("ended"),
    UniqueConstraint("token_sha256"),
    Index(None, "person_id"),
)
