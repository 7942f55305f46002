"""Attaching files to a field, replacing and removing them, and saying what they prove."""

from __future__ import annotations

import dataclasses
import logging
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import clock
from ..documents.archives import inspect_file
from ..documents.scanning import Finding, Scanner
from ..evaluation import file_kinds
from ..extensions import db
from ..model import Attachment, Entry, Submission
from ..model.kept import programme_of, settings_of
from ..programmes.schema import FieldType
from ..storage import Incoming, LocalStorage, TooLargeError
from ..transact import Receipt, carry_out
from ..words import DECIDED, N_, Reason, Role, ScanState, State
from ..workflow.errors import ForbiddenError, HiddenError, InvalidError, MalformedError, StaleError
from ..workflow.journal import Origin
from ..workflow.policy import Action
from . import holding
from .answering import NotEditableError, is_open, require_editable
from .due import last_day
from .standing import SERVED_LIST

log = logging.getLogger("hbreview")
MOST_PER_FIELD = 20
# All files that were ever given for one form, removed ones too, as they are kept. In bytes.
QUOTA = 500 * 1024 * 1024
LONGEST_PAGES = 40
# Evidence that belongs to no field of the form: what it proves is said file by file.
EVIDENCE = "evidence"
REPORT = "audit_report_file"
# Files that other people than the enterprise give, the states in which they do, and who.
BY_OTHERS: Mapping[str, tuple[Role, frozenset[State]]] = {
    "city_seal": (Role.CITY, frozenset({State.SUBMITTED})),
    REPORT: (Role.AUDITOR, frozenset({State.CITY_REVIEWED})),
}
# Whose the audit's report is, and when, in a round that has the enterprise bring it.
BROUGHT = (Role.ENTERPRISE, frozenset({State.DRAFT, State.SUBMITTED, State.CITY_REVIEWED}))


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it arrives: its name as the person's machine calls it, and its content."""

    name: str
    stream: IO[bytes]


@dataclass(frozen=True, slots=True)
class Attaching:
    """Which file for which field of which submission, made on which version; ``exact``: on no other (C04).

    ``replaces`` is the attachment whose place it takes; ``counts`` what it counts, where it is a list.
    """

    submission: str
    version: int
    field: str
    upload: Upload
    exact: bool = False
    replaces: str = ""
    counts: Mapping[str, int] = dataclasses.field(default_factory=dict)


def attach(
    attaching: Attaching, *, origin: Origin, storage: LocalStorage, limit: int, scanner: Scanner | None = None
) -> Receipt:
    """Store the file and attach it; ``limit`` in bytes. The receipt's target is the attachment.

    A file may join a form that somebody else changed meanwhile, as it replaces nothing; but it may not be
    made on a form that has moved on since (StaleError, NotEditableError). InvalidError for a file not taken. Nothing
    is stored of a file that is refused, and one whose turn it is not is refused before it is read (U11).
    """
    if attaching.field == SERVED_LIST:
        raise MalformedError("field")  # a list comes in by ``listing``, which reads it
    return take_in(attaching, origin=origin, storage=storage, limit=limit, scanner=scanner)


def take_in(
    attaching: Attaching,
    *,
    origin: Origin,
    storage: LocalStorage,
    limit: int,
    scanner: Scanner | None = None,
    also: Callable[[Session, Submission, Attachment], None] | None = None,
) -> Receipt:
    """As ``attach``, for every field; ``also`` is done in the same transaction, before the journal's entry."""
    require_turn_now(attaching.submission, attaching.field, origin=origin)
    with received(attaching.upload, storage=storage, limit=limit, scanner=scanner) as (incoming, looked):
        facts = looked | {"counts": dict(attaching.counts)}

        def work(session: Session) -> Receipt:
            receipt = _attach(session, attaching, origin, facts=facts, also=also)
            storage.keep(incoming)
            return receipt

        return carry_out(work, origin=origin)


@contextmanager
def received(
    upload: Upload, *, storage: LocalStorage, limit: int, scanner: Scanner | None
) -> Iterator[tuple[Incoming, dict[str, object]]]:
    """A file that was looked at and found to do, and the columns that its row gets; InvalidError otherwise.

    It is kept only by ``storage.keep``, inside the transaction that keeps its row.
    """
    name = file_kinds.clean_name(upload.name)
    kind = _kind(name, upload.stream)
    if storage.is_nearly_full():
        log.error("the file store is nearly full")
    try:
        with storage.receive(upload.stream, limit=limit) as incoming:
            facts: dict[str, object] = {"name": name, "media_type": kind, "scan": _scanned(incoming, scanner)}
            yield incoming, facts | {"size": incoming.size, "sha256": incoming.sha256}
    except TooLargeError as error:
        most = {"size": f"{limit // (1024 * 1024)} MB"}
        reason = Reason(N_("The file is larger than %(size)s."), "file", "U02", most)
        raise InvalidError([reason]) from error


