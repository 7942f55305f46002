"""Comments on an indicator: posting, replying, resolving, reopening."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from .. import clock
from ..model import Comment, Submission
from ..model.kept import programme_of
from ..transact import Receipt, carry_out
from ..words import DECIDED, N_, Reason, Role, State, Visibility
from ..workflow.actors import Actor
from ..workflow.errors import ForbiddenError, HiddenError, InvalidError, MalformedError, StaleError
from ..workflow.journal import Deed, Origin, append
from ..workflow.policy import Action, has_role_for
from ..workflow.visibility import comments_visible_to
from . import holding, mentioning
from .answering import NotEditableError

LONGEST = 5000


@dataclass(frozen=True, slots=True)
class Remark:
    """What somebody wants to say. ``thread_version``: how many comments of the thread were on the screen.

    None means: whatever stands there, add to it.
    """

    submission: str
    indicator: int
    body: str
    blocking: bool = False
    visibility: Visibility = Visibility.ENTERPRISE
    parent: str = ""
    thread_version: int | None = None
    # The fields of the form that it is about, by key.
    fields: tuple[str, ...] = ()


# What is done together with a comment; what it answers is put into the entry's data.
Also = Callable[[Session, Submission, Comment], Mapping[str, object]]


def post_comment(remark: Remark, *, origin: Origin, also: Also | None = None) -> Receipt:
    """Add a comment or a reply; the receipt's target is the comment. ``also`` is done in the same transaction.

    Raises InvalidError (empty, too long), NotEditableError (nothing to say in this state), StaleError when
    the thread has grown since it was read, HiddenError for an indicator or parent that is not there.
    """
    return carry_out(lambda session: _post(session, remark, origin, also=also), origin=origin)


def _post(session: Session, remark: Remark, origin: Origin, *, also: Also | None) -> Receipt:
    submission = holding.hold(session, remark.submission, origin=origin, action=Action.COMMENT)
    programme = programme_of(session, submission.programme_version_id)
    if remark.indicator not in {indicator.order for indicator in programme.indicators}:
        raise HiddenError
    if unknown := [key for key in remark.fields if not programme.has_field(key)]:
        raise MalformedError(unknown[0])
    require_talk(submission, origin, replying=bool(remark.parent))
    body = clean_body(remark.body)
    parent = _thread_now(session, submission, remark, origin=origin)
    actor = origin.actor
    comment = Comment(
        submission_id=submission.id,
        indicator=remark.indicator,
        parent_id=parent.id if parent else None,
        person_id=actor.person_id if actor else 0,
        body=body,
        blocking=remark.blocking and parent is None and actor is not None and actor.role is Role.CITY,
        visibility=_visibility(remark, origin, parent),
        fields=[key for key in programme.field_keys if key in remark.fields],
        revision_number=submission.revision_number,
        created_at=clock.now(),
    )
    session.add(comment)
    session.flush()
    more = also(session, submission, comment) if also else None
    act = "reply" if parent else "comment"
    journal_comment(session, submission, comment, origin=origin, act=act, more=more)
    mentioning.tell(session, submission, comment, origin=origin)
    return Receipt(comment.public_id, comment.version)


def journal_comment(
    session: Session,
    submission: Submission,
    comment: Comment,
    *,
    origin: Origin,
    act: str,
    more: Mapping[str, object] | None = None,
) -> None:
    """The entry of what was done to a comment, with ``more`` in its data."""
    # A comment does not raise the submission's version: colleagues may comment side by side (C02).
    data = {
        "indicator": comment.indicator,
        "blocking": comment.blocking,
        "visibility": comment.visibility.value,
        "revision": comment.revision_number,
        **(more or {}),
    }
    deed = Deed(
        act=act, target=comment.public_id, submission_id=submission.id, round_id=submission.round_id, data=data,
        versions=(comment.version - 1, comment.version),
    )  # fmt: skip
    append(session, origin=origin, deed=deed, at=clock.now())


def require_talk(submission: Submission, origin: Origin, *, replying: bool) -> None:
    """The city opens threads while the form is with it; the enterprise answers while it may mend.

    NotEditableError or ForbiddenError for whoever may not speak now.
    """
    role = origin.actor.role if origin.actor else None
    if submission.round.state in DECIDED:
        raise NotEditableError(N_("The outcomes of this round are public: nothing of it changes any more."))
    if role is Role.ENTERPRISE:
        if not replying:
            raise ForbiddenError
        if submission.state not in {State.DRAFT, State.SUBMITTED}:
            raise NotEditableError(N_("The city's review is closed."))
    elif role is Role.CITY and submission.state is not State.SUBMITTED and not replying:
        raise NotEditableError(N_("Comments are made while the form is with the city."))
    elif submission.state is State.DRAFT and submission.revision_number == 0:
        raise NotEditableError(N_("Nothing was submitted yet."))


def _thread_now(session: Session, submission: Submission, remark: Remark, *, origin: Origin) -> Comment | None:
    """The comment that is answered, if one is; StaleError when the thread has grown since it was read."""
    length = _length_of(submission.id, indicator=remark.indicator, origin=origin)
    if not remark.parent:
        _require_length(remark, None if remark.thread_version is None else session.scalar(length) or 0)
        return None
    row = session.execute(
        select(Comment, length.scalar_subquery()).where(
            Comment.public_id == remark.parent,
            Comment.submission_id == submission.id,
            Comment.indicator == remark.indicator,
            Comment.parent_id.is_(None),
            comments_visible_to(_actor(origin)),
        )
    ).first()
    if row is None:
        raise HiddenError
    _require_length(remark, row[1])
    parent: Comment = row[0]
    return parent


def _require_length(remark: Remark, length: int | None) -> None:
    if remark.thread_version is not None and length != remark.thread_version:
        raise StaleError(length or 0)


def _actor(origin: Origin) -> Actor:
    if origin.actor is None:
        raise ForbiddenError
    return origin.actor


def clean_body(text: str) -> str:
    """What was written, as it is kept; InvalidError when it is empty, too long or holds control characters."""
    body = text.replace("\r\n", "\n").strip()
    if not body:
        raise InvalidError([Reason(N_("Please write the comment."), "body")])
    if len(body) > LONGEST:
        most = {"count": str(LONGEST)}
        raise InvalidError([Reason(N_("At most %(count)s characters."), "body", values=most)])
    if any(not c.isprintable() and c not in "\n\t" and not c.isspace() for c in body):
        raise InvalidError([Reason(N_("The text holds control characters."), "body", "D08")])
    return body


def _visibility(remark: Remark, origin: Origin, parent: Comment | None) -> Visibility:
    """A reply is never seen by more people than what it answers; it may be by fewer."""
    if remark.visibility is Visibility.INTERNAL and not has_role_for(origin.actor, Action.COMMENT_INTERNALLY):
        raise ForbiddenError
    # The province speaks to the reviewing side; what the enterprise hears comes from its city.
    if origin.actor is not None and origin.actor.role is Role.PROVINCE:
        return Visibility.INTERNAL
    return parent.visibility if parent and parent.visibility is Visibility.INTERNAL else remark.visibility


def _length_of(submission_id: int, *, indicator: int, origin: Origin) -> Select[int]:
    """How many comments of the thread this person can see: the thread's version for that person."""
    # An alias: it is asked beside the comment that is answered.
    counted = aliased(Comment)
    return select(func.count(counted.id)).where(
        counted.submission_id == submission_id,
        counted.indicator == indicator,
        comments_visible_to(_actor(origin), counted),
    )


