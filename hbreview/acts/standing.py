"""How a form stands: its answers, its files and last year's answers, read in one statement."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from sqlalchemy import CompoundSelect, Text, case, cast, func, literal, select, union_all
from sqlalchemy.orm import Session

from ..evaluation import checks, comparison, completeness, computed, doubts, remarks, thresholds
from ..evaluation.checks import Finding
from ..model import Answer, Attachment, MonthlyRecord, Revision, Round, Submission
from ..model.kept import programme_of, settings_of
from ..programmes.schema import Field, Programme, RoundDefaults
from ..words import Level, Reason

SERVED_LIST = "served_list"


@dataclass(frozen=True)
class Standing:
    """What stands in a form now, and what follows from it. ``versions``: since when each answer stands."""

    programme: Programme
    settings: RoundDefaults
    answers: Mapping[str, str]
    versions: Mapping[str, int]
    files: Mapping[str, int]
    listed: Mapping[str, int]
    last: Mapping[str, str] | None = None
    # How many months of the data year came on time; None: no monthly records are kept (C24).
    monthly: Mapping[str, str] | None = None

    @cached_property
    def filled(self) -> dict[str, str]:
        """The answers that say something, as a revision keeps them."""
        return {key: value for key, value in self.answers.items() if value != ""}

    def with_answers(self, given: Mapping[str, str], *, version: int) -> Standing:
        """The form after these answers were saved at this version."""
        versions = {**self.versions, **dict.fromkeys(given, version)}
        return replace(self, answers={**self.answers, **given}, versions=versions)

    @cached_property
    def shown(self) -> dict[str, str]:
        """What stands in every field: computed where it can be, else as typed."""
        return computed.effective(self.programme, self.answers, last=self.last)

    @cached_property
    def before(self) -> dict[str, str]:
        """What stood in every field of last year's form."""
        return computed.effective(self.programme, self.last) if self.last else {}

    @cached_property
    def taken(self) -> dict[str, str]:
        """Last year's figures that stand in for what this form asks of last year and nobody typed."""
        return computed.taken_from(self.programme, self.answers, self.last)

    def change(self, field: Field) -> Decimal | None:
        """Since last year: in per cent with one place, for shares in percentage points; None where it is not known."""
        return comparison.change(field, self.before.get(field.key, ""), self.shown.get(field.key, ""))

    def threshold(self, field: Field) -> Reason | None:
        """What the round or an indicator asks of this figure."""
        return thresholds.asked_of(self.programme, field, settings=self.settings)

    @cached_property
    def sources(self) -> dict[str, computed.Source]:
        """Where each derived value comes from, or what is wanting."""
        return computed.sources(self.programme, self.answers, last=self.last)

    @cached_property
    def findings(self) -> list[Finding]:
        """Failed checks, then doubts about what was typed."""
        found = checks.run(self.programme, self.answers, last=self.last, monthly=self.monthly)
        return found + doubts.run(
            self.programme, self.answers, settings=self.settings, last=self.last, listed=self.listed
        )

    @cached_property
    def errors(self) -> list[Finding]:
        """Findings that block the submission."""
        return [finding for finding in self.findings if finding.level is Level.ERROR]

    @cached_property
    def warnings(self) -> list[Finding]:
        """Findings that want a remark."""
        return [finding for finding in self.findings if finding.level is Level.WARNING]

    @cached_property
    def unremarked(self) -> list[Finding]:
        """Warnings without their remark."""
        return remarks.wanting(self.warnings, self.answers)

    @cached_property
    def missing(self) -> list[Reason]:
        """K1 to K5: what is still to be filled in."""
        return completeness.missing(self.programme, self.answers, self.files, last=self.last)

    @cached_property
    def notes(self) -> list[Reason]:
        """K3: what should be there and is not demanded."""
        return completeness.notes(self.programme, self.files)

    @cached_property
    def progress(self) -> dict[int, tuple[int, int]]:
        """For each section how much is filled in, of how much."""
        return completeness.progress(self.programme, self.answers, self.files, last=self.last)


def standing_of(session: Session, submission: Submission) -> Standing:
    """How the form stands, in one statement. The submission's round must be loaded."""
    programme = programme_of(session, submission.programme_version_id)
    answers: dict[str, str] = {}
    versions: dict[str, int] = {}
    files: dict[str, int] = {}
    kept: dict[str, str] = {}
    for kind, key, value, number in session.execute(_statement(submission)):
        if kind == "answer":
            answers[key], versions[key] = value, number
        elif kind == "file":
            files[key] = number
        else:
            kept[kind] = value
    return Standing(
        programme=programme,
        settings=settings_of(submission.round, programme),
        answers=answers,
        versions=versions,
        files=files,
        listed=json.loads(kept.get("listed", "{}")),
        last=remarks.figures_only(json.loads(kept["last"])) if "last" in kept else None,
        monthly={"on_time": kept["monthly"]} if "monthly" in kept else None,
    )


def _statement(submission: Submission) -> CompoundSelect[Any]:
    live = (Attachment.submission_id == submission.id, Attachment.removed_at.is_(None), Attachment.comment_id.is_(None))
    answers = select(literal("answer"), Answer.key, Answer.value, Answer.version).where(
        Answer.submission_id == submission.id
    )
    files = select(literal("file"), Attachment.field, literal(""), func.count()).where(*live).group_by(Attachment.field)
    listed = select(literal("listed"), literal(""), cast(Attachment.counts, Text), literal(0)).where(
        *live, Attachment.field == SERVED_LIST
    )
    last = (
        select(literal("last").label("kind"), literal("").label("key"), cast(Revision.answers, Text).label("value"),
               literal(0).label("number"))
        .join(Submission, Submission.id == Revision.submission_id)
        .join(Round, Round.id == Submission.round_id)
        .where(
            Submission.organisation_id == submission.organisation_id,
            Submission.programme == submission.programme,
            Round.year < submission.round.year,
            Revision.number == Submission.revision_number,
        )
        .order_by(Round.year.desc())
        .limit(1)
        .subquery()
    )  # fmt: skip
    came = case((MonthlyRecord.reported_on <= MonthlyRecord.due_on, 1), else_=0)
    # Grouped, so that no record gives no row, which is another thing than no month on time.
    monthly = (
        select(literal("monthly"), literal(""), cast(func.sum(came), Text), literal(0))
        .where(
            MonthlyRecord.programme == submission.programme,
            MonthlyRecord.organisation_id == submission.organisation_id,
            MonthlyRecord.year == submission.round.year,
        )
        .group_by(MonthlyRecord.year)
    )
    return union_all(answers, files, listed, monthly, select(last.c.kind, last.c.key, last.c.value, last.c.number))
