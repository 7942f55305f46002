"""A reviewer's deputy: named for some days, by the reviewer alone, and ended at any time by either of the two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased, contains_eager

from .. import clock
from ..evaluation.values import parse
from ..model import Deputy, Person
from ..programmes.schema import Field, FieldType
from ..transact import Receipt, carry_out
from ..words import N_, Label, Reason, Role
from ..workflow import journal
from ..workflow.errors import ForbiddenError, HiddenError, InvalidError
from ..workflow.journal import Deed, Origin
from .signing_in import folded_login

LONGEST, MOST = timedelta(days=92), 10
_DAYS = (
    Field("first_day", Label("首日", "First day"), 0, FieldType.DATE),
    Field("last_day", Label("末日", "Last day"), 0, FieldType.DATE),
)


@dataclass(frozen=True, slots=True)
class Naming:
    """Who is to stand in, by login, and from which day to which, as they were typed."""

    login: str
    first_day: str
    last_day: str


@dataclass(frozen=True, slots=True)
class StandingIn:
    """What is not over yet, by first day: who stands in for somebody, and for whom this person stands in."""

    deputies: Sequence[Deputy]
    own: Sequence[Deputy]


def standing_in_of(session: Session, *, origin: Origin) -> StandingIn:
    """The deputies of whoever asks, and those that it is itself; one statement."""
    person_id = origin.actor.person_id if origin.actor else 0
    reviewer, deputy = aliased(Person), aliased(Person)
    query = (
        select(Deputy)
        .join(reviewer, Deputy.person)
        .join(deputy, Deputy.deputy)
        .where(
            or_(Deputy.person_id == person_id, Deputy.deputy_id == person_id),
            Deputy.ended_at.is_(None),
            Deputy.last_day >= clock.today(),
            reviewer.suspended_at.is_(None),
        )
        .options(contains_eager(Deputy.person.of_type(reviewer)), contains_eager(Deputy.deputy.of_type(deputy)))
        .order_by(Deputy.first_day, Deputy.id)
    )
    found = session.scalars(query).all()
    return StandingIn(
        [one for one in found if one.person_id == person_id], [one for one in found if one.deputy_id == person_id]
    )


def name_deputy(naming: Naming, *, origin: Origin) -> Receipt:
    """Let another reviewer, of whichever city, stand in for whoever asks; InvalidError beside the field.

    At most 92 days after the first, which is not over. The answer does not tell apart a login that nobody has, one of
    another role, and one out of use.
    """
    return carry_out(lambda session: _name(session, naming, origin=origin), origin=origin)


def _name(session: Session, naming: Naming, *, origin: Origin) -> Receipt:
    if origin.actor is None or origin.actor.role is not Role.CITY:
        raise ForbiddenError
    # Locked: two namings at once are one after the other.
    person = session.get_one(
        Person, origin.actor.person_id, with_for_update={"key_share": True}, populate_existing=True
    )
    days = _days(naming)
    deputy = _deputy(session, person, naming.login)
    problems = [found for found in (deputy, *days) if isinstance(found, Reason)]
    first, last = days
    if isinstance(first, Reason) or isinstance(last, Reason) or isinstance(deputy, Reason):
        raise InvalidError(problems)
    if problem := _clash(session, person, deputy, first=first, last=last):
        raise InvalidError([problem])
    row = Deputy(
        person_id=person.id, deputy_id=deputy.id, first_day=first, last_day=last, created_at=clock.now()
    )  # fmt: skip
    session.add(row)
    session.flush()
    deed = Deed(act="name_deputy", target=row.public_id, data=_told(row, person, deputy))
    journal.append(session, origin=origin, deed=deed, at=clock.now())
    return Receipt(row.public_id)


def _deputy(session: Session, person: Person, login: str) -> Person | Reason:
    folded = folded_login(login[:200])
    known = None
    if folded.isprintable():  # PostgreSQL takes no NUL, not even to look for it
        known = session.scalar(
            select(Person).where(Person.login == folded, Person.role == Role.CITY, Person.suspended_at.is_(None))
        )
    if known is None:
        return Reason(N_("No reviewer of a city has this login."), "login")
    return Reason(N_("You cannot stand in for yourself."), "login") if known.id == person.id else known


def _days(naming: Naming) -> tuple[date | Reason, date | Reason]:
    first, last = (_day(field, text) for field, text in zip(_DAYS, (naming.first_day, naming.last_day), strict=True))
    if isinstance(first, date) and first < clock.today():
        first = Reason(N_("The day is over already."), "first_day")
    elif isinstance(first, date) and isinstance(last, date):
        if last < first:
            last = Reason(N_("The last day is before the first."), "last_day")
        elif last > first + LONGEST:
            most = {"days": str(LONGEST.days)}
            last = Reason(N_("The last day is at most %(days)s days after the first."), "last_day", values=most)
    return first, last


def _day(field: Field, text: str) -> date | Reason:
    found = parse(field, text[:100])
    if isinstance(found, Reason):
        return found
    return date.fromisoformat(found) if found else Reason(N_("Please give the day."), field.key)


def _clash(session: Session, person: Person, deputy: Person, *, first: date, last: date) -> Reason | None:
    """Why it may not be beside what was named before: the same one in the same days, or too many."""
    rows = session.scalars(
        select(Deputy).where(
            Deputy.person_id == person.id, Deputy.ended_at.is_(None), Deputy.last_day >= clock.today()
        )
    ).all()  # fmt: skip
    if any(row.deputy_id == deputy.id and row.first_day <= last and row.last_day >= first for row in rows):
        return Reason(N_("This reviewer stands in for you in these days already."), "login")
    if len(rows) >= MOST:
        return Reason(N_("At most %(count)s deputies at a time."), "login", values={"count": str(MOST)})
    return None


def end_deputy(public_id: str, *, origin: Origin) -> Receipt:
    """End a deputy's authority at once, by either of the two; HiddenError for anybody else. Over already: nothing."""
    return carry_out(lambda session: _end(session, public_id, origin=origin), origin=origin)


def _end(session: Session, public_id: str, *, origin: Origin) -> Receipt:
    query = select(Deputy).where(Deputy.public_id == public_id).with_for_update()
    row = session.scalar(query.execution_options(populate_existing=True))
    if row is None or origin.actor is None or origin.actor.person_id not in {row.person_id, row.deputy_id}:
        raise HiddenError
    if row.ended_at is not None or row.last_day < clock.today():
        return Receipt(row.public_id)
    row.ended_at = clock.now()
    person, deputy = session.get_one(Person, row.person_id), session.get_one(Person, row.deputy_id)
    deed = Deed(act="end_deputy", target=row.public_id, data=_told(row, person, deputy))
    journal.append(session, origin=origin, deed=deed, at=clock.now())
    return Receipt(row.public_id)


def _told(row: Deputy, person: Person, deputy: Person) -> dict[str, Any]:
    return {
        "for": person.name,
        "deputy": deputy.name,
        "first_day": row.first_day.isoformat(),
        "last_day": row.last_day.isoformat(),
    }
