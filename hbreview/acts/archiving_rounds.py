"""A whole round out and in again: its rows, its files, its part of the journal, and the chain that it hangs in.

What belongs to a round is one table here; a test holds that every table of the schema is named in it. Accounts come
without passwords and addresses. Entries of the journal that are not the round's are left out but for their hashes,
so that the chain can still be followed (Z15: a business role reads no log).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import IO, Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Date,
    Enum,
    Integer,
    Table,
    false,
    func,
    select,
    text,
    true,
)
from sqlalchemy.orm import Session

from .. import clock
from ..documents import round_archive
from ..documents.bundle import Member, bundle
from ..documents.round_archive import RoundArchive, Row
from ..extensions import db
from ..model import Base, Entry, Organisation, Round
from ..model.base import Moment, Tenths
from ..storage import DamagedFileError, LocalStorage
from ..transact import Receipt, carry_out
from ..words import N_, Reason
from ..workflow import journal
from ..workflow.errors import HiddenError, InvalidError
from ..workflow.journal import LEFT_OUT, Deed, Origin

Tables = Mapping[str, Table]
_T: Tables = Base.metadata.tables
_BATCH = 500


class Kept(StrEnum):
    """Why a table is in no archive."""

    SESSION = "of a browser or a screen, no fact of the evaluation"
    MACHINE = "a key or an address of another machine"
    LETTER = "made anew from the journal where letters are sent"
    OTHERS = "a city's or a person's own, beside any round"


LEFT_ALONE: Mapping[str, Kept] = {
    "sign_ins": Kept.SESSION, "presences": Kept.SESSION, "looks": Kept.SESSION, "saved_views": Kept.SESSION,
    "invitations": Kept.SESSION, "journal_head": Kept.LETTER, "mails": Kept.LETTER, "mail_cursor": Kept.LETTER,
    "api_tokens": Kept.MACHINE, "webhooks": Kept.MACHINE, "webhook_deliveries": Kept.MACHINE,
    "phrases": Kept.OTHERS, "deputies": Kept.OTHERS, "city_settings": Kept.OTHERS,
}  # fmt: skip
_BY_SUBMISSION = (
    "answers", "revisions", "opinions", "comments", "attachments", "audit_records", "score_sheets", "score_sets",
    "reviews", "returns", "sign_offs", "rulings",
)  # fmt: skip
# Exported last, as far as the others name them.
NAMED = ("people", "experts", "organisations", "firms")
# What an account keeps for itself.
_BLANKED = {"people": {"password_hash": None, "email": ""}}


def _conditions(round_: Round) -> dict[str, ColumnElement[bool]]:
    """Which rows of each table are the round's."""
    here = _T["submissions"].c.round_id == round_.id
    subs = select(_T["submissions"].c.id).where(here)
    organisations = select(_T["submissions"].c.organisation_id).where(here)
    programmes = select(_T["round_programmes"].c.programme).where(_T["round_programmes"].c.round_id == round_.id)
    planned = select(_T["round_programmes"].c.version_id).where(_T["round_programmes"].c.round_id == round_.id)
    used = select(_T["submissions"].c.programme_version_id).where(here)
    rosters_here = (_T["rosters"].c.round_id == round_.id) | (
        _T["rosters"].c.round_id.is_(None) & _T["rosters"].c.programme.in_(programmes)
    )
    rosters = select(_T["rosters"].c.id).where(rosters_here)
    sheets = select(_T["score_sheets"].c.id).where(_T["score_sheets"].c.submission_id.in_(subs))
    files = select(_T["attachments"].c.id).where(_T["attachments"].c.submission_id.in_(subs))
    designations = select(_T["designations"].c.id).where(_T["designations"].c.roster_id.in_(rosters))
    told = select(_T["announcements"].c.id).where(_T["announcements"].c.round_id == round_.id)
    return {
        **{name: _T[name].c.submission_id.in_(subs) for name in _BY_SUBMISSION},
        "rounds": _T["rounds"].c.id == round_.id,
        "round_programmes": _T["round_programmes"].c.round_id == round_.id,
        "programme_versions": _T["programme_versions"].c.id.in_(planned.union(used)),
        "submissions": here,
        "served_enterprises": _T["served_enterprises"].c.attachment_id.in_(files),
        "scores": _T["scores"].c.sheet_id.in_(sheets),
        "sheet_versions": _T["sheet_versions"].c.sheet_id.in_(sheets),
        "draws": _T["draws"].c.round_id == round_.id,
        "rosters": rosters_here,
        "designations": _T["designations"].c.roster_id.in_(rosters),
        "objections": _T["objections"].c.round_id == round_.id,
        "decision_letters": _T["decision_letters"].c.designation_id.in_(designations),
        "title_decisions": _T["title_decisions"].c.organisation_id.in_(organisations),
        "interests": _T["interests"].c.organisation_id.in_(organisations),
        "monthly_records": _T["monthly_records"].c.organisation_id.in_(organisations)
        & (_T["monthly_records"].c.year == round_.year),
        "announcements": _T["announcements"].c.round_id == round_.id,
        "announcement_readers": _T["announcement_readers"].c.announcement_id.in_(told),
        "counters": true(),
        "journal": (_T["journal"].c.round_id == round_.id) | _T["journal"].c.submission_id.in_(subs),
    }


