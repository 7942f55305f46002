"""The libraries' objects, bare, and how a database connection is set up and read back."""

from __future__ import annotations

import sqlite3
from typing import Any

from flask_babel import Babel
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from htmx_flask import Htmx
from sqlalchemy import Connection, Engine, event, text

from .model.base import Base

db = SQLAlchemy(
    model_class=Base,
    session_options={"expire_on_commit": False, "autoflush": True},
    engine_options={"pool_pre_ping": False},
)
migrate = Migrate()
login = LoginManager()
csrf = CSRFProtect()
babel = Babel()
htmx = Htmx()

# What a power cut must not undo (K02). The left side is asked of the database, the right must come back.
SQLITE_SETTINGS = {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "15000"}
POSTGRESQL_SETTINGS = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


class UnsafeDatabaseError(RuntimeError):
    """The database is not set up to keep what it acknowledges; the message names the setting."""


def prepare(engine: Engine) -> None:
    """Set every new connection up; on SQLite also take the transaction's begin into our own hands."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # pysqlite's own BEGIN would come too late for IMMEDIATE
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 15000")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: read-then-write can never fail half way with "database is locked".
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def verify(engine: Engine) -> None:
    """Read the durability settings back; UnsafeDatabaseError on a wrong one, so that start-up fails."""
    wanted = SQLITE_SETTINGS if engine.dialect.name == "sqlite" else POSTGRESQL_SETTINGS
    verb = "PRAGMA" if engine.dialect.name == "sqlite" else "SHOW"
    with engine.connect() as connection:
        for name, value in wanted.items():
            found = str(connection.execute(text(f"{verb} {name}")).scalar())
            if found != value:
                raise UnsafeDatabaseError(f"database setting {name} is {found!r}, must be {value!r}")
