"""The notice that goes with a return: numbered, with what is to be mended and which fields are open for it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..evaluation.opening import fields_to_open
from ..model import Comment, Return, Submission
from ..programmes.schema import Programme
from .due import last_day
from .numbering import next_number
from .weighing import SubmissionCase


def write_notice(session: Session, submission: Submission, case: SubmissionCase, *, person_id: int) -> Return:
    """Number and keep the notice, inside the return's own transaction. The guards have seen to what it holds.

    What it says is kept with it: a comment may be written anew later, a notice that was given may not.
    """
    chosen = set(case.to_mend)
    comments = [comment for comment in case.mendable_comments if comment.public_id in chosen]
    narrow = case.data.get("narrow") in {"1", "on", "true", "yes"}
    notice = Return(
        round_id=submission.round_id,
        region=submission.region,
        number=next_number(session, f"return/{submission.round_id}/{submission.region}"),
        submission_id=submission.id,
        revision_number=submission.revision_number,
        reason=case.data["reason"].strip(),
        comments=[comment.public_id for comment in comments],
        items=[_item(comment) for comment in comments],
        deadline=last_day(submission),
        open_fields=_open_fields(case.programme, comments) if narrow else None,
        person_id=person_id,
        created_at=submission.moved_at,
    )
    session.add(notice)
    return notice


def _item(comment: Comment) -> dict[str, Any]:
    return {
        "indicator": comment.indicator,
        "body": comment.body,
        "blocking": comment.blocking,
        "fields": list(comment.fields),
    }


def asked_fields(programme: Programme, comment: Comment) -> list[str]:
    """The fields that a comment is about: those that it names, else all that are evidence for its indicator."""
    return list(comment.fields) or list(programme.indicator(comment.indicator).evidence)


def _open_fields(programme: Programme, comments: list[Comment]) -> list[str]:
    asked = [key for comment in comments for key in asked_fields(programme, comment)]
    opened = fields_to_open(programme, asked)
    return [key for key in programme.field_keys if key in opened]


def latest_notice(session: Session, submission: Submission) -> Return | None:
    """The notice of the latest return of a submission."""
    query = select(Return).where(Return.submission_id == submission.id).order_by(Return.id.desc())
    return session.scalar(query.limit(1))
