"""Score sheets: marking, handing in, reopening."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from .. import clock
from ..evaluation import points
from ..model import Score, ScoreSheet, Submission
from ..model.kept import programme_of, settings_of
from ..programmes.schema import Programme
from ..transact import Receipt, carry_out
from ..words import N_, Reason, RoundState, State
from ..workflow.errors import HiddenError, InvalidError, MalformedError
from ..workflow.journal import Deed, Origin, append
from ..workflow.policy import Action
from . import holding
from .answering import NotEditableError


@dataclass(frozen=True, slots=True)
class Marks:
    """What an expert typed: raw points and remarks by indicator, on this version of the sheet."""

    submission: str
    version: int
    points: Mapping[int, str]
    remarks: Mapping[int, str]


def keep_marks(marks: Marks, *, origin: Origin) -> Receipt:
    """Save points and remarks of the actor's own sheet; ``version`` is the sheet's."""
    return carry_out(lambda session: _keep(session, marks, origin), origin=origin)


def _keep(session: Session, marks: Marks, origin: Origin) -> Receipt:
    submission = holding.hold(session, marks.submission, origin=origin, action=Action.MARK)
    sheet = own_sheet(session, submission, origin)
    _require_open(submission, sheet)
    holding.require_version(sheet, marks.version)
    programme = programme_of(session, submission.programme_version_id)
    parsed = _parsed(programme, marks)
    rows = {score.indicator: score for score in sheet.scores}
    for order, value in parsed.items():
        row = rows.get(order)
        if row is None:
            row = Score(indicator=order)
            sheet.scores.append(row)
        row.points = value
    for order, remark in marks.remarks.items():
        row = rows.get(order) or next((s for s in sheet.scores if s.indicator == order), None)
        if row is None:
            row = Score(indicator=order)
            sheet.scores.append(row)
        row.remark = remark.replace("\r\n", "\n").strip()
    sheet.revision_number = submission.revision_number
    data = {"indicators": sorted({*parsed, *marks.remarks})}
    _record(session, submission, sheet, origin=origin, act="mark", data=data)
    return Receipt(sheet.public_id, sheet.version)


def _parsed(programme: Programme, marks: Marks) -> dict[int, Decimal | None]:
    parsed: dict[int, Decimal | None] = {}
    reasons: list[Reason] = []
    known = {indicator.order: indicator for indicator in programme.indicators}
    if unknown := [order for order in {*marks.points, *marks.remarks} if order not in known]:
        raise MalformedError(str(unknown[0]))
    for order, text in marks.points.items():
        if not text.strip():
            parsed[order] = None  # no score is blank: not 0, not an average
            continue
        value = points.parse_points(text, known[order].weight)
        if isinstance(value, Reason):
            reasons.append(Reason(value.message, f"points-{order}", value.rule, value.values))
        else:
            parsed[order] = value
    if any(len(remark) > 2000 for remark in marks.remarks.values()):  # noqa: PLR2004 - said in the message
        reasons.append(Reason(N_("A remark has at most 2,000 characters.")))
    if reasons:
        raise InvalidError(reasons)
    return parsed


def own_sheet(session: Session, submission: Submission, origin: Origin) -> ScoreSheet:
    """The actor's live sheet of this submission, locked; HiddenError without one."""
    sheet = session.scalar(
        select(ScoreSheet)
        .where(
            ScoreSheet.submission_id == submission.id,
            ScoreSheet.expert_id == (origin.actor.person_id if origin.actor else 0),
            ScoreSheet.withdrawn_at.is_(None),
        )
        .options(selectinload(ScoreSheet.scores))
        .with_for_update(of=ScoreSheet)
        .execution_options(populate_existing=True)
    )
    if sheet is None:
        raise HiddenError
    return sheet


def _require_open(submission: Submission, sheet: ScoreSheet) -> None:
    if submission.state is not State.AUDITED:
        raise NotEditableError(N_("Scores are given after the audit and before the scoring is closed."))
    if sheet.handed_in_at is not None:
        raise NotEditableError(N_("The score sheet was handed in: it is locked."))


