"""Before a deadline: letters to those who still have open work, each step once, to whom it concerns on that day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from ..evaluation.deadlines import own_day
from ..model import Mail, Person, Round, ScoreSheet, Submission
from ..words import UNDECIDED, Role, RoundState, State
from ..workflow import deputies
from ..workflow.visibility import no_interest_of
from .letters import AUDITOR_REMINDER, CITY_REMINDER, EXPERT_REMINDER, REMINDER

STEPS = (7, 3, 1)
# Firms audit and experts score on after the enterprises and cities are done.


@dataclass(frozen=True, slots=True)
class Reminder:
    """One letter that is due: its key, its kind, to whom, and what its sentence needs."""

    key: str
    kind: str
    person_id: int
    data: dict[str, Any]


def step_due(deadline: date, *, today: date) -> int | None:
    """The step that is due: the nearest to the deadline that has begun; None before the first and after the last day.

    A step that was missed while no worker ran is made up for until the next one begins, and then left out.
    """
    left = (deadline - today).days
    return min((step for step in STEPS if 0 <= left <= step), default=None)


def due(session: Session, *, today: date) -> Iterator[Reminder]:
    """The reminders of this day, whether or not they were made already."""
    for round_ in session.scalars(select(Round).where(Round.state == RoundState.OPEN).order_by(Round.id)):
        yield from _to_enterprises(session, round_, today=today)
        if (step := step_due(round_.city_deadline, today=today)) is not None:
            yield from _to_cities(session, round_, step)
    for round_ in session.scalars(select(Round).where(Round.state.in_(UNDECIDED)).order_by(Round.id)):
        yield from _to_auditors(session, round_, today=today)
        yield from _to_experts(session, round_, today=today)


def missing(session: Session, reminders: Sequence[Reminder]) -> list[Reminder]:
    """Those that were never made: a key in the table is never told again (field case 26)."""
    made: set[str] = set()
    keys = [one.key for one in reminders]
    for start in range(0, len(keys), 500):
        made.update(session.scalars(select(Mail.key).where(Mail.key.in_(keys[start : start + 500]))))
    return [one for one in reminders if one.key not in made]


def _to_enterprises(session: Session, round_: Round, *, today: date) -> Iterator[Reminder]:
    query = (
        select(Submission.id, Submission.public_id, Submission.organisation_name, Submission.extended_to, Person.id)
        .join(Person, Person.organisation_id == Submission.organisation_id)
        .where(Submission.round_id == round_.id, Submission.state == State.DRAFT, *_reachable(Role.ENTERPRISE))
        .order_by(Submission.id, Person.id)
    )
    if step_due(round_.enterprise_deadline, today=today) is None:
        query = query.where(Submission.extended_to > round_.enterprise_deadline)
    for submission_id, public_id, organisation, extended, person_id in session.execute(query):
        day = own_day(round_.enterprise_deadline, extended_to=extended)
        step = step_due(day, today=today)
        if step is None:
            continue
        key = f"remind:{round_.id}:enterprise:{step}:{submission_id}:{person_id}"
        if day != round_.enterprise_deadline:  # a day of its own: its steps are others than the round's
            key += f":{day.isoformat()}"
        yield Reminder(key, REMINDER, person_id, {
            "submission": public_id, "organisation": organisation, "round": round_.title, "round_id": round_.id,
            "deadline": day.isoformat(),
        })  # fmt: skip


def _to_cities(session: Session, round_: Round, step: int) -> Iterator[Reminder]:
    query = (
        select(Submission.region, func.count(), Person.id)
        .join(Person, deputies.reviews(Submission.region))
        .where(
            Submission.round_id == round_.id,
            Submission.state == State.SUBMITTED,
            no_interest_of(Person.id),
            *_reachable(Role.CITY),
        )
        .group_by(Submission.region, Person.id)
        .order_by(Submission.region, Person.id)
    )
    for region, count, person_id in session.execute(query):
        key = f"remind:{round_.id}:city:{step}:{region}:{person_id}"
        yield Reminder(key, CITY_REMINDER, person_id, {
            "count": count, "region": region, "round": round_.title, "round_id": round_.id,
            "deadline": round_.city_deadline.isoformat(),
        })  # fmt: skip


def _to_auditors(session: Session, round_: Round, *, today: date) -> Iterator[Reminder]:
    """To each auditor one letter a step, with the number of the firm's open audits."""
    query = _open_audits(round_.id).add_columns(Person.id).join(Person, Person.firm_id == Submission.firm_id)
    query = query.where(*_reachable(Role.AUDITOR))
    return _to_each(session, round_, query, day=round_.audit_deadline, kind=AUDITOR_REMINDER, today=today)


