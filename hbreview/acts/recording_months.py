"""Keeping that organisations reported their monthly figures (每月按时报送), from a workbook or from a machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from .. import clock
from ..evaluation.names import normalised_name
from ..evaluation.reporting import DUE_DAY, MONTHS, Reported, Reporting, due_on, reporting_of_year
from ..model import JournalHead, MonthlyRecord, Organisation, Submission
from ..programmes.loader import available
from ..transact import Receipt, carry_out
from ..words import N_, Reason
from ..workflow import journal
from ..workflow.journal import Deed, Origin

RECORD = "record_months"
MOST = 2000  # records in one act: a year of every organisation
FIRST_YEAR, LAST_YEAR = 2010, 2100


class Kept(StrEnum):
    """What became of one record that was brought."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class MonthGiven:
    """One organisation's month as it was brought. ``organisation``: its public id or its name, however it is spelt.

    ``figures`` None: nothing is said of them, what is kept stays.
    """

    organisation: str
    programme: str
    year: int
    month: int
    reported_on: date
    figures: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class MonthKept:
    """What became of it, and why not."""

    outcome: Kept
    reasons: tuple[Reason, ...] = ()


class _Key(NamedTuple):
    programme: str
    organisation_id: int
    year: int
    month: int


@dataclass(slots=True)
class _Told:
    """What the journal's entry will say."""

    added: list[str] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)


def record_months(
    given: Sequence[MonthGiven], *, origin: Origin, by: str = "", due_day: int = DUE_DAY
) -> list[MonthKept]:
    """Keep what is new or differs, in one transaction with one entry; nothing is written when nothing changes.

    ``by`` names the machine that brought it. What cannot be kept is refused alone, the rest is kept.
    """
    results: list[MonthKept] = []

    def work(session: Session) -> Receipt:
        results.clear()
        results.extend(_record(session, given, origin=origin, by=by, due_day=due_day))
        return Receipt("")

    carry_out(work, origin=origin)
    return results


def _record(session: Session, given: Sequence[MonthGiven], *, origin: Origin, by: str, due_day: int) -> list[MonthKept]:
    # The journal's head first: of two that bring the same month, the second finds what the first kept.
    session.execute(select(JournalHead.id).where(JournalHead.id == 1).with_for_update())
    organisations = _organisations(session, given)
    known = _known(session, organisations, given)
    programmes = {key for _year, key, _path in available()}
    told, results, now = _Told(), [], clock.now()
    for one in given:
        organisation = organisations.get(one.organisation)
        reasons = _faults(one, organisation, programmes=programmes)
        if reasons or organisation is None:
            results.append(MonthKept(Kept.REFUSED, tuple(reasons)))
            continue
        key = _Key(one.programme, organisation.id, one.year, one.month)
        row = known.get(key)
        if row is None:
            row = MonthlyRecord(
                **key._asdict(),
                due_on=due_on(one.year, one.month, due_day=due_day),
                reported_on=one.reported_on,
                figures=dict(one.figures or {}),
                recorded_at=now,
            )
            known[key] = row
            session.add(row)
            told.added.append(_named(organisation, one))
            results.append(MonthKept(Kept.ADDED))
            continue
        results.append(MonthKept(_change(row, one, organisation=organisation, told=told)))
    _enter(session, told, origin=origin, by=by)
    return results


def _change(row: MonthlyRecord, one: MonthGiven, *, organisation: Organisation, told: _Told) -> Kept:
    figures = row.figures if one.figures is None else dict(one.figures)
    if (row.reported_on, row.figures) == (one.reported_on, figures):
        return Kept.UNCHANGED
    former = {"reported_on": row.reported_on.isoformat(), "figures": row.figures}
    told.changed.append({"record": _named(organisation, one), "former": former})
    row.reported_on, row.figures, row.recorded_at = one.reported_on, figures, clock.now()
    return Kept.CHANGED


def _named(organisation: Organisation, one: MonthGiven) -> str:
    return f"{organisation.public_id} {one.programme} {one.year}-{one.month:02d}"


def _enter(session: Session, told: _Told, *, origin: Origin, by: str) -> None:
    if not told.added and not told.changed:
        return
    data = {"added": told.added, "changed": told.changed} | ({"token": by} if by else {})
    journal.append(session, origin=origin, deed=Deed(act=RECORD, target=by, data=data), at=clock.now())


def _organisations(session: Session, given: Sequence[MonthGiven]) -> dict[str, Organisation]:
    """By what was given: the public id, else the name however it is spelt."""
    texts = {one.organisation for one in given if _can_be_kept(one.organisation)}
    names = {text: normalised_name(text) for text in texts}
    if not texts:
        return {}
    wanted = or_(Organisation.public_id.in_(texts), Organisation.search_name.in_(set(names.values())))
    rows = list(session.scalars(select(Organisation).where(wanted)))
    by_id, by_name = {row.public_id: row for row in rows}, {row.search_name: row for row in rows}
    found = {text: by_id.get(text) or by_name.get(names[text]) for text in texts}
    return {text: row for text, row in found.items() if row is not None}


def _can_be_kept(text: str) -> bool:
    """Whether a database can be asked for it: no half of a sign, no NUL."""
    return all(c != "\0" and not "\ud800" <= c <= "\udfff" for c in text)


def _known(
    session: Session, organisations: Mapping[str, Organisation], given: Sequence[MonthGiven]
) -> dict[_Key, MonthlyRecord]:
    ids, years = {row.id for row in organisations.values()}, {one.year for one in given}
    query = select(MonthlyRecord).where(MonthlyRecord.organisation_id.in_(ids), MonthlyRecord.year.in_(years))
    rows = session.scalars(query.execution_options(populate_existing=True))
    return {_Key(row.programme, row.organisation_id, row.year, row.month): row for row in rows}


def _faults(one: MonthGiven, organisation: Organisation | None, *, programmes: set[str]) -> list[Reason]:
    faults = []
    if organisation is None:
        faults.append(Reason(N_("There is no organisation of this name or id."), "organisation"))
    if one.programme not in programmes:
        faults.append(Reason(N_("There is no programme of this name."), "programme"))
    if not FIRST_YEAR <= one.year <= LAST_YEAR:
        faults.append(Reason(N_("This is not a year that can be reported on."), "year"))
    elif one.month not in MONTHS:
        faults.append(Reason(N_("A month is a number from 1 to 12."), "month"))
    elif one.reported_on < date(one.year, one.month, 1):
        faults.append(Reason(N_("A month cannot be reported before it begins."), "reported_on"))
    if one.reported_on > clock.today():
        faults.append(Reason(N_("The day of reporting is in the future."), "reported_on"))
    return faults


def reporting_of(session: Session, submission: Submission) -> Reporting | None:
    """The months of the submission's data year; None when no record of its organisation and programme is there.

    One statement. The submission's round must be loaded.
    """
    rows = session.execute(
        select(MonthlyRecord.month, MonthlyRecord.reported_on, MonthlyRecord.due_on).where(
            MonthlyRecord.programme == submission.programme,
            MonthlyRecord.organisation_id == submission.organisation_id,
            MonthlyRecord.year == submission.round.year,
        )
    ).all()
    if not rows:
        return None
    return reporting_of_year({month: Reported(reported, due) for month, reported, due in rows})
