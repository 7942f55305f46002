"""``flask roster import FILE``: shows what it will change, then changes it."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import AppGroup

from ..acts import importing
from ..documents.roster_reading import RosterUnreadableError, read_roster
from ..extensions import db
from ..programmes.schema import PROGRAMMES
from ..words import Label, Reason
from ..workflow.journal import Origin

roster = AppGroup("roster", help="Rosters of designations.")


def sentence(reason: Reason) -> str:
    """A reason in the source language, for an operator's terminal."""
    values = {key: value.zh if isinstance(value, Label) else value for key, value in reason.values.items()}
    return reason.message % values if values else reason.message


@roster.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask before changing.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
def import_(file: Path, *, yes: bool, dry_run: bool) -> None:
    """Read a roster (.txt of the notice, .docx, .xlsx, .csv) and take it in."""
    try:
        reading = read_roster(file.read_bytes(), filename=file.name)
    except RosterUnreadableError as error:
        raise click.ClickException(sentence(error.reason)) from error
    for problem in reading.problems:
        click.echo(f"  ! {sentence(problem.reason)}", err=True)
    if reading.problems:
        raise click.ClickException("The file has faults; nothing was changed.")
    change = importing.preview(db.session(), reading.rows)
    for programme in PROGRAMMES:
        lines = [row for row in reading.rows if row.programme == programme]
        if lines:
            national = sum(row.national for row in lines)
            regions = len({row.region for row in lines})
            click.echo(f"{programme}: {len(lines)} lines, {national} national, {regions} regions")
    click.echo(f"organisations: {len(reading.rows) - change.joined}, {len(change.new_organisations)} new")
    for programme, count in change.new_rosters.items():
        click.echo(f"  + a new {programme} roster of {count} lines comes into force")
    if change.is_empty:
        click.echo("Nothing changes.")
        return
    if dry_run or not (yes or click.confirm("Change this?")):
        click.echo("Nothing was changed.")
        return
    importing.import_roster(reading.rows, origin=Origin(None, "cli"))
    click.echo("Done.")
