"""Who is in the register, what they declare, and under which editions they are asked."""

from sqlalchemy import Index, Table, UniqueConstraint

from cyberposture.store.tables.columns import (
    document,
    ended,
    identity,
    metadata,
    moment,
    number,
    octets,
    owner,
    reference,
    words,
    written,
)

institutions = Table(
    "institutions",
    metadata,
    identity(),
    words("code"),
    *written(),
    UniqueConstraint("code"),
)

# What an institution is called and where it belongs, from `valid_from` until the next version.
institution_versions = Table(
    "institution_versions",
    metadata,
    identity(),
    owner(),
    number("revision"),
    moment("valid_from"),
    words("name"),
    words("tier"),
    document("sectors"),
    document("features"),
    words("zone"),
    reference("parent_id", "institutions", optional=True),
    document("contacts"),
    moment("active_from", optional=True),
    moment("active_until", optional=True),
    *written(),
    UniqueConstraint("institution_id", "revision"),
    Index(None, "institution_id", "valid_from"),
)

people = Table(
    "people",
    metadata,
    identity(),
    words("code"),
    words("name"),
    words("public_key"),
    moment("invited_at"),
    words("mail", optional=True),
    words("language", optional=True),
    *written(),
    *ended("disabled"),
    UniqueConstraint("code"),
)

# Every key that a person ever had, so that an old signature can still be checked.
person_keys = Table(
    "person_keys",
    metadata,
    identity(),
    reference("person_id", "people"),
    words("public_key"),
    moment("valid_from"),
    *written(),
    Index(None, "person_id", "valid_from"),
)

memberships = Table(
    "memberships",
    metadata,
    identity(),
    reference("person_id", "people"),
    words("role"),
    owner(optional=True),
    words("sector", optional=True),
    moment("valid_from"),
    moment("valid_until", optional=True),
    *written(),
    *ended("ended"),
    Index(None, "person_id"),
    Index(None, "institution_id"),
)

# Somebody who acts in the place of another, with that one role, between two moments.
substitutions = Table(
    "substitutions",
    metadata,
    identity(),
    reference("membership_id", "memberships"),
    reference("substitute_id", "people"),
    owner(optional=True),
    moment("valid_from"),
    moment("valid_until"),
    *written(),
    *ended("ended"),
    Index(None, "substitute_id"),
    Index(None, "membership_id"),
)

# What became of an institution that was merged or split: rows that link, and rewrite nothing.
successions = Table(
    "successions",
    metadata,
    identity(),
    owner(),
    reference("successor_id", "institutions"),
    words("kind"),
    moment("valid_from"),
    *written(),
    UniqueConstraint("institution_id", "successor_id"),
    Index(None, "successor_id"),
)

# That an institution agreed in writing to be named in public, and where the signed paper is.
publication_consents = Table(
    "publication_consents",
    metadata,
    identity(),
    owner(),
    words("signatory"),
    words("reference"),
    words("paper_sha256", optional=True),
    *written(),
    *ended("withdrawn"),
    Index(None, "institution_id"),
)

# Digest is that of the canonical bytes, which are kept so that an upgrade loses nothing.
editions = Table(
    "editions",
    metadata,
    words("kind", primary_key=True),
    words("digest", primary_key=True),
    words("name"),
    words("version"),
    octets("content"),
    *written(),
    Index(None, "kind", "at"),
)

# Which rules, checks and texts were adopted together; the last row is the edition in force.
adoptions = Table(
    "adoptions",
    metadata,
    number("number", primary_key=True),
    words("catalogue"),
    words("checks"),
    words("texts"),
    *written(),
    Index(None, "catalogue"),
)

rounds = Table(
    "rounds",
    metadata,
    identity(),
    words("code"),
    words("title"),
    words("edition"),
    moment("opens"),
    moment("due"),
    number("repair_days", optional=True),
    words("repair_days_reason"),
    *written(),
    *ended("closed"),
    UniqueConstraint("code"),
)

declarations = Table(
    "declarations",
    metadata,
    identity(),
    owner(),
    number("revision"),
    *written(),
    UniqueConstraint("institution_id", "revision"),
)

# An asset as declared from one revision until (not including) `ended_revision`.
assets = Table(
    "assets",
    metadata,
    identity(),
    owner(),
    words("code"),
    words("kind"),
    document("body"),
    moment("valid_from", optional=True),
    moment("valid_until", optional=True),
    number("revision"),
    number("ended_revision", optional=True),
    UniqueConstraint("institution_id", "code", "revision"),
)
