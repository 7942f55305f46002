"""The numbered notice of a return, as a paper."""

from __future__ import annotations

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from ... import clock
from ...acts.due import last_day
from ...documents.return_notice import ReturnedComment, ReturnNotice, return_notice_docx, return_notice_pdf
from ...model import Comment, Return, Submission
from ...model.kept import programme_of
from ...programmes.loader import region


def notice_of(session: Session, submission: Submission, number: int) -> Return | None:
    """The notice of this number, if it is one of this submission's."""
    query = select(Return).where(Return.submission_id == submission.id, Return.number == number)
    return session.scalar(query)


def notices_of(session: Session, submission: Submission) -> list[Return]:
    """All notices of a submission, oldest first."""
    return list(session.scalars(select(Return).where(Return.submission_id == submission.id).order_by(Return.id)))


def printed_number(notice: Return) -> str:
    """The number as the notice bears it: of its city, and of the year in which it was written."""
    year = clock.day_of(notice.created_at).year
    return f"{region(notice.region).name.zh}退〔{year}〕{notice.number}号"


def notice_facts(session: Session, submission: Submission, notice: Return) -> ReturnNotice:
    """What the notice says. Bodies are those of today: who edits a comment is in the journal."""
    programme = programme_of(session, submission.programme_version_id)
    query = select(Comment).where(Comment.submission_id == submission.id, Comment.public_id.in_(notice.comments))
    comments = session.scalars(query.order_by(Comment.indicator, Comment.id))
    name = region(notice.region).name
    return ReturnNotice(
        number=printed_number(notice),
        organisation=submission.organisation_name,
        form_title=programme.form_title,
        round_title=submission.round.title,
        city=name,
        revision=notice.revision_number,
        returned_on=clock.day_of(notice.created_at),
        reason=notice.reason,
        deadline=last_day(submission),
        comments=tuple(
            ReturnedComment(
                order=comment.indicator,
                indicator=programme.indicator(comment.indicator).name,
                body=comment.body,
                blocking=comment.blocking,
                fields=tuple(programme.field(key).title for key in comment.fields if programme.has_field(key)),
            )
            for comment in comments
        ),
        open_fields=tuple(programme.field(key).title for key in notice.open_fields or ()),
        returned_by=f"{name.zh}中小企业主管部门",
    )


def notice_docx(facts: ReturnNotice) -> bytes:
    """As Word."""
    return return_notice_docx(facts)


def notice_pdf(facts: ReturnNotice) -> bytes:
    """As PDF."""
    return return_notice_pdf(facts, fonts=current_app.config["SETTINGS"].fonts)
