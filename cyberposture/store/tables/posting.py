"""How messages went out, and the addresses of programs that are told of events."""

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

# Every attempt to hand a message over, and what the other side answered; rows are only added.
deliveries = Table(
    "deliveries",
    metadata,
    identity(),
    owner(optional=True),
    reference("message_id", "outbox"),
    number("number"),
    words("recipient"),
    words("outcome"),
    words("answer"),
    moment("at"),
    UniqueConstraint("message_id", "number"),
    Index(None, "recipient", "at"),
)

# Endpoints of the CERT's own programs; the secret is a sealed file.
webhooks = Table(
    "webhooks",
    metadata,
    identity(),
    words("code"),
    words("url"),
    document("events"),
    words("secret_sha256"),
    moment("told_until"),
    *written(),
    *ended("ended"),
    UniqueConstraint("code"),
)
