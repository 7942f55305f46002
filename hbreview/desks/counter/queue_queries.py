"""The queue: the submissions that somebody may see, narrowed, ordered and counted; a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Subquery, and_, case, false, func, literal, null, select
from sqlalchemy.orm import Session

from ... import clock
from ...evaluation.deadlines import Due, dates_of, due
from ...model import (
    Comment,
    Entry,
    Look,
    Organisation,
    Person,
    Review,
    Revision,
    Round,
    SavedView,
    Score,
    ScoreSheet,
    Submission,
)
from ...words import State
from ...workflow.actors import Actor
from ...workflow.policy import Action, has_role_for
from ...workflow.visibility import visible_to
from .queue_narrowing import Filters, by_others, conditions, news, open_comments, own_sheet
from .queue_order import Order, cursor_after, default_sort, is_after, order_of

PAGE = 50
BLOCKING = Comment.blocking.is_(True)


def rounds_known(session: Session) -> list[Any]:
    """All rounds, newest first: number, public id, title, year, state."""
    query = select(Round.id, Round.public_id, Round.title, Round.year, Round.state)
    return list(session.execute(query.order_by(Round.year.desc(), Round.id.desc())))


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of the queue, how many there are of each state, and where the next page begins ("": nowhere).

    ``sequence`` is the journal's number at that moment: what the page asks from when it asks what is new.
    """

    rows: Sequence[Row[Any]]
    counts: Mapping[str, int]
    next: str
    rounds: Sequence[Any]
    chosen: str
    sort: str
    sequence: int


@dataclass(frozen=True, slots=True)
class QueueNews:
    """The rows of somebody's page that changed, each saying whether it still ``matches``; the counts; the journal's
    number up to which this is all."""

    rows: Sequence[Row[Any]]
    counts: Mapping[str, int]
    chosen: str
    sequence: int


def due_of_row(row: Row[Any]) -> Due:
    """Until when a row is due, and how that stands today."""
    return due(row.state, dates_of(row), extended_to=row.extended_to, today=clock.today())


def queue(session: Session, filters: Filters, who: Actor) -> QueuePage:
    """The submissions that this person may see, narrowed and in order; three queries.

    MalformedError for an order, a ready-made view or a page's beginning that there is not.
    """
    rounds = rounds_known(session)
    chosen = filters.round or (rounds[0].public_id if rounds else "")
    sort = filters.sort or default_sort(who)
    order = order_of(sort, who)
    found = [*conditions(filters, who, backend=_backend(session)), _in_round(chosen)]
    picked = _picked(order, [*found, *_in_state(filters)], after=filters.after, who=who)
    rows = session.execute(_row_columns(who, picked)).all()
    more = cursor_after(_values(rows[PAGE - 1], order), rows[PAGE - 1].public_id) if len(rows) > PAGE else ""
    return QueuePage(
        rows=rows[:PAGE],
        counts=_counts(session, found),
        next=more,
        rounds=rounds,
        chosen=chosen,
        sort=sort,
        sequence=max((row.now for row in rows[:PAGE]), default=0),
    )


def news_of(session: Session, filters: Filters, who: Actor, *, shown: Sequence[str], since: int) -> QueueNews | None:
    """What of the rows on somebody's screen has changed since a number of the journal; None when nothing has that this
    person may see. Three queries, one when there is nothing. ``filters`` name the round."""
    changed = news(who, literal(since)).correlate(Submission).exists()
    known = Submission.public_id.in_(shown[:PAGE])
    ids = session.execute(select(Submission.id, _last_entry()).where(visible_to(who), known, changed)).all()
    if not ids:
        return None
    found = [*conditions(filters, who, backend=_backend(session)), _in_round(filters.round)]
    matches = case((and_(*found, *_in_state(filters)), 1), else_=0)
    mine = and_(visible_to(who), Submission.id.in_([row[0] for row in ids]))
    picked = select(Submission.id, matches.label("matches")).where(mine).subquery("picked")
    rows = session.execute(_row_columns(who, picked).add_columns(picked.c.matches)).all()
    return QueueNews(rows, _counts(session, found), filters.round, max(since, *(row[1] for row in ids)))


def _last_entry() -> ColumnElement[int]:
    """The number of a submission's own last entry: the journal's own would tell how much others do elsewhere."""
    query = select(func.coalesce(func.max(Entry.sequence), 0)).where(Entry.submission_id == Submission.id)
    return query.correlate(Submission).scalar_subquery()


def views_of(session: Session, who: Actor) -> Sequence[SavedView]:
    """The views that this person keeps, by name; one query."""
    return session.scalars(select(SavedView).where(SavedView.person_id == who.person_id).order_by(SavedView.name)).all()


