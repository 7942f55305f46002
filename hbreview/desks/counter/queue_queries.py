"""The queue: the submissions that somebody may see, narrowed, ordered and counted; a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from ...evaluation.names import normalised_name
from ...model import Organisation, Round, Submission
from ...words import State
from ...workflow.actors import Actor
from ...workflow.visibility import visible_to

PAGE = 50


@dataclass(frozen=True, slots=True)
class Filters:
    """What the queue is narrowed to, as it stands in the address."""

    q: str = ""
    city: str = ""
    programme: str = ""
    state: str = ""
    round: str = ""
    after: str = ""


def rounds_known(session: Session) -> list[Any]:
    """All rounds, newest first: public id, title, year, state."""
    query = select(Round.id, Round.public_id, Round.title, Round.year, Round.state)
    return list(session.execute(query.order_by(Round.year.desc(), Round.id.desc())))


def _conditions(filters: Filters, who: Actor, round_id: int | None) -> list[ColumnElement[bool]]:
    conditions = [visible_to(who)]
    if round_id is not None:
        conditions.append(Submission.round_id == round_id)
    if filters.city:
        conditions.append(Submission.region == filters.city)
    if filters.programme:
        conditions.append(Submission.programme == filters.programme)
    if filters.q.strip():
        escaped = normalised_name(filters.q).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        names = select(Organisation.id).where(Organisation.search_name.like(f"%{escaped}%", escape="\\"))
        conditions.append(Submission.organisation_id.in_(names))
    return conditions


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of the queue, how many there are of each state, and where the next page begins."""

    rows: list[Any]
    counts: Mapping[str, int]
    next: str
    rounds: list[Any]
    chosen: str


def queue(session: Session, filters: Filters, who: Actor) -> QueuePage:
    """The submissions that this person may see, in roster order, narrowed by the filters; three queries."""
    rounds = rounds_known(session)
    chosen = filters.round or (rounds[0].public_id if rounds else "")
    round_id = next((row.id for row in rounds if row.public_id == chosen), None)
    conditions = _conditions(filters, who, round_id)
    counts = {
        row[0].value: row[1]
        for row in session.execute(select(Submission.state, func.count()).where(*conditions).group_by(Submission.state))
    }
    query = select(
        Submission.id,
        Submission.public_id,
        Submission.programme,
        Submission.organisation_name,
        Submission.site_name,
        Submission.region,
        Submission.national,
        Submission.state,
        Submission.revision_number,
        Submission.moved_at,
        Submission.total,
    ).where(*conditions)
    if filters.state in set(State):
        query = query.where(Submission.state == State(filters.state))
    if filters.after:
        start = select(Submission.id).where(Submission.public_id == filters.after, visible_to(who))
        query = query.where(Submission.id > func.coalesce(start.scalar_subquery(), 0))
    rows = list(session.execute(query.order_by(Submission.id).limit(PAGE + 1)))
    more = rows[PAGE - 1].public_id if len(rows) > PAGE else ""
    return QueuePage(rows[:PAGE], counts, more, rounds, chosen)
