"""Bringing a new version of a programme: read, examined, laid aside to be looked at, and kept for rounds to use."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from .. import clock
from ..documents.programme_workbook import rewritten
from ..evaluation.values import parse
from ..model import ProgrammeVersion
from ..programmes import loader
from ..programmes.examination import MOST_BYTES, decoded, examined
from ..programmes.schema import Field, FieldType, Programme
from ..storage import DamagedFileError, LocalStorage
from ..transact import Receipt, carry_out
from ..words import N_, Label, Reason
from ..workflow import journal
from ..workflow.errors import HiddenError, InvalidError
from ..workflow.journal import Deed, Origin

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ZIP = b"PK"
_NOTE = Field("note", Label("说明", "Note"), 0, FieldType.TEXTAREA, max_length=500)


@dataclass(frozen=True, slots=True)
class Brought:
    """A file as it came; ``year`` and ``programme``: what it should be; ``base``: the version a workbook changes."""

    content: bytes
    year: int | None = None
    programme: str = ""
    base: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """A version: kept (with its row), shipped with the application, or laid aside and not kept yet."""

    programme: Programme
    source: str
    row: ProgrammeVersion | None = None
    shipped: bool = False

    @property
    def kept(self) -> bool:
        """Whether rounds can use it."""
        return self.shipped or self.row is not None


def lay_aside(session: Session, brought: Brought, *, storage: LocalStorage) -> Programme:
    """Read and examine a file and put its text aside by its digest; InvalidError with every reason why not.

    Nothing is kept for rounds by this, so the journal has no entry of it.
    """
    text = _text_of(session, brought, storage=storage)
    programme = examined(text, year=brought.year, key=brought.programme)
    if isinstance(programme, list):
        raise InvalidError(programme)
    storage.put(io.BytesIO(text.encode("utf-8")), limit=MOST_BYTES)
    return programme


def _text_of(session: Session, brought: Brought, *, storage: LocalStorage) -> str:
    """The text of a TOML file, or the base's with what a workbook changed."""
    if not brought.content.startswith(_ZIP):
        text = decoded(brought.content)
        if isinstance(text, Reason):
            raise InvalidError([text])
        return text
    base = version_of(session, brought.base, storage=storage)
    if base is None:
        raise InvalidError([Reason(N_("Please choose the version that the workbook changes."), "base")])
    found = rewritten(base.source, brought.content, year=brought.year)
    if not isinstance(found, str):
        raise InvalidError(found)
    if len(found.encode("utf-8")) > MOST_BYTES:
        raise InvalidError([Reason(N_("The file is too large: a programme file has at most 1 MiB."), "file")])
    return found


def version_of(session: Session, digest: str, *, storage: LocalStorage) -> Version | None:
    """The version of this digest, wherever it is; None when there is none, or the text is no programme."""
    if not _DIGEST.fullmatch(digest):
        return None
    query = select(ProgrammeVersion).where(ProgrammeVersion.digest == digest)
    row = session.scalar(query.options(undefer(ProgrammeVersion.source)))
    shipped = _shipped_source(digest)
    source = shipped if row is None else row.source
    if row is not None or shipped:
        return Version(loader.load_text(source, source=digest[:12]), source, row, shipped=bool(shipped))
    try:
        text = decoded(storage.read(digest))
    except DamagedFileError:
        return None
    found = examined(text) if isinstance(text, str) else None
    return Version(found, str(text)) if isinstance(found, Programme) else None


def _shipped_source(digest: str) -> str:
    for year, key, _path in loader.available():
        if loader.shipped(key, year).digest == digest:
            return loader.source_text(key, year)
    return ""


def keep_programme(digest: str, note: str, *, origin: Origin, storage: LocalStorage) -> Receipt:
    """Keep a version that was laid aside, so that rounds can be planned with it.

    HiddenError when nothing of this digest was laid aside, InvalidError when it is kept already.
    """
    said = parse(_NOTE, note)
    if isinstance(said, Reason):
        raise InvalidError([Reason(said.message, "note", values=said.values)])
    return carry_out(lambda session: _keep(session, digest, said, origin=origin, storage=storage), origin=origin)


def _keep(session: Session, digest: str, note: str, *, origin: Origin, storage: LocalStorage) -> Receipt:
    found = version_of(session, digest, storage=storage)
    if found is None:
        raise HiddenError
    programme, now = found.programme, clock.now()
    data = {"programme": programme.key, "year": programme.year, "note": note}
    # The entry first: the journal's head is locked from here on, so of two at once the second finds the first's row.
    journal.append(session, origin=origin, deed=Deed(act="keep_programme", target=digest, data=data), at=now)
    there = session.scalar(select(ProgrammeVersion.id).where(ProgrammeVersion.digest == digest))
    if found.kept or there is not None:
        raise InvalidError([Reason(N_("This version is there already."), "note")])
    session.add(
        ProgrammeVersion(
            programme=programme.key, year=programme.year, digest=digest, source=found.source,
            uploaded_by=origin.actor.person_id if origin.actor else None, uploaded_at=now, note=note,
        )
    )  # fmt: skip
    session.flush()
    return Receipt(digest)
