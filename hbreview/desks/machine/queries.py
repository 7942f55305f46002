"""The rows that machines read: each list in a fixed number of statements, however long its page is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from flask import abort
from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import Session, selectinload

from ...acts import deciding_titles
from ...acts.importing import latest_roster
from ...evaluation import computed
from ...evaluation.contacts import contacts
from ...evaluation.names import normalised_name
from ...model import Designation, Organisation, Revision, Roster, Round, Score, ScoreSheet, Submission
from ...model.kept import programme_of
from ...programmes.schema import PROGRAMMES, FieldType, Programme
from ...words import Outcome
from .questions import Question

_HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """One field with what was submitted in it."""

    field: str
    label: str
    value: str
    unit: str
    computed: bool


@dataclass(frozen=True, slots=True)
class SubmissionLine:
    """A submission with the public ids around it."""

    submission: Submission
    round_id: str
    organisation_id: str
    answers: tuple[AnswerLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of one indicator, in points."""

    indicator: int
    mean: Decimal


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """What came of one submission."""

    designation: Designation
    submission_id: str
    programme: str
    means: list[Mean] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DesignationLine:
    """A line of a roster with what the roster says of it."""

    designation: Designation
    organisation_id: str
    programme: str
    round_id: str | None
    valid_until: date | None


def rounds(session: Session, asked: Question) -> list[Round]:
    """One more than a page of rounds, oldest first, with their programmes."""
    query = select(Round).where(Round.id > asked.after).order_by(Round.id).limit(asked.limit + 1)
    return list(session.scalars(query.options(selectinload(Round.programmes))))


def round_of(session: Session, public_id: str) -> Round:
    """The round with its programmes; 404."""
    query = select(Round).where(Round.public_id == public_id).options(selectinload(Round.programmes))
    return session.scalar(query) or abort(404)


def submissions(session: Session, round_: Round, asked: Question) -> list[SubmissionLine]:
    """One more than a page of a round's submissions, in roster order."""
    query = (
        select(Submission, Organisation.public_id)
        .join(Organisation, Organisation.id == Submission.organisation_id)
        .where(Submission.round_id == round_.id, Submission.id > asked.after)
        .order_by(Submission.id)
        .limit(asked.limit + 1)
    )
    return [SubmissionLine(row, round_.public_id, organisation) for row, organisation in session.execute(query)]


def submission_of(session: Session, public_id: str) -> SubmissionLine:
    """A submission with the answers of its last submitted revision; 404."""
    query = (
        select(Submission, Round.public_id, Organisation.public_id, Revision.answers)
        .join(Round, Round.id == Submission.round_id)
        .join(Organisation, Organisation.id == Submission.organisation_id)
        .outerjoin(
            Revision, (Revision.submission_id == Submission.id) & (Revision.number == Submission.revision_number)
        )
        .where(Submission.public_id == public_id)
    )
    found = session.execute(query).first()
    if found is None:
        abort(404)
    row, round_id, organisation_id, answers = found
    programme = programme_of(session, row.programme_version_id)
    return SubmissionLine(row, round_id, organisation_id, tuple(_answer_lines(programme, answers or {})))


def _answer_lines(programme: Programme, answers: dict[str, str]) -> Iterable[AnswerLine]:
    """In the form's order, and never how to reach a person nor who that is."""
    if not answers:
        return
    shown = computed.effective(programme, answers)
    hidden = contacts(programme)
    for one in programme.enterprise_fields:
        value = shown.get(one.key, "")
        if value and one.key not in hidden and one.type is not FieldType.ATTACHMENT:
            yield AnswerLine(one.key, one.title.zh, value, one.unit, one.key not in answers)


def scores(session: Session, round_: Round, asked: Question) -> list[ScoreLine]:
    """One more than a page of what a finalised round came to, in the order of its rosters."""
    query = (
        select(Designation, Submission.public_id, Submission.programme)
        .join(Roster, Roster.id == Designation.roster_id)
        .join(Submission, Submission.id == Designation.submission_id)
        .where(Roster.round_id == round_.id, Designation.id > asked.after)
        .order_by(Designation.id)
        .limit(asked.limit + 1)
    )
    lines = [ScoreLine(row, submission, programme) for row, submission, programme in session.execute(query)]
    scored = {line.designation.submission_id: line for line in lines if line.designation.total is not None}
    for submission_id, mean in _means(session, list(scored)):
        scored[submission_id].means.append(mean)
    return lines


def _means(session: Session, submissions: Sequence[int | None]) -> Iterable[tuple[int, Mean]]:
    """Over the sheets that count: those that were handed in and not withdrawn."""
    query = (
        select(ScoreSheet.submission_id, Score.indicator, func.sum(Score.points), func.count())
        .join(Score, Score.sheet_id == ScoreSheet.id)
        .where(
            ScoreSheet.submission_id.in_(submissions),
            ScoreSheet.withdrawn_at.is_(None),
            ScoreSheet.handed_in_at.is_not(None),
            Score.points.is_not(None),
        )
        .group_by(ScoreSheet.submission_id, Score.indicator)
        .order_by(ScoreSheet.submission_id, Score.indicator)
    )
    for submission_id, indicator, points, count in session.execute(query):
        mean = (points or Decimal(0)) / Decimal(count)
        yield submission_id, Mean(indicator, mean.quantize(_HUNDREDTH, rounding=ROUND_HALF_UP))


def designations(session: Session, asked: Question) -> list[DesignationLine]:
    """One more than a page of the titles in force, or of those that came of a round; 404 for an unknown round."""
    rosters = _rosters(session, asked.given.get("round"))
    wanted = asked.given.get("programme")
    known = {roster.id: roster for roster in rosters if wanted in {None, roster.programme}}
    query = (
        select(Designation, Organisation.public_id, Round.public_id)
        .join(Roster, Roster.id == Designation.roster_id)
        .join(Organisation, Organisation.id == Designation.organisation_id)
        .outerjoin(Round, Round.id == Roster.round_id)
        .where(
            Designation.id > asked.after,
            or_(false(), *(_holds_title(session, one, later="round" not in asked.given) for one in known.values())),
        )
        .order_by(Designation.id)
        .limit(asked.limit + 1)
    )
    if region := asked.given.get("region"):
        query = query.where(Designation.region == region)
    if name := normalised_name(asked.given.get("q", "")):
        query = query.where(Organisation.search_name.contains(name, autoescape=True))
    lines = []
    for row, organisation_id, round_id in session.execute(query):
        roster = known[row.roster_id]
        lines.append(DesignationLine(row, organisation_id, roster.programme, round_id, roster.valid_until))
    return lines


def _holds_title(session: Session, roster: Roster, *, later: bool) -> ColumnElement[bool]:
    """The condition on ``Designation`` for the valid lines of a roster (P6); with what was decided later, if asked."""
    decisions = deciding_titles.decisions_after(session, roster) if later else {}
    restored = [key for key, one in decisions.items() if one.kind == deciding_titles.Kind.RESTORE]
    passed = and_(
        Designation.outcome.is_distinct_from(Outcome.FAIL), Designation.organisation_id.not_in(decisions.keys())
    )
    return and_(Designation.roster_id == roster.id, or_(passed, Designation.organisation_id.in_(restored)))


def _rosters(session: Session, round_id: str | None) -> list[Roster]:
    if round_id is None:
        return [roster for key in PROGRAMMES if (roster := latest_roster(session, key)) is not None]
    found = round_of(session, round_id)
    return list(session.scalars(select(Roster).where(Roster.round_id == found.id, Roster.fixed_at.is_not(None))))
