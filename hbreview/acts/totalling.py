"""The total of a submission from its score sheets, and the digest of the set that it comes from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from ..evaluation import points
from ..model import Revision, ScoreSheet, Submission
from ..programmes.schema import Programme


@dataclass(frozen=True, slots=True)
class Totalled:
    """A total in points with one decimal, the digest of its score set, and how far the experts are apart."""

    total: Decimal
    score_set: str
    spread: Decimal


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


def total_of(session: Session, submission: Submission, programme: Programme) -> Totalled:
    """P1 over the counted sheets, less the base's deduction for reports not on time."""
    sheets = counted_sheets(session, submission.id)
    marks = [{s.indicator: s.points for s in sheet.scores if s.points is not None} for sheet in sheets]
    answers = session.scalar(
        select(Revision.answers).where(
            Revision.submission_id == submission.id, Revision.number == submission.revision_number
        )
    )
    deduction = points.deduction(programme, answers or {})
    return Totalled(points.total(marks, deduction=deduction), score_set_digest(sheets), points.spread(marks))


def score_set_digest(sheets: list[ScoreSheet]) -> str:
    """SHA-256 over who gave what on which revision, so that a later change of any sheet shows."""
    facts = [
        [
            sheet.public_id,
            sheet.revision_number,
            [[s.indicator, str(s.points), s.remark] for s in sheet.scores],
        ]
        for sheet in sheets
    ]
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
