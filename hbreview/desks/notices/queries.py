"""What is told to a person: entries of the journal, newest first, and how many of them are new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session

from ...model import Entry, Person, Round, Submission
from ...notices.audience import told
from ...notices.round_dates import RoundDates
from ...workflow.actors import Actor
from ...workflow.policy import Action, has_role_for
from ...workflow.visibility import visible_to

PAGE = 50
MOST = 99  # beyond this the number says nothing more


@dataclass(frozen=True, slots=True)
class NoticePage:
    """A page of notices; ``next``: the number before which the next page begins, 0 for none."""

    rows: list[Any]
    next: int
    newest: int
    read_to: int


def _read_to(who: Actor) -> ScalarSelect[int]:
    return select(Person.read_to).where(Person.id == who.person_id).scalar_subquery()


def notices_of(session: Session, who: Actor, *, before: int = 0) -> NoticePage:
    """What is told to this person, newest first; one statement."""
    query = (
        select(
            Entry.sequence,
            Entry.at,
            Entry.act,
            Entry.data,
            Submission.public_id,
            Submission.organisation_name,
            Submission.site_name,
            Submission.programme,
            Round.title,
            _read_to(who).label("read_to"),
        )
        .outerjoin(Submission, Submission.id == Entry.submission_id)
        .outerjoin(Round, Round.id == Entry.round_id)
        .where(told(who))
    )
    if before:
        query = query.where(Entry.sequence < before)
    rows = list(session.execute(query.order_by(Entry.sequence.desc()).limit(PAGE + 1)))
    more = rows[PAGE - 1].sequence if len(rows) > PAGE else 0
    newest, read_to = (rows[0].sequence, rows[0].read_to) if rows else (0, 0)
    return NoticePage(rows[:PAGE], more, newest, read_to)


def unread(session: Session, who: Actor) -> int:
    """How many notices are new to this person, counted up to one more than is shown; one statement."""
    new = (
        select(Entry.sequence)
        .outerjoin(Submission, Submission.id == Entry.submission_id)
        .where(Entry.sequence > _read_to(who), told(who))
        .limit(MOST + 1)
    )
    return session.scalar(select(func.count()).select_from(new.subquery())) or 0


def round_dates(session: Session, who: Actor) -> list[RoundDates]:
    """The dates of the rounds in which there is something that this person may see; one statement."""
    mine = select(Submission.round_id).where(visible_to(who))
    query = select(
        Round.public_id, Round.title, Round.enterprise_deadline, Round.city_deadline, Round.audit_deadline,
        Round.score_deadline,
    )  # fmt: skip
    # The firms' and the experts' days are theirs and the province's.
    audits, scores = has_role_for(who, Action.KEEP_AUDIT_RECORD), has_role_for(who, Action.SEE_SCORE_SHEET)
    return [
        RoundDates(key, title, enterprises, cities, experts if scores else None, firms if audits else None)
        for key, title, enterprises, cities, firms, experts in session.execute(
            query.where(Round.id.in_(mine)).order_by(Round.id)
        )
    ]
