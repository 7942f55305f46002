"""Reminding an enterprise of what it still has to do: told through the journal, as everything is."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import clock
from ..model import Entry, Submission
from ..transact import Receipt, carry_out
from ..words import N_, Reason, Role, RoundState, State, Trigger
from ..workflow.errors import InvalidError
from ..workflow.journal import Deed, Origin, append
from ..workflow.policy import Action
from . import holding
from .due import last_day
from .standing import standing_of

ACT = "remind"


def remind(submission_id: str, *, origin: Origin) -> Receipt:
    """Remind the enterprise of an open form. InvalidError when it owes nothing, or was reminded today already."""
    return carry_out(lambda session: _remind(session, submission_id, origin=origin), origin=origin)


def _remind(session: Session, submission_id: str, *, origin: Origin) -> Receipt:
    submission = holding.hold(session, submission_id, origin=origin, action=Action.REMIND)
    if submission.state is not State.DRAFT or submission.round.state is not RoundState.OPEN:
        raise InvalidError([Reason(N_("There is nothing to remind of: the form is not with the enterprise."))])
    if reminded_today(session, submission):
        raise InvalidError([Reason(N_("It was reminded today already."))])
    deed = Deed(
        act=ACT, target=submission.public_id, submission_id=submission.id, round_id=submission.round_id,
        data=open_work(session, submission),
    )  # fmt: skip
    append(session, origin=origin, deed=deed, at=clock.now())
    return Receipt(submission.public_id, submission.version)


def open_work(session: Session, submission: Submission) -> dict[str, Any]:
    """What a reminder says: the case ("begin", "mend", "fill" or "send"), how much is missing, and the last day."""
    missing = len(standing_of(session, submission).missing)
    facts = {"day": last_day(submission).isoformat(), "missing": missing}
    if not _begun(session, submission):
        return facts | {"case": "begin"}
    if _returned(session, submission):
        return facts | {"case": "mend"}
    return facts | {"case": "fill" if missing else "send"}


def _begun(session: Session, submission: Submission) -> bool:
    """Whether the enterprise has ever done anything on this form."""
    query = select(Entry.sequence).where(
        Entry.submission_id == submission.id, Entry.role == Role.ENTERPRISE.value, Entry.result == "done"
    )
    return session.scalar(query.limit(1)) is not None


def _returned(session: Session, submission: Submission) -> bool:
    """Whether a return, and no withdrawal, made it a draft again."""
    query = select(Entry.act).where(Entry.submission_id == submission.id, Entry.state_to == State.DRAFT.value)
    return session.scalar(query.order_by(Entry.sequence.desc()).limit(1)) == Trigger.RETURN


def reminded_today(session: Session, submission: Submission) -> bool:
    """Whether somebody has reminded the enterprise of this form since midnight in Asia/Shanghai."""
    midnight = datetime.combine(clock.today(), time(), tzinfo=clock.SHANGHAI)
    query = select(Entry.sequence).where(Entry.submission_id == submission.id, Entry.act == ACT, Entry.at >= midnight)
    return session.scalar(query.limit(1)) is not None
