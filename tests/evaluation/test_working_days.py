"""The last day of publicity by the calendar that the State Council names."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hbreview.evaluation.working_days import is_working_day, last_day


@pytest.mark.parametrize(
    ("begin", "days", "last"),
    [
        (date(2026, 3, 5), 5, date(2026, 3, 12)),  # a plain week with a weekend
        (date(2026, 9, 30), 3, date(2026, 10, 10)),  # National Day 1-7 October, and the Saturday that is worked for it
        (date(2026, 9, 18), 1, date(2026, 9, 20)),  # a Friday, and the Sunday that is worked
        (date(2026, 9, 18), 2, date(2026, 9, 21)),
        (date(2026, 2, 13), 5, date(2026, 2, 27)),  # the worked Saturday 14th, then Spring Festival until the 23rd
        (date(2026, 2, 13), 6, date(2026, 2, 28)),  # the Saturday worked after it
        (date(2026, 12, 31), 1, date(2027, 1, 4)),  # over the turn of a year
        (date(2026, 3, 5), 0, date(2026, 3, 5)),
    ],
)
def test_last_day_of_so_many_working_days(begin: date, days: int, last: date) -> None:
    assert last_day(begin, days) == last


@pytest.mark.parametrize(
    ("day", "is_one"),
    [
        (date(2026, 10, 10), True),
        (date(2026, 9, 20), True),
        (date(2026, 10, 7), False),
        (date(2026, 10, 8), True),
        (date(2026, 10, 11), False),
        (date(2026, 2, 28), True),
    ],
)
def test_worked_weekends_and_free_weekdays(day: date, is_one: bool) -> None:
    assert is_working_day(day) is is_one


@given(st.dates(date(2024, 1, 1), date(2030, 12, 1)), st.integers(1, 15))
def test_a_last_day_is_worked_and_has_exactly_so_many_before_it(begin: date, days: int) -> None:
    last = last_day(begin, days)
    assert is_working_day(last)
    after = (begin + timedelta(days=n) for n in range(1, (last - begin).days + 1))
    assert sum(map(is_working_day, after)) == days
