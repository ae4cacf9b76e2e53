"""What came back on papers that had left the register, one row a file that was taken in."""

from sqlalchemy import Index, Table, UniqueConstraint

from cyberposture.store.tables.columns import (
    document,
    identity,
    metadata,
    number,
    owner,
    reference,
    words,
    written,
)

# `paper` is the code of the workbook or pack; `writer` is who may correct what came on it before:
# the key of an opened pack, or the person who handed the workbook in.
offline_returns = Table(
    "offline_returns",
    metadata,
    identity(),
    owner(),
    reference("assessment_id", "assessments"),
    words("code"),
    words("kind"),
    words("paper"),
    words("writer"),
    number("number"),
    words("file_name"),
    words("sha256"),
    document("outcome"),
    *written(),
    UniqueConstraint("code"),
    UniqueConstraint("assessment_id", "sha256"),
    Index(None, "institution_id"),
    Index(None, "assessment_id", "paper"),
)
