"""What the shared pages show: the queue, one submission, its history. Each in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from ...acts.standing import Standing, standing_of
from ...evaluation import comparison
from ...model import (
    Attachment,
    AuditRecord,
    Comment,
    Entry,
    Opinion,
    Revision,
    ScoreSheet,
    Submission,
)
from ...programmes.schema import Indicator, Programme
from ...words import ScanState, Visibility
from ...workflow.actors import Actor
from ...workflow.policy import Action, has_role_for
from ...workflow.visibility import comments_visible_to, visible_to

# Acts that belong to the course of a submission as everybody may see it.
COURSE = ("submit", "withdraw", "approve", "return", "send_back", "audit", "reaudit", "score", "rescore")


@dataclass(frozen=True)
class SubmissionView:
    """Everything that a submission's page shows to one person. ``form``: what stands in it and follows from it."""

    submission: Submission
    form: Standing
    attachments: Mapping[str, list[Attachment]]
    threads: Mapping[int, list[Comment]]
    opinion: Opinion | None
    course: list[Entry]

    @property
    def programme(self) -> Programme:
        """The programme by which this submission is evaluated."""
        return self.form.programme

    @cached_property
    def to_mend(self) -> list[Comment]:
        """The open comments that the enterprise may read, by indicator: what a returned form is to be mended by."""
        found = [comment for order in sorted(self.threads) for comment in self.threads[order]]
        return [
            comment
            for comment in found
            if comment.parent_id is None and comment.resolved_at is None and comment.visibility == Visibility.ENTERPRISE
        ]

    @cached_property
    def proven(self) -> list[Indicator]:
        """The indicators that have at least one file."""
        return [indicator for indicator in self.programme.indicators if self.evidence_for(indicator)]

    def evidence_for(self, indicator: Indicator) -> list[tuple[Attachment, str]]:
        """The files that prove an indicator, with the pages: by their field, or because somebody said so."""
        order = str(indicator.order)
        return [
            (file, file.proves.get(order, ""))
            for field, files in self.attachments.items()
            for file in files
            if field in indicator.evidence or order in file.proves
        ]


def may_see_file(file: Attachment, who: Actor) -> bool:
    """Beyond the submission's own visibility: the audit's report, and what was not yet scanned (U10)."""
    if file.field == "audit_report_file" and not has_role_for(who, Action.SEE_AUDIT_RECORD):
        return False
    if file.scan is ScanState.INFECTED:
        return False
    return file.scan is not ScanState.WAITING or file.person_id == who.person_id


def was_shown(session: Session, file: Attachment) -> bool:
    """Whether a file that was taken out again had been part of a submitted revision (U09)."""
    if file.removed_at is None:
        return True
    query = select(Revision.id).where(
        Revision.submission_id == file.submission_id,
        Revision.created_at >= file.created_at,
        Revision.created_at < file.removed_at,
    )
    return session.scalar(query.limit(1)) is not None


def changed_since_scan(session: Session, submission: Submission, attachments: Mapping[str, list[Attachment]]) -> bool:
    """Whether an answer was saved after the newest scan of the sealed form came in (K4)."""
    scans = [file.created_at for file in attachments.get("organization_seal", [])]
    if not scans:
        return False
    query = select(Entry.sequence).where(
        Entry.submission_id == submission.id, Entry.act == "answer", Entry.at > max(scans)
    )
    return session.scalar(query.limit(1)) is not None


def sibling_of(session: Session, submission: Submission, who: Actor) -> Submission | None:
    """The organisation's form of the other programme in the same round, where it is on both rosters."""
    return session.scalar(
        select(Submission)
        .where(
            visible_to(who),
            Submission.round_id == submission.round_id,
            Submission.organisation_id == submission.organisation_id,
            Submission.id != submission.id,
        )
        .options(joinedload(Submission.round))
    )


def view_of(session: Session, submission: Submission, who: Actor, *, comments: bool) -> SubmissionView:
    """The submission's page for one person; five statements, however much there is."""
    return SubmissionView(
        submission=submission,
        form=standing_of(session, submission),
        attachments=_attachments(session, submission),
        threads=threads_of(session, submission, who) if comments else {},
        opinion=_opinion(session, submission),
        course=course_of(session, submission),
    )


def _attachments(session: Session, submission: Submission) -> dict[str, list[Attachment]]:
    query = select(Attachment).where(Attachment.submission_id == submission.id, Attachment.removed_at.is_(None))
    query = query.where(Attachment.comment_id.is_(None))
    found: dict[str, list[Attachment]] = {}
    for row in session.scalars(query.order_by(Attachment.id)):
        found.setdefault(row.field, []).append(row)
    return found


def threads_of(
    session: Session, submission: Submission, who: Actor, *, indicator: int | None = None
) -> dict[int, list[Comment]]:
    """The comments that this person may read, by indicator; one query."""
    query = (
        select(Comment)
        .where(Comment.submission_id == submission.id, comments_visible_to(who))
        .options(joinedload(Comment.person))
        .order_by(Comment.id)
    )
    if indicator is not None:
        query = query.where(Comment.indicator == indicator)
    found: dict[int, list[Comment]] = {}
    for row in session.scalars(query):
        found.setdefault(row.indicator, []).append(row)
    return found


def _opinion(session: Session, submission: Submission) -> Opinion | None:
    query = select(Opinion).where(Opinion.submission_id == submission.id, Opinion.void_at.is_(None))
    return session.scalar(query.order_by(Opinion.id.desc()).limit(1))


def course_of(session: Session, submission: Submission) -> list[Entry]:
    """The moves of a submission, oldest first: its status timeline."""
    query = select(Entry).where(Entry.submission_id == submission.id, Entry.act.in_(COURSE))
    return list(session.scalars(query.order_by(Entry.sequence)))


def revision_of(session: Session, submission: Submission, number: int) -> Revision | None:
    """One frozen revision; None also for a number that no revision can have."""
    if not 0 < number <= submission.revision_number:
        return None
    query = select(Revision).where(Revision.submission_id == submission.id, Revision.number == number)
    return session.scalar(query)


def revisions_of(session: Session, submission: Submission) -> list[Any]:
    """Numbers and moments of all revisions."""
    query = select(Revision.number, Revision.created_at, Revision.digest)
    return list(session.execute(query.where(Revision.submission_id == submission.id).order_by(Revision.number)))


def audit_record_of(session: Session, submission: Submission) -> AuditRecord | None:
    """The audit's record, if one was begun."""
    return session.get(AuditRecord, submission.id)


def differences(programme: Programme, answers: Mapping[str, str], record: AuditRecord | None) -> list[Any]:
    """C23 for the page."""
    return list(comparison.compare(programme, answers, record.figures)) if record else []


def sheets_of(session: Session, submission: Submission) -> list[ScoreSheet]:
    """All sheets of a submission with their expert and scores, for the province."""
    query = (
        select(ScoreSheet)
        .where(ScoreSheet.submission_id == submission.id)
        .options(joinedload(ScoreSheet.expert), joinedload(ScoreSheet.scores))
        .order_by(ScoreSheet.id)
    )
    return list(session.scalars(query).unique())
