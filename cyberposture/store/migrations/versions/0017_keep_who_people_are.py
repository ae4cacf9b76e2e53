"""Keep several second factors, other identities, substitutes, successions and shared services."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from cyberposture.store.migrations.fencing import fence
from cyberposture.store.migrations.first.columns import (
    day,
    ended,
    key,
    moment,
    number,
    words,
    written,
)

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Make the tables; the one second factor of each account becomes the first of several."""
    _factors()
    _move_seeds()
    _people()
    _sharing()
    fence("substitutions", "successions", "service_uses")


def _factors() -> None:
    op.create_table(
        "second_factors",
        key("id", primary_key=True),
        key("person_id", references="people"),
        *(words(name) for name in ("kind", "name")),
        *(words(name, optional=True) for name in ("secret_sha256", "credential", "public_key")),
        number("count"),
        moment("confirmed_at", optional=True),
        moment("used_at", optional=True),
        *written(),
        *ended("removed"),
        sa.UniqueConstraint("credential"),
    )
    op.create_index(None, "second_factors", ["person_id"])
    op.create_table(
        "identities",
        key("id", primary_key=True),
        key("person_id", references="people"),
        *(words(name) for name in ("issuer", "subject")),
        *written(),
        sa.UniqueConstraint("issuer", "subject"),
    )
    op.create_table(
        "challenges",
        words("token_sha256", primary_key=True),
        words("kind"),
        key("person_id", references="people", optional=True),
        *(moment(name) for name in ("at", "ends_at")),
        moment("used_at", optional=True),
    )
    op.create_index(None, "challenges", ["ends_at"])
    # Of sessions that were begun before, the browser is not known.
    op.add_column("sessions", sa.Column("browser", sa.Text(), nullable=False, server_default=""))


def _move_seeds() -> None:
    connection = op.get_bind()
    held = connection.execute(sa.text("SELECT * FROM accounts")).mappings().all()
    insert = sa.text(
        "INSERT INTO second_factors (id, person_id, kind, name, secret_sha256, count, "
        "confirmed_at, actor, reason, at) VALUES (:id, :person_id, 'authenticator', "
        "'authenticator', :secret_sha256, :last_step, :confirmed_at, :actor, :reason, :at)"
    ).bindparams(sa.bindparam("id", type_=sa.Uuid()))
    for row in held:
        connection.execute(insert, {**row, "id": uuid4()})
    for column in ("secret_sha256", "last_step"):
        op.drop_column("accounts", column)


def _people() -> None:
    op.create_table(
        "substitutions",
        key("id", primary_key=True),
        key("membership_id", references="memberships"),
        key("substitute_id", references="people"),
        key("institution_id", references="institutions", optional=True),
        *(moment(name) for name in ("valid_from", "valid_until")),
        *written(),
        *ended("ended"),
    )
    op.create_index(None, "substitutions", ["substitute_id"])
    op.create_index(None, "substitutions", ["membership_id"])
    op.create_table(
        "successions",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("successor_id", references="institutions"),
        words("kind"),
        moment("valid_from"),
        *written(),
        sa.UniqueConstraint("institution_id", "successor_id"),
    )
    op.create_index(None, "successions", ["successor_id"])


def _sharing() -> None:
    op.create_table(
        "shared_services",
        key("id", primary_key=True),
        key("provider_id", references="institutions"),
        *(words(name) for name in ("code", "title")),
        *written(),
        *ended("closed"),
        sa.UniqueConstraint("code"),
    )
    op.create_index(None, "shared_services", ["provider_id"])
    op.create_table(
        "service_answers",
        key("id", primary_key=True),
        key("service_id", references="shared_services"),
        words("control"),
        *(number(name) for name in ("revision", "level")),
        *(words(name) for name in ("grade", "duty")),
        day("expires"),
        number("reviewed_level", optional=True),
        words("reviewed_grade", optional=True),
        *written(),
        sa.UniqueConstraint("service_id", "control", "revision"),
    )
    op.create_table(
        "service_uses",
        key("id", primary_key=True),
        key("institution_id", references="institutions"),
        key("service_id", references="shared_services"),
        moment("valid_from"),
        moment("valid_until", optional=True),
        *written(),
        *ended("ended"),
    )
    op.create_index(None, "service_uses", ["institution_id"])
    op.create_index(None, "service_uses", ["service_id"])
