"""The queue: the submissions that somebody may see, narrowed, ordered and counted; a fixed number of queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Text, cast, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from ... import clock
from ...evaluation.deadlines import SOON_DAYS, Due, RoundDates, due
from ...evaluation.names import normalised_name
from ...model import (
    Answer,
    Comment,
    Entry,
    JournalHead,
    Look,
    Organisation,
    Person,
    Return,
    Review,
    Revision,
    Round,
    SavedView,
    Submission,
)
from ...words import State
from ...workflow.actors import Actor
from ...workflow.errors import MalformedError
from ...workflow.policy import Action, has_role_for
from ...workflow.visibility import comments_visible_to, visible_to
from .queries import COURSE
from .queue_order import Order, cursor_after, default_sort, due_expression, is_after, order_of

PAGE = 50
LONGEST_CODE, SHORTEST_CODE = 64, 8
# What of the journal is news to a reviewer.
_NEWS = (*COURSE, "comment", "reply", "edit_comment", "resolve_comment", "reopen_comment", "mend_comment", "extend")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the queue is narrowed to and ordered by, as it stands in the address."""

    q: str = ""
    city: str = ""
    programme: str = ""
    state: str = ""
    round: str = ""
    show: str = ""
    tag: str = ""
    sort: str = ""
    after: str = ""

    def but(self, **other: str) -> dict[str, str]:
        """The filters as an address has them, some of them different, the page's place left out; for links."""
        kept = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "after"}
        return {name: value for name, value in (kept | other).items() if value}


@dataclass(frozen=True, slots=True)
class QueueRound:
    """A round as the queue needs it."""

    id: int
    public_id: str
    title: str
    year: int
    state: str
    dates: RoundDates


def rounds_known(session: Session) -> list[QueueRound]:
    """All rounds, newest first."""
    query = select(
        Round.id, Round.public_id, Round.title, Round.year, Round.state,
        Round.enterprise_deadline, Round.city_deadline, Round.audit_deadline, Round.score_deadline,
    )  # fmt: skip
    rows = session.execute(query.order_by(Round.year.desc(), Round.id.desc()))
    return [QueueRound(*row[:5], RoundDates(*row[5:])) for row in rows]


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of the queue, how many there are of each state, and where the next page begins.

    ``sequence`` is the journal's number at that moment: what the page asks from when it asks what is new.
    """

    rows: Sequence[Row[Any]]
    counts: Mapping[str, int]
    next: str
    rounds: list[QueueRound]
    chosen: str
    sort: str
    dates: RoundDates | None
    sequence: int
    views: Sequence[SavedView]

    def due_of(self, row: Row[Any]) -> Due | None:
        """Until when a row is due."""
        if self.dates is None:
            return None
        return due(row.state, self.dates, extended_to=row.extended_to, today=clock.today())


def queue(session: Session, filters: Filters, who: Actor) -> QueuePage:
    """The submissions that this person may see, narrowed and in order; four queries."""
    rounds = rounds_known(session)
    chosen = filters.round or (rounds[0].public_id if rounds else "")
    round_ = next((row for row in rounds if row.public_id == chosen), None)
    dates = round_.dates if round_ else None
    sort = filters.sort or default_sort(who)
    order = order_of(sort, who, dates)
    conditions = _conditions(filters, who, round_, dates)
    query = row_columns(who, order).where(*conditions)
    if filters.state in set(State):
        query = query.where(Submission.state == State(filters.state))
    if filters.after:
        query = query.where(is_after(order, filters.after, who))
    rows = session.execute(query.order_by(*order.keys, Submission.id).limit(PAGE + 1)).all()
    more = ""
    if len(rows) > PAGE:
        last = rows[PAGE - 1]
        values = [last._mapping[f"key{place}"] for place in range(len(order.keys))]
        more = cursor_after(order, values, last.public_id)
    return QueuePage(
        rows=rows[:PAGE],
        counts=_counts(session, conditions, who),
        next=more,
        rounds=rounds,
        chosen=chosen,
        sort=sort,
        dates=dates,
        sequence=rows[0].now if rows else 0,
        views=views_of(session, who),
    )


def _counts(session: Session, conditions: Sequence[ColumnElement[bool]], who: Actor) -> dict[str, int]:
    query = _joined(select(Submission.state, func.count()), who).where(*conditions).group_by(Submission.state)
    return {row[0].value: row[1] for row in session.execute(query)}


def views_of(session: Session, who: Actor) -> Sequence[SavedView]:
    """The views that this person keeps, by name."""
    return session.scalars(select(SavedView).where(SavedView.person_id == who.person_id).order_by(SavedView.name)).all()


def _joined(query: Any, who: Actor) -> Select[Any]:
    """With what narrowing and ordering may ask for, one row at most each."""
    joined: Select[Any] = (
        query.select_from(Submission)
        .join(Organisation, Organisation.id == Submission.organisation_id)
        .outerjoin(Review, Review.submission_id == Submission.id)
        .outerjoin(Look, (Look.submission_id == Submission.id) & (Look.person_id == who.person_id))
        .outerjoin(
            Revision, (Revision.submission_id == Submission.id) & (Revision.number == Submission.revision_number)
        )
    )
    return joined


def row_columns(who: Actor, order: Order) -> Select[Any]:
    """What a row of the queue shows; the order's keys come along as ``key0``, ``key1``."""
    assignee = aliased(Person)
    reviewing, talking = has_role_for(who, Action.REVIEW), has_role_for(who, Action.SEE_COMMENTS)
    looking = has_role_for(who, Action.LOOK)
    nothing = literal(None)
    query = _joined(
        select(
            Submission.id,
            Submission.public_id,
            Submission.version,
            Submission.programme,
            Submission.organisation_name,
            Submission.site_name,
            Submission.region,
            Submission.national,
            Submission.state,
            Submission.revision_number,
            Submission.moved_at,
            Submission.extended_to,
            Submission.total,
            Revision.warnings.label("warnings"),
            (_open_comments(who) if talking else nothing).label("open"),
            (_open_comments(who, blocking=True) if talking else nothing).label("blocking"),
            (_news(who) if looking else nothing).label("news"),
            Look.sequence.label("seen"),
            (assignee.name if looking else nothing).label("assignee"),
            (Review.tags if reviewing else nothing).label("tags"),
            (Review.flag if reviewing else nothing).label("flag"),
            select(JournalHead.sequence).scalar_subquery().label("now"),
            *(key.label(f"key{place}") for place, key in enumerate(order.keys)),
        ),
        who,
    )
    return query.outerjoin(assignee, assignee.id == Review.assignee_id)


