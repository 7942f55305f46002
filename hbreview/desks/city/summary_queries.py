"""Submissions with what came of their review: the city's summary, and what a report of many at once names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, select
from sqlalchemy.orm import Session

from ... import clock
from ...documents.city_summary import Summary, SummaryRow
from ...evaluation.deadlines import Due, DueStanding, dates_of, due
from ...model import Comment, Opinion, Revision, Round, Submission
from ...programmes.loader import regions
from ...programmes.schema import Region
from ...words import Label, RoundState, State
from ...workflow.actors import Actor
from ...workflow.policy import Action, has_role_for
from ...workflow.visibility import comments_visible_to, visible_to
from ..counter.queue_narrowing import Filters, conditions

# Papers are in Chinese, whatever language their maker reads.
STATES = {
    State.DRAFT: Label("草稿", "Draft"),
    State.SUBMITTED: Label("已提交", "Submitted"),
    State.CITY_REVIEWED: Label("市级已审核", "City reviewed"),
    State.AUDITED: Label("已审计", "Audited"),
    State.SCORED: Label("已评分", "Scored"),
}
PROGRAMMES = {"platform": Label("示范平台", "Platform"), "base": Label("示范基地", "Base")}
_ALL_CITIES = Label("河北省", "Hebei Province")


@dataclass(frozen=True, slots=True)
class Line:
    """One submission of the summary. Opinion and seal date are of the one in force; the total: see ``lines``."""

    public_id: str
    version: int
    programme: str
    organisation: str
    site: str
    region: str
    state: State
    revision: int
    submitted_at: datetime | None
    round_title: str
    opinion: str
    seal_date: date | None
    open_comments: int
    warnings: int | None
    returned: bool
    begun: bool
    due: Due
    total: Decimal | None

    @property
    def row(self) -> str:
        """As a selection names it."""
        return f"{self.public_id}:{self.version}"

    @property
    def overdue(self) -> bool:
        """Whether the last day of what comes next is over."""
        return self.due.standing is DueStanding.OVERDUE

    @property
    def shown(self) -> str:
        """The organisation, and its site where that has another name."""
        return self.organisation if self.site in {"", self.organisation} else f"{self.organisation}（{self.site}）"


def cities_of(who: Actor) -> list[Region]:
    """The cities whose summary this person may make: the own one first; all of them for whom none is set."""
    if not who.regions:
        return list(regions())
    return sorted((region for region in regions() if region.key in who.regions), key=lambda r: r.key != who.region)


def rounds_of(session: Session) -> list[Row[Any]]:
    """All rounds, newest first: id, public id, title, state."""
    query = select(Round.id, Round.public_id, Round.title, Round.state)
    return list(session.execute(query.order_by(Round.year.desc(), Round.id.desc())))


def lines(session: Session, who: Actor, *narrowed: ColumnElement[bool]) -> list[Line]:
    """What this person may know of, in the roster's order, platforms first; one statement.

    A total is told to those who see scores, and to others when the round is final.
    """
    query = _query(who).where(visible_to(who), *narrowed)
    found = session.execute(query.order_by(Submission.programme.desc(), Submission.id)).all()
    told = has_role_for(who, Action.SEE_SCORES)
    return [_line(row, told=told or row.round_state is RoundState.FINALISED) for row in found]


def _is_shown_as(show: str, who: Actor) -> Any:
    """Whether the queue has it in one of its ready-made views: the counts here and the rows there are the same."""
    return and_(*conditions(Filters(show=show), who, backend="")).label(show)


def _query(who: Actor) -> Any:
    open_comments = select(func.count(Comment.id)).where(
        Comment.submission_id == Submission.id,
        Comment.parent_id.is_(None),
        Comment.resolved_at.is_(None),
        comments_visible_to(who),
    )
    latest = select(func.max(Opinion.id)).where(Opinion.submission_id == Submission.id, Opinion.void_at.is_(None))
    return (
        select(
            Submission.public_id, Submission.version, Submission.programme, Submission.organisation_name,
            Submission.site_name, Submission.region, Submission.state, Submission.revision_number,
            Submission.submitted_at, Submission.extended_to, Submission.total,
            Round.title, Round.state.label("round_state"), Round.enterprise_deadline, Round.city_deadline,
            Round.audit_deadline, Round.score_deadline,
            Opinion.opinion, Opinion.seal_date, Revision.warnings,
            open_comments.correlate(Submission).scalar_subquery().label("open_comments"),
            _is_shown_as("returned", who), _is_shown_as("not_begun", who),
        )
        .select_from(Submission)
        .join(Round, Round.id == Submission.round_id)
        .outerjoin(Opinion, Opinion.id == latest.correlate(Submission).scalar_subquery())
        .outerjoin(
            Revision,
            and_(Revision.submission_id == Submission.id, Revision.number == Submission.revision_number),
        )
    )  # fmt: skip


def _line(row: Row[Any], *, told: bool) -> Line:
    return Line(
        public_id=row.public_id,
        version=row.version,
        programme=row.programme,
        organisation=row.organisation_name,
        site=row.site_name,
        region=row.region,
        state=row.state,
        revision=row.revision_number,
        submitted_at=row.submitted_at,
        round_title=row.title,
        opinion=row.opinion or "",
        seal_date=row.seal_date,
        open_comments=row.open_comments,
        warnings=row.warnings,
        returned=bool(row.returned),
        begun=not row.not_begun,
        due=due(row.state, dates_of(row), extended_to=row.extended_to, today=clock.today()),
        total=row.total if told else None,
    )


def summary_of(found: Sequence[Line], *, cities: Sequence[Region], titles: Sequence[str]) -> Summary:
    """The table as it is written down: of which cities (by their own names), and of which rounds."""
    city = _together(cities)
    return Summary(
        title=f"{city.zh}示范平台和示范基地运营情况评价汇总表",
        city=city,
        round_title="、".join(titles),
        made_on=clock.today(),
        rows=tuple(_row(number, line) for number, line in enumerate(found, start=1)),
    )


def _together(cities: Sequence[Region]) -> Label:
    if len(cities) == len(regions()):
        return _ALL_CITIES
    return Label("、".join(one.name.zh for one in cities), ", ".join(one.name.en for one in cities))


def _row(number: int, line: Line) -> SummaryRow:
    return SummaryRow(
        position=number,
        organisation=line.organisation,
        site=line.site,
        programme=PROGRAMMES[line.programme],
        state=STATES[line.state],
        revision=line.revision or None,
        submitted_on=clock.day_of(line.submitted_at) if line.submitted_at else None,
        opinion=line.opinion,
        seal_date=line.seal_date,
        open_comments=line.open_comments,
        warnings=line.warnings,
        overdue=line.overdue,
        total=line.total,
    )