def _to_each(
    session: Session, round_: Round, query: Select[int, int], *, day: date | None, kind: str, today: date
) -> Iterator[Reminder]:
    """To each person of the query one letter a step, with what it counts for them; a day that was moved begins anew."""
    step = None if day is None else step_due(day, today=today)
    if day is None or step is None:
        return
    who = kind.removesuffix("_reminder")
    for count, person_id in session.execute(query.group_by(Person.id).order_by(Person.id)):
        key = f"remind:{round_.id}:{who}:{step}:{person_id}:{day.isoformat()}"
        yield Reminder(key, kind, person_id, {
            "count": count, "round": round_.title, "round_id": round_.id, "deadline": day.isoformat(),
        })  # fmt: skip


def _open_audits(round_id: int) -> Select[int]:
    """How many forms of a round wait for their firm's sign-off; narrowed by who asks."""
    return select(func.count(Submission.id)).where(
        Submission.round_id == round_id, Submission.state == State.CITY_REVIEWED, Submission.firm_id.is_not(None)
    )


def _still_to_audit(session: Session, round_: Round, mail: Mail, person: Person) -> bool:
    if round_.state not in UNDECIDED or round_.audit_deadline is None:
        return False
    ours = _open_audits(round_.id).where(Submission.firm_id == person.firm_id)
    return round_.audit_deadline.isoformat() == mail.data["deadline"] and bool(session.scalar(ours))


def _to_experts(session: Session, round_: Round, *, today: date) -> Iterator[Reminder]:
    """To each expert one letter a step, with the number of its open sheets."""
    query = _open_sheets(round_.id).add_columns(Person.id).join(Person, Person.id == ScoreSheet.expert_id)
    query = query.where(no_interest_of(Person.id), *_reachable(Role.EXPERT))
    return _to_each(session, round_, query, day=round_.score_deadline, kind=EXPERT_REMINDER, today=today)


def _open_sheets(round_id: int) -> Select[int]:
    """How many sheets of a round can be scored now and are not handed in; narrowed by who asks."""
    return (
        select(func.count(ScoreSheet.id))
        .join(Submission, Submission.id == ScoreSheet.submission_id)
        .where(
            Submission.round_id == round_id,
            Submission.state == State.AUDITED,
            ScoreSheet.withdrawn_at.is_(None),
            ScoreSheet.handed_in_at.is_(None),
        )
    )


def _still_to_score(session: Session, round_: Round, mail: Mail, person: Person) -> bool:
    if round_.state not in UNDECIDED or round_.score_deadline is None:
        return False
    mine = _open_sheets(round_.id).where(ScoreSheet.expert_id == person.id, no_interest_of(person.id))
    return round_.score_deadline.isoformat() == mail.data["deadline"] and bool(session.scalar(mine))


def _reachable(role: Role) -> tuple[Any, ...]:
    return (Person.role == role, Person.email != "", Person.suspended_at.is_(None))


def still_owed(session: Session, mail: Mail, person: Person) -> bool:
    """Whether there is still open work, asked again just before a reminder leaves (field case 25)."""
    round_ = session.get(Round, mail.data["round_id"])
    if round_ is not None and mail.kind == EXPERT_REMINDER:
        return _still_to_score(session, round_, mail, person)
    if round_ is not None and mail.kind == AUDITOR_REMINDER:
        return _still_to_audit(session, round_, mail, person)
    if round_ is None or round_.state is not RoundState.OPEN:
        return False
    if mail.kind == CITY_REMINDER:
        query = select(func.count()).where(
            Submission.round_id == round_.id,
            Submission.region == mail.data["region"],
            Submission.state == State.SUBMITTED,
            no_interest_of(person.id),
        )
        reviews = select(Person.id).where(Person.id == person.id, deputies.reviews(mail.data["region"]))
        return session.scalar(reviews) is not None and bool(session.scalar(query))
    mine = select(Submission.extended_to).where(
        Submission.round_id == round_.id,
        Submission.public_id == mail.data["submission"],
        Submission.organisation_id == person.organisation_id,
        Submission.state == State.DRAFT,
    )
    row = session.execute(mine).first()
    # A letter that names a day which holds no more would hurry somebody who has got longer.
    return (
        row is not None and own_day(round_.enterprise_deadline, extended_to=row[0]).isoformat() == mail.data["deadline"]
    )
