"""Row-level security: what a transaction for one institution sees on PostgreSQL."""

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from cyberposture.errors import NotAuthorised
from cyberposture.store import tables as t
from cyberposture.store.answering import record_answer
from cyberposture.store.answers import list_answers
from cyberposture.store.calendar import insert_blackout, list_blackouts
from cyberposture.store.database import open_database
from cyberposture.store.migrations.first import fence
from cyberposture.store.people import list_memberships

POSTGRESQL = pytest.mark.parametrize(
    "engine",
    [pytest.param("postgresql", marks=[pytest.mark.store, pytest.mark.loopback])],
    indirect=True,
)


@pytest.fixture
def fenced(laid_url):
    """The register through an account that is no superuser."""
    owner = sa.create_engine(laid_url)
    with owner.begin() as connection:
        connection.exec_driver_sql(
            "DO $$ BEGIN CREATE ROLE app LOGIN PASSWORD 'app'; "
            "EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        )
        connection.exec_driver_sql(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app"
        )
    owner.dispose()
    url = make_url(laid_url).set(username="app", password="app")
    register = open_database(url.render_as_string(hide_password=False))
    yield register
    register.close()


def test_account_that_bypasses_the_fence_is_told(database):
    assert database.has_fence() is False


@POSTGRESQL
def test_account_without_privileges_is_behind_the_fence(fenced):
    assert fenced.has_fence() is True


@POSTGRESQL
def test_institution_sees_its_own_rows_and_no_other(fenced, make):
    with fenced.transaction() as connection:
        own, foreign = make.assessment(connection), make.assessment(connection)
        record_answer(connection, own.id, make.answer(), make.act())
        record_answer(connection, foreign.id, make.answer(), make.act())
        insert_blackout(
            connection,
            None,
            make.act(),
            title="National",
            starts_at=make.act().at,
            ends_at=make.act(minutes=9).at,
        )
    with fenced.reading(fence=own.institution_id) as connection:
        assert list_answers(connection, own.id)
        assert list_answers(connection, foreign.id) == {}
        assert len(list_blackouts(connection, own.institution_id, as_of=make.act().at)) == 1
        assert list_memberships(connection) == []
    with fenced.reading() as connection:
        assert list_answers(connection, foreign.id)


@POSTGRESQL
def test_fence_does_not_outlive_its_transaction(fenced, make):
    with fenced.transaction() as connection:
        foreign = make.assessment(connection)
        record_answer(connection, foreign.id, make.answer(), make.act())
        own = make.institution(connection)
    for _ in range(3):
        with fenced.transaction(fence=own.id) as connection:
            assert list_answers(connection, foreign.id) == {}
        with fenced.transaction() as connection:
            assert list_answers(connection, foreign.id)


@POSTGRESQL
def test_institution_cannot_write_into_another(fenced, make):
    with fenced.transaction() as connection:
        own, foreign = make.institution(connection), make.institution(connection)
    with (
        pytest.raises(NotAuthorised, match="outside-the-fence"),
        fenced.transaction(fence=own.id) as connection,
    ):
        insert_blackout(
            connection,
            foreign.id,
            make.act(),
            title="Theirs",
            starts_at=make.act().at,
            ends_at=make.act(minutes=9).at,
        )


@POSTGRESQL
def test_every_table_with_institutions_rows_is_behind_the_fence(fenced):
    owned = {name for name, table in t.metadata.tables.items() if "institution_id" in table.c}
    policies = "SELECT tablename FROM pg_policies WHERE policyname = 'institution_fence'"
    with fenced.reading() as connection:
        behind = set(connection.execute(sa.text(policies)).scalars())
    assert owned <= behind
    assert {*fence.OWNED, *fence.SHARED} <= behind
