"""Taking hold of an expert's score sheet, and recording what was done to it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from .. import clock
from ..model import Entry, ScoreSheet, Submission
from ..words import DECIDED, N_, State
from ..workflow.errors import HiddenError, StaleError
from ..workflow.journal import Deed, Origin, append
from .answering import NotEditableError


def own_sheet(session: Session, submission: Submission, origin: Origin) -> ScoreSheet:
    """The actor's live sheet of this submission, locked; HiddenError without one."""
    sheet = session.scalar(
        select(ScoreSheet)
        .where(
            ScoreSheet.submission_id == submission.id,
            ScoreSheet.expert_id == (origin.actor.person_id if origin.actor else 0),
            ScoreSheet.withdrawn_at.is_(None),
        )
        .options(selectinload(ScoreSheet.scores))
        .with_for_update(of=ScoreSheet)
        .execution_options(populate_existing=True)
    )
    if sheet is None:
        raise HiddenError
    return sheet


def is_scored_now(submission: Submission) -> bool:
    """Whether scores are given now: audited, and its round not decided. The submission's round must be loaded."""
    return submission.state is State.AUDITED and submission.round.state not in DECIDED


def require_open(submission: Submission, sheet: ScoreSheet) -> None:
    """NotEditableError before the audit, after the scoring was closed, once the sheet was handed in, and when the round
    is decided. The submission's round must be loaded."""
    if submission.round.state in DECIDED:
        raise NotEditableError(N_("The outcomes of this round are public: nothing of it changes any more."))
    if submission.state is not State.AUDITED:
        raise NotEditableError(N_("Scores are given after the audit and before the scoring is closed."))
    if sheet.handed_in_at is not None:
        raise NotEditableError(N_("The score sheet was handed in: it is locked."))


def require_since_reopening(session: Session, sheet: ScoreSheet, version: int) -> None:
    """StaleError for a whole form from before the sheet was reopened: sent again, it would undo that (S04)."""
    reopened = select(func.max(Entry.version_to)).where(Entry.act == "reopen_sheet", Entry.target == sheet.public_id)
    if version < (session.scalar(reopened.where(Entry.submission_id == sheet.submission_id)) or 0):
        raise StaleError(sheet.version)


def record(
    session: Session,
    submission: Submission,
    sheet: ScoreSheet,
    *,
    origin: Origin,
    act: str,
    data: Mapping[str, object],
) -> None:
    """Raise the sheet's version by one and append the act's entry."""
    before = sheet.version
    sheet.version = before + 1
    session.flush()
    deed = Deed(
        act=act, target=sheet.public_id, submission_id=submission.id, round_id=submission.round_id,
        versions=(before, before + 1), data=data,
    )  # fmt: skip
    append(session, origin=origin, deed=deed, at=clock.now())