def settle(public_id: str, *, resolved: bool, origin: Origin) -> Receipt:
    """Resolve a thread or open it again; doing it twice changes nothing."""
    return carry_out(lambda session: _settle(session, public_id, resolved, origin=origin), origin=origin)


def _settle(session: Session, public_id: str, resolved: bool, *, origin: Origin) -> Receipt:
    comment, submission = held_root(session, public_id, origin=origin, action=Action.SETTLE_COMMENT)
    if submission.state is not State.SUBMITTED:
        raise NotEditableError(N_("Comments are settled while the form is with the city."))
    if (comment.resolved_at is not None) == resolved:
        return Receipt(comment.public_id, comment.version)
    comment.resolved_at = clock.now() if resolved else None
    comment.resolved_by = origin.actor.person_id if origin.actor and resolved else None
    comment.version += 1
    act = "resolve_comment" if resolved else "reopen_comment"
    journal_comment(session, submission, comment, origin=origin, act=act)
    return Receipt(comment.public_id, comment.version)


def held_root(session: Session, public_id: str, *, origin: Origin, action: Action) -> tuple[Comment, Submission]:
    """A thread's first comment as it stands now, and its submission, locked; HiddenError when there is none."""
    row = session.execute(
        select(Comment, Submission.public_id)
        .join(Submission, Submission.id == Comment.submission_id)
        .where(Comment.public_id == public_id, Comment.parent_id.is_(None))
    ).first()
    if row is None:
        raise HiddenError
    submission = holding.hold(session, row[1], origin=origin, action=action)
    comment: Comment = row[0]
    session.refresh(comment)
    return comment, submission