def _open_comments(who: Actor, *, blocking: bool = False) -> ColumnElement[Any]:
    query = select(func.count(Comment.id)).where(
        Comment.submission_id == Submission.id,
        Comment.parent_id.is_(None),
        Comment.resolved_at.is_(None),
        comments_visible_to(who),
    )
    if blocking:
        query = query.where(Comment.blocking.is_(True))
    return query.correlate(Submission).scalar_subquery()


def _news(who: Actor) -> ColumnElement[Any]:
    """How much others did with it since this person's last look."""
    query = select(func.count(Entry.sequence)).where(
        Entry.submission_id == Submission.id,
        Entry.sequence > func.coalesce(Look.sequence, 0),
        Entry.act.in_(_NEWS),
        Entry.person_id.is_distinct_from(who.person_id),
    )
    return query.correlate(Submission, Look).scalar_subquery()


def _conditions(
    filters: Filters, who: Actor, round_: QueueRound | None, dates: RoundDates | None
) -> list[ColumnElement[bool]]:
    conditions = [visible_to(who)]
    if round_ is not None:
        conditions.append(Submission.round_id == round_.id)
    if filters.city:
        conditions.append(Submission.region == filters.city)
    if filters.programme:
        conditions.append(Submission.programme == filters.programme)
    if filters.show:
        if filters.show not in shows_for(who):
            raise MalformedError("show")
        conditions.append(_SHOWS[filters.show](who, dates))
    if filters.tag and has_role_for(who, Action.REVIEW):
        conditions.append(_holds(cast(Review.tags, Text), _as_json(filters.tag)))
    if filters.q.strip():
        conditions.append(_matches(filters.q))
    return conditions


def _as_json(text: str) -> str:
    """A text as a JSON list has it, quoted; SQLAlchemy writes its JSON in ASCII."""
    plain = "".join(text.split())
    return '"' + plain.encode("ascii", "backslashreplace").decode("ascii").replace('"', "") + '"'


