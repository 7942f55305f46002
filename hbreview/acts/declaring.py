"""Declaring an interest in an organisation: whoever does is out of everything of it, at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from .. import clock
from ..model import Interest, Review, ScoreSheet, Submission
from ..transact import Receipt, carry_out
from ..words import N_, Reason
from ..workflow.errors import ForbiddenError, InvalidError
from ..workflow.journal import Deed, Origin, append
from ..workflow.policy import Action
from . import holding

LONGEST = 1000


def declare_interest(submission_id: str, reason: str, *, origin: Origin) -> Receipt:
    """An expert's sheet is withdrawn, and stays, locked, where it was handed in (Z09).

    What was assigned to a reviewer is free again, and the reviewer's second check void. InvalidError without a reason.
    """
    return carry_out(lambda session: _declare(session, submission_id, reason, origin=origin), origin=origin)


def _declare(session: Session, submission_id: str, reason: str, *, origin: Origin) -> Receipt:
    submission = holding.hold(session, submission_id, origin=origin, action=Action.DECLARE_INTEREST)
    if origin.actor is None:
        raise ForbiddenError
    reason = reason.replace("\0", "").strip()[:LONGEST]
    if not reason:
        raise InvalidError([Reason(N_("Please give the reason."), "interest", "R4")])
    person_id, now = origin.actor.person_id, clock.now()
    # Asked again now that the submission is held: two windows may have declared at once.
    declared = select(Interest.id).where(
        Interest.person_id == person_id, Interest.organisation_id == submission.organisation_id
    )
    if session.scalar(declared) is not None:
        return Receipt(submission.public_id, submission.version)
    session.add(
        Interest(
            person_id=person_id,
            organisation_id=submission.organisation_id,
            reason=reason,
            created_at=now,
        )
    )
    _free_work(session, submission.organisation_id, person_id=person_id, at=now)
    deed = Deed(
        act="declare_interest", target=submission.public_id, submission_id=submission.id,
        round_id=submission.round_id, data={"reason": reason},
    )  # fmt: skip
    append(session, origin=origin, deed=deed, at=now)
    return Receipt(submission.public_id, submission.version)


def _free_work(session: Session, organisation_id: int, *, person_id: int, at: datetime) -> None:
    """Sheets withdrawn, assigned reviews free, second checks void."""
    of_organisation = select(Submission.id).where(Submission.organisation_id == organisation_id)
    session.execute(
        update(ScoreSheet)
        .where(
            ScoreSheet.submission_id.in_(of_organisation),
            ScoreSheet.expert_id == person_id,
            ScoreSheet.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=at, version=ScoreSheet.version + 1)
    )
    for column in (Review.assignee_id, Review.checked_by):
        session.execute(
            update(Review)
            .where(Review.submission_id.in_(of_organisation), column == person_id)
            .values({column: None, Review.version: Review.version + 1})
        )
