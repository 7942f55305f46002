"""The tests' own PostgreSQL: it starts, keeps what it acknowledges, copies a template, and goes away."""

from __future__ import annotations

from pathlib import Path

import psycopg
from sqlalchemy import make_url

from tests import postgres

DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


def test_a_server_of_our_own_answers_durably_and_copies_templates() -> None:
    with postgres.wanted_server() as server:
        template = server.new_database()
        with psycopg.connect(postgres.plain(template)) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
            assert [connection.execute(f"SHOW {name}").fetchone() for name in DURABLE] == [("on",)] * 3
            connection.execute("CREATE TABLE places AS SELECT '石家庄市' AS name")

        copy = server.new_database(template)
        with psycopg.connect(postgres.plain(copy)) as connection:
            assert connection.execute("SELECT name FROM places").fetchone() == ("石家庄市",)
        server.drop_database(copy)
        socket = make_url(server.url).query.get("host")

    if socket:  # our own server, not one of HBREVIEW_TEST_DATABASE_URL
        assert not Path(str(socket)).exists()
