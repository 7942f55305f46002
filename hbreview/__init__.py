"""hbreview: the yearly evaluation of SME service platforms and startup bases, from form to designation."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path

from flask import Flask
from flask_bootstrap import Bootstrap5
from sqlalchemy.engine import make_url

from . import cli, desks, extensions, languages, refusals, security, transact, wording
from .acts import answering, attaching, due, rescanning, signing_in, weighing
from .config import ROOT, Settings
from .documents.scanning import Scanner
from .evaluation import file_kinds, remarks
from .notices import webhooks, worker
from .storage import LocalStorage
from .workflow import guards, policy

# Several files come in one request; each is still held to its own limit.
FILES_AT_ONCE = 5
SCAN_SECONDS = 30.0


def create_app(settings: Settings | None = None) -> Flask:
    """The application, wired once: settings, database, doors, desks, commands.

    Raises SettingsError, UnsafeDatabaseError or UndeclaredRouteError rather than start half right.
    """
    settings = settings or Settings.read()
    app = Flask(
        __name__,
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
        instance_path=str(settings.instance),
    )
    _configure(app, settings)
    _connect(app)
    extensions.csrf.init_app(app)
    extensions.htmx.init_app(app)
    Bootstrap5(app)
    languages.init_app(app)
    worker.init_app(app)
    security.init_app(app)
    refusals.init_app(app)
    desks.init_app(app)
    cli.init_app(app)
    _equip_templates(app)
    security.require_policies(app)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SETTINGS=settings,
        STORAGE=LocalStorage(settings.storage),
        SCANNER=Scanner(settings.clamd, SCAN_SECONDS) if settings.clamd else None,
        # What the worker does beside the letters, in its own time.
        WORKER_TURNS=(rescanning.turn, webhooks.turn),
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        BOOTSTRAP_SERVE_LOCAL=True,
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=FILES_AT_ONCE * settings.upload_bytes + 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        MAX_FORM_PARTS=2000,
        SESSION_COOKIE_NAME="__Host-hbreview" if settings.https else "hbreview",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_hours),
    )


def _connect(app: Flask) -> None:
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    extensions.db.init_app(app)
    extensions.migrate.init_app(app, extensions.db, directory=str(ROOT / "migrations"), render_as_batch=True)
    with app.app_context():
        extensions.prepare(extensions.db.engine)
        extensions.verify(extensions.db.engine)
    transact.guard_sessions()


def _equip_templates(app: Flask) -> None:
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(day=wording.day, moment=wording.moment, size=wording.size)
    app.jinja_env.globals.update(
        label=wording.label,
        word=wording.word,
        round_word=wording.round_word,
        act_word=wording.act_word,
        visibility_word=wording.visibility_word,
        outcome_reason=wording.outcome_reason,
        role_word=wording.role_word,
        due_of=due.due_of,
        is_open=answering.is_open,
        say=wording.say,
        tr=wording.tr,
        is_chinese=wording.is_chinese,
        actor=security.actor,
        may=lambda action: policy.has_role_for(security.actor(), policy.Action(action)),
        request_key=lambda: secrets.token_urlsafe(16),
        least_password=signing_in.SHORTEST,
        as_reason=weighing.as_reason,
        declaration=guards.DECLARATION,
        remark_key=remarks.key_for,
        accept=file_kinds.ACCEPT,
        most_files=attaching.MOST_PER_FIELD,
        upload_limit=f"{app.config['SETTINGS'].upload_bytes // (1024 * 1024)} MB",
    )
