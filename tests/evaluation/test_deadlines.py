"""Until when something is due, and how that stands: each state by the round's own day, an extension only ever later."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hbreview.evaluation.deadlines import DueStanding, RoundDates, due, due_on
from hbreview.words import State

DATES = RoundDates(date(2026, 3, 1), date(2026, 3, 11), date(2026, 4, 1), date(2026, 5, 1))
SOME_DAY = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (State.DRAFT, DATES.enterprise),
        (State.SUBMITTED, DATES.city),
        (State.CITY_REVIEWED, DATES.audit),
        (State.AUDITED, DATES.score),
        (State.SCORED, None),
    ],
)
def test_each_state_is_due_on_the_day_of_whoever_acts_next(state: State, expected: date | None) -> None:
    assert due_on(state, DATES) == expected


@pytest.mark.parametrize("state", list(State))
def test_a_day_that_the_round_has_not_set_is_none(state: State) -> None:
    bare = RoundDates(DATES.enterprise, DATES.city)
    expected = {State.DRAFT: DATES.enterprise, State.SUBMITTED: DATES.city}.get(state)
    assert due_on(state, bare) == expected
    assert due(state, bare, today=DATES.city).standing in (
        {DueStanding.NONE} if expected is None else {DueStanding.OVERDUE, DueStanding.TODAY}
    )


@given(SOME_DAY)
def test_an_extension_moves_the_enterprises_day_later_and_nobody_elses(own: date) -> None:
    assert due_on(State.DRAFT, DATES, extended_to=own) == max(own, DATES.enterprise)
    assert due_on(State.SUBMITTED, DATES, extended_to=own) == DATES.city


@pytest.mark.parametrize(
    ("left", "standing"),
    [
        (-400, DueStanding.OVERDUE),
        (-1, DueStanding.OVERDUE),
        (0, DueStanding.TODAY),
        (1, DueStanding.SOON),
        (3, DueStanding.SOON),
        (4, DueStanding.LATER),
        (400, DueStanding.LATER),
    ],
)
def test_days_left_and_their_standing_at_the_edges(left: int, standing: DueStanding) -> None:
    found = due(State.DRAFT, DATES, today=DATES.enterprise - timedelta(left))
    assert (found.day, found.days_left, found.standing) == (DATES.enterprise, left, standing)
