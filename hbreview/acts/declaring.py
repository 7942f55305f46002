"""Declaring an interest in an organisation: whoever does is out of everything of it, at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session, joinedload

from .. import clock
from ..evaluation.lots import Pair
from ..model import Interest, Review, Round, ScoreSheet, Submission
from ..transact import Receipt, carry_out
from ..words import N_, UNDECIDED, Reason, State
from ..workflow.errors import ForbiddenError, InvalidError
from ..workflow.journal import Deed, Origin, append
from ..workflow.policy import Action, has_role_for
from . import holding
from .assigning import give
from .barring import rules_of
from .drawing_lots import Successor, draw_one_more

LONGEST = 1000


@dataclass(frozen=True, slots=True)
class _Left:
    """A sheet that somebody leaves, and who takes it over; None: nobody is left who may."""

    sheet: ScoreSheet
    submission: Submission
    successor: Successor | None = None


def declare_interest(submission_id: str, reason: str, *, origin: Origin) -> Receipt:
    """An expert's sheets are withdrawn, and stay, locked, where they were handed in (Z09); others are drawn at once.

    A submission whose scoring was closed keeps the sheets that its total comes of. What was assigned to a reviewer is
    free again, and the reviewer's second check void. InvalidError without a reason.
    """
    return carry_out(lambda session: _declare(session, submission_id, reason, origin=origin), origin=origin)


def _declare(session: Session, submission_id: str, reason: str, *, origin: Origin) -> Receipt:
    _lock_all(session, submission_id)
    submission = holding.hold(session, submission_id, origin=origin, action=Action.DECLARE_INTEREST)
    if origin.actor is None:
        raise ForbiddenError
    reason = reason.replace("\r\n", "\n").replace("\0", "").strip()[:LONGEST]
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
    session.flush()
    left = _withdrawn(session, submission.organisation_id, person_id=person_id, at=now)
    _free_reviews(session, submission.organisation_id, person_id=person_id)
    # Without work of an expert's there is nothing to replace.
    found = _successors(session, left) if has_role_for(origin.actor, Action.MARK) else []
    data: dict[str, Any] = {"reason": reason}
    if lacking := [one.submission.public_id for one in found if one.successor is None]:
        data["lacking"] = lacking
    deed = Deed(
        act="declare_interest", target=submission.public_id, submission_id=submission.id,
        round_id=submission.round_id, data=data,
    )  # fmt: skip
    append(session, origin=origin, deed=deed, at=now)
    _replace(session, found, origin=origin)
    return Receipt(submission.public_id, submission.version)


def _lock_all(session: Session, submission_id: str) -> None:
    """All submissions of the organisation, in the order of their numbers as a draw locks them."""
    organisation = select(Submission.organisation_id).where(Submission.public_id == submission_id).scalar_subquery()
    query = select(Submission.id).where(Submission.organisation_id == organisation).order_by(Submission.id)
    session.execute(query.with_for_update(key_share=True))


def _undecided() -> Select[int]:
    """The rounds that are not decided: a decided year stays as it was (Z17)."""
    return select(Round.id).where(Round.state.in_(UNDECIDED))


def _withdrawn(session: Session, organisation_id: int, *, person_id: int, at: datetime) -> list[_Left]:
    rows = session.execute(
        select(ScoreSheet, Submission)
        .join(Submission, Submission.id == ScoreSheet.submission_id)
        .where(
            Submission.organisation_id == organisation_id,
            Submission.round_id.in_(_undecided()),
            Submission.state != State.SCORED,
            ScoreSheet.expert_id == person_id,
            ScoreSheet.withdrawn_at.is_(None),
        )
        .options(joinedload(Submission.round))
        .order_by(Submission.id)
    ).all()
    for sheet, _submission in rows:
        sheet.withdrawn_at, sheet.version = at, sheet.version + 1
    session.flush()
    return [_Left(sheet, submission) for sheet, submission in rows]


def _successors(session: Session, left: Sequence[_Left]) -> list[_Left]:
    """For each that has fewer experts now than its round wants: who is drawn."""
    found: list[_Left] = []
    pairs: list[Pair] = []
    for one in left:
        submission = one.submission
        if submission.round.state not in UNDECIDED or not _wants_more(session, one):
            continue
        successor = draw_one_more(session, submission, also=pairs)
        if successor is not None:
            pairs.append((submission.public_id, successor.expert.public_id))
        found.append(replace(one, successor=successor))
    return found


def _wants_more(session: Session, one: _Left) -> bool:
    if one.sheet.further:
        return True
    live = select(func.count()).where(
        ScoreSheet.submission_id == one.submission.id, ScoreSheet.withdrawn_at.is_(None), ScoreSheet.further.is_(False)
    )
    each = rules_of(session, one.submission.round)[one.submission.programme].each
    return (session.scalar(live) or 0) < each


def _replace(session: Session, found: Sequence[_Left], *, origin: Origin) -> None:
    own = replace(origin, key=None, digest=None)
    for one in found:
        if one.successor is not None:
            because = {"because": "replacement", "seed": one.successor.seed}
            expert, further = one.successor.expert, one.sheet.further
            give(session, one.submission, expert, origin=own, further=further, data=because)


def _free_reviews(session: Session, organisation_id: int, *, person_id: int) -> None:
    """Assigned reviews free, second checks void."""
    of_organisation = select(Submission.id).where(
        Submission.organisation_id == organisation_id, Submission.round_id.in_(_undecided())
    )
    for column in (Review.assignee_id, Review.checked_by):
        session.execute(
            update(Review)
            .where(Review.submission_id.in_(of_organisation), column == person_id)
            .values({column: None, Review.version: Review.version + 1})
        )
