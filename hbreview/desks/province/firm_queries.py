"""The audit firms with their people and their work, and what could be given to one. A fixed number of statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from ...model import Firm, Person, Round, Submission
from ...words import DECIDED, RoundState, State

# A firm's audit is over once it was signed off.
OPEN_STATES = (State.DRAFT, State.SUBMITTED, State.CITY_REVIEWED)


@dataclass(slots=True)
class FirmCard:
    """A firm: its people, and how many submissions of rounds under way it has in each state."""

    public_id: str
    name: str
    people: list[Any] = field(default_factory=list)
    counts: dict[State, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All submissions that it has in rounds under way."""
        return sum(self.counts.values())


def firm_cards(session: Session) -> list[FirmCard]:
    """Every firm by name, in three statements."""
    cards = {row.id: FirmCard(row.public_id, row.name) for row in session.execute(_firms())}
    people = select(
        Person.firm_id,
        Person.name,
        Person.login,
        Person.suspended_at,
        Person.password_hash.is_not(None).label("active"),
    ).where(Person.firm_id.is_not(None))
    for row in session.execute(people.order_by(Person.name, Person.id)):
        cards[row.firm_id].people.append(row)
    counts = (
        select(Submission.firm_id, Submission.state, func.count())
        .join(Round, Round.id == Submission.round_id)
        .where(Submission.firm_id.is_not(None), Round.state != RoundState.FINALISED)
        .group_by(Submission.firm_id, Submission.state)
    )
    for firm_id, state, count in session.execute(counts):
        cards[firm_id].counts[state] = count
    return list(cards.values())


def _firms() -> Any:
    return select(Firm.id, Firm.public_id, Firm.name).order_by(Firm.name)


def firm_of(session: Session, public_id: str) -> Firm | None:
    """One firm."""
    return session.scalar(select(Firm).where(Firm.public_id == public_id))


def open_rounds(session: Session) -> list[Any]:
    """The rounds that are not decided yet, newest first."""
    query = select(Round.id, Round.public_id, Round.title).where(Round.state.not_in(DECIDED))
    return list(session.execute(query.order_by(Round.year.desc(), Round.id.desc())))


@dataclass(frozen=True, slots=True)
class Choice:
    """Which submissions: of a round, of these programmes and cities (none: of all), also those of other firms."""

    round_id: int
    programmes: Sequence[str]
    regions: Sequence[str]
    replace: bool


def assignable(session: Session, firm: Firm, choice: Choice) -> list[Any]:
    """What the choice names and the firm does not have yet and could get, in the round's order; with whose it is."""
    conditions: list[ColumnElement[bool]] = [
        Submission.round_id == choice.round_id,
        Submission.state.in_(OPEN_STATES),
    ]
    if choice.programmes:
        conditions.append(Submission.programme.in_(choice.programmes))
    if choice.regions:
        conditions.append(Submission.region.in_(choice.regions))
    free = Submission.firm_id.is_(None)
    conditions.append(free | (Submission.firm_id != firm.id) if choice.replace else free)
    return list(session.execute(_lines().where(*conditions)))


def named(session: Session, public_ids: Sequence[str]) -> Mapping[str, Any]:
    """What a report says of each of these submissions, by public id."""
    return {row.public_id: row for row in session.execute(_lines().where(Submission.public_id.in_(public_ids)))}


def _lines() -> Any:
    return (
        select(
            Submission.public_id,
            Submission.organisation_name,
            Submission.site_name,
            Submission.programme,
            Submission.region,
            Submission.state,
            Firm.name.label("firm"),
        )
        .outerjoin(Firm, Firm.id == Submission.firm_id)
        .order_by(Submission.id)
    )
