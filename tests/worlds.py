"""A world: an application over a database with people in it, and a browser for each of them.

Browsers speak real HTTP through Werkzeug's client with CSRF on, and take the token from the page as a
person's browser does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import MetaData, select
from werkzeug.test import TestResponse

from hbreview import create_app
from hbreview.acts.rehearsing import PASSWORD, Rehearsal
from hbreview.config import Settings
from hbreview.extensions import db
from hbreview.model import Submission

TOKEN = re.compile(r'<meta name="csrf-token" content="([^"]+)"')
REPEATED_STATES = ("draft", "returned", "submitted", "city_reviewed", "audited", "scored")


def settings(url: str, folder: Path) -> Settings:
    """Settings of a test's application."""
    return Settings(folder, url, folder / "files", "a secret of the tests", upload_bytes=1024 * 1024)


class CompiledOnce(BytecodeCache):
    """Compiled templates, kept over the hundreds of applications of a test run."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give what was compiled from the same source before."""
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


_TEMPLATES = CompiledOnce()


def make_template(url: str, folder: Path, *, profile: str) -> None:
    """Migrate an empty database and, for the matrix, rehearse it; leave nobody connected."""
    app = create_app(settings(url, folder))
    with app.app_context():
        upgrade()
        if profile == "matrix":
            Rehearsal(app.config["STORAGE"]).matrix(lambda done, whole: None)
        db.session.remove()
        if url.startswith("sqlite"):
            with db.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()


@contextmanager
def open_world(url: str, folder: Path) -> Iterator[World]:
    """The application over a database, closed again at the end."""
    app = create_app(settings(url, folder))
    app.jinja_env.bytecode_cache = _TEMPLATES
    try:
        yield World(app)
    finally:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


@dataclass
class Browser:
    """One person's browser: keeps cookies, sends the CSRF token of the last page that it saw."""

    client: FlaskClient
    token: str = ""

    def get(self, path: str, **options: Any) -> TestResponse:
        """Open an address; the page's token is remembered."""
        response = self.client.get(path, **options)
        if found := TOKEN.search(response.get_data(as_text=True)):
            self.token = found.group(1)
        return response

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form with the token that the last page had."""
        if not self.token:
            self.get("/login")
        return self.client.post(path, data={"csrf_token": self.token, **(data or {})}, **options)

    def sign_in(self, login: str, password: str = PASSWORD) -> TestResponse:
        """Sign in and fetch the token of the new session."""
        self.get("/login")
        response = self.post("/login", {"login": login, "password": password})
        self.get("/account")
        return response


@dataclass
class World:
    """An application, its submissions by programme and state, and its people's browsers."""

    app: Flask
    _browsers: dict[str, Browser] = field(default_factory=dict)

    def stranger(self) -> Browser:
        """Somebody who is not signed in."""
        return Browser(self.app.test_client())

    def browser(self, login: str) -> Browser:
        """The browser of somebody of the cast (province, admin, expert, city-<key>, hb0001), signed in once."""
        if login not in self._browsers:
            browser = self.stranger()
            browser.sign_in(login)
            self._browsers[login] = browser
        return self._browsers[login]

    def submission(self, state: str, programme: str = "platform") -> Submission:
        """The submission that was brought to a state ("returned" for a draft that the city sent back)."""
        with self.app.app_context():
            query = select(Submission).where(Submission.programme == programme).order_by(Submission.id)
            found = list(db.session.scalars(query))
        return found[REPEATED_STATES.index(state)]

    def now(self, submission: Submission) -> Submission:
        """The submission as it stands in the database now."""
        with self.app.app_context():
            return db.session.scalars(select(Submission).where(Submission.id == submission.id)).one()

    def enterprise(self, submission: Submission) -> Browser:
        """The browser of the submission's own enterprise."""
        return self.browser(f"hb{submission.organisation_id:04d}")

    def city(self, submission: Submission) -> Browser:
        """The browser of the submission's own city."""
        return self.browser(f"city-{submission.region}")

    def fire(self, browser: Browser, submission: Submission, trigger: str, **data: Any) -> TestResponse:
        """Fire a trigger on the newest version, as a page that was just loaded would."""
        version = self.now(submission).version
        return browser.post(f"/submissions/{submission.public_id}/{trigger}", {"version": version, **data})

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table, for comparing before and after; sessions are left out."""
        with self.app.app_context(), db.engine.connect() as connection:
            metadata = MetaData()
            metadata.reflect(connection)
            tables = [t for t in metadata.sorted_tables if t.name not in {"sign_ins", "alembic_version"}]
            return {t.name: sorted((tuple(row) for row in connection.execute(select(t))), key=repr) for t in tables}

    def faults(self) -> list[str]:
        """What ``flask check`` finds."""
        from hbreview.acts.inspecting import inspect

        with self.app.app_context():
            return inspect(db.session(), self.app.config["STORAGE"], kept={}).faults
