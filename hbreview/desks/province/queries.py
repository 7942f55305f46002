"""What the round office shows: rounds, the funnel, rankings. Each in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from ...model import Designation, Entry, Roster, Round, Submission
from ...words import State


def round_lines(session: Session) -> list[Any]:
    """All rounds with how many submissions each has."""
    query = (
        select(
            Round.public_id, Round.year, Round.title, Round.state, Round.enterprise_deadline, func.count(Submission.id)
        )
        .outerjoin(Submission, Submission.round_id == Round.id)
        .group_by(Round.id)
        .order_by(Round.year.desc(), Round.id.desc())
    )
    return list(session.execute(query))


def round_of(session: Session, public_id: str) -> Round | None:
    """One round with its programmes."""
    query = select(Round).where(Round.public_id == public_id).options(selectinload(Round.programmes))
    return session.scalar(query)


def funnel(session: Session, round_: Round) -> dict[tuple[str, str, str], int]:
    """How many submissions stand where: by programme, region and state."""
    query = select(Submission.programme, Submission.region, Submission.state, func.count()).where(
        Submission.round_id == round_.id
    )
    rows = session.execute(query.group_by(Submission.programme, Submission.region, Submission.state))
    return {(row[0], row[1], row[2].value): row[3] for row in rows}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a round is: forms by state, and how many there are."""

    states: dict[State, int]
    whole: int

    @property
    def moved_on(self) -> dict[State, int]:
        """How many are in each state or beyond it."""
        order = list(State)
        return {state: sum(self.states[later] for later in order[order.index(state) :]) for state in order}


def progress_of(counts: dict[tuple[str, str, str], int]) -> Progress:
    """The round's progress out of its funnel."""
    states = {state: sum(n for key, n in counts.items() if key[2] == state.value) for state in State}
    return Progress(states, sum(states.values()))


def round_course(session: Session, round_: Round) -> list[Entry]:
    """The moves of the round, oldest first."""
    query = select(Entry).where(Entry.round_id == round_.id, Entry.submission_id.is_(None), Entry.result == "done")
    return list(session.scalars(query.order_by(Entry.sequence)))


def rosters_of(session: Session, round_: Round) -> list[Any]:
    """The rosters that came of the round: programme, when fixed, and how many of each outcome."""
    query = (
        select(Roster.programme, Roster.fixed_at, Designation.outcome, func.count())
        .join(Designation, Designation.roster_id == Roster.id)
        .where(Roster.round_id == round_.id)
        .group_by(Roster.programme, Roster.fixed_at, Designation.outcome)
        .order_by(Roster.programme.desc())
    )
    return list(session.execute(query))
