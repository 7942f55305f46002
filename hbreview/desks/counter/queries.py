"""What the shared pages show: the queue, one submission, its history. Each in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from ...acts.returning import latest_notice
from ...acts.standing import Standing, standing_of
from ...evaluation import comparison
from ...evaluation.contacts import without_contacts
from ...model import (
    Attachment,
    AuditRecord,
    Comment,
    Entry,
    Opinion,
    Person,
    Return,
    Revision,
    ScoreSheet,
    Submission,
)
from ...programmes.schema import Indicator, Programme
from ...words import Role, ScanState, State
from ...workflow.actors import Actor
from ...workflow.policy import Action, has_role_for
from ...workflow.visibility import comments_visible_to, visible_to
from . import thread_queries
from .thread_queries import Thread, ThreadCount

# Acts by which a page that was loaded before is no longer what stands.
_CHANGES = ("answer", "attach", "replace_attachment", "remove_attachment", "extend", "assign_firm", "quarantine")
_MOST_ENTRIES = 20
# An opinion is in force in these states only: a form that goes back voids it.
_SEALED = frozenset({State.CITY_REVIEWED, State.AUDITED, State.SCORED})
# Acts that belong to the course of a submission as everybody may see it.
COURSE = ("submit", "withdraw", "approve", "return", "send_back", "audit", "reaudit", "score", "rescore")


@dataclass(frozen=True)
class SubmissionView:
    """Everything that a submission's page shows to one person. ``form``: what stands in it and follows from it.

    ``counts`` say how much is written on each indicator; only ``thread``, of the indicator ``chosen``, is read.
    """

    submission: Submission
    form: Standing
    attachments: Mapping[str, list[Attachment]]
    counts: Mapping[int, ThreadCount]
    chosen: int
    thread: Thread
    opinion: Opinion | None
    course: list[Entry]
    to_mend: list[Comment]
    notice: Return | None

    @property
    def programme(self) -> Programme:
        """The programme by which this submission is evaluated."""
        return self.form.programme

    @property
    def open_threads(self) -> int:
        """How many threads are open, on all indicators together."""
        return sum(count.open for count in self.counts.values())

    @property
    def blocking(self) -> int:
        """How many open threads block the approval."""
        return sum(count.blocking for count in self.counts.values())

    @cached_property
    def proven(self) -> list[Indicator]:
        """The indicators that have at least one file."""
        return [indicator for indicator in self.programme.indicators if self.evidence_for(indicator)]

    def evidence_for(self, indicator: Indicator) -> list[tuple[Attachment, str]]:
        """The files that prove an indicator, with the pages: by their field, or because somebody said so."""
        return proofs(self.attachments, indicator)


def proofs(attachments: Mapping[str, list[Attachment]], indicator: Indicator) -> list[tuple[Attachment, str]]:
    """The files that prove an indicator, with the pages."""
    order = str(indicator.order)
    return [
        (file, file.proves.get(order, ""))
        for field, files in attachments.items()
        for file in files
        if field in indicator.evidence or order in file.proves
    ]


def may_see_file(session: Session, file: Attachment, who: Actor) -> bool:
    """Beyond the submission's own visibility: the audit's report, a comment's file, what was not yet scanned (U10)."""
    if file.comment_id is not None and not _may_read(session, file.comment_id, who):
        return False
    audit = file.field == "audit_report_file" and not has_role_for(who, Action.SEE_AUDIT_RECORD)
    if audit and not _brought(session, file, who):
        return False
    if file.scan is ScanState.INFECTED:
        return False
    return file.scan is not ScanState.WAITING or file.person_id == who.person_id


def _brought(session: Session, file: Attachment, who: Actor) -> bool:
    """Whether the audit's report came from the person's own organisation, in a round that has it bring the report."""
    query = select(Person.organisation_id).where(Person.id == file.person_id)
    return who.organisation_id is not None and session.scalar(query) == who.organisation_id


def _may_read(session: Session, comment_id: int, who: Actor) -> bool:
    query = select(Comment.id).where(Comment.id == comment_id, comments_visible_to(who))
    return has_role_for(who, Action.SEE_COMMENTS) and session.scalar(query) is not None


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


def form_of(session: Session, submission: Submission, who: Actor) -> Standing:
    """What stands in the form, as this person may read it."""
    form = standing_of(session, submission)
    last = answers_for(who, form.programme, form.last) if form.last else form.last
    return replace(form, answers=answers_for(who, form.programme, form.answers), last=last)


