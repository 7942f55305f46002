"""What everybody may read of the rosters: who holds a title, until when, who lost it and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from ... import clock
from ...acts import deciding_titles
from ...acts.importing import latest_roster
from ...evaluation.names import normalised_name
from ...evaluation.validity import Validity, validity
from ...model import Designation, Organisation, Roster, Round, TitleDecision

# The key of the rosters that came of no round; the year that they are of follows, where it is known.
IMPORTED = "imported-"
YEARS = range(1990, 2200)


@dataclass(frozen=True, slots=True)
class Lost:
    """A title that is not valid any more: since when, and by which decision ("" for the round's own outcome)."""

    line: Designation
    since: date
    reason: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A roster as everybody sees it: its valid lines with their numbers, and who lost the title."""

    programme: str
    roster: Roster | None
    lines: Sequence[tuple[int, Designation]]
    lost: Sequence[Lost]
    validity: Validity


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is narrowed to; empty: everything."""

    name: str = ""
    city: str = ""

    def fits(self, line: Designation) -> bool:
        """Whether a line is one that is looked for."""
        name = normalised_name(line.organisation_name + line.site_name)
        return (not self.city or line.region == self.city) and (not self.name or self.name in name)


def roster_of(session: Session, programme: str, round_id: str) -> Roster | None:
    """The roster in force, the one that came of a given round once it was fixed, or the last imported of a year."""
    if not round_id:
        return latest_roster(session, programme)
    fixed = select(Roster).where(Roster.programme == programme, Roster.fixed_at.is_not(None))
    if round_id.startswith(IMPORTED):
        year = round_id.removeprefix(IMPORTED)
        if year not in {str(one) for one in YEARS} | {""}:
            return None
        imported = fixed.where(Roster.round_id.is_(None), Roster.year == (int(year) if year else None))
        return session.scalar(imported.order_by(Roster.fixed_at.desc(), Roster.id.desc()).limit(1))
    return session.scalar(fixed.join(Round, Round.id == Roster.round_id).where(Round.public_id == round_id))


def listed(session: Session, programme: str, round_id: str, *, wanted: Wanted) -> Listed:
    """A roster with its valid lines in order, numbered without a gap, and the titles that were lost. Three statements.

    A past roster is shown as it was fixed: later decisions are on the one in force.
    """
    roster = roster_of(session, programme, round_id)
    if roster is None or roster.fixed_at is None:
        return Listed(programme, None, [], [], validity(None, today=clock.today()))
    decisions = {} if round_id else deciding_titles.decisions_after(session, roster)
    lines = session.scalars(
        select(Designation)
        .where(Designation.roster_id == roster.id)
        .options(joinedload(Designation.organisation))
        .order_by(Designation.position)
    ).all()
    valid = [line for line in lines if deciding_titles.is_valid(line, decisions)]
    numbered = [(number, line) for number, line in enumerate(valid, start=1) if wanted.fits(line)]
    fixed_on = clock.day_of(roster.fixed_at)
    lost = [
        _lost(line, decisions.get(line.organisation_id), fixed_on=fixed_on)
        for line in lines
        if not deciding_titles.is_valid(line, decisions) and wanted.fits(line)
    ]
    return Listed(programme, roster, numbered, lost, validity(roster.valid_until, today=clock.today()))


def _lost(line: Designation, decision: TitleDecision | None, *, fixed_on: date) -> Lost:
    if decision is None:
        return Lost(line, fixed_on, "")
    return Lost(line, decision.decided_on, decision.reason)


def past_rosters(session: Session) -> list[tuple[str, str, int | None]]:
    """Key, title and year of the rounds that a roster came of, newest first; then imported ones, without a title."""
    query = select(Round.public_id, Round.title, Round.year, Roster.year).outerjoin_from(
        Roster, Round, Roster.round_id == Round.id
    )
    rows = session.execute(query.where(Roster.fixed_at.is_not(None)).distinct())
    found = [(key, title, year) if key else (f"{IMPORTED}{own or ''}", "", own) for key, title, year, own in rows]
    return sorted(set(found), key=lambda one: (not one[1], -(one[2] or 0), one[0]))


def organisation_of(session: Session, public_id: str) -> Organisation | None:
    """An organisation that stood on a fixed roster at some time; nobody else is known to the public."""
    stood = select(Designation.organisation_id).join(Roster, Roster.id == Designation.roster_id)
    return session.scalar(
        select(Organisation).where(
            Organisation.public_id == public_id,
            Organisation.id.in_(stood.where(Roster.fixed_at.is_not(None))),
        )
    )


def titles_of(session: Session, organisation: Organisation) -> Sequence[Any]:
    """Every line of a fixed roster that the organisation had, with the round's title, newest first."""
    query = (
        select(Designation, Roster, Round.title, Round.year)
        .join(Roster, Roster.id == Designation.roster_id)
        .outerjoin(Round, Round.id == Roster.round_id)
        .where(Designation.organisation_id == organisation.id, Roster.fixed_at.is_not(None))
    )
    return session.execute(query.order_by(Roster.fixed_at.desc(), Roster.id.desc())).all()


def decisions_of(session: Session, organisation: Organisation) -> Sequence[TitleDecision]:
    """The confirmed decisions on the organisation's titles, newest first."""
    query = select(TitleDecision).where(
        TitleDecision.organisation_id == organisation.id, TitleDecision.confirmed_at.is_not(None)
    )
    return session.scalars(query.order_by(TitleDecision.confirmed_at.desc())).all()