def _holds(column: ColumnElement[Any] | InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return column.like(f"%{escaped}%", escape="\\")


def _matches(q: str) -> ColumnElement[bool]:
    """By name, old or new, or site, whatever its blanks and the width of its brackets; by the first letters in pinyin;
    by the number in the address or the beginning of a receipt's digest. All of it literal (I05)."""
    text = normalised_name(q)
    site = func.lower(func.replace(func.replace(func.replace(Submission.site_name, "（", "("), "）", ")"), " ", ""))
    found = [
        _holds(Organisation.search_name, text),
        _holds(func.lower(func.replace(func.replace(Submission.organisation_name, "（", "("), "）", ")")), text),
        _holds(site, text),
        Submission.public_id == q.strip(),
    ]
    if text.isascii():
        found.append(_holds(Organisation.initials, text))
    else:
        found.append(_holds(cast(Organisation.former_names, Text), _as_json(text).strip('"')))
    if SHORTEST_CODE <= len(text) <= LONGEST_CODE and all(sign in "0123456789abcdef" for sign in text):
        digests = select(Revision.submission_id).where(Revision.digest.startswith(text, autoescape=True))
        found.append(Submission.id.in_(digests))
    return or_(*found)


Condition = Callable[[Actor, RoundDates | None], ColumnElement[bool]]


def _overdue(_who: Actor, dates: RoundDates | None) -> ColumnElement[bool]:
    return due_expression(dates) < clock.today()


def _soon(_who: Actor, dates: RoundDates | None) -> ColumnElement[bool]:
    today = clock.today()
    return due_expression(dates).between(today, today + timedelta(days=SOON_DAYS))


def _returned(_who: Actor, _dates: RoundDates | None) -> ColumnElement[bool]:
    notice = select(Return.id).where(
        Return.submission_id == Submission.id, Return.revision_number == Submission.revision_number
    )
    return (Submission.state == State.DRAFT) & notice.correlate(Submission).exists()


def _not_begun(_who: Actor, _dates: RoundDates | None) -> ColumnElement[bool]:
    """A draft that nobody has written into: the roster made it, so whoever never opened it is on the list."""
    answer = select(Answer.key).where(Answer.submission_id == Submission.id, Answer.value != "")
    return (
        (Submission.state == State.DRAFT) & (Submission.revision_number == 0) & ~answer.correlate(Submission).exists()
    )


def _new(who: Actor, _dates: RoundDates | None) -> ColumnElement[bool]:
    unseen = Look.sequence.is_(None) & (Submission.revision_number > 0)
    return unseen | (Look.sequence.is_not(None) & (_news(who) > 0))


_SHOWS: Mapping[str, Condition] = {
    "mine": lambda who, _dates: Review.assignee_id == who.person_id,
    "unassigned": lambda _who, _dates: Review.assignee_id.is_(None),
    "new": _new,
    "overdue": _overdue,
    "soon": _soon,
    "not_begun": _not_begun,
    "returned": _returned,
    "comments": lambda who, _dates: _open_comments(who) > 0,
    "warnings": lambda _who, _dates: Revision.warnings > 0,
    "flagged": lambda _who, _dates: func.coalesce(Review.flag, "") != "",
}
_NEEDS: Mapping[str, Action] = {
    "mine": Action.REVIEW, "unassigned": Action.REVIEW, "flagged": Action.REVIEW, "new": Action.LOOK,
    "comments": Action.SEE_COMMENTS,
}  # fmt: skip


def shows_for(who: Actor) -> list[str]:
    """The ready-made views that make sense for a person: what one may not see is not filtered by either."""
    return [name for name in _SHOWS if name not in _NEEDS or has_role_for(who, _NEEDS[name])]


@dataclass(frozen=True, slots=True)
class News:
    """The rows of a page that something happened to since, the counts, and the journal's number now."""

    rows: Sequence[Row[Any]]
    page: QueuePage


def news_of(session: Session, filters: Filters, who: Actor, *, shown: Sequence[str], since: int) -> News | None:
    """What of the rows on somebody's screen has changed; None when nothing has. Three queries at most."""
    touched = select(Entry.sequence).where(Entry.submission_id == Submission.id, Entry.sequence > since)
    some = select(Submission.id).where(
        visible_to(who), Submission.public_id.in_(shown[:PAGE]), touched.correlate(Submission).exists()
    )
    ids = session.scalars(some).all()
    if not ids:
        return None
    page = queue(session, filters, who)
    order = order_of("roster", who, page.dates)
    rows = session.execute(row_columns(who, order).where(Submission.id.in_(ids))).all()
    return News(rows, page)
