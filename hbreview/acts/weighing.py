"""The facts of one submission that the guards ask for, read from the database when asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from .. import clock
from ..evaluation import checks, comparison, points, values
from ..model import (
    Answer,
    AuditRecord,
    CitySetting,
    Comment,
    Entry,
    Person,
    Review,
    ScoreSheet,
    Submission,
)
from ..model.kept import programme_of, settings_of
from ..programmes.schema import Programme, RoundDefaults
from ..words import N_, Label, Level, Reason, Role, RoundState, Visibility
from ..workflow.guards import SecondCheckFacts, SheetFacts, SignOffFacts
from .due import last_day
from .signing_off import sign_off_facts
from .standing import Standing, standing_of
from .totalling import counted_sheets, marks_of

# What a city has begun to review by; who merely shared the work out among its people has not.
CITY_WORK = (
    "comment", "reply", "edit_comment", "resolve_comment", "reopen_comment", "attach", "tick", "check_review",
    "approve", "return",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WeighedFinding:
    """A failed check with its text as a reason at its first field, the figures in it."""

    level: Level
    reason: Reason


def answers_of(session: Session, submission_id: int) -> dict[str, str]:
    """The answers as they stand now, by field key; empty ones left out."""
    rows = session.execute(select(Answer.key, Answer.value).where(Answer.submission_id == submission_id))
    return {key: value for key, value in rows if value != ""}


def as_reason(finding: checks.Finding) -> Reason:
    """A finding as a reason: its statement, and every field that it is about with the figure in it."""
    zh = "；".join(f"{label.zh} {value or '—'} {unit}".strip() for label, value, unit in finding.figures)
    en = "; ".join(f"{label.en} {value or '—'} {unit}".strip() for label, value, unit in finding.figures)
    return Reason(
        N_("%(statement)s (%(figures)s)"),
        finding.fields[0] if finding.fields else "",
        finding.check_id,
        {"statement": finding.message, "figures": Label(zh, en)},
    )


class SubmissionCase:
    """The case of one submission, as ``guards.Case`` wants it. Each fact costs a query once, when asked."""

    def __init__(self, session: Session, submission: Submission, data: Mapping[str, str], *, actor_id: int = 0) -> None:
        self._session = session
        self._submission = submission
        self.data = data
        self.actor_id = actor_id
        self.today = clock.today()

    @cached_property
    def programme(self) -> Programme:
        return programme_of(self._session, self._submission.programme_version_id)

    @cached_property
    def standing(self) -> Standing:
        return standing_of(self._session, self._submission)

    @cached_property
    def settings(self) -> RoundDefaults:
        return settings_of(self._submission.round, self.programme)

    @property
    def answers(self) -> dict[str, str]:
        return self.standing.filled

    @property
    def attachments(self) -> Mapping[str, int]:
        return self.standing.files

    @property
    def round_state(self) -> RoundState:
        return self._submission.round.state

    @property
    def enterprise_deadline(self) -> date:
        return last_day(self._submission)

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

    @property
    def incomplete(self) -> Sequence[Reason]:
        return self.standing.missing

    @cached_property
    def findings(self) -> Sequence[WeighedFinding]:
        return [WeighedFinding(finding.level, as_reason(finding)) for finding in self.standing.findings]

    @cached_property
    def unremarked(self) -> Sequence[Reason]:
        if not self.standing.settings.remarks_required:
            return []
        return [as_reason(finding) for finding in self.standing.unremarked]

    @cached_property
    def sign_off(self) -> SignOffFacts:
        return sign_off_facts(self._session, self._submission, self.answers)

    def _open_roots(self) -> tuple[ColumnElement[bool], ...]:
        return (
            Comment.submission_id == self._submission.id,
            Comment.parent_id.is_(None),
            Comment.resolved_at.is_(None),
        )

    @cached_property
    def open_blocking(self) -> int:
        query = select(func.count()).where(*self._open_roots(), Comment.blocking.is_(True))
        return self._session.scalar(query) or 0

    @cached_property
    def mendable_comments(self) -> Sequence[Comment]:
        """The city's open comments that the enterprise may read, in the rubric's order."""
        query = select(Comment).where(
            *self._open_roots(),
            Comment.visibility == Visibility.ENTERPRISE,
            Comment.person_id.in_(select(Person.id).where(Person.role == Role.CITY)),
        )
        return self._session.scalars(query.order_by(Comment.indicator, Comment.id)).all()

    @property
    def mendable(self) -> Sequence[str]:
        return [comment.public_id for comment in self.mendable_comments]

    @property
    def to_mend(self) -> Sequence[str]:
        """The chosen comments; all that can be mended where none was chosen or left out."""
        given = self.data.get("mend")
        return self.mendable if given is None else given.split()

    @cached_property
    def review(self) -> Review | None:
        return self._session.get(Review, self._submission.id)

    @property
    def ticks(self) -> frozenset[str]:
        """What is ticked for the revision that is on the table."""
        review = self.review
        current = review is not None and review.ticks_revision == self._submission.revision_number
        return frozenset(review.ticks) if review is not None and current else frozenset()

    @property
    def unticked(self) -> Sequence[Label]:
        if not self.settings.checklist_required:
            return []
        return [item.label for item in self.programme.checklist if item.key not in self.ticks]

    @cached_property
    def second_check(self) -> SecondCheckFacts:
        wanted = select(CitySetting.second_check).where(CitySetting.region == self._submission.region)
        review = self.review
        current = review is not None and review.checked_revision == self._submission.revision_number
        return SecondCheckFacts(bool(self._session.scalar(wanted)), review.checked_by if review and current else None)

    @cached_property
    def city_acted(self) -> bool:
        submitted = select(func.max(Entry.sequence)).where(
            Entry.submission_id == self._submission.id, Entry.act == "submit"
        )
        acted = select(Entry.sequence).where(
            Entry.submission_id == self._submission.id,
            Entry.role == Role.CITY.value,
            Entry.act.in_(CITY_WORK),
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
        missing = comparison.audit_missing(
            self.programme,
            {**record.figures, "audit_report_number": record.report_number} if record else {},
            record.items if record else [],
            has_report=self.attachments.get("audit_report_file", 0) > 0,
        )
        if record is not None and record.revision_number != self.revision_number:
            held = {"held": str(record.revision_number), "number": str(self.revision_number)}
            text = N_("The figures were held against revision %(held)s; this is revision %(number)s: save them again.")
            missing.append(Reason(text, "record", values=held))
        return missing

    @cached_property
    def audit_unexplained(self) -> Mapping[str, Label]:
        record = self.audit_record
        if record is None:
            return {}
        lines = comparison.table(self.programme, self.standing.shown, record.figures)
        return comparison.unexplained(lines, record.explanations, general=record.explanation)

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
        return self.settings.min_sheets

    @cached_property
    def spread(self) -> Decimal:
        """How many points the sheets that are handed in are apart."""
        return points.spread(marks_of(counted_sheets(self._session, self._submission.id)))

    @property
    def spread_allowed(self) -> Decimal:
        """The round's limit in points; 0: none."""
        return self.settings.spread