def _kind(name: str, stream: IO[bytes]) -> str:
    """The media type by name and content; InvalidError for a file that is not taken (U01, U03, U07)."""
    beginning = stream.read(16)
    stream.seek(0)
    kind = file_kinds.media_type(name, beginning)
    fault = kind if isinstance(kind, Reason) else inspect_file(stream, kind)
    stream.seek(0)
    if isinstance(kind, Reason) or fault is not None:
        raise InvalidError([fault or kind])  # type: ignore[list-item]  # one of the two is a reason here
    return kind


def _scanned(incoming: Incoming, scanner: Scanner | None) -> ScanState:
    """What the scanner says. One that does not answer leaves the file waiting, never clean by default (U10)."""
    if scanner is None:
        return ScanState.OFF
    with incoming.path.open("rb") as stream:
        result = scanner.scan(stream)
    if result.finding is Finding.INFECTED:
        log.warning("an upload is infected: %s", result.signature)
        raise InvalidError([Reason(N_("The virus scanner refuses this file."), "file", "U10")])
    return ScanState.CLEAN if result.finding is Finding.CLEAN else ScanState.WAITING


def _attach(
    session: Session,
    attaching: Attaching,
    origin: Origin,
    *,
    facts: dict[str, object],
    also: Callable[[Session, Submission, Attachment], None] | None,
) -> Receipt:
    submission = holding.hold(session, attaching.submission, origin=origin, action=Action.ATTACH)
    if attaching.version > submission.version:
        raise MalformedError("version")
    if attaching.exact:
        holding.require_version(submission, attaching.version)
    _require_turn(session, submission, attaching.field, origin=origin)
    _require_scan(session, submission, attaching.field, kind=str(facts["media_type"]))
    old = _replaced(session, submission, attaching)
    _require_room(session, submission, attaching.field, more=0 if old else 1, facts=facts)
    row = Attachment(
        submission_id=submission.id,
        field=attaching.field,
        person_id=origin.actor.person_id if origin.actor else 0,
        created_at=clock.now(),
        proves=dict(old.proves) if old else {},
        **facts,
    )
    session.add(row)
    session.flush()
    data = {"field": attaching.field, "sha256": row.sha256, "size": row.size}
    if old:
        old.removed_at = row.created_at
        data["replaced"] = old.public_id
    if row.counts:
        data["counts"] = row.counts
    if also:
        also(session, submission, row)
    act = "replace_attachment" if old else "attach"
    holding.record(session, submission, origin=origin, act=act, target=row.public_id, data=data)
    return Receipt(row.public_id, submission.version)


def _require_scan(session: Session, submission: Submission, key: str, *, kind: str) -> None:
    """What bears a seal is a scan: nobody can seal a Word file."""
    programme = programme_of(session, submission.programme_version_id)
    sealed = programme.has_field(key) and programme.field(key).type is FieldType.ATTACHMENT
    if (sealed or key in BY_OTHERS) and kind not in file_kinds.SHOWN_INLINE:
        raise InvalidError([Reason(N_("Please give a scan: a PDF or a picture."), "file", "K4")])


def _replaced(session: Session, submission: Submission, attaching: Attaching) -> Attachment | None:
    if not attaching.replaces:
        return None
    row = session.scalar(
        select(Attachment).where(
            Attachment.public_id == attaching.replaces,
            Attachment.submission_id == submission.id,
            Attachment.field == attaching.field,
        )
    )
    if row is None:
        raise HiddenError
    if row.removed_at is not None:
        raise StaleError(submission.version)
    return row


def _require_room(
    session: Session, submission: Submission, key: str, *, more: int, facts: Mapping[str, object]
) -> None:
    """C15, U12: so many files a field, so many bytes a form; counted under the submission's lock."""
    live = Attachment.removed_at.is_(None) & (Attachment.field == key)
    own = Attachment.field.not_in(BY_OTHERS) & Attachment.comment_id.is_(None)
    count, size = session.execute(
        select(
            func.count().filter(live),
            func.coalesce(func.sum(Attachment.size).filter(own), 0),
        ).where(Attachment.submission_id == submission.id)
    ).one()
    most = 1 if key == SERVED_LIST else MOST_PER_FIELD
    if count + more > most:
        raise InvalidError([Reason(N_("A field takes at most %(count)s files."), "file", "C15", {"count": str(most)})])
    if key not in BY_OTHERS and int(size) + int(str(facts["size"])) > QUOTA:
        limit = {"size": f"{QUOTA // (1024 * 1024)} MB"}
        raise InvalidError([Reason(N_("All files of a form together are at most %(size)s."), "file", "U12", limit)])


def remove(public_id: str, version: int, *, origin: Origin) -> Receipt:
    """Take an attachment out of the form. Row and file stay for whoever could read the earlier revision."""
    return carry_out(lambda session: _remove(session, public_id, version, origin=origin), origin=origin)


def _remove(session: Session, public_id: str, version: int, *, origin: Origin) -> Receipt:
    row, submission = _held(session, public_id, version, origin=origin)
    row.removed_at = clock.now()
    data = {"field": row.field, "sha256": row.sha256}
    holding.record(session, submission, origin=origin, act="remove_attachment", target=row.public_id, data=data)
    return Receipt(submission.public_id, submission.version)


