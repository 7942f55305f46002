"""``flask demo`` and ``flask seed``: fill an empty, configured database through the application's own acts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade
from sqlalchemy import func, select

from ..acts.rehearsing import Cast, Progress, Rehearsal
from ..extensions import db
from ..model import Person


def _require_empty() -> None:
    """Bring the schema up to date, then refuse a database that somebody uses."""
    upgrade()
    if db.session().scalar(select(func.count()).select_from(Person)):
        raise click.ClickException("The database is not empty: a demo fills an empty one only.")
    db.session().rollback()


@click.command("demo")
@click.option("--json", "as_json", is_flag=True, help="Print the people as JSON and nothing else.")
@with_appcontext
def demo(*, as_json: bool) -> None:
    """Fill the empty database with the notice's 129 organisations, a round of 2019 and people of each role."""
    _require_empty()
    people = _run(Rehearsal(current_app.config["STORAGE"]).demo, quiet=as_json)
    _keep(people)
    _print(people, as_json=as_json)


@click.command("seed")
@click.option("--profile", type=click.Choice(["matrix"]), required=True, help="matrix: every state, every actor.")
@click.option("--json", "as_json", is_flag=True, help="Print the people as JSON and nothing else.")
@with_appcontext
def seed(*, profile: str, as_json: bool) -> None:
    """Fill the empty database with a submission in each state and each kind of actor to it."""
    _require_empty()
    people = _run(Rehearsal(current_app.config["STORAGE"]).matrix, quiet=as_json)
    _print(people, as_json=as_json)


def _run(rehearse: Callable[[Progress], list[Cast]], *, quiet: bool) -> list[Cast]:
    def progress(done: int, whole: int) -> None:
        if not quiet:
            click.echo(f"\r  {done} / {whole} submissions", nl=done == whole, err=True)

    return rehearse(progress)


def _keep(people: list[Cast]) -> None:
    path = Path(current_app.config["SETTINGS"].instance) / "demo-people.txt"
    path.write_text(_table(people), encoding="utf-8")
    path.chmod(0o600)


def _table(people: list[Cast]) -> str:
    lines = [f"{one.role:11} {one.login:22} {one.password:16} {one.city:12} {one.name}" for one in people]
    return "\n".join(["role        login                  password         city         name", *lines, ""])


def _print(people: list[Cast], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"people": [one.as_data() for one in people]}, ensure_ascii=False))
    else:
        click.echo(_table(people))
