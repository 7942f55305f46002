"""What the scores of finished scorings say: by indicator, city, programme and year. Three statements for all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from ...evaluation import discrimination
from ...evaluation.discrimination import Separation, Summary
from ...model import Round, Score, ScoreSheet, Submission
from ...model.kept import programme_of
from ...programmes.loader import regions
from ...programmes.schema import PROGRAMMES, Indicator, Programme
from ...words import Label, State

_Key = TypeVar("_Key", str, int)
# Below this share of its weight an indicator counts as low (P2).
LOW = Decimal("0.6")


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which scorings are looked at: a round's public id, a programme, a city's key; empty: all."""

    round: str = ""
    programme: str = ""
    city: str = ""


@dataclass(frozen=True, slots=True)
class Scored:
    """One scored submission: its total in points, and the experts' mean per indicator as a share of its weight."""

    programme: str
    version_id: int
    year: int
    region: str
    total: Decimal
    shares: Mapping[int, Fraction]


@dataclass(frozen=True, slots=True)
class IndicatorLine:
    """One indicator over everything that was looked at; the summary is of shares of the weight."""

    indicator: Indicator
    summary: Summary
    separation: Separation


@dataclass(frozen=True, slots=True)
class Group:
    """The submissions of one city or year: their totals in points, their indicators in shares of the weight."""

    name: Label
    totals: Summary
    indicators: Mapping[int, Summary]


@dataclass(frozen=True, slots=True)
class Part:
    """One programme: its totals, how they are distributed, its indicators, and the same by city and year."""

    programme: str
    totals: Summary
    bins: Sequence[tuple[int, int]]
    lines: Sequence[IndicatorLine]
    cities: Sequence[Group]
    years: Sequence[Group]


def rounds_with_scores(session: Session) -> list[Any]:
    """The rounds in which something is scored, newest first."""
    scored = select(Submission.id).where(Submission.round_id == Round.id, Submission.state == State.SCORED).exists()
    query = select(Round.public_id, Round.title, Round.year).where(scored)
    return list(session.execute(query.order_by(Round.year.desc(), Round.id.desc())))


def parts_of(session: Session, narrowing: Narrowing) -> list[Part]:
    """Platforms, then bases; a programme of which nothing is scored is left out."""
    scored = _scored(session, narrowing)
    found = [(key, [one for one in scored if one.programme == key]) for key in PROGRAMMES]
    return [_part(session, key, ones) for key, ones in found if ones]


def _wanted(narrowing: Narrowing) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [Submission.state == State.SCORED, Submission.total.is_not(None)]
    if narrowing.round:
        wanted.append(Round.public_id == narrowing.round)
    if narrowing.programme:
        wanted.append(Submission.programme == narrowing.programme)
    if narrowing.city:
        wanted.append(Submission.region == narrowing.city)
    return wanted


def _scored(session: Session, narrowing: Narrowing) -> list[Scored]:
    wanted = _wanted(narrowing)
    submissions = (
        select(
            Submission.id, Submission.programme, Submission.programme_version_id, Submission.region,
            Submission.total, Round.year,
        )
        .join(Round, Round.id == Submission.round_id)
        .where(*wanted)
        .order_by(Submission.id)
    )  # fmt: skip
    sums = (
        select(Submission.id, Score.indicator, func.sum(Score.points), func.count(Score.points))
        .join(Round, Round.id == Submission.round_id)
        .join(ScoreSheet, ScoreSheet.submission_id == Submission.id)
        .join(Score, Score.sheet_id == ScoreSheet.id)
        .where(*wanted, ScoreSheet.withdrawn_at.is_(None), ScoreSheet.handed_in_at.is_not(None))
        .where(Score.points.is_not(None))
        .group_by(Submission.id, Score.indicator)
    )
    means: dict[int, dict[int, Fraction]] = {}
    for submission_id, indicator, whole, sheets in session.execute(sums):
        means.setdefault(submission_id, {})[indicator] = Fraction(whole or 0) / sheets
    weights: dict[int, dict[int, Decimal]] = {}
    found = []
    for row in session.execute(submissions):
        version = row.programme_version_id
        if version not in weights:
            weights[version] = {one.order: one.weight for one in programme_of(session, version).indicators}
        shares = {
            order: mean / Fraction(weights[version][order])
            for order, mean in means.get(row.id, {}).items()
            if weights[version].get(order)
        }
        found.append(Scored(row.programme, version, row.year, row.region, row.total, shares))
    return found


def _part(session: Session, key: str, scored: Sequence[Scored]) -> Part:
    """Names and weights are those of the newest year that is looked at."""
    newest = max(scored, key=lambda one: (one.year, one.version_id))
    programme = programme_of(session, newest.version_id)
    names = {region.key: region.name for region in regions()}
    return Part(
        key,
        discrimination.summary([Fraction(one.total) for one in scored]),
        _without_empty_ends(discrimination.histogram([one.total for one in scored])),
        _lines(programme, scored),
        _groups(scored, list(names), of=lambda one: one.region, named=lambda region: names[region]),
        _groups(
            scored,
            sorted({one.year for one in scored}),
            of=lambda one: one.year,
            named=lambda year: Label(str(year), str(year)),
        ),
    )


def _without_empty_ends(bins: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    filled = [place for place, (_from, count) in enumerate(bins) if count]
    return list(bins[filled[0] : filled[-1] + 1])


def _lines(programme: Programme, scored: Sequence[Scored]) -> list[IndicatorLine]:
    weights = {one.order: Fraction(one.weight) for one in programme.indicators}
    rows = [
        {order: share * weights[order] for order, share in one.shares.items() if order in weights} for one in scored
    ]
    lines = []
    for indicator in programme.indicators:
        shares = [one.shares[indicator.order] for one in scored if indicator.order in one.shares]
        if shares:
            separation = discrimination.separation(rows, indicator.order, weight=indicator.weight, below=LOW)
            lines.append(IndicatorLine(indicator, discrimination.summary(shares), separation))
    return lines


def _groups(
    scored: Sequence[Scored], keys: Iterable[_Key], *, of: Callable[[Scored], _Key], named: Callable[[_Key], Label]
) -> list[Group]:
    """The groups in the order of the keys; a key without any submission is left out."""
    groups = []
    for key in keys:
        own = [one for one in scored if of(one) == key]
        if not own:
            continue
        orders = sorted({order for one in own for order in one.shares})
        summaries = {
            order: discrimination.summary([one.shares[order] for one in own if order in one.shares]) for order in orders
        }
        groups.append(Group(named(key), discrimination.summary([Fraction(one.total) for one in own]), summaries))
    return groups