def _record(
    session: Session,
    submission: Submission,
    sheet: ScoreSheet,
    *,
    origin: Origin,
    act: str,
    data: Mapping[str, object],
) -> None:
    before = sheet.version
    sheet.version = before + 1
    session.flush()
    deed = Deed(
        act=act, target=sheet.public_id, submission_id=submission.id, round_id=submission.round_id,
        versions=(before, before + 1), data=data,
    )  # fmt: skip
    append(session, origin=origin, deed=deed, at=clock.now())


def hand_in(sheet_id: str, version: int, *, origin: Origin) -> Receipt:
    """Lock the actor's sheet: every indicator scored, a remark where P2 asks for one."""
    return carry_out(lambda session: _hand_in(session, sheet_id, version, origin=origin), origin=origin)


def _hand_in(session: Session, sheet_id: str, version: int, *, origin: Origin) -> Receipt:
    submission = holding.hold(session, _address_of(session, sheet_id), origin=origin, action=Action.MARK)
    sheet = own_sheet(session, submission, origin)
    if sheet.public_id != sheet_id:
        raise HiddenError
    _require_open(submission, sheet)
    holding.require_version(sheet, version)
    programme = programme_of(session, submission.programme_version_id)
    below = settings_of(submission.round, programme).remark_below
    if reasons := missing_marks(programme, sheet, below=below):
        raise InvalidError(reasons)
    sheet.handed_in_at = clock.now()
    sheet.revision_number = submission.revision_number
    data = {
        "scores": {str(s.indicator): str(s.points) for s in sheet.scores},
        "revision": sheet.revision_number,
    }
    _record(session, submission, sheet, origin=origin, act="hand_in", data=data)
    return Receipt(sheet.public_id, sheet.version)


def missing_marks(programme: Programme, sheet: ScoreSheet, *, below: Decimal) -> list[Reason]:
    """What a sheet still lacks: points per indicator, and remarks for low ones (P2)."""
    reasons: list[Reason] = []
    rows = {score.indicator: score for score in sheet.scores}
    for indicator in programme.indicators:
        row = rows.get(indicator.order)
        name = {"indicator": indicator.name}
        if row is None or row.points is None:
            text = N_("Please score “%(indicator)s”.")
            reasons.append(Reason(text, f"points-{indicator.order}", "P1", name))
        elif points.remark_needed(row.points, indicator.weight, below=below) and not row.remark.strip():
            text = N_("“%(indicator)s” has a low score: please say why.")
            reasons.append(Reason(text, f"remark-{indicator.order}", "P2", name))
    return reasons


def _address_of(session: Session, sheet_id: str) -> str:
    address = session.scalar(
        select(Submission.public_id)
        .join(ScoreSheet, ScoreSheet.submission_id == Submission.id)
        .where(ScoreSheet.public_id == sheet_id)
    )
    if address is None:
        raise HiddenError
    return address


def reopen_sheet(sheet_id: str, reason: str, *, origin: Origin) -> Receipt:
    """The province lets an expert change a sheet that was handed in; the former scores stay in the journal."""
    return carry_out(lambda session: _reopen(session, sheet_id, reason, origin=origin), origin=origin)


def _reopen(session: Session, sheet_id: str, reason: str, *, origin: Origin) -> Receipt:
    submission = holding.hold(session, _address_of(session, sheet_id), origin=origin, action=Action.REOPEN_SHEET)
    if not reason.strip():
        raise InvalidError([Reason(N_("Please give the reason."), "reason", "R4")])
    sheet = session.scalars(
        select(ScoreSheet)
        .where(ScoreSheet.public_id == sheet_id)
        .options(selectinload(ScoreSheet.scores))
        .execution_options(populate_existing=True)
    ).one()
    decided = submission.round.state in {RoundState.PUBLICISED, RoundState.FINALISED}
    if submission.state is not State.AUDITED or sheet.handed_in_at is None or decided:
        raise NotEditableError(N_("Only a sheet that was handed in, before the scoring is closed, can be reopened."))
    sheet.handed_in_at = None
    former = {str(s.indicator): str(s.points) for s in sheet.scores}
    data = {"reason": reason.strip(), "former": former}
    _record(session, submission, sheet, origin=origin, act="reopen_sheet", data=data)
    return Receipt(submission.public_id, submission.version)
