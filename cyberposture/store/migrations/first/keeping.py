"""Lay the tables of encrypted files, their keys and the audit chains."""

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.first.columns import (
    document,
    ended,
    key,
    moment,
    number,
    octets,
    words,
    written,
)


def _audit_entries() -> None:
    op.create_table(
        "audit_entries",
        words("chain", primary_key=True),
        number("seq", primary_key=True),
        key("institution_id", references="institutions", optional=True),
        words("kind"),
        words("subject"),
        document("data"),
        *written(),
        words("previous"),
        words("digest"),
    )
    op.create_index(None, "audit_entries", ["kind", "at"])
    op.create_index(None, "audit_entries", ["subject"])


def _audit_heads() -> None:
    op.create_table(
        "audit_heads",
        words("chain", primary_key=True),
        key("institution_id", references="institutions", optional=True),
        number("seq"),
        words("digest"),
        moment("at"),
        words("key_id"),
        words("signature"),
    )


def _data_keys() -> None:
    op.create_table(
        "data_keys",
        key("id", primary_key=True),
        key("institution_id", references="institutions", optional=True),
        words("holder"),
        words("master"),
        octets("wrapped", optional=True),
        *written(),
        *ended("retired"),
        *ended("destroyed"),
    )
    op.create_index(None, "data_keys", ["holder"])


def _blobs() -> None:
    op.create_table(
        "blobs",
        key("id", primary_key=True),
        key("institution_id", references="institutions", optional=True),
        words("holder"),
        words("kind"),
        words("sha256"),
        number("size_bytes"),
        key("key_id", references="data_keys"),
        octets("nonce"),
        octets("sealed"),
        moment("at"),
        sa.UniqueConstraint("key_id", "kind", "sha256"),
    )
    op.create_index(None, "blobs", ["holder", "kind", "sha256"])


def lay() -> None:
    """Make the tables of this part, each after those that it refers to."""
    _audit_entries()
    _audit_heads()
    _data_keys()
    _blobs()