def link_evidence(public_id: str, version: int, *, proves: Mapping[str, str], origin: Origin) -> Receipt:
    """Say which indicators a file proves, and on which pages (empty: the whole file).

    ``proves`` is all of it, by the indicator's number; InvalidError for an unknown one or too long a text.
    """
    return carry_out(lambda session: _link(session, public_id, version, proves=proves, origin=origin), origin=origin)


def _link(session: Session, public_id: str, version: int, *, proves: Mapping[str, str], origin: Origin) -> Receipt:
    row, submission = _held(session, public_id, version, origin=origin)
    programme = programme_of(session, submission.programme_version_id)
    orders = {str(indicator.order) for indicator in programme.indicators}
    if unknown := [order for order in proves if order not in orders]:
        raise MalformedError(unknown[0])
    pages = {order: _pages(text) for order, text in proves.items()}
    later = select(Entry.sequence).where(
        Entry.submission_id == submission.id, Entry.target == row.public_id, Entry.act == "link_evidence",
        Entry.version_to > version,
    )  # fmt: skip
    if pages != row.proves and session.scalar(later.limit(1)) is not None:
        raise StaleError(submission.version)
    if pages != row.proves:
        row.proves = pages
        data = {"proves": pages}
        holding.record(session, submission, origin=origin, act="link_evidence", target=row.public_id, data=data)
    return Receipt(submission.public_id, submission.version)


def _pages(text: str) -> str:
    """Pages as they are written everywhere: 3-5, 9; empty for the whole file. InvalidError for anything else."""
    plain = unicodedata.normalize("NFKC", text)
    plain = re.sub(r"[第页]|pp?\.", "", re.sub(r"[~—–至到]", "-", re.sub(r"[、;]", ",", plain)))
    plain = "".join(plain.split())
    if not re.fullmatch(r"(\d{1,4}(-\d{1,4})?(,\d{1,4}(-\d{1,4})?)*)?", plain, re.ASCII) or len(plain) > LONGEST_PAGES:
        raise InvalidError([Reason(N_("Please give pages as 3-5, 9."), "pages")])
    return plain.replace(",", ", ")


def _held(session: Session, public_id: str, version: int, *, origin: Origin) -> tuple[Attachment, Submission]:
    """A live attachment and its locked submission, for whoever's turn it is."""
    row = session.scalar(select(Attachment).where(Attachment.public_id == public_id))
    if row is None:
        raise HiddenError
    address = session.scalar(select(Submission.public_id).where(Submission.id == row.submission_id))
    submission = holding.hold(session, address or "", origin=origin, action=Action.ATTACH)
    if version > submission.version:
        raise MalformedError("version")
    _require_turn(session, submission, row.field, origin=origin)
    session.refresh(row)
    if row.removed_at is not None:
        raise StaleError(submission.version)
    return row, submission


def require_turn_now(public_id: str, key: str, *, origin: Origin) -> None:
    """Refuse a file whose turn it is not before its content is looked at (U11); errors as ``attach``."""
    session = db.session()
    submission = holding.look_at(session, public_id, origin=origin, action=Action.ATTACH)
    _require_turn(session, submission, key, origin=origin)


def is_expected(session: Session, submission: Submission, key: str, *, origin: Origin) -> bool:
    """Whether it is this person's turn to give files for a field now; the submission's round must be loaded."""
    try:
        _require_turn(session, submission, key, origin=origin)
    except (ForbiddenError, NotEditableError):
        return False
    return True


def _require_turn(session: Session, submission: Submission, key: str, *, origin: Origin) -> None:
    """Each field's files come from those whose turn it is: R5, and the states of the chain."""
    role = origin.actor.role if origin.actor else None
    programme = programme_of(session, submission.programme_version_id)
    if key in BY_OTHERS:
        brought = key == REPORT and settings_of(submission.round, programme).enterprise_brings_report
        by, states = BROUGHT if brought else BY_OTHERS[key]
        if role is not by:
            raise ForbiddenError
        if submission.state not in states:
            raise NotEditableError(N_("This file is not expected in the present state."))
        if submission.round.state in DECIDED:
            raise NotEditableError(N_("The outcomes of this round are public: nothing of it changes any more."))
        return
    if role is not Role.ENTERPRISE:
        raise ForbiddenError
    require_editable(submission)
    if clock.today() > last_day(submission):
        raise NotEditableError(N_("The deadline is over: no more files are taken."))
    takers = {f.key for f in programme.enterprise_fields if f.attachable or f.type is FieldType.ATTACHMENT}
    if key not in takers | {EVIDENCE, SERVED_LIST}:
        raise MalformedError("field")
    counted = [field.key for field in programme.fields if field.counted] if key == SERVED_LIST else [key]
    if key != EVIDENCE and not all(is_open(submission, one) for one in counted):
        raise NotEditableError(N_("This was not returned for mending: it stays as it was sent."))
