"""Keep the workers that run chunks, and find the addresses of a chunk without a search."""

from alembic import op

from cyberposture.store.migrations.first.columns import moment, words

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table and the index."""
    op.create_table(
        "workers",
        words("name", primary_key=True),
        *(words(name) for name in ("scanner", "vantage")),
        moment("started_at"),
        moment("seen_at"),
        moment("ended_at", optional=True),
    )
    op.create_index(None, "workers", ["ended_at"])
    op.create_index(None, "chunk_targets", ["chunk_id"])
