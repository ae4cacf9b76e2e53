"""Services that one institution runs for others: what it answers for them, and who uses them."""

from sqlalchemy import Index, Table, UniqueConstraint

from cyberposture.store.tables.columns import (
    day,
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

# No row of the provider alone: whoever uses the service reads it.
shared_services = Table(
    "shared_services",
    metadata,
    identity(),
    reference("provider_id", "institutions"),
    words("code"),
    words("title"),
    *written(),
    *ended("closed"),
    UniqueConstraint("code"),
    Index(None, "provider_id"),
)

# What the provider says of a control for the service, and what a reviewer found; `duty` is what
# remains for each user to do.
service_answers = Table(
    "service_answers",
    metadata,
    identity(),
    reference("service_id", "shared_services"),
    words("control"),
    number("revision"),
    number("level"),
    words("grade"),
    words("duty"),
    day("expires"),
    number("reviewed_level", optional=True),
    words("reviewed_grade", optional=True),
    *written(),
    UniqueConstraint("service_id", "control", "revision"),
)

service_uses = Table(
    "service_uses",
    metadata,
    identity(),
    owner(),
    reference("service_id", "shared_services"),
    moment("valid_from"),
    moment("valid_until", optional=True),
    *written(),
    *ended("ended"),
    Index(None, "institution_id"),
    Index(None, "service_id"),
)
