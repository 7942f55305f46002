"""``flask catalogue update``: takes new source strings into the catalogues and stale ones out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from flask.cli import AppGroup

from ..config import ROOT
from ..languages import FOLDER

catalogue = AppGroup("catalogue", help="Translations.")
_KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "N_": None, "gettext": None}
_METHODS = [("hbreview/**.py", "python"), ("templates/**.html", "jinja2")]


def source_strings() -> Iterator[str]:
    """Every English source string of code and templates."""
    options = {"templates/**.html": {"encoding": "utf-8"}}
    for found in extract_from_dir(str(ROOT), _METHODS, options, _KEYWORDS):
        message = found[2]
        yield message if isinstance(message, str) else message[0]


def read(path: Path) -> Catalog:
    """A catalogue from its file; empty when there is none."""
    if not path.exists():
        return Catalog(locale=path.parent.parent.name)
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name)


def updated(old: Catalog) -> Catalog:
    """The catalogue with exactly the present source strings, keeping what is translated."""
    new = Catalog(locale=old.locale, header_comment="# hbreview: what people read, by the English source string.")
    for text in sorted(set(source_strings())):
        known = old.get(text)
        new.add(text, known.string if known else "")
    return new


@catalogue.command("update")
def update() -> None:
    """Bring every catalogue up to date with the source strings."""
    for path in sorted(FOLDER.glob("*/LC_MESSAGES/messages.po")):
        fresh = updated(read(path))
        with path.open("wb") as file:
            write_po(file, fresh, sort_output=True, omit_header=True, width=0)
        empty = [message.id for message in fresh if message.id and not message.string]
        click.echo(f"{path.parent.parent.name}: {len(fresh)} messages, {len(empty)} without translation")
        for text in empty:
            click.echo(f"  - {text}")
