"""Until when a submission is due, by the state that it is in, and how that stands today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

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


@dataclass(frozen=True, slots=True)
class Due:
    """The last day, how many days are left until it (negative when it is over), and how that stands."""

    day: date | None
    days_left: int | None
    standing: DueStanding


def due_on(state: State, dates: RoundDates, *, extended_to: date | None = None) -> date | None:
    """The last day for what comes next in this state; the enterprise's own where it was given longer."""
    own = max(dates.enterprise, extended_to) if extended_to else dates.enterprise
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