def take_snapshot(session: Session) -> None:
    """Everything that is read from here on is of one moment, whoever writes meanwhile."""
    session.rollback()
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def archive_members(session: Session, round_: Round, storage: LocalStorage) -> Iterator[Member]:
    """Every member of the round's archive: tables first, then the files that they name."""
    seen: dict[str, set[Any]] = {name: set() for name in NAMED}
    digests: set[str] = set()
    conditions = _conditions(round_)
    for name in sorted(conditions):
        yield _member(session, _T[name], conditions[name], seen=seen, digests=digests)
    for name in NAMED:
        table = _T[name]
        key = table.c.person_id if name == "experts" else table.c.id
        wanted = seen["people"] if name == "experts" else seen[name]
        yield _member(session, table, key.in_(wanted) if wanted else false(), seen=seen, digests=digests)
    yield _chain(session)
    for digest in sorted(digests):
        yield round_archive.file_member(digest, _content(storage, digest))


def _member(
    session: Session, table: Table, condition: ColumnElement[bool], *, seen: dict[str, set[Any]], digests: set[str]
) -> Member:
    rows = session.execute(select(table).where(condition).order_by(*table.primary_key.columns)).mappings().all()
    blanked = _BLANKED.get(table.name, {})
    for row in rows:
        for column in table.columns:
            for key in column.foreign_keys:
                if key.column.table.name in seen and row[column.name] is not None:
                    seen[key.column.table.name].add(row[column.name])
        digests |= _digests(row)
    columns = [column.name for column in table.columns]
    return round_archive.table_member(
        table.name,
        columns,
        ([_as_text(blanked.get(name, row[name])) for name in columns] for row in rows),
    )


def _digests(row: Mapping[Any, Any]) -> set[str]:
    """The stored files that a row names: an attachment its own, an objection its evidence."""
    named = {row["sha256"]} if "sha256" in row else set()
    files = row["files"] if "files" in row and isinstance(row["files"], list) else []
    return named | {file["sha256"] for file in files if "sha256" in file}


def _content(storage: LocalStorage, digest: str) -> bytes | None:
    try:
        return storage.read(digest)
    except DamagedFileError:
        return None


def _chain(session: Session) -> Member:
    """Number and hash of every entry of the journal, whose ever it is."""
    rows = session.execute(select(Entry.sequence, Entry.hash).order_by(Entry.sequence))
    return round_archive.table_member("journal_chain", ["sequence", "hash"], ([str(row[0]), row[1]] for row in rows))


def archive_facts(session: Session, round_: Round) -> dict[str, object]:
    """What the manifest says beside the members."""
    head = session.execute(select(Entry.sequence, Entry.hash).order_by(Entry.sequence.desc()).limit(1)).first()
    return {
        "format": round_archive.FORMAT, "round": round_.public_id, "year": round_.year, "title": round_.title,
        "state": round_.state.value, "exported_at": clock.now().isoformat(timespec="seconds"),
        "journal_head": [head[0], head[1]] if head else None,
    }  # fmt: skip