def answers_for(who: Actor, programme: Programme, answers: Mapping[str, str]) -> dict[str, str]:
    """Answers as this person may read them: who scores learns of nobody whom to call (P02)."""
    return dict(answers) if has_role_for(who, Action.SEE_CONTACTS) else without_contacts(programme, answers)


def view_of(
    session: Session, submission: Submission, who: Actor, *, comments: bool, indicator: int = 0
) -> SubmissionView:
    """The submission's page for one person; a fixed number of statements, however much there is.

    ``indicator``: whose thread is shown; 0 for the one that was written on last.
    """
    form, files = form_of(session, submission, who), thread_queries.files_of(session, submission)
    counts = thread_queries.counts_of(session, submission, who) if comments else {}
    chosen = _chosen(form.programme, counts, indicator)
    said = thread_queries.comments_on(session, submission, who, indicator=chosen) if chosen in counts else []
    mending = comments and submission.state is State.DRAFT and submission.revision_number > 0
    notice = latest_notice(session, submission) if mending else None
    asked = thread_queries.to_mend(session, submission, who) if mending else []
    return SubmissionView(
        submission=submission,
        form=form,
        attachments=by_field(files),
        counts=counts,
        chosen=chosen,
        thread=thread_queries.with_files(said, files),
        opinion=_opinion(session, submission) if submission.state in _SEALED else None,
        course=course_of(session, submission),
        # What the notice asks for; a form that was returned before notices were kept is to be mended by all.
        to_mend=[comment for comment in asked if notice is None or comment.public_id in notice.comments],
        notice=notice,
    )


def _chosen(programme: Programme, counts: Mapping[int, ThreadCount], asked: int) -> int:
    orders = [indicator.order for indicator in programme.indicators]
    if asked in orders or not orders:
        return asked
    return max(orders, key=lambda order: counts[order].newest if order in counts else -order)


def by_field(files: list[Attachment]) -> dict[str, list[Attachment]]:
    """The files that belong to the form, by their field."""
    found: dict[str, list[Attachment]] = {}
    for row in files:
        if row.comment_id is None:
            found.setdefault(row.field, []).append(row)
    return found


def _opinion(session: Session, submission: Submission) -> Opinion | None:
    query = select(Opinion).where(Opinion.submission_id == submission.id, Opinion.void_at.is_(None))
    return session.scalar(query.order_by(Opinion.id.desc()).limit(1))


def course_of(session: Session, submission: Submission) -> list[Entry]:
    """The moves of a submission, oldest first: its status timeline."""
    query = select(Entry).where(Entry.submission_id == submission.id, Entry.act.in_(COURSE))
    return list(session.scalars(query.order_by(Entry.sequence)))


def entries_since(session: Session, submission: Submission, *, version: int) -> list[Entry]:
    """What was done to the submission since this version of it, oldest first."""
    query = select(Entry).where(
        Entry.submission_id == submission.id, Entry.version_to > version, Entry.act.in_((*COURSE, *_CHANGES))
    )
    return list(session.scalars(query.order_by(Entry.sequence).limit(_MOST_ENTRIES)))


# In which state a submission waits for a person of each role.
WAITS_FOR: Mapping[Role, State] = {
    Role.CITY: State.SUBMITTED,
    Role.AUDITOR: State.CITY_REVIEWED,
    Role.EXPERT: State.AUDITED,
    Role.PROVINCE: State.AUDITED,
    Role.ENTERPRISE: State.DRAFT,
}


def next_after(session: Session, submission: Submission, who: Actor) -> str | None:
    """The public id of the next submission of the round that waits for this person, after this one or from the top."""
    query = select(Submission.public_id).where(
        visible_to(who),
        Submission.round_id == submission.round_id,
        Submission.id != submission.id,
        Submission.state == WAITS_FOR[who.role],
    )
    return session.scalar(query.order_by(Submission.id < submission.id, Submission.id).limit(1))


def seal_scan_of(session: Session, submission: Submission) -> str:
    """The public id of the live scan of the sealed page; "" when there is none."""
    query = select(Attachment.public_id).where(
        Attachment.submission_id == submission.id, Attachment.field == "city_seal", Attachment.removed_at.is_(None)
    )
    return session.scalar(query.order_by(Attachment.id.desc()).limit(1)) or ""


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
