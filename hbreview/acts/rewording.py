"""Writing one's own comment anew, within the journal's sight: what stood before stays on record."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from .. import clock
from ..model import Comment, Submission
from ..transact import Receipt, carry_out
from ..words import N_
from ..workflow.errors import ForbiddenError, HiddenError, MalformedError, StaleError
from ..workflow.journal import Origin
from ..workflow.policy import Action
from ..workflow.visibility import comments_visible_to
from . import holding, mentioning
from .answering import NotEditableError
from .commenting import clean_body, journal_comment, require_talk


@dataclass(frozen=True, slots=True)
class Rewording:
    """The comment's public id, the version of it that was on the screen, and its new text."""

    comment: str
    version: int
    body: str


def reword(rewording: Rewording, *, origin: Origin) -> Receipt:
    """Write one's own comment anew. Who may read it, and whether it blocks, stays as it is (field case 19).

    ForbiddenError for somebody else's, StaleError when it was changed meanwhile, NotEditableError once it is
    resolved or its time is over, InvalidError for a text that will not do.
    """
    return carry_out(lambda session: _reword(session, rewording, origin=origin), origin=origin)


def _reword(session: Session, rewording: Rewording, *, origin: Origin) -> Receipt:
    comment, submission = _held(session, rewording.comment, origin=origin)
    require_talk(submission, origin, replying=comment.parent_id is not None)
    if rewording.version > comment.version:
        raise MalformedError("version")
    if rewording.version != comment.version:
        raise StaleError(comment.version)
    if comment.resolved_at is not None or _is_settled(session, comment):
        raise NotEditableError(N_("It is resolved: reopen it first."))
    before, comment.body = comment.body, clean_body(rewording.body)
    if comment.body == before:
        return Receipt(comment.public_id, comment.version)
    comment.edited_at = clock.now()
    comment.version += 1
    session.flush()
    journal_comment(session, submission, comment, origin=origin, act="edit_comment", more={"before": before})
    mentioning.tell(session, submission, comment, origin=origin, before=before)
    return Receipt(comment.public_id, comment.version)


def _is_settled(session: Session, reply: Comment) -> bool:
    """Whether the comment that a reply answers is resolved."""
    query = select(Comment.resolved_at).where(Comment.id == reply.parent_id)
    return reply.parent_id is not None and session.scalar(query) is not None


def _held(session: Session, public_id: str, *, origin: Origin) -> tuple[Comment, Submission]:
    """One's own comment or reply as it stands now, and its submission, locked."""
    if origin.actor is None:
        raise ForbiddenError
    row = session.execute(
        select(Comment, Submission.public_id)
        .join(Submission, Submission.id == Comment.submission_id)
        .where(Comment.public_id == public_id, comments_visible_to(origin.actor))
    ).first()
    if row is None:
        raise HiddenError
    submission = holding.hold(session, row[1], origin=origin, action=Action.EDIT_COMMENT)
    comment: Comment = row[0]
    session.refresh(comment)
    if comment.person_id != origin.actor.person_id:
        raise ForbiddenError
    return comment, submission
