"""Until when a submission is due, by the state that it is in, and how that stands today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from ..words import State

SOON_DAYS = 3


class DueStanding(StrEnum):
    """How a due day stands: over, today, within three days, later; or none was set."""

    OVERDUE = "overdue"
    TODAY = "today"
    SOON = "soon"
    LATER = "later"
    NONE = ""


@dataclass(frozen=True, slots=True)
class RoundDates:
    """The last days of a round, each included, in Asia/Shanghai; None: no day was set."""

    enterprise: date
    city: date
    audit: date | None = None
    score: date | None = None


class Dated(Protocol):
    """A round, or a row that holds a round's last days by their names."""

    @property
    def enterprise_deadline(self) -> date: ...
    @property
    def city_deadline(self) -> date: ...
    @property
    def audit_deadline(self) -> date | None: ...
    @property
    def score_deadline(self) -> date | None: ...


def dates_of(one: Dated) -> RoundDates:
    """The last days of a round, or as a row holds them."""
    return RoundDates(one.enterprise_deadline, one.city_deadline, one.audit_deadline, one.score_deadline)


@dataclass(frozen=True, slots=True)
class Due:
    """The last day, how many days are left until it (negative when it is over), and how that stands."""

    day: date | None
    days_left: int | None
    standing: DueStanding


def own_day(deadline: date, *, extended_to: date | None) -> date:
    """The enterprise's last day: the round's, or a later one that it was given."""
    return max(deadline, extended_to) if extended_to else deadline


def due_on(state: State, dates: RoundDates, *, extended_to: date | None = None) -> date | None:
    """The last day for what comes next in this state; the enterprise's own where it was given longer."""
    own = own_day(dates.enterprise, extended_to=extended_to)
    days = {State.DRAFT: own, State.SUBMITTED: dates.city, State.CITY_REVIEWED: dates.audit, State.AUDITED: dates.score}
    return days.get(state)


def due(state: State, dates: RoundDates, *, extended_to: date | None = None, today: date) -> Due:
    """The due day with how it stands."""
    day = due_on(state, dates, extended_to=extended_to)
    if day is None:
        return Due(None, None, DueStanding.NONE)
    left = (day - today).days
    if left < 0:
        standing = DueStanding.OVERDUE
    elif left == 0:
        standing = DueStanding.TODAY
    else:
        standing = DueStanding.SOON if left <= SOON_DAYS else DueStanding.LATER
    return Due(day, left, standing)
