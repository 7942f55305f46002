"""The facts of the meeting's papers, in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from ... import clock
from ...documents.decision_letter import OUTCOMES, REASONS
from ...documents.meeting_papers import (
    ExpertRemark,
    IndicatorRow,
    MeetingOrganisation,
    MeetingPapers,
    MeetingProgramme,
)
from ...documents.return_notice import printed_day
from ...evaluation import comparison, points
from ...model import AuditRecord, Opinion, Revision, Round, ScoreSheet, Submission
from ...model.kept import programme_of, settings_of
from ...programmes.loader import region
from ...programmes.schema import Indicator, Programme
from ...words import DECIDED
from . import outcome_queries
from .outcome_queries import RankingLine

PROGRAMMES = {"platform": "示范平台", "base": "示范基地"}
_DEFERRED = "评分尚未完成"
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of all submissions of a round, by their number."""

    sheets: Mapping[int, list[ScoreSheet]]
    answers: Mapping[int, Mapping[str, str]]
    audits: Mapping[int, AuditRecord]
    opinions: Mapping[int, str]


def papers_of(session: Session, round_: Round) -> MeetingPapers:
    """The papers of a round with its programmes, as it stands now."""
    known = _known(session, round_)
    versions = {line.programme: line.version_id for line in round_.programmes}
    programmes = []
    for key, lines in outcome_queries.rankings(session, round_):
        programme = programme_of(session, versions[key])
        programme = replace(programme, defaults=settings_of(round_, programme))  # the round's own deduction
        found = tuple(_organisation(line, programme, known) for line in lines)
        programmes.append(MeetingProgramme(PROGRAMMES[key], found))
    decided = round_.state in DECIDED
    return MeetingPapers(round_.title, clock.today(), decided, tuple(programmes))


def _known(session: Session, round_: Round) -> _Known:
    mine = select(Submission.id).where(Submission.round_id == round_.id)
    sheets: dict[int, list[ScoreSheet]] = {}
    counted = select(ScoreSheet).where(
        ScoreSheet.submission_id.in_(mine),
        ScoreSheet.withdrawn_at.is_(None),
        ScoreSheet.handed_in_at.is_not(None),
    )
    for sheet in session.scalars(counted.options(selectinload(ScoreSheet.scores)).order_by(ScoreSheet.id)):
        sheets.setdefault(sheet.submission_id, []).append(sheet)
    latest = select(Revision.submission_id, Revision.answers).join(Submission, Submission.id == Revision.submission_id)
    newest = latest.where(Submission.round_id == round_.id, Revision.number == Submission.revision_number)
    last = select(func.max(Opinion.id)).where(Opinion.submission_id.in_(mine), Opinion.void_at.is_(None))
    opinions = select(Opinion.submission_id, Opinion.opinion).where(
        Opinion.id.in_(last.group_by(Opinion.submission_id))
    )
    audits = session.scalars(select(AuditRecord).where(AuditRecord.submission_id.in_(mine)))
    return _Known(
        sheets=sheets,
        answers={key: answers for key, answers in session.execute(newest)},  # noqa: C416 - rows are no pairs to mypy
        audits={record.submission_id: record for record in audits},
        opinions={key: text for key, text in session.execute(opinions)},  # noqa: C416 - as above
    )


def _organisation(line: RankingLine, programme: Programme, known: _Known) -> MeetingOrganisation:
    sheets, answers, audit = known.sheets.get(line.key, []), known.answers.get(line.key, {}), known.audits.get(line.key)
    return MeetingOrganisation(
        rank=line.rank,
        organisation=line.name if line.site in {"", line.name} else f"{line.name}（{line.site}）",
        city=region(line.region).name.zh,
        total=line.total,
        spread=line.spread,
        outcome=OUTCOMES[line.outcome].zh if line.outcome else "",
        flags=_flags(line),
        reason=_reason(line.reason),
        rows=tuple(_row(indicator, sheets) for indicator in programme.indicators) if sheets else (),
        remarks=tuple(_remarks(sheets)),
        deduction=points.deduction(programme, answers),
        audit_differences=len(comparison.compare(programme, answers, audit.figures)) if audit else None,
        opinion=known.opinions.get(line.key, ""),
    )


def _flags(line: RankingLine) -> tuple[str, ...]:
    flags = [word for word, is_so in (("表扬", line.commended), ("重点督导", line.supervised)) if is_so]
    if line.rectify_until:
        flags.append(f"限{printed_day(line.rectify_until)}前整改")
    return tuple(flags)


def _reason(reason: str) -> str:
    """Papers are in Chinese, whatever language their maker reads."""
    if reason in REASONS:
        return REASONS[reason].zh
    return _DEFERRED if reason == "deferred" else reason


def _row(indicator: Indicator, sheets: list[ScoreSheet]) -> IndicatorRow:
    given = [next((s.points for s in sheet.scores if s.indicator == indicator.order), None) for sheet in sheets]
    return IndicatorRow(indicator.order, indicator.name.zh, indicator.weight, _mean(given), tuple(given))


def _mean(given: list[Decimal | None]) -> Decimal | None:
    """To two places, half up: for reading; the total is of the exact means (P1)."""
    known = [Fraction(value) for value in given if value is not None]
    if not known:
        return None
    exact = sum(known, Fraction(0)) / len(known)
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(_CENT, ROUND_HALF_UP)


def _remarks(sheets: list[ScoreSheet]) -> list[ExpertRemark]:
    return [
        ExpertRemark(number, score.indicator, score.remark)
        for number, sheet in enumerate(sheets, start=1)
        for score in sheet.scores
        if score.remark.strip()
    ]
