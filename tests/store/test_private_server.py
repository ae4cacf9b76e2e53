"""The server that the store tests use is private, answers, and leaves nothing behind."""

import psycopg
import pytest
from sqlalchemy import make_url

pytestmark = pytest.mark.store


def connect(url: str) -> "psycopg.Connection":
    """Return a connection of psycopg's own to the database that a SQLAlchemy URL names."""
    return psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(False))


def test_server_listens_on_loopback_only(postgres_url):
    with connect(postgres_url) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("127.0.0.1",)


def test_server_refuses_a_wrong_password(postgres_url):
    wrong = make_url(postgres_url).set(password="wrong").render_as_string(False)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(wrong)
