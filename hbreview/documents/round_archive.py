"""A whole round as one archive: a CSV file a table, the files, and a manifest with the digest of everything.

Every cell comes back as it was: nothing at all is ``\\N``, a text that a spreadsheet might run has an apostrophe
before it (I01), and a text that begins with a backslash another one.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from ..words import N_, Reason
from .bundle import MANIFEST, Member
from .spreadsheet_cells import plain_cell, safe_cell

FORMAT = 1
_NOTHING, _ESCAPE = "\\N", "\\"
_TABLES, _FILES = "tables", "files"
# A form as it was frozen is one cell.
_LONGEST_CELL = 64 * 1024 * 1024

Row = Mapping[str, str | None]


class ArchiveDamagedError(ValueError):
    """This is no archive of a round, or not as it was written. ``reason`` says what is wrong."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.message)
        self.reason = reason


def table_member(name: str, columns: Sequence[str], rows: Iterable[Sequence[str | None]]) -> Member:
    """One table as a member of the archive, its rows in the order in which they come."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(text) for text in row])
    return Member((_TABLES,), f"{name}.csv", out.getvalue().encode("utf-8-sig"))


def file_member(sha256: str, content: bytes | None) -> Member:
    """A stored file under its digest; None where it is gone, which the manifest says."""
    return Member((_FILES,), sha256, content)


def _cell(text: str | None) -> str:
    if text is None:
        return _NOTHING
    return safe_cell(_ESCAPE + text if text.startswith(_ESCAPE) else text)


def _text(cell: str) -> str | None:
    if cell == _NOTHING:
        return None
    plain = plain_cell(cell)
    return plain[1:] if plain.startswith(_ESCAPE) else plain


@dataclass(frozen=True, slots=True)
class RoundArchive:
    """An archive that was read: what its manifest says, its tables, and its files by their digests."""

    facts: Mapping[str, Any]
    tables: Mapping[str, Sequence[Row]]
    missing: frozenset[str]
    _packed: zipfile.ZipFile

    @property
    def files(self) -> list[str]:
        """The digests of the files that are in it."""
        prefix = f"{_FILES}/"
        return sorted(name.removeprefix(prefix) for name in self._packed.namelist() if name.startswith(prefix))

    def size(self, sha256: str) -> int:
        """How long a file is, in bytes."""
        return self._packed.getinfo(f"{_FILES}/{sha256}").file_size

    def file(self, sha256: str) -> IO[bytes]:
        """One file as a stream."""
        return self._packed.open(f"{_FILES}/{sha256}")


def read_archive(stream: IO[bytes]) -> RoundArchive:
    """Read an archive and hold every member against the manifest; ArchiveDamagedError for anything that differs."""
    try:
        packed = zipfile.ZipFile(stream)
        manifest = json.loads(packed.read(MANIFEST))
        facts = {key: value for key, value in manifest.items() if key != "files"}
        listed = {line["path"]: line for line in manifest["files"]}
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ArchiveDamagedError(Reason(N_("This is not the archive of a round."))) from error
    if facts.get("format") != FORMAT:
        raise ArchiveDamagedError(Reason(N_("This archive was written by another version of the program.")))
    present = set(packed.namelist()) - {MANIFEST}
    missing = {path for path, line in listed.items() if line.get("missing")}
    if present != set(listed) - missing:
        raise ArchiveDamagedError(Reason(N_("The archive's members are not those of its manifest.")))
    for path in sorted(present):
        _hold(packed, path, listed[path])
    tables = {
        path.removeprefix(f"{_TABLES}/").removesuffix(".csv"): _rows(packed.read(path))
        for path in sorted(present)
        if path.startswith(f"{_TABLES}/")
    }
    return RoundArchive(facts, tables, frozenset(path.rpartition("/")[2] for path in missing), packed)


def _hold(packed: zipfile.ZipFile, path: str, line: Mapping[str, Any]) -> None:
    hasher = hashlib.sha256()
    try:
        with packed.open(path) as member:
            while chunk := member.read(1 << 20):
                hasher.update(chunk)
    except (zipfile.BadZipFile, OSError) as error:
        raise ArchiveDamagedError(Reason(N_("“%(name)s” cannot be read."), values={"name": path})) from error
    if hasher.hexdigest() != line.get("sha256"):
        raise ArchiveDamagedError(Reason(N_("“%(name)s” is not what was written."), values={"name": path}))


def _rows(content: bytes) -> list[Row]:
    usual = csv.field_size_limit(_LONGEST_CELL)
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        columns = next(reader)
        return [dict(zip(columns, map(_text, row), strict=True)) for row in reader]
    finally:
        csv.field_size_limit(usual)  # other papers are still held to theirs
