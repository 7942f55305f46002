"""Monthly reporting: when a month is due, and how a year stands."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hbreview.evaluation.reporting import MONTHS, Month, Reported, due_on, month_standing, reporting_of_year


@pytest.mark.parametrize(
    ("year", "month", "day", "due"),
    [
        (2019, 1, 10, date(2019, 2, 10)), (2019, 12, 10, date(2020, 1, 10)), (2019, 1, 31, date(2019, 2, 28)),
        (2020, 1, 30, date(2020, 2, 29)), (2019, 3, 31, date(2019, 4, 30)), (2019, 4, 1, date(2019, 5, 1)),
    ],
)  # fmt: skip
def test_a_month_is_due_on_a_day_of_the_next(year: int, month: int, day: int, due: date) -> None:
    assert due_on(year, month, due_day=day) == due


@given(st.dictionaries(st.integers(1, 12), st.integers(-40, 40)))
def test_each_month_is_in_one_list_and_the_due_day_is_on_time(late_by: dict[int, int]) -> None:
    due = {month: due_on(2019, month) for month in MONTHS}
    records = {month: Reported(due[month] + timedelta(days), due[month]) for month, days in late_by.items()}
    found = reporting_of_year(records)
    assert sorted((*found.on_time, *found.late, *found.missing)) == list(MONTHS)
    assert found.on_time == tuple(month for month in MONTHS if month in late_by and late_by[month] <= 0)
    assert set(found.missing) == set(MONTHS) - set(late_by)
    assert found.all_on_time is (len(late_by) == 12 and max(late_by.values()) <= 0)


@pytest.mark.parametrize(
    ("reported", "today", "standing"),
    [
        (None, date(2019, 2, 10), Month.PENDING), (None, date(2019, 2, 11), Month.MISSING),
        (date(2019, 2, 10), date(2020, 1, 1), Month.ON_TIME), (date(2019, 2, 11), date(2020, 1, 1), Month.LATE),
    ],
)  # fmt: skip
def test_a_month_that_is_not_due_is_not_missing(reported: date | None, today: date, standing: Month) -> None:
    due = due_on(2019, 1)
    assert month_standing(None if reported is None else Reported(reported, due), due=due, today=today) is standing
