"""Monthly reporting (每月按时报送): until when a month is due, and which months of a year came on time."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

MONTHS = range(1, 13)
# RULES.md section 3: "a configurable day of the next month"; the notice says only 每月按时.
DUE_DAY = 10


class Month(StrEnum):
    """How a month was reported. ``PENDING``: not reported, and not due yet."""

    ON_TIME = "on_time"
    LATE = "late"
    MISSING = "missing"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Reported:
    """The day on which a month's figures came, and the last day on which they were on time."""

    reported_on: date
    due_on: date

    @property
    def on_time(self) -> bool:
        """Whether it came by its due day, that day included."""
        return self.reported_on <= self.due_on


@dataclass(frozen=True, slots=True)
class Reporting:
    """The twelve months of a data year, each in one of three lists."""

    on_time: tuple[int, ...]
    late: tuple[int, ...]
    missing: tuple[int, ...]

    @property
    def all_on_time(self) -> bool:
        """C24: whether "reported on time" agrees with the records."""
        return len(self.on_time) == len(MONTHS)


def due_on(year: int, month: int, *, due_day: int = DUE_DAY) -> date:
    """The last day for a month's figures: a day of the next month, or that month's last day where it is shorter."""
    year, month = (year + 1, 1) if month == MONTHS[-1] else (year, month + 1)
    return date(year, month, min(due_day, calendar.monthrange(year, month)[1]))


def reporting_of_year(records: Mapping[int, Reported]) -> Reporting:
    """The year's months by how they were reported; ``records`` by the number of the month."""
    came = {month: records[month].on_time for month in MONTHS if month in records}
    return Reporting(
        on_time=tuple(month for month, good in came.items() if good),
        late=tuple(month for month, good in came.items() if not good),
        missing=tuple(month for month in MONTHS if month not in came),
    )


def month_standing(reported: Reported | None, *, due: date, today: date) -> Month:
    """How one month stands as of a day. ``due``: until when it is to be reported if it was not yet."""
    if reported is not None:
        return Month.ON_TIME if reported.on_time else Month.LATE
    return Month.PENDING if today <= due else Month.MISSING
