"""The schema by its migrations: the models' own, there and back with data in it, its guards alive at the end (M01)."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hbreview.extensions import db
from hbreview.model import Base
from tests.worlds import World

pytestmark = pytest.mark.on_both

# What the later migrations add goes with them; everything else must come through.
ADDED_TABLES = {
    "reviews", "looks", "returns", "counters", "phrases", "saved_views", "deputies", "city_settings",
    "experts", "draws", "sheet_versions", "score_sets", "rulings", "objections", "decision_letters", "title_decisions",
    "announcements", "announcement_readers", "api_tokens", "webhooks", "webhook_deliveries", "monthly_records",
    "served_enterprises", "presences", "sign_offs", "mails", "mail_cursor",
}  # fmt: skip


def _differences() -> list[Any]:
    with db.engine.connect() as connection:
        return list(
            compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata)
        )


def _counts(world: World) -> dict[str, int]:
    return {name: len(rows) for name, rows in world.dump().items() if name not in ADDED_TABLES}


def test_schema_of_the_migrations_is_the_models(world: World) -> None:
    with world.app.app_context():
        assert _differences() == []


def test_down_and_up_again_keeps_what_was_there(world: World) -> None:
    before = _counts(world)
    assert before["journal"] > 100
    with world.app.app_context():
        db.session.remove()
        downgrade(revision="0001")
        upgrade()
        assert _differences() == []
    assert _counts(world) == before
    # The sets that totals come from stood in a table that went, and nothing else is missed.
    assert [fault for fault in world.faults() if not fault.endswith("comes from was not kept")] == []


@pytest.mark.parametrize("statement", ["UPDATE journal SET act = 'x'", "DELETE FROM journal", "DELETE FROM revisions"])
def test_the_database_itself_refuses_to_change_the_record(world: World, statement: str) -> None:
    """T03: also after a table was altered by a migration."""
    with world.app.app_context():
        db.session.remove()
        downgrade(revision="0001")
        upgrade()
        with pytest.raises(DBAPIError, match="append-only"), db.engine.begin() as connection:
            connection.execute(text(statement))


def test_the_head_follows_whoever_appends(world: World) -> None:
    with world.app.app_context(), db.engine.begin() as connection:
        columns = "sequence, at, actor, role, scope, act, target, data, result, address, request_id, previous, hash"
        row = "99999999, '2026-01-01 00:00:00', '', '', '', 'x', '', '{}', 'done', '', '', 'before', 'after'"
        connection.execute(text(f"INSERT INTO journal ({columns}) VALUES ({row})"))
        assert connection.execute(text("SELECT sequence, hash FROM journal_head")).one() == (99999999, "after")
