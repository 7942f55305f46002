"""Comment threads as this person may read them: counted for all indicators, read for the one that is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import case, func, or_, select, true
from sqlalchemy.orm import Session, aliased, joinedload

from ...model import Attachment, Comment, Submission
from ...words import Visibility
from ...workflow.actors import Actor
from ...workflow.visibility import comments_visible_to


@dataclass(frozen=True, slots=True)
class ThreadCount:
    """How many comments an indicator has, how many threads are open, how many of those block; the newest's number."""

    total: int = 0
    open: int = 0
    blocking: int = 0
    newest: int = 0


@dataclass(frozen=True, slots=True)
class Thread:
    """The comments on one indicator, oldest first, and the files that came with them, by the comment's number."""

    comments: list[Comment] = field(default_factory=list)
    files: Mapping[int, list[Attachment]] = field(default_factory=dict)


_OPEN = Comment.parent_id.is_(None) & Comment.resolved_at.is_(None)
_COUNTS = (
    func.count().label("total"),
    func.coalesce(func.sum(case((_OPEN, 1), else_=0)), 0).label("open"),
    func.coalesce(func.sum(case((_OPEN & Comment.blocking, 1), else_=0)), 0).label("blocking"),
    func.coalesce(func.max(Comment.id), 0).label("newest"),
)


def counts_of(session: Session, submission: Submission, who: Actor) -> dict[int, ThreadCount]:
    """The counts by indicator; one statement."""
    query = select(Comment.indicator, *_COUNTS).where(Comment.submission_id == submission.id, comments_visible_to(who))
    rows = session.execute(query.group_by(Comment.indicator))
    return {row[0]: ThreadCount(*(int(number) for number in row[1:])) for row in rows}


def comments_on(session: Session, submission: Submission, who: Actor, *, indicator: int | None = None) -> list[Comment]:
    """The comments that this person may read on one indicator, or on all, oldest first; one statement."""
    query = (
        select(Comment)
        .where(Comment.submission_id == submission.id, comments_visible_to(who))
        .options(joinedload(Comment.person))
        .order_by(Comment.indicator, Comment.id)
    )
    if indicator is not None:
        query = query.where(Comment.indicator == indicator)
    return list(session.scalars(query))


def around(session: Session, submission: Submission, who: Actor, comment_id: str) -> tuple[list[Comment], ThreadCount]:
    """A comment with the whole of its thread, oldest first, and its indicator's counts: one statement."""
    this = aliased(Comment)
    root = select(func.coalesce(this.parent_id, this.id)).where(this.public_id == comment_id).scalar_subquery()
    indicator = select(this.indicator).where(this.public_id == comment_id).scalar_subquery()
    counts = (
        select(*_COUNTS)
        .where(Comment.submission_id == submission.id, comments_visible_to(who), Comment.indicator == indicator)
        .subquery()
    )
    query = (
        select(Comment, counts)
        .join(counts, true())
        .where(
            Comment.submission_id == submission.id,
            comments_visible_to(who),
            or_(Comment.id == root, Comment.parent_id == root),
        )
    )
    query = query.options(joinedload(Comment.person)).order_by(Comment.id)
    rows = session.execute(query.execution_options(populate_existing=True)).all()
    return [row[0] for row in rows], ThreadCount(*(int(number) for number in rows[0][1:]))


def files_with(session: Session, comments: list[Comment]) -> list[Attachment]:
    """The files that came with these comments; one statement."""
    query = select(Attachment).where(
        Attachment.comment_id.in_([comment.id for comment in comments]), Attachment.removed_at.is_(None)
    )
    return list(session.scalars(query.order_by(Attachment.id)))


def with_files(comments: list[Comment], files: list[Attachment]) -> Thread:
    """The comments with those of a submission's files that came with them."""
    known = {comment.id for comment in comments}
    found: dict[int, list[Attachment]] = {}
    for file in files:
        if file.comment_id in known and file.comment_id is not None:
            found.setdefault(file.comment_id, []).append(file)
    return Thread(comments, found)


def files_of(session: Session, submission: Submission) -> list[Attachment]:
    """All live files of a submission: evidence, and what came with comments. One statement.

    Whether somebody may read a comment's file hangs on the comment: ``with_files`` leaves out the others.
    """
    query = select(Attachment).where(Attachment.submission_id == submission.id, Attachment.removed_at.is_(None))
    return list(session.scalars(query.order_by(Attachment.id)))


def to_mend(session: Session, submission: Submission, who: Actor) -> list[Comment]:
    """The open comments that the enterprise may read, by indicator: what a returned form is to be mended by."""
    query = select(Comment).where(
        Comment.submission_id == submission.id,
        Comment.parent_id.is_(None),
        Comment.resolved_at.is_(None),
        Comment.visibility == Visibility.ENTERPRISE,
        comments_visible_to(who),
    )
    return list(session.scalars(query.options(joinedload(Comment.person)).order_by(Comment.indicator, Comment.id)))
