"""What the panel sheet shows: who has scored what, how far apart it is, and what is missing."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ...evaluation import agreement, points
from ...model import Person, Round, Score, ScoreSet, ScoreSheet, Submission
from ...model.kept import programme_of, settings_of
from ...programmes.schema import Indicator, Programme, RoundDefaults
from ...words import State

ON_THE_PANEL = (State.AUDITED, State.SCORED)
# So many indicators are marked as those on which the experts differ most.
_MARKED = 3
_TWO = 2


@dataclass(frozen=True, slots=True)
class Seat:
    """One expert's live sheet. Its points count for the panel only when it is handed in: ``total`` None until then.

    ``z``: in standard deviations of the expert's own totals, from the mean of them; None where they do not vary.
    """

    expert: str
    handed_in: bool
    stale: bool
    scored: int
    total: Decimal | None
    z: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One submission on the panel sheet. ``apart``: a further expert is wanted (P3); ``few``: experts that lack."""

    submission: Any
    seats: Sequence[Seat]
    spread: Decimal | None
    apart: bool
    asked: bool
    few: int
    normalised: Decimal | None
    indicators: int

    @property
    def waiting(self) -> list[Seat]:
        """Whose sheets are not in, or were given on an earlier revision."""
        return [seat for seat in self.seats if not seat.handed_in or seat.stale]

    @property
    def complete(self) -> bool:
        """Whether every sheet that there has to be is in."""
        return not self.waiting and not self.few


@dataclass(frozen=True, slots=True)
class Table:
    """What is on the panel, before any points are read; ``version`` changes whenever any of it does."""

    submissions: Sequence[Any]
    sheets: Mapping[int, Sequence[Any]]
    version: str


@dataclass(frozen=True, slots=True)
class Panel:
    """The whole sheet: lines, the experts' own figures, and the indicators that they differ on by programme."""

    lines: Sequence[Line]
    experts: Sequence[tuple[str, agreement.ExpertFigures]]
    differing: Sequence[tuple[str, Sequence[tuple[Indicator, Fraction]]]]


@dataclass(frozen=True, slots=True)
class Row:
    """One indicator of one submission, with each expert's points and remark in the order of the seats."""

    indicator: Indicator
    cells: Sequence[tuple[Decimal | None, str]]
    spread: Decimal | None
    share: Fraction | None
    marked: bool


def table_of(session: Session, round_: Round, *, only: str = "") -> Table:
    """The round's submissions that are scored now or were, with their live sheets; ``only`` is one public id."""
    query = select(
        Submission.id, Submission.public_id, Submission.version, Submission.programme, Submission.region,
        Submission.organisation_name, Submission.site_name, Submission.state, Submission.total,
        Submission.revision_number, ScoreSet.deduction,
    ).where(Submission.round_id == round_.id)  # fmt: skip
    # What the total comes from, with what was taken off; none before the scoring is closed.
    kept = (ScoreSet.submission_id == Submission.id) & (ScoreSet.digest == Submission.score_set)
    query = query.outerjoin(ScoreSet, kept)
    # What is asked for by its address is shown wherever it stands: it may be sent back during the meeting.
    query = query.where(Submission.public_id == only if only else Submission.state.in_(ON_THE_PANEL))
    submissions = list(session.execute(query.order_by(Submission.id)))
    sheets = (
        select(
            ScoreSheet.id, ScoreSheet.submission_id, ScoreSheet.version, ScoreSheet.handed_in_at,
            ScoreSheet.revision_number, ScoreSheet.further, Person.id.label("expert_id"), Person.name,
        )
        .join(Person, Person.id == ScoreSheet.expert_id)
        .join(Submission, Submission.id == ScoreSheet.submission_id)
        .where(Submission.round_id == round_.id, ScoreSheet.withdrawn_at.is_(None))
    )  # fmt: skip
    if only:
        sheets = sheets.where(Submission.public_id == only)
    found: dict[int, list[Any]] = {}
    for sheet in session.execute(sheets.order_by(ScoreSheet.id)):
        found.setdefault(sheet.submission_id, []).append(sheet)
    return Table(submissions, found, _version(round_, submissions, found))


def _version(round_: Round, submissions: Sequence[Any], sheets: Mapping[int, Sequence[Any]]) -> str:
    facts = [(s.id, s.version, s.state.value, [(x.id, x.version) for x in sheets.get(s.id, ())]) for s in submissions]
    text = repr((round_.version, sorted(round_.settings.items()), facts))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def panel_of(session: Session, round_: Round, table: Table) -> Panel:
    """The sheet with its points: one statement for all of them."""
    given = _points_of(session, round_)
    programmes = {line.programme: programme_of(session, line.version_id) for line in round_.programmes}
    marks = {key: _marks(table, given, programme=key) for key in programmes}
    normalised = {name: value for part in marks.values() for name, value in agreement.normalised(part).items()}
    z = {name: scores for part in marks.values() for name, scores in agreement.z_scores(part).items()}
    lines = [
        _line(
            one,
            table.sheets.get(one.id, ()),
            given,
            programme=programmes[one.programme],
            settings=settings_of(round_, programmes[one.programme]),
            normalised=normalised[one.public_id],
            z=z[one.public_id],
        )
        for one in table.submissions
    ]
    names = {str(sheet.expert_id): sheet.name for sheets in table.sheets.values() for sheet in sheets}
    everything = {name: sheets for part in marks.values() for name, sheets in part.items()}
    figures = [(names[expert], one) for expert, one in agreement.experts(everything).items()]
    differing = [(key, _differing(programmes[key].indicators, marks[key])) for key in sorted(programmes, reverse=True)]
    return Panel(
        sorted(lines, key=lambda line: (not line.apart, line.complete)),
        sorted(figures, key=lambda item: item[0]),
        [(key, found) for key, found in differing if found],
    )


