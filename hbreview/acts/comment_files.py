"""A file that comes with a comment: no part of the form, and seen by whoever may read the comment."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import clock
from ..documents.scanning import Scanner
from ..extensions import db
from ..model import Attachment, Comment, Submission
from ..storage import LocalStorage
from ..transact import Receipt
from ..words import N_, Reason
from ..workflow.errors import InvalidError
from ..workflow.journal import Origin
from ..workflow.policy import Action
from . import commenting, holding
from .attaching import Upload, received
from .commenting import Remark

FIELD = "comment"
# All files that came with comments on one submission; each is held to the limit of every upload.
MOST = 100


def post_with_file(
    remark: Remark,
    upload: Upload,
    *,
    origin: Origin,
    storage: LocalStorage,
    limit: int,
    scanner: Scanner | None = None,
) -> Receipt:
    """Post a comment and keep the file with it, both or neither; ``limit`` in bytes. Errors as ``post_comment``.

    Who may not speak now is refused before the file is looked at (U11); InvalidError for a file not taken.
    """
    commenting.clean_body(remark.body)
    submission = holding.look_at(db.session(), remark.submission, origin=origin, action=Action.COMMENT)
    commenting.require_talk(submission, origin, replying=bool(remark.parent))
    with received(upload, storage=storage, limit=limit, scanner=scanner) as (incoming, facts):

        def keep(session: Session, submission: Submission, comment: Comment) -> dict[str, object]:
            count = select(func.count()).where(
                Attachment.submission_id == submission.id, Attachment.comment_id.is_not(None)
            )
            if (session.scalar(count) or 0) >= MOST:
                most = {"count": str(MOST)}
                raise InvalidError([Reason(N_("The comments take at most %(count)s files."), "file", "U12", most)])
            row = Attachment(
                submission_id=submission.id,
                comment_id=comment.id,
                field=FIELD,
                person_id=comment.person_id,
                created_at=clock.now(),
                **facts,
            )
            session.add(row)
            session.flush()
            storage.keep(incoming)
            return {"file": row.public_id, "sha256": row.sha256}

        return commenting.post_comment(remark, origin=origin, also=keep)
