"""The total of a submission from its score sheets, and the set of sheets that it comes from (P1, C09)."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from .. import clock
from ..evaluation import points
from ..model import Revision, Round, ScoreSet, ScoreSheet, Submission
from ..model.kept import settings_of
from ..programmes.schema import Programme

# How a missing score stands in a sheet's facts.
_NONE = str(None)


@dataclass(frozen=True, slots=True)
class Totalled:
    """A total in points with one decimal, the digest of its score set, and how far the experts are apart.

    ``sheets`` are the facts that the digest is over: who gave what on which revision.
    """

    total: Decimal
    score_set: str
    spread: Decimal
    deduction: Decimal
    sheets: list[Any]


def counted_sheets(session: Session, submission_id: int) -> list[ScoreSheet]:
    """The sheets that count: assigned and handed in, in the order of their assignment."""
    return list(
        session.scalars(
            select(ScoreSheet)
            .where(
                ScoreSheet.submission_id == submission_id,
                ScoreSheet.withdrawn_at.is_(None),
                ScoreSheet.handed_in_at.is_not(None),
            )
            .options(selectinload(ScoreSheet.scores))
            .order_by(ScoreSheet.id)
        )
    )


def marks_of(sheets: Sequence[ScoreSheet]) -> list[dict[int, Decimal]]:
    """The points of each sheet by indicator; no score is left out, it is not a 0."""
    return [{s.indicator: s.points for s in sheet.scores if s.points is not None} for sheet in sheets]


def total_of(session: Session, submission: Submission, programme: Programme) -> Totalled:
    """P1 over the counted sheets, less the deduction for reports not on time, as the round has it."""
    sheets = counted_sheets(session, submission.id)
    marks = marks_of(sheets)
    answers = session.scalar(
        select(Revision.answers).where(
            Revision.submission_id == submission.id, Revision.number == submission.revision_number
        )
    )
    usual = points.deduction(programme, answers or {})
    rules = settings_of(session.get_one(Round, submission.round_id), programme)
    deduction = points.deduction(dataclasses.replace(programme, defaults=rules), answers or {})
    facts = _facts(sheets)
    digest = _digest(facts) if deduction == usual else _digest(_with(facts, deduction))
    return Totalled(points.total(marks, deduction=deduction), digest, points.spread(marks), deduction, facts)


def keep_score_set(session: Session, submission: Submission, totalled: Totalled) -> None:
    """Write down what the total comes from; the same sheets have one row, however often the scoring is closed."""
    known = select(ScoreSet.id).where(ScoreSet.submission_id == submission.id, ScoreSet.digest == totalled.score_set)
    if session.scalar(known) is not None:
        return
    session.add(
        ScoreSet(
            submission_id=submission.id,
            digest=totalled.score_set,
            sheets=totalled.sheets,
            deduction=totalled.deduction,
            total=totalled.total,
            spread=totalled.spread,
            created_at=clock.now(),
        )
    )


def set_faults(kept: ScoreSet) -> Iterator[str]:
    """What does not fit in a stored set: its digest, its total and its spread are reckoned anew from its sheets."""
    if kept.digest not in {_digest(kept.sheets), _digest(_with(kept.sheets, kept.deduction))}:
        yield "a stored score set was changed"
    marks = [
        {order: Decimal(text) for order, text, _remark in scores if text != _NONE}
        for _id, _revision, scores in kept.sheets
    ]
    again = points.total(marks, deduction=kept.deduction)
    if again != kept.total:
        yield f"a stored score set says {kept.total}, its sheets give {again}"
    if points.spread(marks) != kept.spread:
        yield f"a stored score set says a spread of {kept.spread}, its sheets give {points.spread(marks)}"


def _facts(sheets: Sequence[ScoreSheet]) -> list[Any]:
    return [
        [
            sheet.public_id,
            sheet.revision_number,
            [[s.indicator, str(s.points), s.remark] for s in sheet.scores],
        ]
        for sheet in sheets
    ]


def _with(facts: list[Any], deduction: Decimal) -> list[Any]:
    """The facts with a deduction that is the round's own: with another one the same sheets are another set."""
    return [facts, str(deduction.quantize(Decimal("0.1")))]


def _digest(facts: list[Any]) -> str:
    """SHA-256 over who gave what on which revision, so that a later change of any sheet shows."""
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
