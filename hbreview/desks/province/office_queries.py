"""What is late and who owes it, and whose scoring can be closed; each in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from ...acts.announcing import open_sheet
from ...evaluation.deadlines import DueStanding, dates_of, due
from ...model import Firm, Person, Round, ScoreSheet, Submission
from ...programmes.loader import region, regions
from ...words import N_, Label, Role, State

NO_FIRM, NO_EXPERT, TO_CLOSE = N_("No audit firm is assigned"), N_("No expert is assigned"), N_("Scoring to be closed")
# Whom a message goes to for what is late, by the role that owes it.
GROUP_OF = {
    Role.ENTERPRISE: "enterprises_unsent", Role.CITY: "cities_waiting", Role.AUDITOR: "auditors_open",
    Role.EXPERT: "experts_open",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LateLine:
    """One form that waits too long: when it was due, and how many days ago that was."""

    submission_id: str
    name: str
    programme: str
    due_on: date
    days: int


@dataclass(slots=True)
class LateGroup:
    """Whose turn it is, in one city, firm or person: its name as a label, a name or a source string, and the forms."""

    role: Role
    key: str
    name: Label | str
    lines: list[LateLine] = field(default_factory=list)

    @property
    def since(self) -> date:
        """The oldest of the days on which something was due."""
        return min(line.due_on for line in self.lines)


def late_groups(session: Session, round_: Round, *, today: date) -> dict[Role, list[LateGroup]]:
    """Who owes what since when, by role; cities in the notice's order, the others by name. Two statements."""
    sheets = _open_sheets(session, round_)
    groups: dict[tuple[Role, str], LateGroup] = {}
    for row in session.execute(_unfinished(round_)):
        standing = due(row.state, dates_of(round_), extended_to=row.extended_to, today=today)
        if standing.standing is not DueStanding.OVERDUE or standing.day is None:
            continue
        line = LateLine(row.public_id, _named(row), row.programme, standing.day, -(standing.days_left or 0))
        for role, key, name in _owing(row, sheets.get(row.id, [])):
            groups.setdefault((role, key), LateGroup(role, key, name)).lines.append(line)
    order = {one.key: number for number, one in enumerate(regions())}
    ordered = sorted(groups.values(), key=lambda one: (order.get(one.key, 0), str(one.name)))
    found: dict[Role, list[LateGroup]] = {}
    for group in ordered:
        found.setdefault(group.role, []).append(group)
    return found


def _unfinished(round_: Round) -> Select[*tuple[Any, ...]]:
    query = select(
        Submission.id, Submission.public_id, Submission.organisation_name, Submission.site_name, Submission.programme,
        Submission.region, Submission.state, Submission.extended_to, Firm.public_id.label("firm_id"),
        Firm.name.label("firm"),
    ).outerjoin(Firm, Firm.id == Submission.firm_id)  # fmt: skip
    query = query.where(Submission.round_id == round_.id, Submission.state != State.SCORED)
    return query.order_by(Submission.id)


def _named(row: Any) -> str:
    return f"{row.organisation_name} · {row.site_name}" if row.site_name else str(row.organisation_name)


def _open_sheets(session: Session, round_: Round) -> dict[int, list[tuple[str, str, bool]]]:
    """The live sheets by submission: the expert's public id and name, and whether it is handed in."""
    query = (
        select(ScoreSheet.submission_id, Person.public_id, Person.name, ScoreSheet.handed_in_at)
        .join(Person, Person.id == ScoreSheet.expert_id)
        .join(Submission, Submission.id == ScoreSheet.submission_id)
        .where(Submission.round_id == round_.id, ScoreSheet.withdrawn_at.is_(None))
        .order_by(ScoreSheet.id)
    )
    found: dict[int, list[tuple[str, str, bool]]] = {}
    for submission_id, public_id, name, handed_in in session.execute(query):
        found.setdefault(submission_id, []).append((public_id, name, handed_in is not None))
    return found


def _owing(row: Any, sheets: list[tuple[str, str, bool]]) -> Iterator[tuple[Role, str, Label | str]]:
    """Whose turn it is with this form; several experts may owe their sheets at once."""
    if row.state is State.DRAFT:
        yield Role.ENTERPRISE, row.region, region(row.region).name
    elif row.state is State.SUBMITTED:
        yield Role.CITY, row.region, region(row.region).name
    elif row.state is State.CITY_REVIEWED:
        yield (Role.AUDITOR, row.firm_id, row.firm) if row.firm_id else (Role.PROVINCE, "firm", NO_FIRM)
    elif not sheets:
        yield Role.PROVINCE, "expert", NO_EXPERT
    elif all(handed_in for _id, _name, handed_in in sheets):
        yield Role.PROVINCE, "close", TO_CLOSE
    else:
        yield from ((Role.EXPERT, public_id, name) for public_id, name, handed_in in sheets if not handed_in)


@dataclass(frozen=True, slots=True)
class ReadyLine:
    """An audited form all of whose sheets are in."""

    public_id: str
    version: int
    name: str
    programme: str


def ready_to_close(session: Session, round_: Round, *, most: int) -> tuple[list[ReadyLine], int]:
    """The audited forms whose sheets are all in, the first so many, and how many others still wait; two statements."""
    of_form = (ScoreSheet.submission_id == Submission.id, ScoreSheet.withdrawn_at.is_(None))
    some = select(ScoreSheet.id).where(*of_form).correlate(Submission).exists()
    missing = select(ScoreSheet.id).where(*of_form, open_sheet()).correlate(Submission).exists()
    audited = (Submission.round_id == round_.id, Submission.state == State.AUDITED)
    query = select(
        Submission.public_id, Submission.version, Submission.organisation_name, Submission.site_name,
        Submission.programme,
    ).where(*audited, some, ~missing)  # fmt: skip
    rows = session.execute(query.order_by(Submission.id).limit(most)).all()
    lines = [ReadyLine(row.public_id, row.version, _named(row), row.programme) for row in rows]
    whole = session.scalar(select(func.count()).select_from(Submission).where(*audited)) or 0
    return lines, whole - len(lines)
