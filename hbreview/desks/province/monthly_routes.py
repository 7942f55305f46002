"""Monthly records of reporting (每月按时报送): a year at a glance, a workbook to fill in, and that workbook read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from flask import Response, make_response, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from ... import clock
from ...acts.importing import latest_roster
from ...acts.recording_months import FIRST_YEAR, LAST_YEAR, Kept, MonthGiven, record_months
from ...documents.monthly_sheet import MonthlyLine, MonthlyReading, MonthProblem, monthly_workbook, read_months
from ...evaluation.file_kinds import XLSX
from ...evaluation.reporting import MONTHS, Month, Reported, due_on, month_standing
from ...extensions import db
from ...model import Designation, MonthlyRecord, Organisation
from ...programmes import loader
from ...security import origin, policy
from ...words import N_, Label, Outcome, Reason
from ...workflow.policy import Action
from ..counter.downloads import download
from .routes import province

MONTH_WORDS = {
    Month.ON_TIME: N_("on time"),
    Month.LATE: N_("late"),
    Month.MISSING: N_("missing"),
    Month.PENDING: N_("not due yet"),
}


@dataclass(frozen=True, slots=True)
class YearLine:
    """One organisation's year in one programme; ``months``: how each of the twelve stands, and when it came."""

    organisation: str
    programme: Label
    months: tuple[tuple[Month, date | None], ...]

    @property
    def on_time(self) -> int:
        """How many months came on time."""
        return sum(standing is Month.ON_TIME for standing, _day in self.months)


@dataclass(frozen=True, slots=True)
class Report:
    """What became of an upload: how many records of each outcome, and what is wrong in which cell."""

    counted: Mapping[Kept, int]
    problems: tuple[MonthProblem, ...]


@cache
def _programmes() -> dict[str, Label]:
    """What each programme is called, by its newest file."""
    newest: dict[str, Label] = {}
    for year, key, _path in loader.available():
        newest.setdefault(key, loader.shipped(key, year).name)
    return newest


def _named() -> dict[str, str]:
    return {key: name.zh for key, name in _programmes().items()}


def _year() -> int:
    given = request.values.get("year", "")
    year = int(given) if given.isascii() and given.isdigit() and len(given) == len("2019") else 0
    return year if FIRST_YEAR <= year <= LAST_YEAR else clock.today().year - 1


def _records(session: Session, year: int) -> dict[tuple[str, int], dict[int, Reported]]:
    rows = session.execute(
        select(
            MonthlyRecord.programme, MonthlyRecord.organisation_id, MonthlyRecord.month, MonthlyRecord.reported_on,
            MonthlyRecord.due_on,
        ).where(MonthlyRecord.year == year)
    )  # fmt: skip
    found: dict[tuple[str, int], dict[int, Reported]] = {}
    for programme, organisation_id, month, reported, due in rows:
        found.setdefault((programme, organisation_id), {})[month] = Reported(reported, due)
    return found


def _listed(session: Session, records: Mapping[tuple[str, int], object]) -> Iterator[tuple[str, int, str]]:
    """Programme, organisation and its name: the rosters in force in their order, then who has records besides."""
    rosters = {key: latest_roster(session, key) for key in _programmes()}
    ids = {roster.id: key for key, roster in rosters.items() if roster is not None}
    query = select(Designation.roster_id, Designation.organisation_id, Designation.organisation_name).where(
        Designation.roster_id.in_(ids), Designation.outcome.is_distinct_from(Outcome.FAIL)
    )
    seen = set()
    for roster_id, organisation_id, name in session.execute(query.order_by(Designation.id)):
        seen.add((ids[roster_id], organisation_id))
        yield ids[roster_id], organisation_id, name
    others = sorted(set(records) - seen)
    names = select(Organisation.id, Organisation.name).where(Organisation.id.in_({one for _key, one in others}))
    known = {row.id: row.name for row in session.execute(names)}
    for programme, organisation_id in others:
        yield programme, organisation_id, known[organisation_id]


def _lines(session: Session, year: int) -> list[YearLine]:
    records, today, names = _records(session, year), clock.today(), _programmes()
    lines = []
    for programme, organisation_id, name in _listed(session, records):
        own = records.get((programme, organisation_id), {})
        months = tuple(
            (
                month_standing(own.get(month), due=due_on(year, month), today=today),
                own[month].reported_on if month in own else None,
            )
            for month in MONTHS
        )
        lines.append(YearLine(name, names.get(programme, Label(programme, programme)), months))
    return lines


@province.get("/monthly")
@policy(Action.KEEP_MONTHLY)
def monthly() -> Response:
    return _monthly()


def _monthly(status: int = 200, **more: object) -> Response:
    session, year = db.session(), _year()
    recorded = session.scalars(select(MonthlyRecord.year).distinct()).all()
    this = clock.today().year
    page = render_template(
        "province/monthly.html",
        year=year,
        years=sorted({*recorded, this, this - 1, year}, reverse=True),
        lines=_lines(session, year),
        months=MONTHS,
        month_words=MONTH_WORDS,
        kept_words=Kept,
        **more,
    )
    return make_response(page, status)


@province.get("/monthly.xlsx")
@policy(Action.KEEP_MONTHLY)
def monthly_template() -> Response:
    session, year = db.session(), _year()
    records = _records(session, year)
    lines = [
        MonthlyLine(
            name, programme, year,
            {month: one.reported_on for month, one in records.get((programme, organisation_id), {}).items()},
        )
        for programme, organisation_id, name in _listed(session, records)
    ]  # fmt: skip
    content = monthly_workbook(lines, programmes=_named())
    return download(content, name=f"月度报送记录{year}.xlsx", media_type=XLSX)


@province.post("/monthly")
@policy(Action.KEEP_MONTHLY)
def bring_months() -> Response:
    file = request.files.get("file")
    content = file.read() if file is not None else b""
    if not content:
        return _monthly(422, problem=Reason(N_("Please choose a file."), "file"))
    reading = read_months(content, programmes=_named())
    if isinstance(reading, Reason):
        return _monthly(422, problem=reading)
    report = _kept(reading)
    return _monthly(422 if report.problems else 200, report=report)


def _kept(reading: MonthlyReading) -> Report:
    """Keep what can be kept; what cannot is told by its cell."""
    given = [
        MonthGiven(one.organisation, one.programme, one.year, one.month, one.reported_on) for one in reading.months
    ]
    results = record_months(given, origin=origin()) if given else []
    refused = [
        MonthProblem(month.place, reason)
        for month, kept in zip(reading.months, results, strict=True)
        for reason in kept.reasons
    ]
    counted = {kind: sum(result.outcome is kind for result in results) for kind in Kept}
    return Report(counted, (*reading.problems, *refused))
