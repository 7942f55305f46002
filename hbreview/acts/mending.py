"""Marking a returned form's comments as mended, one by one: the enterprise's own list of what is still to do."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from .. import clock
from ..model import Comment, Submission
from ..transact import Receipt, carry_out
from ..words import N_, State, Visibility
from ..workflow.errors import HiddenError
from ..workflow.journal import Deed, Origin, append
from ..workflow.policy import Action
from .answering import NotEditableError
from .commenting import held_root


def mark_mended(comment_id: str, *, mended: bool, origin: Origin) -> Receipt:
    """Say that a comment was mended, or take that back; doing it twice changes nothing.

    It settles nothing: whether the comment is resolved stays the city's to say.
    """
    return carry_out(lambda session: _mark(session, comment_id, mended, origin=origin), origin=origin)


def _mark(session: Session, comment_id: str, mended: bool, *, origin: Origin) -> Receipt:
    comment, submission = held_root(session, comment_id, origin=origin, action=Action.MEND)
    if comment.visibility is not Visibility.ENTERPRISE:
        raise HiddenError
    if submission.state is not State.DRAFT:
        raise NotEditableError(N_("Only a returned form is mended."))
    if comment.resolved_at is not None or (comment.mended_at is not None) == mended:
        return Receipt(comment.public_id, comment.version)
    comment.mended_at = clock.now() if mended else None
    comment.version += 1
    session.flush()
    deed = Deed(
        act="mend_comment" if mended else "unmend_comment", target=comment.public_id, submission_id=submission.id,
        round_id=submission.round_id, versions=(comment.version - 1, comment.version),
        data={"indicator": comment.indicator},
    )  # fmt: skip
    append(session, origin=origin, deed=deed, at=clock.now())
    return Receipt(comment.public_id, comment.version)


def forget_mended(session: Session, submission: Submission) -> None:
    """A return asks anew for everything that is still open."""
    session.execute(
        update(Comment)
        .where(Comment.submission_id == submission.id, Comment.resolved_at.is_(None), Comment.mended_at.is_not(None))
        .values(mended_at=None, version=Comment.version + 1)
    )
