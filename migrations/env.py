"""How Alembic reaches the application's database: through its own engine, with its own settings."""

from __future__ import annotations

from alembic import context
from flask import current_app

from hbreview.model import Base

target_metadata = Base.metadata


def run() -> None:
    """Migrate online; on SQLite tables are rebuilt where a change asks for it."""
    engine = current_app.extensions["migrate"].db.engine
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=target_metadata,
            render_as_batch=engine.dialect.name == "sqlite",
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
