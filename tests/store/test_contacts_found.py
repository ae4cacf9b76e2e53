"""Who contacted an address is found by an index, with one question however much there is."""

import pytest
import sqlalchemy as sa

from cyberposture.store.chunks import NewChunk, finish_chunk, insert_chunks, take_chunk
from cyberposture.store.contacts import list_contacts

ADDRESS = "127.0.9.9"


@pytest.fixture
def contacted(database, make):
    """Contact an address so many times."""

    def run(times: int) -> None:
        with database.transaction() as connection:
            scan = make.scan(connection)
            new = [NewChunk({"n": n}, (ADDRESS, f"127.0.8.{n % 200}")) for n in range(times)]
            insert_chunks(connection, scan.id, new, make.act())
            for minutes in range(times):
                at = make.act(minutes=minutes).at
                chunk = take_chunk(connection, "w", at=at, lease_s=60)
                finish_chunk(connection, chunk, "done", at=at)

    return run


def asked_of(database) -> list[str]:
    """Return the statements that one answer takes."""
    said: list[str] = []
    with database.reading() as connection:

        def note(_c, _cursor, statement, *_more) -> None:
            said.append(statement)

        sa.event.listen(connection, "before_cursor_execute", note)
        list_contacts(connection, ADDRESS, limit=200)
        sa.event.remove(connection, "before_cursor_execute", note)
    return said


def test_answer_takes_one_question_however_often_an_address_was_contacted(database, contacted):
    contacted(3)
    few = asked_of(database)
    contacted(60)
    assert len(few) == len(asked_of(database)) == 1


def test_answer_searches_no_table(database, contacted):
    contacted(3)
    explain = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN"
    with database.reading() as connection:
        if database.dialect == "postgresql":
            # A few rows are searched sooner than an index is opened: ask what it could do.
            connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
        asked = statement_of(connection)
        plan = "\n".join(str(row) for row in connection.execute(sa.text(f"{explain} {asked}")))
    assert "SCAN chunk" not in plan
    assert "Seq Scan" not in plan


def statement_of(connection) -> str:
    """Return the question with its values in it."""
    said: list[str] = []

    def note(_connection, clause, *_more) -> None:
        options = {"literal_binds": True}
        said.append(str(clause.compile(connection, compile_kwargs=options)))

    sa.event.listen(connection, "before_execute", note)
    list_contacts(connection, ADDRESS, limit=200)
    sa.event.remove(connection, "before_execute", note)
    return said[0]
