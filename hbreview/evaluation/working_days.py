"""Working days in China: Monday to Friday without the holidays, and the weekends that are worked for them."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import holidays


def last_day(begin: date, days: int) -> date:
    """The last of so many working days after the day it began (R9); ``begin`` itself for none.

    The State Council names holidays and worked weekends year by year, late in the year before. For a year that is not
    named yet, the days that the law fixes count as holidays and no weekend is worked.
    """
    day = begin
    while days > 0:
        day += timedelta(days=1)
        days -= is_working_day(day)
    return day


def is_working_day(day: date) -> bool:
    """Whether offices are open on this day."""
    return bool(_calendar(day.year).is_working_day(day))


@lru_cache(maxsize=8)
def _calendar(year: int) -> holidays.HolidayBase:
    return holidays.country_holidays("CN", years=year)
