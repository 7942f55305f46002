"""From totals to outcomes: proposing a roster when a round is publicised, fixing it when it is finalised."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import clock
from ..evaluation import outcome, ranking
from ..model import Designation, Revision, Roster, Round, RoundProgramme, Submission
from ..model.kept import programme_of, settings_of
from ..programmes.schema import RoundDefaults
from ..words import Outcome, State

NOT_SUBMITTED = "not_submitted"
DEFERRED = "deferred"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one submission stands in its programme's ranking, and what would come of it."""

    submission: Submission
    rank: int | None
    outcome: Outcome
    reason: str
    commended: bool
    supervised: bool


def standings(session: Session, round_: Round, line: RoundProgramme) -> list[Standing]:
    """All submissions of a programme in roster order, with rank and outcome by P4 and P5. Reads only."""
    settings = settings_of(round_, programme_of(session, line.version_id))
    rows = list(
        session.scalars(
            select(Submission)
            .where(Submission.round_id == round_.id, Submission.programme == line.programme)
            .order_by(Submission.id)
        )
    )
    totals = {row.public_id: row.total for row in rows if row.state is State.SCORED and row.total is not None}
    ranks = ranking.rank(totals)
    served = _served(session, rows) if settings.minimum_served else {}
    return [_standing(row, ranks.get(row.public_id), served.get(row.id), settings=settings) for row in rows]


def _served(session: Session, rows: list[Submission]) -> dict[int, Decimal]:
    ids = [row.id for row in rows]
    latest = select(Revision.submission_id, Revision.answers).join(Submission, Submission.id == Revision.submission_id)
    query = latest.where(Revision.submission_id.in_(ids), Revision.number == Submission.revision_number)
    # A form that does not say how many it served is not failed for serving too few.
    return {
        key: Decimal(text) for key, answers in session.execute(query) if (text := answers.get("enterprises_served"))
    }


def _standing(row: Submission, rank: int | None, served: Decimal | None, *, settings: RoundDefaults) -> Standing:
    if row.state is State.DRAFT:
        return Standing(row, None, settings.not_submitted, NOT_SUBMITTED, commended=False, supervised=False)
    if row.state is not State.SCORED or row.total is None:
        return Standing(row, None, Outcome.DEFERRED, DEFERRED, commended=False, supervised=False)
    result, reason = outcome.decide(
        row.total,
        served=served,
        pass_mark=settings.pass_mark,
        excellent=settings.excellent,
        minimum_served=Decimal(settings.minimum_served),
    )
    passed = result is not Outcome.FAIL
    return Standing(
        row,
        rank,
        result,
        reason,
        commended=passed and rank is not None and rank <= settings.commended_top,
        supervised=passed and row.total < settings.supervised_below,
    )


def propose(session: Session, round_: Round, *, deferral: str) -> dict[str, int]:
    """Write the proposed roster of each programme; returns how many of each outcome there are."""
    counted: Counter[str] = Counter()
    for line in round_.programmes:
        roster = Roster(programme=line.programme, round_id=round_.id, created_at=clock.now())
        session.add(roster)
        session.flush()
        for position, standing in enumerate(standings(session, round_, line), start=1):
            session.add(_designation(roster, standing, position=position, deferral=deferral))
            counted[standing.outcome.value] += 1
    return dict(counted)


def _designation(roster: Roster, standing: Standing, *, position: int, deferral: str) -> Designation:
    row = standing.submission
    reason = deferral if standing.outcome is Outcome.DEFERRED else standing.reason
    return Designation(
        roster_id=roster.id,
        organisation_id=row.organisation_id,
        position=position,
        organisation_name=row.organisation_name,
        site_name=row.site_name,
        region=row.region,
        printed_region=row.printed_region,
        national=row.national,
        submission_id=row.id,
        total=row.total if row.state is State.SCORED else None,
        rank=standing.rank,
        outcome=standing.outcome,
        reason=reason[:1000],
        commended=standing.commended,
        supervised=standing.supervised,
        score_set=row.score_set,
    )


def fix(session: Session, round_: Round) -> None:
    """The proposed rosters come into force, as they were publicised; valid for the round's years (S4)."""
    now = clock.now()
    for line in round_.programmes:
        years = settings_of(round_, programme_of(session, line.version_id)).validity_years
        rosters = select(Roster).where(Roster.round_id == round_.id, Roster.programme == line.programme)
        for roster in session.scalars(rosters):
            roster.fixed_at = now
            roster.valid_until = _years_later(clock.day_of(now), years)


def _years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)