def export_round(round_id: str, *, storage: LocalStorage, origin: Origin) -> IO[bytes]:
    """The archive of a round, at its beginning; that it is taken is written down first. HiddenError for none."""

    def work(session: Session) -> Receipt:
        round_ = session.scalar(select(Round).where(Round.public_id == round_id))
        if round_ is None:
            raise HiddenError
        deed = Deed(act="export_round", target=round_.public_id, round_id=round_.id)
        journal.append(session, origin=origin, deed=deed, at=clock.now())
        return Receipt(round_.public_id)

    carry_out(work, origin=origin)
    session = db.session()
    take_snapshot(session)
    round_ = session.scalars(select(Round).where(Round.public_id == round_id)).one()
    return bundle(archive_members(session, round_, storage), facts=archive_facts(session, round_))


def _as_text(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and not isinstance(value, StrEnum)):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value.value if isinstance(value, StrEnum) else value)


_READERS: tuple[tuple[type, Callable[[Any, str], Any]], ...] = (
    (Moment, lambda _type, cell: datetime.fromisoformat(cell)),
    (Tenths, lambda _type, cell: Decimal(cell)),
    (Boolean, lambda _type, cell: cell == "1"),
    (Date, lambda _type, cell: date.fromisoformat(cell)),
    (JSON, lambda _type, cell: json.loads(cell)),
    (Enum, lambda type_, cell: type_.enum_class(cell)),
    (Integer, lambda _type, cell: int(cell)),
)


def _as_value(column: Column[Any], cell: str | None) -> Any:
    if cell is None:
        return None
    for kind, read in _READERS:
        if isinstance(column.type, kind):
            return read(column.type, cell)
    return cell


def restore_round(archive: RoundArchive, *, storage: LocalStorage, origin: Origin) -> Receipt:
    """Put a round that was read from its archive into an empty database, as it was. InvalidError unless it is empty."""
    _require_empty(db.session())
    for digest in archive.files:
        with archive.file(digest) as stream:
            storage.put(stream, limit=archive.size(digest))
    return carry_out(lambda session: _restore(session, archive, origin))


def _require_empty(session: Session) -> None:
    if any(session.scalar(select(func.count()).select_from(table)) for table in (Round, Organisation, Entry)):
        raise InvalidError([Reason(N_("The database is not empty: a round is read into a new one."))])


def _restore(session: Session, archive: RoundArchive, origin: Origin) -> Receipt:
    _require_empty(session)
    for table in Base.metadata.sorted_tables:
        rows = archive.tables.get(table.name, [])
        if table.name == "journal":
            rows = _whole_chain(archive)
        for start in range(0, len(rows), _BATCH):
            session.execute(table.insert(), [_values(table, row) for row in rows[start : start + _BATCH]])
        if session.get_bind().dialect.name == "postgresql" and "id" in table.columns and rows:
            session.execute(
                text(f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), (SELECT max(id) FROM {table.name}))")  # noqa: S608 - names of our own tables
            )
    head = archive.facts["journal_head"]
    round_id = str(archive.facts["round"])
    data = {"round": round_id, "head": head[0] if head else 0, "exported_at": archive.facts["exported_at"]}
    journal.append(session, origin=origin, deed=Deed(act="import_round", target=round_id, data=data), at=clock.now())
    return Receipt(round_id)


def _values(table: Table, row: Row) -> dict[str, Any]:
    return {column.name: _as_value(column, row.get(column.name)) for column in table.columns}


def _whole_chain(archive: RoundArchive) -> list[Row]:
    """The round's entries, and for each of the others its hash in its place."""
    own = {row["sequence"]: row for row in archive.tables["journal"]}
    rows: list[Row] = []
    previous: str | None = journal.GENESIS
    for link in archive.tables["journal_chain"]:
        rows.append(own.get(link["sequence"]) or _left_out(link, previous, at=str(archive.facts["exported_at"])))
        previous = link["hash"]
    return rows


def _left_out(link: Row, previous: str | None, *, at: str) -> Row:
    return {
        "sequence": link["sequence"], "at": at, "actor": "", "role": "", "scope": "", "act": LEFT_OUT, "target": "",
        "data": "{}", "result": "done", "address": "", "request_id": "", "previous": previous, "hash": link["hash"],
    }  # fmt: skip
