"""What the expert's pages show, in a fixed number of statements; which sheets are seen is said here in SQL (P02)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session, aliased, joinedload

from ...acts.handing_in import former_points
from ...evaluation import points, suggestions
from ...evaluation.reporting import Reporting
from ...evaluation.suggestions import Suggestion
from ...model import Attachment, AuditRecord, Round, Score, ScoreSheet, SheetVersion, Submission
from ...programmes.schema import AuditFigure, Field, Indicator, Programme, RoundDefaults
from ...words import DECIDED, Label, State
from ...workflow.actors import Actor
from ...workflow.policy import Action, has_role_for
from ...workflow.visibility import visible_to
from ..counter.queries import SubmissionView

# The value that a programme's rule may ask for, beside the form's own.
MONTHS_ON_TIME = "monthly.on_time"
# How experts are called to each other: never by name.
_STEMS = "甲乙丙丁戊己庚辛壬癸"


@dataclass(frozen=True)
class SheetSeen:
    """A sheet that this person may read, the versions of it that were handed in, and its place among all."""

    sheet: ScoreSheet
    versions: Sequence[SheetVersion]
    place: int
    own: bool

    @cached_property
    def scores(self) -> dict[int, Score]:
        """By indicator."""
        return {score.indicator: score for score in self.sheet.scores}

    @cached_property
    def former(self) -> dict[int, Decimal]:
        """The points that were handed in before the last reopening."""
        reopened = [version for version in self.versions if version.reopened_at is not None]
        return former_points(reopened[-1] if reopened else None)

    @property
    def letter(self) -> Label:
        """What the expert is called where the name is not said."""
        if self.place < len(_STEMS):
            return Label(_STEMS[self.place], chr(65 + self.place))
        return Label(str(self.place + 1), str(self.place + 1))

    @property
    def given(self) -> dict[int, Decimal]:
        """The points by indicator; what is not scored is left out, it is not 0."""
        return {score.indicator: score.points for score in self.sheet.scores if score.points is not None}

    def earlier(self, programme: Programme) -> list[Score]:
        """What was scored by a rubric that had other indicators: it stays in the total, so it is shown."""
        orders = {indicator.order for indicator in programme.indicators}
        return [score for score in self.sheet.scores if score.indicator not in orders]

    @property
    def total(self) -> Decimal | None:
        """What is given altogether; None where nothing is scored yet."""
        return points.sheet_total(self.given) if self.given else None


def sheets_seen(session: Session, submission: Submission, who: Actor) -> list[SheetSeen]:
    """The province reads all sheets; an expert the own one, and once that is handed in the others that are (P02)."""
    earlier = aliased(ScoreSheet)
    place = select(func.count(earlier.id)).where(
        earlier.submission_id == ScoreSheet.submission_id, earlier.id < ScoreSheet.id
    )
    query = (
        select(ScoreSheet, place.correlate(ScoreSheet).scalar_subquery())
        .where(ScoreSheet.submission_id == submission.id, _readable(who))
        .options(joinedload(ScoreSheet.expert), joinedload(ScoreSheet.scores))
        .order_by(ScoreSheet.id)
        .execution_options(populate_existing=True)
    )
    rows = session.execute(query).unique().all()
    told = [sheet.id for sheet, _place in rows if _is_told(sheet, who)]
    versions: dict[int, list[SheetVersion]] = {}
    found = select(SheetVersion).where(SheetVersion.sheet_id.in_(told)).order_by(SheetVersion.number)
    for version in session.scalars(found):
        versions.setdefault(version.sheet_id, []).append(version)
    return [
        SheetSeen(sheet, versions.get(sheet.id, ()), place, own=sheet.expert_id == who.person_id)
        for sheet, place in rows
    ]


def _readable(who: Actor) -> ColumnElement[bool]:
    if not has_role_for(who, Action.MARK):
        return true()
    mine = aliased(ScoreSheet)
    handed_in = select(mine.id).where(
        mine.submission_id == ScoreSheet.submission_id,
        mine.expert_id == who.person_id,
        mine.withdrawn_at.is_(None),
        mine.handed_in_at.is_not(None),
    )
    own = and_(ScoreSheet.expert_id == who.person_id, ScoreSheet.withdrawn_at.is_(None))
    others = and_(ScoreSheet.expert_id != who.person_id, ScoreSheet.handed_in_at.is_not(None))
    return or_(own, and_(others, handed_in.correlate(ScoreSheet).exists()))


def _is_told(sheet: ScoreSheet, who: Actor) -> bool:
    """Whether this person is told what a sheet was before: the province, and the expert whose it is."""
    return sheet.expert_id == who.person_id or not has_role_for(who, Action.MARK)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A field that is evidence: what stands in it, last year's value, the change since, its files."""

    field: Field
    value: str
    last: str
    change: Decimal | None
    files: Sequence[Attachment]


