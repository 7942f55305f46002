"""Whether the application lives and its database answers; and the one script file that comes out of a wheel."""

from __future__ import annotations

from importlib.resources import files

from flask import Blueprint, Response
from sqlalchemy import text

from ...extensions import db
from ...security import policy
from ...workflow.policy import Action

health = Blueprint("health", __name__)


@health.get("/healthz")
@policy(Action.READ_PUBLIC)
def alive() -> Response:
    return Response("ok\n", mimetype="text/plain")


@health.get("/readyz")
@policy(Action.READ_PUBLIC)
def ready() -> Response:
    db.session().execute(text("SELECT 1"))
    return Response("ready\n", mimetype="text/plain")


@health.get("/assets/htmx.js")
@policy(Action.READ_PUBLIC)
def htmx_file() -> Response:
    content = files("django_htmx").joinpath("static/django_htmx/htmx-2.min.js").read_bytes()
    return Response(content, mimetype="text/javascript")
