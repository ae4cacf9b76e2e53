"""Who allowed which scan, when no scan may run, and who stopped one."""

from sqlalchemy import Index, Table, UniqueConstraint

from cyberposture.store.tables.columns import (
    document,
    ended,
    identity,
    metadata,
    moment,
    number,
    owner,
    reference,
    words,
    written,
)

# The terms as the letter states them; never edited, a change is a new authorisation.
authorisations = Table(
    "authorisations",
    metadata,
    identity(),
    words("code"),
    owner(),
    document("terms"),
    words("terms_sha256"),
    words("letter_sha256"),
    document("receipt"),
    moment("valid_from"),
    moment("valid_until"),
    *written(),
    UniqueConstraint("code"),
    Index(None, "institution_id"),
)

grants = Table(
    "grants",
    metadata,
    identity(),
    owner(),
    reference("authorisation_id", "authorisations"),
    number("number"),
    document("document"),
    *written(),
    UniqueConstraint("authorisation_id", "number"),
    UniqueConstraint("authorisation_id", "actor"),
)

withdrawals = Table(
    "withdrawals",
    metadata,
    identity(),
    owner(),
    reference("authorisation_id", "authorisations"),
    document("document"),
    moment("withdrawn_at"),
    *written(),
    UniqueConstraint("authorisation_id"),
)

# The national deny list; each revision is the whole list, and the newest one counts.
denials = Table(
    "denials",
    metadata,
    number("revision", primary_key=True),
    document("entries"),
    *written(),
)

windows = Table(
    "windows",
    metadata,
    identity(),
    owner(),
    document("weekdays"),
    words("start"),
    number("length_s"),
    words("zone"),
    *written(),
    *ended("ended"),
    Index(None, "institution_id"),
)

blackouts = Table(
    "blackouts",
    metadata,
    identity(),
    owner(optional=True),
    words("title"),
    moment("starts_at"),
    moment("ends_at"),
    *written(),
    *ended("cancelled"),
    Index(None, "institution_id"),
    Index(None, "ends_at"),
)

# `actor`, `reason` and `at` are who stopped, why and when; `answered_why` is the answer given.
stops = Table(
    "stops",
    metadata,
    identity(),
    words("code"),
    words("scope"),
    owner(optional=True),
    words("cidr", optional=True),
    reference("scan_id", "scans", optional=True),
    words("speed"),
    words("complaint"),
    moment("resumed_at", optional=True),
    *written(),
    *ended("answered"),
    UniqueConstraint("code"),
    Index(None, "resumed_at"),
)

stop_resumptions = Table(
    "stop_resumptions",
    metadata,
    identity(),
    owner(optional=True),
    reference("stop_id", "stops"),
    words("role"),
    *written(),
    UniqueConstraint("stop_id", "actor"),
)

stop_acknowledgements = Table(
    "stop_acknowledgements",
    metadata,
    reference("stop_id", "stops", primary_key=True),
    words("worker", primary_key=True),
    owner(optional=True),
    moment("at"),
)

# Only the digest of a code is kept; whoever holds the notice holds the code.
stop_codes = Table(
    "stop_codes",
    metadata,
    identity(),
    owner(),
    words("code_sha256"),
    *written(),
    *ended("ended"),
    UniqueConstraint("code_sha256"),
    Index(None, "institution_id"),
)

# What an institution was told before its first scan; the text, with the code, is an encrypted file.
notices = Table(
    "notices",
    metadata,
    identity(),
    words("code"),
    owner(),
    reference("authorisation_id", "authorisations"),
    words("kind"),
    words("language"),
    words("text_sha256"),
    *written(),
    *ended("sent"),
    *ended("acknowledged"),
    UniqueConstraint("code"),
    Index(None, "authorisation_id"),
)
