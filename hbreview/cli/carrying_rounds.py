"""``flask import-round FILE`` and ``flask export-round ROUND FILE``: a whole round, in and out."""

from __future__ import annotations

import shutil
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy import select

from ..acts import archiving_rounds
from ..documents.bundle import bundle
from ..documents.round_archive import ArchiveDamagedError, read_archive
from ..extensions import db
from ..model import Round
from ..workflow.errors import InvalidError
from ..workflow.journal import Origin
from .rosters import sentence


@click.command("import-round")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_appcontext
def import_round(file: Path) -> None:
    """Read the archive of a round into an empty, migrated database. Nobody of it can sign in until invited anew."""
    with file.open("rb") as stream:
        try:
            archive = read_archive(stream)
            archiving_rounds.restore_round(archive, storage=current_app.config["STORAGE"], origin=Origin(None, "cli"))
        except ArchiveDamagedError as error:
            raise click.ClickException(sentence(error.reason)) from error
        except InvalidError as error:
            raise click.ClickException("; ".join(map(sentence, error.reasons))) from error
    for digest in sorted(archive.missing):
        click.echo(f"! file {digest} was missing when the archive was written", err=True)
    click.echo(f"Read in: {archive.facts['title']}, {len(archive.tables['submissions'])} submissions.")


@click.command("export-round")
@click.argument("round_id", metavar="ROUND")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def export_round(round_id: str, file: Path) -> None:
    """Write the archive of a round (its id in the addresses) to a file."""
    session = db.session()
    if session.scalar(select(Round.id).where(Round.public_id == round_id)) is None:
        raise click.ClickException("There is no such round.")
    archiving_rounds.note_export(round_id, origin=Origin(None, "cli"))
    archiving_rounds.take_snapshot(session)
    round_ = session.scalars(select(Round).where(Round.public_id == round_id)).one()
    members = archiving_rounds.archive_members(session, round_, current_app.config["STORAGE"])
    with bundle(members, facts=archiving_rounds.archive_facts(session, round_)) as packed, file.open("wb") as out:
        shutil.copyfileobj(packed, out)
    click.echo(f"Written: {file}")
