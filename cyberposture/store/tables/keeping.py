"""Files under encryption with their keys, and the audit chains."""

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

# `holder` is the institution's id, or `system`: a null would never be equal in an index.
data_keys = Table(
    "data_keys",
    metadata,
    identity(),
    owner(optional=True),
    words("holder"),
    words("master"),
    octets("wrapped", optional=True),
    *written(),
    *ended("retired"),
    *ended("destroyed"),
    Index(None, "holder"),
)

blobs = Table(
    "blobs",
    metadata,
    identity(),
    owner(optional=True),
    words("holder"),
    words("kind"),
    words("sha256"),
    number("size_bytes"),
    reference("key_id", "data_keys"),
    octets("nonce"),
    octets("sealed"),
    moment("at"),
    UniqueConstraint("key_id", "kind", "sha256"),
    Index(None, "holder", "kind", "sha256"),
)

audit_entries = Table(
    "audit_entries",
    metadata,
    words("chain", primary_key=True),
    number("seq", primary_key=True),
    owner(optional=True),
    words("kind"),
    words("subject"),
    document("data"),
    *written(),
    words("previous"),
    words("digest"),
    Index(None, "kind", "at"),
    Index(None, "subject"),
)

audit_heads = Table(
    "audit_heads",
    metadata,
    words("chain", primary_key=True),
    owner(optional=True),
    number("seq"),
    words("digest"),
    moment("at"),
    words("key_id"),
    words("signature"),
)
