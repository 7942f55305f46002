"""Assigning submissions to an audit firm and to experts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import clock
from ..model import Firm, Person, ScoreSheet, Submission
from ..transact import Receipt, carry_out
from ..words import DECIDED, N_, Reason, State
from ..workflow.errors import InvalidError
from ..workflow.journal import Origin
from ..workflow.policy import Action
from . import holding
from .answering import NotEditableError
from .barring import WORDS, PoolExpert, bar_of, pool_of


def assign_firm(submission_id: str, firm_id: str, *, origin: Origin, replace: bool = True) -> Receipt:
    """Give the special audit of a submission to a firm (its public id), in place of an earlier one where ``replace``.

    NotEditableError once the audit was signed off, or where another firm has it and is not to be replaced.
    """
    return carry_out(
        lambda session: _assign_firm(session, submission_id, firm_id, origin=origin, replace=replace), origin=origin
    )


def _held(session: Session, submission_id: str, origin: Origin) -> Submission:
    submission = holding.hold_in_round(session, submission_id, origin=origin, action=Action.ASSIGN)
    if submission.round.state in DECIDED:
        raise NotEditableError(N_("The outcomes of this round are public: nothing of it changes any more."))
    return submission


def _assign_firm(session: Session, submission_id: str, firm_id: str, *, origin: Origin, replace: bool) -> Receipt:
    submission = _held(session, submission_id, origin)
    if submission.state in {State.AUDITED, State.SCORED}:
        raise NotEditableError(N_("The audit was signed off already."))
    firm = session.scalar(select(Firm).where(Firm.public_id == firm_id))
    if firm is None:
        raise InvalidError([Reason(N_("Please choose a firm."), "firm")])
    if submission.firm_id == firm.id:
        return Receipt(submission.public_id, submission.version)
    if submission.firm_id is not None and not replace:
        raise NotEditableError(N_("Another firm has it already."))
    submission.firm_id = firm.id
    data = {"firm": firm.name}
    holding.record(session, submission, origin=origin, act="assign_firm", target=firm.public_id, data=data)
    return Receipt(submission.public_id, submission.version)


def assign_expert(submission_id: str, expert_id: str, *, origin: Origin) -> Receipt:
    """Give a submission to an expert (a person's public id), whom nothing bars from it (``barring``)."""
    return carry_out(lambda session: _assign_expert(session, submission_id, expert_id, origin=origin), origin=origin)


def _assign_expert(session: Session, submission_id: str, expert_id: str, *, origin: Origin) -> Receipt:
    submission = held_unscored(session, submission_id, origin)
    give(session, submission, _free_expert(session, submission, expert_id), origin=origin)
    return Receipt(submission.public_id, submission.version)


def held_unscored(session: Session, submission_id: str, origin: Origin) -> Submission:
    """The submission, locked, for giving it to experts; NotEditableError once its scoring was closed."""
    submission = _held(session, submission_id, origin)
    if submission.state is State.SCORED:
        raise NotEditableError(N_("The scoring was closed already."))
    return submission


def _free_expert(session: Session, submission: Submission, expert_id: str) -> PoolExpert:
    found = pool_of(session, only=expert_id) if expert_id else []
    if not found:
        raise InvalidError([Reason(N_("Please choose an expert."), "expert")])
    if bar := bar_of(session, found[0], submission):
        raise InvalidError([Reason(WORDS[bar], "expert")])
    return found[0]


def give(
    session: Session,
    submission: Submission,
    expert: PoolExpert,
    *,
    origin: Origin,
    draw_id: int | None = None,
    further: bool = False,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Inside the caller's transaction, which holds the submission and has asked for bars; nothing if it has it."""
    sheet = session.scalar(
        select(ScoreSheet).where(ScoreSheet.submission_id == submission.id, ScoreSheet.expert_id == expert.id)
    )
    if sheet is not None and sheet.withdrawn_at is None:
        return
    if sheet is None:
        sheet = ScoreSheet(submission_id=submission.id, expert_id=expert.id, assigned_at=clock.now())
        session.add(sheet)
    sheet.withdrawn_at, sheet.draw_id, sheet.further = None, draw_id, further
    facts = {"expert": expert.public_id, **(data or {})}
    holding.record(session, submission, origin=origin, act="assign_expert", target=expert.public_id, data=facts)


def withdraw_expert(submission_id: str, expert_id: str, *, origin: Origin) -> Receipt:
    """Take a submission from an expert, at once; a sheet that was handed in stays on record, locked (Z09)."""
    return carry_out(lambda session: _withdraw(session, submission_id, expert_id, origin=origin), origin=origin)


def _withdraw(session: Session, submission_id: str, expert_id: str, *, origin: Origin) -> Receipt:
    submission = held_unscored(session, submission_id, origin)
    sheet = session.scalar(
        select(ScoreSheet)
        .join(Person, Person.id == ScoreSheet.expert_id)
        .where(
            ScoreSheet.submission_id == submission.id,
            Person.public_id == expert_id,
            ScoreSheet.withdrawn_at.is_(None),
        )
    )
    if sheet is None:
        raise InvalidError([Reason(N_("This expert is not assigned."), "expert")])
    sheet.withdrawn_at = clock.now()
    holding.record(session, submission, origin=origin, act="withdraw_expert", target=expert_id)
    return Receipt(submission.public_id, submission.version)