def _backend(session: Session) -> str:
    return session.get_bind().dialect.name


def _in_round(public_id: str) -> ColumnElement[bool]:
    """The submissions of a round; of one that there is not, none."""
    query = select(Round.id).where(Round.public_id == public_id).correlate(None)
    return Submission.round_id == query.scalar_subquery()


def _in_state(filters: Filters) -> list[ColumnElement[bool]]:
    if not filters.state:
        return []
    return [Submission.state == State(filters.state) if filters.state in set(State) else false()]


def _counts(session: Session, found: Sequence[ColumnElement[bool]]) -> dict[str, int]:
    query = select(Submission.state, func.count()).where(*found).group_by(Submission.state)
    return {row[0].value: row[1] for row in session.execute(query)}


def _picked(order: Order, found: Sequence[ColumnElement[bool]], *, after: str, who: Actor) -> Subquery:
    """Which submissions stand on the page, and one more, with their keys: all else is looked up for these alone."""
    keys = [key.label(f"key{place}") for place, key in enumerate(order.keys)]
    query = (
        select(Submission.id, *keys)
        .join(Round, Round.id == Submission.round_id)
        .join(Organisation, Organisation.id == Submission.organisation_id)
        .where(*found)
    )
    if after:
        query = query.where(is_after(order, after, who))
    return query.order_by(*order.keys, Submission.id).limit(PAGE + 1).subquery("picked")


def _values(row: Row[Any], order: Order) -> list[Any]:
    return [row._mapping[f"key{place}"] for place in range(len(order.keys))]


def _row_columns(who: Actor, picked: Subquery) -> Select[Any]:
    """What a row of the queue shows of each that was picked; nothing of what this person may not see."""
    keys = [column for column in picked.c if column.key.startswith("key")]
    of_revision = and_(Revision.submission_id == Submission.id, Revision.number == Submission.revision_number)
    columns: list[Any] = [
        Submission.id, Submission.public_id, Submission.version, Submission.programme,
        Submission.organisation_name, Submission.site_name, Submission.region, Submission.national,
        Submission.state, Submission.revision_number, Submission.moved_at, Submission.extended_to,
        Round.enterprise_deadline, Round.city_deadline, Round.audit_deadline, Round.score_deadline,
        Revision.warnings, _last_entry().label("now"),
        *_of_talk(who), *_of_looks(who), *_of_team(who), *_of_sheet(who), *keys,
    ]  # fmt: skip
    query = (
        select(*columns)
        .select_from(picked)
        .join(Submission, Submission.id == picked.c.id)
        .join(Round, Round.id == Submission.round_id)
        .outerjoin(Revision, of_revision)
        .outerjoin(Look, and_(Look.submission_id == Submission.id, Look.person_id == who.person_id))
        .outerjoin(Review, Review.submission_id == Submission.id)
        .outerjoin(Person, Person.id == Review.assignee_id)
    )
    return query.order_by(*keys, Submission.id)


def _count(query: Select[Any]) -> ColumnElement[Any]:
    return query.with_only_columns(func.count()).scalar_subquery()


def _of_talk(who: Actor) -> list[ColumnElement[Any]]:
    if not has_role_for(who, Action.SEE_COMMENTS):
        return [null().label("open"), null().label("blocking")]
    return [_count(open_comments(who)).label("open"), _count(open_comments(who, BLOCKING)).label("blocking")]


def _of_looks(who: Actor) -> list[ColumnElement[Any]]:
    """The last look, how much others did since, and who reviews it: for those who look."""
    if not has_role_for(who, Action.LOOK):
        return [null().label("seen"), null().label("news"), null().label("assignee")]
    since = news(who, func.coalesce(Look.sequence, 0), by_others(who))
    return [Look.sequence.label("seen"), _count(since).label("news"), Person.name.label("assignee")]


def _of_team(who: Actor) -> list[ColumnElement[Any]]:
    if not has_role_for(who, Action.REVIEW):
        return [null().label("tags"), null().label("flag")]
    return [Review.tags.label("tags"), Review.flag.label("flag")]


def _of_sheet(who: Actor) -> list[ColumnElement[Any]]:
    """When the own score sheet was handed in, and how many indicators have points on it: for whoever scores."""
    if not has_role_for(who, Action.EXPERT_DESK):
        return [null().label("handed_in"), null().label("scored")]
    sheet = own_sheet(who)
    marks = select(func.count()).where(Score.sheet_id == sheet.with_only_columns(ScoreSheet.id).scalar_subquery())
    return [
        sheet.with_only_columns(ScoreSheet.handed_in_at).scalar_subquery().label("handed_in"),
        marks.where(Score.points.is_not(None)).scalar_subquery().label("scored"),
    ]
