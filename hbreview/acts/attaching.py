"""Attaching files to a field, and removing them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import clock
from ..evaluation import file_kinds
from ..model import Attachment, Submission
from ..model.kept import programme_of
from ..programmes.schema import FieldType
from ..storage import LocalStorage, TooLargeError
from ..transact import Receipt, carry_out
from ..words import N_, Reason, Role, State
from ..workflow.errors import ForbiddenError, HiddenError, InvalidError, MalformedError, StaleError
from ..workflow.journal import Origin
from ..workflow.policy import Action
from . import holding
from .answering import NotEditableError, require_editable

MOST_PER_FIELD = 10
# Files that other people than the enterprise give, the state in which they do, and who.
_BY_OTHERS: Mapping[str, tuple[Role, State]] = {
    "city_seal": (Role.CITY, State.SUBMITTED),
    "audit_report_file": (Role.AUDITOR, State.CITY_REVIEWED),
}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it arrives: its name as the person's machine calls it, and its content."""

    name: str
    stream: IO[bytes]


@dataclass(frozen=True, slots=True)
class Attaching:
    """Which file for which field of which submission, made on which version; ``exact``: on no other (C04)."""

    submission: str
    version: int
    field: str
    upload: Upload
    exact: bool = False


def attach(attaching: Attaching, *, origin: Origin, storage: LocalStorage, limit: int) -> Receipt:
    """Store the file and attach it; ``limit`` in bytes. The receipt's target is the attachment.

    A file may join a form that somebody else changed meanwhile, as it replaces nothing; but it may not be
    made on a form that has moved on since (StaleError, NotEditableError). InvalidError for a file not taken.
    """
    name = file_kinds.clean_name(attaching.upload.name)
    beginning = attaching.upload.stream.read(16)
    attaching.upload.stream.seek(0)
    kind = file_kinds.media_type(name, beginning)
    if isinstance(kind, Reason):
        raise InvalidError([kind])
    try:
        sha256, size = storage.put(attaching.upload.stream, limit=limit)
    except TooLargeError as error:
        most = {"size": f"{limit // (1024 * 1024)} MB"}
        reason = Reason(N_("The file is larger than %(size)s."), "file", "U02", most)
        raise InvalidError([reason]) from error
    facts = {"name": name, "media_type": kind, "size": size, "sha256": sha256}
    return carry_out(lambda session: _attach(session, attaching, origin, facts=facts), origin=origin)


def _attach(session: Session, attaching: Attaching, origin: Origin, *, facts: dict[str, object]) -> Receipt:
    submission = holding.hold(session, attaching.submission, origin=origin, action=Action.ATTACH)
    if attaching.version > submission.version:
        raise MalformedError("version")
    _require_turn(session, submission, attaching.field, origin=origin)
    live = select(func.count()).where(
        Attachment.submission_id == submission.id,
        Attachment.field == attaching.field,
        Attachment.removed_at.is_(None),
    )
    if (session.scalar(live) or 0) >= MOST_PER_FIELD:
        most = {"count": str(MOST_PER_FIELD)}
        raise InvalidError([Reason(N_("A field takes at most %(count)s files."), "file", "C15", most)])
    person_id = origin.actor.person_id if origin.actor else 0
    row = Attachment(
        submission_id=submission.id,
        field=attaching.field,
        person_id=person_id,
        created_at=clock.now(),
        **facts,
    )
    session.add(row)
    session.flush()
    data = {"field": attaching.field, "sha256": row.sha256, "size": row.size}
    holding.record(session, submission, origin=origin, act="attach", target=row.public_id, data=data)
    return Receipt(row.public_id, submission.version)


def remove(public_id: str, version: int, *, origin: Origin) -> Receipt:
    """Take an attachment out of the form. Row and file stay for whoever could read the earlier revision."""
    return carry_out(lambda session: _remove(session, public_id, version, origin=origin), origin=origin)


def _remove(session: Session, public_id: str, version: int, *, origin: Origin) -> Receipt:
    row = session.scalar(select(Attachment).where(Attachment.public_id == public_id))
    if row is None:
        raise HiddenError
    address = session.scalar(select(Submission.public_id).where(Submission.id == row.submission_id))
    submission = holding.hold(session, address or "", origin=origin, action=Action.ATTACH)
    if version > submission.version:
        raise MalformedError("version")
    _require_turn(session, submission, row.field, origin=origin)
    if row.removed_at is not None:
        raise StaleError(submission.version)
    row.removed_at = clock.now()
    data = {"field": row.field, "sha256": row.sha256}
    holding.record(session, submission, origin=origin, act="remove_attachment", target=row.public_id, data=data)
    return Receipt(submission.public_id, submission.version)


def _require_turn(session: Session, submission: Submission, field: str, *, origin: Origin) -> None:
    """Each field's files come from those whose turn it is: R5, and the states of the chain."""
    role = origin.actor.role if origin.actor else None
    if field in _BY_OTHERS:
        by, state = _BY_OTHERS[field]
        if role is not by:
            raise ForbiddenError
        if submission.state is not state:
            raise NotEditableError(N_("This file is not expected in the present state."))
        return
    if role is not Role.ENTERPRISE:
        raise ForbiddenError
    require_editable(submission)
    programme = programme_of(session, submission.programme_version_id)
    takers = [f for f in programme.enterprise_fields if f.attachable or f.type is FieldType.ATTACHMENT]
    if field not in {taker.key for taker in takers}:
        raise MalformedError("field")
