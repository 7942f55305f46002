"""Who sees which submission, as SQL: the one place that says so. The policy matrix of the tests holds it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, false, select, true
from sqlalchemy.orm import InstrumentedAttribute

from ..model import Comment, Interest, ScoreSheet, Submission
from ..words import Role, Visibility
from .actors import Actor


def _expert_condition(actor: Actor) -> ColumnElement[bool]:
    # Said outright: a query that joins score sheets itself would otherwise lend these its own.
    sheet = (
        select(ScoreSheet.id)
        .where(
            ScoreSheet.submission_id == Submission.id,
            ScoreSheet.expert_id == actor.person_id,
            ScoreSheet.withdrawn_at.is_(None),
        )
        .correlate(Submission)
    )
    return and_(sheet.exists(), no_interest_of(actor.person_id))


def no_interest_of(person_id: int | InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """Who has declared an interest in an organisation is out of everything of it: the condition on ``Submission``,
    and on ``Person`` where that is asked about."""
    interest = select(Interest.id).where(
        Interest.person_id == person_id, Interest.organisation_id == Submission.organisation_id
    )
    outer = (Submission,) if isinstance(person_id, int) else (Submission, person_id.class_)
    return ~interest.correlate(*outer).exists()


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The condition on ``Submission`` that leaves only what this person may know of."""
    conditions: dict[Role, ColumnElement[bool]] = {
        Role.ENTERPRISE: Submission.organisation_id == actor.organisation_id,
        Role.CITY: and_(Submission.region.in_(actor.regions), no_interest_of(actor.person_id)),
        Role.AUDITOR: and_(Submission.firm_id.is_not(None), Submission.firm_id == actor.firm_id),
        Role.PROVINCE: true(),
        Role.ADMIN: false(),
    }
    return _expert_condition(actor) if actor.role is Role.EXPERT else conditions[actor.role]


def comments_visible_to(actor: Actor, comment: type[Comment] = Comment) -> ColumnElement[bool]:
    """The condition on ``Comment``, or an alias of it: internal ones are for the reviewing side alone."""
    if actor.role in {Role.CITY, Role.PROVINCE, Role.AUDITOR}:
        return true()
    return comment.visibility == Visibility.ENTERPRISE
