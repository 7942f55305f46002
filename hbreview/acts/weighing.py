"""The facts of one submission that the guards ask for, read from the database when asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from .. import clock
from ..evaluation import checks, comparison, completeness, values
from ..model import (
    Answer,
    Attachment,
    AuditRecord,
    Comment,
    Entry,
    Person,
    Revision,
    Round,
    ScoreSheet,
    Submission,
)
from ..model.kept import programme_of, settings_of
from ..programmes.schema import Programme
from ..words import N_, Level, Reason, Role, RoundState
from ..workflow.guards import SheetFacts


@dataclass(frozen=True, slots=True)
class WeighedFinding:
    """A failed check with its text as a reason at its first field, the figures in it."""

    level: Level
    reason: Reason


def answers_of(session: Session, submission_id: int) -> dict[str, str]:
    """The answers as they stand now, by field key."""
    rows = session.execute(select(Answer.key, Answer.value).where(Answer.submission_id == submission_id))
    return {key: value for key, value in rows if value != ""}


def attachment_counts(session: Session, submission_id: int) -> dict[str, int]:
    """How many live attachments each field has."""
    rows = session.execute(
        select(Attachment.field, func.count())
        .where(Attachment.submission_id == submission_id, Attachment.removed_at.is_(None))
        .group_by(Attachment.field)
    )
    return {row[0]: row[1] for row in rows}


def earlier_answers(session: Session, submission: Submission) -> dict[str, str] | None:
    """What the same organisation submitted in the round before, in the same programme; None if nothing."""
    this_year = select(Round.year).where(Round.id == submission.round_id).scalar_subquery()
    return session.scalar(
        select(Revision.answers)
        .join(Submission, Submission.id == Revision.submission_id)
        .join(Round, Round.id == Submission.round_id)
        .where(
            Submission.organisation_id == submission.organisation_id,
            Submission.programme == submission.programme,
            Round.year < this_year,
            Revision.number == Submission.revision_number,
        )
        .order_by(Round.year.desc())
        .limit(1)
    )


def as_reason(finding: checks.Finding) -> Reason:
    """A finding as a reason: its statement, and the fields with the figures in them."""
    figures = "; ".join(f"{value} {unit}".strip() for _label, value, unit in finding.figures)
    return Reason(
        N_("%(statement)s (%(figures)s)"),
        finding.fields[0] if finding.fields else "",
        finding.check_id,
        {"statement": finding.message, "figures": figures},
    )


class SubmissionCase:
    """The case of one submission, as ``guards.Case`` wants it. Each fact costs a query once, when asked."""

    def __init__(self, session: Session, submission: Submission, data: Mapping[str, str]) -> None:
        self._session = session
        self._submission = submission
        self.data = data
        self.today = clock.today()

    @cached_property
    def programme(self) -> Programme:
        return programme_of(self._session, self._submission.programme_version_id)

    @cached_property
    def answers(self) -> dict[str, str]:
        return answers_of(self._session, self._submission.id)

    @cached_property
    def attachments(self) -> dict[str, int]:
        return attachment_counts(self._session, self._submission.id)

    @property
    def round_state(self) -> RoundState:
        return self._submission.round.state

    @property
    def enterprise_deadline(self) -> date:
        return self._submission.round.enterprise_deadline

    @property
    def revision_number(self) -> int:
        return self._submission.revision_number

    @property
    def submitted_on(self) -> date | None:
        moment = self._submission.submitted_at
        return clock.day_of(moment) if moment else None

    @cached_property
    def seal_date(self) -> date | None:
        field = self.programme.field("city_review_date")
        given = values.parse(field, self.data.get("seal_date", ""))
        return date.fromisoformat(given) if isinstance(given, str) and given else None

    @property
    def scan_waived(self) -> bool:
        return bool(self._submission.round.settings.get("waive_scan", False))

    @property
    def scan_given(self) -> bool:
        return self.attachments.get("city_seal", 0) > 0

    @cached_property
    def earlier(self) -> dict[str, str] | None:
        return earlier_answers(self._session, self._submission)

    @cached_property
    def incomplete(self) -> Sequence[Reason]:
        return completeness.missing(self.programme, self.answers, self.attachments, last=self.earlier)

    @cached_property
    def findings(self) -> Sequence[WeighedFinding]:
        found = checks.run(self.programme, self.answers, last=self.earlier)
        return [WeighedFinding(finding.level, as_reason(finding)) for finding in found]

    def _open_comments(self, *conditions: ColumnElement[bool]) -> int:
        query = select(func.count()).where(
            Comment.submission_id == self._submission.id,
            Comment.parent_id.is_(None),
            Comment.resolved_at.is_(None),
            *conditions,
        )
        return self._session.scalar(query) or 0

    @cached_property
    def open_blocking(self) -> int:
        return self._open_comments(Comment.blocking.is_(True))

    @cached_property
    def open_comments(self) -> int:
        return self._open_comments(
            Comment.visibility == "enterprise", Comment.person_id.in_(select(Person.id).where(Person.role == Role.CITY))
        )

    @cached_property
    def city_acted(self) -> bool:
        submitted = select(func.max(Entry.sequence)).where(
            Entry.submission_id == self._submission.id, Entry.act == "submit"
        )
        acted = select(Entry.sequence).where(
            Entry.submission_id == self._submission.id,
            Entry.role == Role.CITY.value,
            Entry.result == "done",
            Entry.sequence > submitted.scalar_subquery(),
        )
        return self._session.scalar(acted.limit(1)) is not None

    @cached_property
    def audit_record(self) -> AuditRecord | None:
        return self._session.get(AuditRecord, self._submission.id)

    @cached_property
    def audit_objections(self) -> Sequence[Reason]:
        record = self.audit_record
        return comparison.audit_missing(
            self.programme,
            {**record.figures, "audit_report_number": record.report_number} if record else {},
            record.items if record else [],
            has_report=self.attachments.get("audit_report_file", 0) > 0,
        )

    @cached_property
    def audit_differs(self) -> bool:
        record = self.audit_record
        if record is None:
            return False
        return bool(comparison.compare(self.programme, self.answers, record.figures))

    @property
    def audit_explained(self) -> bool:
        return bool(self.audit_record and self.audit_record.explanation.strip())

    @cached_property
    def sheets(self) -> Sequence[SheetFacts]:
        rows = self._session.execute(
            select(ScoreSheet.handed_in_at, ScoreSheet.revision_number).where(
                ScoreSheet.submission_id == self._submission.id, ScoreSheet.withdrawn_at.is_(None)
            )
        )
        return [SheetFacts(handed_in is not None, revision) for handed_in, revision in rows]

    @cached_property
    def sheets_needed(self) -> int:
        return settings_of(self._submission.round, self.programme).min_sheets
