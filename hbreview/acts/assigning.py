"""Assigning submissions to an audit firm and to experts."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from .. import clock
from ..model import Firm, Interest, Person, ScoreSheet, Submission
from ..transact import Receipt, carry_out
from ..words import N_, Reason, Role, RoundState, State
from ..workflow.errors import InvalidError
from ..workflow.journal import Origin
from ..workflow.policy import Action
from . import holding
from .answering import NotEditableError


def assign_firm(submission_id: str, firm_id: str, *, origin: Origin) -> Receipt:
    """Give the special audit of a submission to a firm (its public id), in place of an earlier one."""
    return carry_out(lambda session: _assign_firm(session, submission_id, firm_id, origin=origin), origin=origin)


def _held(session: Session, submission_id: str, origin: Origin) -> Submission:
    submission = holding.hold(session, submission_id, origin=origin, action=Action.ASSIGN)
    if submission.round.state in {RoundState.PUBLICISED, RoundState.FINALISED}:
        raise NotEditableError(N_("The outcomes of this round are public: nothing of it changes any more."))
    return submission


def _assign_firm(session: Session, submission_id: str, firm_id: str, *, origin: Origin) -> Receipt:
    submission = _held(session, submission_id, origin)
    if submission.state in {State.AUDITED, State.SCORED}:
        raise NotEditableError(N_("The audit was signed off already."))
    firm = session.scalar(select(Firm).where(Firm.public_id == firm_id))
    if firm is None:
        raise InvalidError([Reason(N_("Please choose a firm."), "firm")])
    if submission.firm_id == firm.id:
        return Receipt(submission.public_id, submission.version)
    submission.firm_id = firm.id
    data = {"firm": firm.name}
    holding.record(session, submission, origin=origin, act="assign_firm", target=firm.public_id, data=data)
    return Receipt(submission.public_id, submission.version)


def assign_expert(submission_id: str, expert_id: str, *, origin: Origin) -> Receipt:
    """Give a submission to an expert (a person's public id), who has declared no interest in it."""
    return carry_out(lambda session: _assign_expert(session, submission_id, expert_id, origin=origin), origin=origin)


def _assign_expert(session: Session, submission_id: str, expert_id: str, *, origin: Origin) -> Receipt:
    submission = _held(session, submission_id, origin)
    if submission.state is State.SCORED:
        raise NotEditableError(N_("The scoring was closed already."))
    expert = _free_expert(session, submission, expert_id)
    sheet = session.scalar(
        select(ScoreSheet).where(ScoreSheet.submission_id == submission.id, ScoreSheet.expert_id == expert.id)
    )
    if sheet is not None and sheet.withdrawn_at is None:
        return Receipt(submission.public_id, submission.version)
    if sheet is None:
        session.add(ScoreSheet(submission_id=submission.id, expert_id=expert.id, assigned_at=clock.now()))
    else:
        sheet.withdrawn_at = None
    data = {"expert": expert.public_id}
    holding.record(session, submission, origin=origin, act="assign_expert", target=expert.public_id, data=data)
    return Receipt(submission.public_id, submission.version)


def _free_expert(session: Session, submission: Submission, expert_id: str) -> Person:
    interest = exists().where(Interest.person_id == Person.id, Interest.organisation_id == submission.organisation_id)
    row = session.execute(
        select(Person, interest).where(
            Person.public_id == expert_id, Person.role == Role.EXPERT, Person.suspended_at.is_(None)
        )
    ).first()
    if row is None:
        raise InvalidError([Reason(N_("Please choose an expert."), "expert")])
    if row[1]:
        raise InvalidError([Reason(N_("This expert has declared an interest in the organisation."), "expert")])
    expert: Person = row[0]
    return expert


def withdraw_expert(submission_id: str, expert_id: str, *, origin: Origin) -> Receipt:
    """Take a submission from an expert, at once; a sheet that was handed in stays on record, locked (Z09)."""
    return carry_out(lambda session: _withdraw(session, submission_id, expert_id, origin=origin), origin=origin)


def _withdraw(session: Session, submission_id: str, expert_id: str, *, origin: Origin) -> Receipt:
    submission = _held(session, submission_id, origin)
    if submission.state is State.SCORED:
        raise NotEditableError(N_("The scoring was closed already."))
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
