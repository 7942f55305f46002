"""Where everybody of a round stands: the ranking before and after publicity, and what was ruled by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from ...acts import designating
from ...evaluation.names import normalised_name
from ...model import Designation, Objection, Roster, Round, Ruling, Score, ScoreSheet, Submission
from ...words import DECIDED, Outcome


@dataclass(frozen=True, slots=True)
class RankingLine:
    """One line of a ranking, live or as it was publicised. ``by_hand``: a ruling or an objection changed it."""

    key: int
    submission_id: str
    name: str
    site: str
    region: str
    rank: int | None
    total: Decimal | None
    spread: Decimal | None
    outcome: Outcome | None
    reason: str
    commended: bool
    supervised: bool
    rectify_until: date | None
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which lines of the ranking are shown; "" and False: all."""

    programme: str = ""
    city: str = ""
    outcome: str = ""
    q: str = ""
    by_hand: bool = False
    # Which of the two lists: "commended", "supervised", or "" for all.
    listed: str = ""

    def keeps(self, line: RankingLine) -> bool:
        """Whether the line is shown."""
        return (
            (not self.city or line.region == self.city)
            and (not self.outcome or line.outcome == self.outcome)
            and (not self.q or normalised_name(self.q) in normalised_name(line.name + line.site))
            and (not self.by_hand or line.by_hand)
            and (not self.listed or {"commended": line.commended, "supervised": line.supervised}[self.listed])
        )


def rankings(session: Session, round_: Round, *, programme: str = "") -> list[tuple[str, list[RankingLine]]]:
    """The ranking of each programme, platforms first, the best first: computed before publicity, kept from then on."""
    apart = spreads(session, round_)
    found = []
    for line in sorted(round_.programmes, key=lambda one: one.programme, reverse=True):
        if programme and line.programme != programme:
            continue
        if round_.state in DECIDED:
            lines = _kept(session, round_, line.programme, apart)
        else:
            lines = [_live(standing, apart) for standing in designating.standings(session, round_, line)]
        found.append((line.programme, sorted(lines, key=lambda one: (one.rank is None, one.rank or 0))))
    return found


def spreads(session: Session, round_: Round) -> dict[int, Decimal]:
    """How far the experts' totals of each submission are apart, in points; only where there are two or more (P3)."""
    query = (
        select(ScoreSheet.submission_id, func.sum(Score.points))
        .join(Score, Score.sheet_id == ScoreSheet.id)
        .join(Submission, Submission.id == ScoreSheet.submission_id)
        .where(
            Submission.round_id == round_.id,
            ScoreSheet.withdrawn_at.is_(None),
            ScoreSheet.handed_in_at.is_not(None),
        )
        .group_by(ScoreSheet.submission_id, ScoreSheet.id)
    )
    totals: dict[int, list[Decimal]] = {}
    for submission_id, whole in session.execute(query):
        totals.setdefault(submission_id, []).append(whole or Decimal(0))
    return {key: max(given) - min(given) for key, given in totals.items() if len(given) > 1}


def _live(standing: designating.Standing, apart: Mapping[int, Decimal]) -> RankingLine:
    row = standing.submission
    return RankingLine(
        key=row.id,
        submission_id=row.public_id,
        name=row.organisation_name,
        site=row.site_name,
        region=row.region,
        rank=standing.rank,
        total=row.total if standing.rank else None,
        spread=apart.get(row.id) if standing.rank else None,
        outcome=standing.outcome,
        reason=standing.reason,
        commended=standing.commended,
        supervised=standing.supervised,
        rectify_until=standing.rectify_until,
        by_hand=standing.ruled,
    )


def _kept(session: Session, round_: Round, programme: str, apart: Mapping[int, Decimal]) -> list[RankingLine]:
    """What was publicised: as it was written down, never computed again."""
    ruled = designating.rulings_of(session, round_.id)
    upheld = set(
        session.scalars(
            select(Objection.designation_id).where(Objection.round_id == round_.id, Objection.upheld.is_(True))
        )
    )
    query = (
        select(Designation, Submission.public_id)
        .join(Roster, Roster.id == Designation.roster_id)
        .join(Submission, Submission.id == Designation.submission_id)
        .where(Roster.round_id == round_.id, Roster.programme == programme)
        .order_by(Designation.position)
    )
    return [
        RankingLine(
            key=line.submission_id or 0,
            submission_id=public_id,
            name=line.organisation_name,
            site=line.site_name,
            region=line.region,
            rank=line.rank,
            total=line.total,
            spread=apart.get(line.submission_id or 0),
            outcome=line.outcome,
            reason=line.reason,
            commended=line.commended,
            supervised=line.supervised,
            rectify_until=line.rectify_until,
            by_hand=line.submission_id in ruled or line.id in upheld,
        )
        for line, public_id in session.execute(query)
    ]


def narrowed(
    tables: Iterable[tuple[str, Sequence[RankingLine]]], narrowing: Narrowing
) -> list[tuple[str, list[RankingLine], int]]:
    """Each programme's lines that are shown, and how many there are in all."""
    return [(key, [line for line in lines if narrowing.keeps(line)], len(lines)) for key, lines in tables]


def rulings_on(session: Session, submission: Submission) -> list[Ruling]:
    """All that was ruled on a submission, oldest first, with who did."""
    query = select(Ruling).where(Ruling.submission_id == submission.id).options(joinedload(Ruling.person))
    return list(session.scalars(query.order_by(Ruling.id)))


def standing_of(session: Session, round_: Round, submission: Submission) -> designating.Standing:
    """Where one submission stands with what was ruled; the round with its programmes."""
    line = next(one for one in round_.programmes if one.programme == submission.programme)
    found = designating.standings(session, round_, line)
    return next(standing for standing in found if standing.submission.id == submission.id)
