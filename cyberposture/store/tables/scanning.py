"""Runs and their chunks, what was seen, what was judged, and the findings that follow."""

from sqlalchemy import Index, Table, UniqueConstraint

from cyberposture.store.tables.columns import (
    document,
    ended,
    flag,
    identity,
    metadata,
    moment,
    number,
    owner,
    reference,
    words,
    written,
)

scans = Table(
    "scans",
    metadata,
    identity(),
    words("code"),
    owner(),
    words("kind"),
    words("state"),
    words("vantage"),
    document("authorisations"),
    document("plan"),
    words("checks_digest"),
    words("scanner"),
    document("summary", optional=True),
    moment("started_at", optional=True),
    moment("ended_at", optional=True),
    *written(),
    UniqueConstraint("code"),
    Index(None, "institution_id", "at"),
    Index(None, "state"),
)

# The unit of dispatch, retry, resume and audit: whoever holds the lease runs it.
chunks = Table(
    "chunks",
    metadata,
    identity(),
    owner(),
    reference("scan_id", "scans"),
    number("number"),
    words("state"),
    number("priority"),
    words("vantage"),
    document("plan"),
    moment("not_before", optional=True),
    words("worker", optional=True),
    moment("lease_until", optional=True),
    number("attempts"),
    document("gate", optional=True),
    words("ticket", optional=True),
    words("artefact_sha256", optional=True),
    words("detail"),
    moment("started_at", optional=True),
    moment("ended_at", optional=True),
    *written(),
    UniqueConstraint("scan_id", "number"),
    Index(None, "state", "priority", "at", "number"),
    Index(None, "state", "lease_until"),
)

# Every time a chunk was taken: with the targets below, the log of contacts.
chunk_attempts = Table(
    "chunk_attempts",
    metadata,
    reference("chunk_id", "chunks", primary_key=True),
    number("attempt", primary_key=True),
    owner(),
    words("worker"),
    words("outcome", optional=True),
    moment("started_at"),
    moment("ended_at", optional=True),
)

chunk_targets = Table(
    "chunk_targets",
    metadata,
    words("address", primary_key=True),
    reference("chunk_id", "chunks", primary_key=True),
    owner(),
    Index(None, "chunk_id"),
)

# Processes that run chunks: who must acknowledge a stop, and which vantage anybody serves.
workers = Table(
    "workers",
    metadata,
    words("name", primary_key=True),
    words("scanner"),
    words("vantage"),
    moment("started_at"),
    moment("seen_at"),
    moment("ended_at", optional=True),
    document("setup", optional=True),
    Index(None, "ended_at"),
)

# Scanners that cannot reach the register and work on signed leases.
zone_scanners = Table(
    "zone_scanners",
    metadata,
    identity(),
    words("name"),
    words("vantage"),
    words("public_key"),
    *written(),
    *ended("ended"),
    UniqueConstraint("name"),
)

facts = Table(
    "facts",
    metadata,
    identity(),
    owner(),
    reference("scan_id", "scans"),
    reference("chunk_id", "chunks", optional=True),
    words("address"),
    words("name"),
    words("technique"),
    words("vantage"),
    words("outcome"),
    moment("started_at", optional=True),
    moment("observed_at"),
    words("artefact_sha256", optional=True),
    words("body"),
    moment("at"),
    Index(None, "institution_id", "address", "technique", "vantage", "name", "observed_at"),
    Index(None, "address", "observed_at"),
    Index(None, "scan_id"),
)

# Protocol '' and port 0 stand for the host as a whole: nulls would never be equal in an index.
judgements = Table(
    "judgements",
    metadata,
    identity(),
    owner(),
    reference("scan_id", "scans"),
    words("check_id"),
    number("version"),
    words("address"),
    words("protocol"),
    number("port"),
    words("subkey"),
    words("vantage"),
    words("verdict"),
    words("says"),
    document("facts"),
    words("checks_digest"),
    moment("observed_at"),
    moment("judged_at"),
    Index(
        "ix_judgements_endpoint",
        *("institution_id", "check_id", "address", "protocol", "port", "subkey", "vantage"),
        *("observed_at", "judged_at"),
    ),
    Index(None, "scan_id"),
)

findings = Table(
    "findings",
    metadata,
    identity(),
    words("code"),
    owner(),
    words("subject"),
    words("address"),
    words("protocol"),
    number("port"),
    words("check_id"),
    words("subkey"),
    words("vantage"),
    words("severity"),
    words("state"),
    words("says"),
    flag("is_potential"),
    moment("first_seen"),
    moment("last_seen"),
    moment("opened_at"),
    moment("closed_at", optional=True),
    moment("marked_until", optional=True),
    UniqueConstraint("code"),
    UniqueConstraint(
        *("institution_id", "subject", "protocol", "port", "check_id", "subkey", "vantage"),
        name="uq_findings_key",
    ),
    Index(None, "institution_id", "state"),
    Index(None, "state", "last_seen"),
    Index(None, "state", "marked_until"),
    Index(None, "address"),
)

finding_events = Table(
    "finding_events",
    metadata,
    identity(),
    owner(),
    reference("finding_id", "findings"),
    number("number"),
    words("kind"),
    words("state"),
    document("details", optional=True),
    *written(),
    UniqueConstraint("finding_id", "number"),
    Index(None, "institution_id", "at"),
    Index(None, "kind", "at"),
)

# What a check must say of an address of our own with a known flaw, at least once in a cycle.
canaries = Table(
    "canaries",
    metadata,
    identity(),
    words("code"),
    owner(),
    words("address"),
    words("check_id"),
    words("verdict"),
    number("cycle_days"),
    *written(),
    *ended("ended"),
    UniqueConstraint("code"),
    Index(None, "institution_id"),
)
