"""The numbered notice of a return, as a paper."""

from __future__ import annotations

from collections.abc import Iterable

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session

from ... import clock
from ...documents.return_notice import ReturnedComment, ReturnNotice, return_notice_docx, return_notice_pdf
from ...model import Return, Submission
from ...model.kept import programme_of
from ...programmes.loader import region
from ...words import Label

_HIGHEST = 1_000_000


def notice_of(session: Session, submission: Submission, number: int) -> Return | None:
    """The notice of this number, if it is one of this submission's."""
    if not 0 < number <= _HIGHEST:
        return None
    return session.scalar(select(Return).where(Return.submission_id == submission.id, Return.number == number))


def notices_of(session: Session, submission: Submission) -> list[Return]:
    """All notices of a submission, oldest first."""
    return list(session.scalars(select(Return).where(Return.submission_id == submission.id).order_by(Return.id)))


def printed_number(submission: Submission, notice: Return) -> str:
    """The number as the notice bears it: of its city, in its round."""
    return f"{region(notice.region).name.zh}退〔{submission.round.year}年度〕{notice.number}号"


def notice_facts(session: Session, submission: Submission, notice: Return) -> ReturnNotice:
    """What the notice says, as it was when it was given. The names of fields and indicators are the round's own."""
    programme = programme_of(session, submission.programme_version_id)
    name = region(notice.region).name

    def titles(keys: Iterable[str]) -> tuple[Label, ...]:
        return tuple(programme.field(key).title for key in keys if programme.has_field(key))

    return ReturnNotice(
        number=printed_number(submission, notice),
        organisation=submission.organisation_name,
        form_title=programme.form_title,
        round_title=submission.round.title,
        city=name,
        revision=notice.revision_number,
        returned_on=clock.day_of(notice.created_at),
        reason=notice.reason,
        deadline=notice.deadline,
        comments=tuple(
            ReturnedComment(
                order=item["indicator"],
                indicator=programme.indicator(item["indicator"]).name,
                body=item["body"],
                blocking=item["blocking"],
                fields=titles(item["fields"]),
            )
            for item in notice.items
        ),
        open_fields=titles(notice.open_fields or ()),
        returned_by=f"{name.zh}中小企业主管部门",
    )


def notice_docx(facts: ReturnNotice) -> bytes:
    """As Word."""
    return return_notice_docx(facts)


def notice_pdf(facts: ReturnNotice) -> bytes:
    """As PDF."""
    return return_notice_pdf(facts, fonts=current_app.config["SETTINGS"].fonts)
