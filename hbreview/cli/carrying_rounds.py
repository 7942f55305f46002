"""``flask import-round FILE`` and ``flask export-round ROUND FILE``: a whole round, in and out."""

from __future__ import annotations

import shutil
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from ..acts import archiving_rounds
from ..documents.round_archive import ArchiveDamagedError, read_archive
from ..workflow.errors import HiddenError, InvalidError
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
    try:
        packed = archiving_rounds.export_round(
            round_id, storage=current_app.config["STORAGE"], origin=Origin(None, "cli")
        )
    except HiddenError as error:
        raise click.ClickException("There is no such round.") from error
    with packed, file.open("wb") as out:
        shutil.copyfileobj(packed, out)
    click.echo(f"Written: {file}")
