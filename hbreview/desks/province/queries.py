"""What the round office shows: rounds, the funnel, rankings. Each in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from ...acts.designating import Standing
from ...model import Designation, Entry, Roster, Round, Submission
from ...words import Outcome


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


@dataclass(frozen=True, slots=True)
class RankingLine:
    """One line of a ranking, live or fixed."""

    submission_id: str
    name: str
    region: str
    rank: int | None
    total: Decimal | None
    outcome: Outcome | None
    reason: str
    commended: bool
    supervised: bool


def _sorted(lines: Sequence[RankingLine]) -> list[RankingLine]:
    return sorted(lines, key=lambda line: (line.rank is None, line.rank or 0))


def live_ranking(standings: Sequence[Standing]) -> list[RankingLine]:
    """What would come of the round as it stands now."""
    return _sorted(
        [
            RankingLine(
                s.submission.public_id,
                s.submission.organisation_name,
                s.submission.region,
                s.rank,
                s.submission.total if s.rank else None,
                s.outcome,
                s.reason,
                s.commended,
                s.supervised,
            )
            for s in standings
        ]
    )


def fixed_ranking(session: Session, round_: Round, programme: str) -> list[RankingLine]:
    """What was publicised: as it was written down then, never computed again."""
    query = (
        select(Designation, Submission.public_id)
        .join(Roster, Roster.id == Designation.roster_id)
        .join(Submission, Submission.id == Designation.submission_id)
        .where(Roster.round_id == round_.id, Roster.programme == programme)
        .order_by(Designation.position)
    )
    return _sorted(
        [
            RankingLine(
                public_id,
                d.organisation_name,
                d.region,
                d.rank,
                d.total,
                d.outcome,
                d.reason,
                d.commended,
                d.supervised,
            )
            for d, public_id in session.execute(query)
        ]
    )