def _marks(
    table: Table, given: Mapping[int, Mapping[int, Decimal]], *, programme: str
) -> dict[str, dict[str, Mapping[int, Decimal]]]:
    """What was handed in of one programme, as ``evaluation.agreement`` wants it."""
    return {
        one.public_id: {
            str(sheet.expert_id): given.get(sheet.id, {})
            for sheet in table.sheets.get(one.id, ())
            if sheet.handed_in_at is not None
        }
        for one in table.submissions
        if one.programme == programme
    }


def _points_of(session: Session, round_: Round) -> dict[int, dict[int, Decimal]]:
    query = (
        select(Score.sheet_id, Score.indicator, Score.points)
        .join(ScoreSheet, ScoreSheet.id == Score.sheet_id)
        .join(Submission, Submission.id == ScoreSheet.submission_id)
        .where(Submission.round_id == round_.id, Submission.state.in_(ON_THE_PANEL), ScoreSheet.withdrawn_at.is_(None))
    )
    found: dict[int, dict[int, Decimal]] = {}
    for sheet_id, indicator, value in session.execute(query):
        if value is not None:
            found.setdefault(sheet_id, {})[indicator] = value
    return found


def _line(
    submission: Any,
    sheets: Sequence[Any],
    given: Mapping[int, Mapping[int, Decimal]],
    *,
    programme: Programme,
    settings: RoundDefaults,
    normalised: Decimal | None,
    z: Mapping[str, Decimal | None],
) -> Line:
    seats = [_seat(submission, sheet, given.get(sheet.id, {}), z=z) for sheet in sheets]
    handed_in = [given.get(sheet.id, {}) for sheet in sheets if sheet.handed_in_at is not None]
    spread = points.spread(handed_in) if len(handed_in) >= _TWO else None
    # What is scored is settled, whatever the experts gave.
    apart = submission.state is State.AUDITED and agreement.too_far(
        spread or Decimal(0), allowed=settings.spread, handed_in=len(handed_in), min_sheets=settings.min_sheets
    )
    return Line(
        submission,
        seats,
        spread,
        apart,
        asked=len(sheets) >= agreement.settling(settings.min_sheets),
        few=max(settings.min_sheets - len(sheets), 0),
        normalised=normalised,
        indicators=len(programme.indicators),
    )


def _seat(submission: Any, sheet: Any, given: Mapping[int, Decimal], *, z: Mapping[str, Decimal | None]) -> Seat:
    handed_in = sheet.handed_in_at is not None
    stale = handed_in and sheet.revision_number != submission.revision_number
    total = points.sheet_total(given) if handed_in else None
    return Seat(sheet.name, handed_in, stale, len(given), total, z.get(str(sheet.expert_id)))


def _differing(
    indicators: Sequence[Indicator], marks: Mapping[str, Mapping[str, Mapping[int, Decimal]]]
) -> list[tuple[Indicator, Fraction]]:
    by_order = {indicator.order: indicator for indicator in indicators}
    means = agreement.indicator_means(marks, {order: one.weight for order, one in by_order.items()})
    return [(by_order[order], means[order]) for order in agreement.most_differing(means)]


def rows_of(session: Session, round_: Round, table: Table) -> tuple[Line, list[Row]]:
    """The one submission of the table, and its indicators: those that the experts differ on most come first."""
    submission = table.submissions[0]
    sheets = table.sheets.get(submission.id, ())
    query = select(Score).where(Score.sheet_id.in_([sheet.id for sheet in sheets]))
    scores = {(score.sheet_id, score.indicator): score for score in session.scalars(query)}
    given = {
        sheet.id: {
            order: s.points for (owner, order), s in scores.items() if owner == sheet.id and s.points is not None
        }
        for sheet in sheets
    }
    version = next(line.version_id for line in round_.programmes if line.programme == submission.programme)
    programme = programme_of(session, version)
    weights = {indicator.order: indicator.weight for indicator in programme.indicators}
    handed_in = {str(sheet.id): given[sheet.id] for sheet in sheets if sheet.handed_in_at is not None}
    shares = agreement.indicator_spreads(handed_in, weights)
    middle = sum(shares.values(), Fraction(0)) / max(len(shares), 1)
    # Where all differ alike, none differs most.
    marked = [order for order in agreement.most_differing(shares)[:_MARKED] if shares[order] > middle]
    rows = [
        Row(
            indicator,
            [_cell(scores.get((sheet.id, indicator.order)), sheet) for sheet in sheets],
            _spread_on(handed_in, indicator.order),
            shares.get(indicator.order),
            indicator.order in marked,
        )
        for indicator in programme.indicators
    ]
    rows.sort(key=lambda row: (-(row.share or 0), row.indicator.order))
    line = _line(
        submission, sheets, given,
        programme=programme, settings=settings_of(round_, programme), normalised=None, z={},
    )  # fmt: skip
    return line, rows


def _cell(score: Score | None, sheet: Any) -> tuple[Decimal | None, str]:
    """An expert's points are its own until it hands them in."""
    if score is None or sheet.handed_in_at is None:
        return None, ""
    return score.points, score.remark


def _spread_on(sheets: Mapping[str, Mapping[int, Decimal]], order: int) -> Decimal | None:
    given = [sheet[order] for sheet in sheets.values() if order in sheet]
    return max(given) - min(given) if len(given) >= _TWO else None