@dataclass(frozen=True, slots=True)
class Line:
    """One indicator of the sheet with all that it is judged by. ``further``: files that were said to prove it."""

    indicator: Indicator
    evidence: Sequence[Evidence]
    further: Sequence[tuple[Attachment, str]]
    audited: Sequence[tuple[AuditFigure, str]]
    suggestion: Suggestion | None
    below: Decimal
    # The monthly records, where the indicator is about them and there are any.
    reporting: Reporting | None


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known beside the form: the audit's record and the monthly records of its year."""

    record: AuditRecord | None
    reporting: Reporting | None


def lines_of(view: SubmissionView, beside: Beside, settings: RoundDefaults) -> list[Line]:
    """The sheet's lines, in the rubric's order. Asks the database nothing."""
    return [_line(view, indicator, beside, below=settings.remark_below) for indicator in view.programme.indicators]


def _line(view: SubmissionView, indicator: Indicator, beside: Beside, *, below: Decimal) -> Line:
    form, figures = view.form, beside.record.figures if beside.record else {}
    given = {MONTHS_ON_TIME: Decimal(len(beside.reporting.on_time))} if beside.reporting else {}
    by_months = any(part.given == MONTHS_ON_TIME for part in indicator.suggest)
    proofs = view.evidence_for(indicator)
    further = [(file, pages) for file, pages in proofs if file.field not in indicator.evidence]
    return Line(
        indicator,
        [found for key in indicator.evidence if (found := _evidence(view, form.programme.field(key)))],
        further,
        [(f, figures[f.key]) for f in form.programme.audit_figures if _audits(f, indicator) and figures.get(f.key)],
        suggestions.suggest(form.programme, indicator, form.shown, has_file=bool(proofs), given=given),
        indicator.weight * below,
        beside.reporting if by_months else None,
    )


def _audits(figure: AuditFigure, indicator: Indicator) -> bool:
    return figure.compare_with in indicator.evidence


def _evidence(view: SubmissionView, field: Field) -> Evidence | None:
    form, files = view.form, view.attachments.get(field.key, [])
    value, last = form.shown.get(field.key, ""), form.before.get(field.key, "")
    return Evidence(field, value, last, form.change(field), files) if value or files or last else None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sheet is: its total (None: nothing scored), how many are scored, which are not."""

    total: Decimal | None
    scored: int
    todo: Sequence[Indicator]


def progress_of(programme: Programme, seen: SheetSeen) -> Progress:
    """Over the indicators of the rubric in force; what an older one scored besides counts for nothing here."""
    todo = [indicator for indicator in programme.indicators if indicator.order not in seen.given]
    return Progress(seen.total, len(programme.indicators) - len(todo), todo)


def open_sheets(session: Session, who: Actor) -> list[tuple[ScoreSheet, Submission]]:
    """The actor's sheets that are to be filled in now, by organisation."""
    decided = select(Round.id).where(Round.state.in_(DECIDED))
    return _own(
        session, who, ScoreSheet.handed_in_at.is_(None), Submission.state == State.AUDITED,
        Submission.round_id.not_in(decided),
    )  # fmt: skip


def own_sheet(session: Session, who: Actor, submission: Submission) -> list[tuple[ScoreSheet, Submission]]:
    """The actor's live sheet of a submission, in whatever state; none where there is none."""
    return _own(session, who, Submission.id == submission.id)


def _own(session: Session, who: Actor, *conditions: ColumnElement[bool]) -> list[tuple[ScoreSheet, Submission]]:
    query = (
        select(ScoreSheet, Submission)
        .join(Submission, ScoreSheet.submission_id == Submission.id)
        .where(visible_to(who), ScoreSheet.expert_id == who.person_id, ScoreSheet.withdrawn_at.is_(None), *conditions)
        .options(joinedload(ScoreSheet.scores))
        .order_by(Submission.organisation_name, Submission.id)
    )
    return [(sheet, submission) for sheet, submission in session.execute(query).unique()]


def addresses_of(session: Session, who: Actor, sheet_ids: Sequence[str]) -> Mapping[str, tuple[str, str]]:
    """The submissions (address, organisation) of those of these sheets that are the actor's own live ones."""
    query = (
        select(ScoreSheet.public_id, Submission.public_id, Submission.organisation_name)
        .join(Submission, ScoreSheet.submission_id == Submission.id)
        .where(
            visible_to(who),
            ScoreSheet.expert_id == who.person_id,
            ScoreSheet.withdrawn_at.is_(None),
            ScoreSheet.public_id.in_(sheet_ids),
        )
    )
    return {sheet: (address, name) for sheet, address, name in session.execute(query)}
