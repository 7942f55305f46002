"""Handing a score sheet in, which locks it, and the province's reopening of it. What was handed in stays readable."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from .. import clock
from ..evaluation import points
from ..model import ScoreSheet, SheetVersion, Submission
from ..model.kept import programme_of, settings_of
from ..programmes.schema import Programme
from ..transact import Receipt, carry_out
from ..words import DECIDED, N_, Reason, State
from ..workflow.errors import HiddenError, InvalidError
from ..workflow.journal import Origin
from ..workflow.policy import Action
from . import holding
from .answering import NotEditableError
from .score_sheets import own_sheet, record, require_open

_LONGEST_REASON = 1000


def hand_in(sheet_id: str, version: int, *, origin: Origin) -> Receipt:
    """Lock the actor's sheet: every indicator scored, a remark where P2 asks for one, and after a reopening a reason
    for each score that is another than before. The sheet as it is then is kept as a version of its own."""
    return carry_out(lambda session: _hand_in(session, sheet_id, version, origin=origin), origin=origin)


def _hand_in(session: Session, sheet_id: str, version: int, *, origin: Origin) -> Receipt:
    submission = holding.hold_in_round(session, _address_of(session, sheet_id), origin=origin, action=Action.MARK)
    sheet = own_sheet(session, submission, origin)
    if sheet.public_id != sheet_id:
        raise HiddenError
    require_open(submission, sheet)
    holding.require_version(sheet, version)
    programme = programme_of(session, submission.programme_version_id)
    below = settings_of(submission.round, programme).remark_below
    last = last_version(session, sheet)
    former = former_points(last)
    if reasons := missing_marks(programme, sheet, below=below) + missing_reasons(programme, sheet, former=former):
        raise InvalidError(reasons)
    sheet.handed_in_at = clock.now()
    sheet.revision_number = submission.revision_number
    session.add(_version_of(sheet, number=last.number + 1 if last else 1, former=former))
    data = {
        "scores": {str(s.indicator): str(s.points) for s in sheet.scores},
        "revision": sheet.revision_number,
    }
    record(session, submission, sheet, origin=origin, act="hand_in", data=data)
    return Receipt(sheet.public_id, sheet.version)


def last_version(session: Session, sheet: ScoreSheet) -> SheetVersion | None:
    """The sheet as it was handed in last; None where it never was."""
    query = select(SheetVersion).where(SheetVersion.sheet_id == sheet.id)
    return session.scalar(query.order_by(SheetVersion.number.desc()).limit(1))


def former_points(version: SheetVersion | None) -> dict[int, Decimal]:
    """The points that were handed in last, by indicator."""
    marks = version.marks if version else []
    return {mark["indicator"]: Decimal(mark["points"]) for mark in marks if mark["points"]}


def _version_of(sheet: ScoreSheet, *, number: int, former: Mapping[int, Decimal]) -> SheetVersion:
    marks = [
        {
            "indicator": score.indicator,
            "points": "" if score.points is None else format(score.points, ".1f"),
            "remark": score.remark,
            "reason": score.change_reason if former.get(score.indicator, score.points) != score.points else "",
        }
        for score in sheet.scores
    ]
    return SheetVersion(
        sheet_id=sheet.id, number=number, marks=marks, revision_number=sheet.revision_number,
        handed_in_at=sheet.handed_in_at or clock.now(),
    )  # fmt: skip


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
        elif row.points > indicator.weight:  # the rubric was changed since it was scored
            limits = {"most": format(indicator.weight.normalize(), "f")}
            text = N_("Points are a number from 0 to %(most)s.")
            reasons.append(Reason(text, f"points-{indicator.order}", "P1", limits))
        elif points.remark_needed(row.points, indicator.weight, below=below) and not row.remark.strip():
            text = N_("“%(indicator)s” has a low score: please say why.")
            reasons.append(Reason(text, f"remark-{indicator.order}", "P2", name))
    return reasons


def missing_reasons(programme: Programme, sheet: ScoreSheet, *, former: Mapping[int, Decimal]) -> list[Reason]:
    """The scores that are other than those handed in before, without a reason for it."""
    names = {indicator.order: indicator.name for indicator in programme.indicators}
    text = N_("“%(indicator)s” was %(former)s when it was handed in before: please say why it is changed.")
    return [
        Reason(text, f"change-{score.indicator}", "P1", {"indicator": names[score.indicator], "former": str(before)})
        for score in sheet.scores
        if (before := former.get(score.indicator)) is not None and score.indicator in names
        if score.points is not None and score.points != before and not score.change_reason.strip()
    ]


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
    """The province lets an expert change a sheet that was handed in; what was handed in stays, with this reason."""
    return carry_out(lambda session: _reopen(session, sheet_id, reason, origin=origin), origin=origin)


def _reopen(session: Session, sheet_id: str, reason: str, *, origin: Origin) -> Receipt:
    address = _address_of(session, sheet_id)
    submission = holding.hold_in_round(session, address, origin=origin, action=Action.REOPEN_SHEET)
    plain = reason.replace("\r\n", "\n").replace("\0", "").strip()
    if not plain:
        raise InvalidError([Reason(N_("Please give the reason."), "reason", "R4")])
    if len(plain) > _LONGEST_REASON:
        raise InvalidError([Reason(N_("A reason has at most 1,000 characters."), "reason", "R4")])
    sheet = session.scalars(
        select(ScoreSheet)
        .where(ScoreSheet.public_id == sheet_id)
        .options(selectinload(ScoreSheet.scores))
        .execution_options(populate_existing=True)
    ).one()
    decided = submission.round.state in DECIDED
    if submission.state is not State.AUDITED or sheet.handed_in_at is None or sheet.withdrawn_at or decided:
        raise NotEditableError(N_("Only a sheet that was handed in, before the scoring is closed, can be reopened."))
    last = last_version(session, sheet)
    if last is None:  # handed in before versions were kept
        last = _version_of(sheet, number=1, former={})
        session.add(last)
    last.reopened_at, last.reason = clock.now(), plain
    last.reopened_by = origin.actor.person_id if origin.actor else None
    sheet.handed_in_at = None
    for score in sheet.scores:
        score.change_reason = ""
    former = {str(s.indicator): str(s.points) for s in sheet.scores}
    data = {"reason": plain, "former": former}
    record(session, submission, sheet, origin=origin, act="reopen_sheet", data=data)
    return Receipt(submission.public_id, submission.version)
