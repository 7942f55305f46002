"""From totals to outcomes: proposing a roster when a round is publicised, fixing it when it is finalised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import clock
from ..evaluation import outcome, ranking
from ..model import Designation, Revision, Roster, Round, RoundProgramme, Ruling, Submission
from ..model.kept import programme_of, settings_of
from ..programmes.schema import RoundDefaults
from ..words import Outcome, State

NOT_SUBMITTED = "not_submitted"
DEFERRED = "deferred"
PASSED = frozenset({Outcome.PASS, Outcome.EXCELLENT})


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one submission stands in its programme's ranking, and what would come of it.

    ``reason`` is one of the rules' reasons, or what the province wrote; ``ruled``: something of it is by hand.
    """

    submission: Submission
    rank: int | None
    outcome: Outcome
    reason: str
    commended: bool
    supervised: bool
    rectify_until: date | None = None
    ruled: bool = False


def standings(session: Session, round_: Round, line: RoundProgramme) -> list[Standing]:
    """All submissions of a programme in roster order, with rank and outcome by P4, P5 and by hand. Reads only."""
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
    ruled = rulings_of(session, round_.id)
    found = (_standing(row, ranks.get(row.public_id), served.get(row.id), settings=settings) for row in rows)
    return [_by_hand(standing, ruled) for standing in found]


def rulings_of(session: Session, round_id: int) -> dict[int, Ruling]:
    """The ruling that counts for each submission of a round, by the submission's number: the newest that says anything.

    An empty one after it takes it back.
    """
    newest = select(func.max(Ruling.id)).join(Submission, Submission.id == Ruling.submission_id)
    query = select(Ruling).where(Ruling.id.in_(newest.where(Submission.round_id == round_id).group_by(Submission.id)))
    return {ruling.submission_id: ruling for ruling in session.scalars(query) if not is_empty(ruling)}


def is_empty(ruling: Ruling) -> bool:
    """Whether it leaves everything as proposed."""
    return (ruling.outcome, ruling.commended, ruling.supervised, ruling.rectify_until) == (None, None, None, None)


def _by_hand(standing: Standing, ruled: Mapping[int, Ruling]) -> Standing:
    """P4, P5: the province's own word over what the rules propose. The rank stays what the totals make it."""
    ruling = ruled.get(standing.submission.id)
    # Scored anew since it was ruled: without a total nothing passes, whatever was said of the former one.
    if ruling is None or (ruling.outcome in PASSED and standing.rank is None):
        return standing
    result = ruling.outcome or standing.outcome
    passed = result in PASSED
    return replace(
        standing,
        outcome=result,
        reason=ruling.reason,
        commended=passed and (standing.commended if ruling.commended is None else ruling.commended),
        supervised=passed and (standing.supervised if ruling.supervised is None else ruling.supervised),
        rectify_until=ruling.rectify_until if passed else None,
        ruled=True,
    )


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
    reason = deferral if standing.reason == DEFERRED else standing.reason
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
        rectify_until=standing.rectify_until,
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
