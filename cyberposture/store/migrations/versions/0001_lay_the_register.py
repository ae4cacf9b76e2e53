"""Lay the register."""

from cyberposture.store.migrations.first import (
    assessing,
    authorising,
    fence,
    keeping,
    register,
    running,
    scanning,
)

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table, then the fence around the institutions' rows."""
    for part in (register, scanning, authorising, assessing, running, keeping, fence):
        part.lay()
