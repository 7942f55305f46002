"""Points, totals (P1), remarks (P2), spread (P3), the deduction, and the floor of an indicator (C11)."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hbreview.evaluation import points
from hbreview.programmes import loader
from hbreview.words import Reason

PLATFORM, BASE = loader.shipped("platform", 2019), loader.shipped("base", 2019)
TENTHS = st.integers(0, 120).map(lambda tenths: Decimal(tenths) / 10)
SHEETS = st.lists(st.dictionaries(st.integers(1, 15), TENTHS, max_size=15), max_size=7)


@pytest.mark.parametrize(
    ("text", "value"), [("0", "0.0"), ("6", "6.0"), ("5.5", "5.5"), ("5.50", "5.5"), ("５．５", "5.5")]
)
def test_points_up_to_the_weight_with_one_decimal(text: str, value: str) -> None:
    assert str(points.parse_points(text, Decimal(6))) == value


@pytest.mark.parametrize("text", ["", "-1", "6.1", "5.55", "1e0", "six", "NaN", "٣", "+5", "5,5"])
def test_what_are_no_points_is_refused(text: str) -> None:
    assert isinstance(points.parse_points(text, Decimal(6)), Reason)


@pytest.mark.parametrize(("given_points", "needed"), [("3.5", True), ("3.6", False), ("3.7", False), ("0", True)])
def test_a_score_below_the_share_of_its_weight_needs_a_remark(given_points: str, needed: bool) -> None:
    assert points.remark_needed(Decimal(given_points), Decimal(6), below=Decimal("0.6")) is needed


@pytest.mark.parametrize(
    ("sheets", "total"),
    [
        ([], "0.0"),
        ([{1: "5.5", 2: "3"}], "8.5"),
        ([{1: "1.0"}, {1: "1.1"}], "1.1"),  # 1.05: half up, not to the even digit
        ([{1: "1.0", 2: "1.0"}, {1: "1.1", 2: "1.1"}], "2.1"),  # rounding each mean first would give 2.2
        ([{1: "1"}, {1: "1"}, {1: "2"}], "1.3"),
        ([{1: "4"}, {1: "2", 2: "3"}], "6.0"),  # no score is not a 0 (field case 31)
    ],
)
def test_totals(sheets: list[dict[int, str]], total: str) -> None:
    marks = [{order: Decimal(text) for order, text in sheet.items()} for sheet in sheets]
    assert str(points.total(marks)) == total


@given(SHEETS, st.sampled_from([Decimal(0), Decimal(3), Decimal(6)]))
def test_a_total_is_the_sum_of_means_rounded_once(sheets: list[dict[int, Decimal]], deduction: Decimal) -> None:
    exact = Fraction(0)
    for order in range(1, 16):
        marks = [Fraction(str(sheet[order])) for sheet in sheets if order in sheet]
        if marks:
            exact += sum(marks, Fraction(0)) / len(marks)
    exact = max(Fraction(0), exact - Fraction(str(deduction)))
    assert points.total(sheets, deduction=deduction) * 10 == math.floor(exact * 10 + Fraction(1, 2))


@given(SHEETS.filter(lambda sheets: len(sheets) < 5))
def test_the_order_of_the_experts_does_not_matter(sheets: list[dict[int, Decimal]]) -> None:
    assert len({points.total(list(order)) for order in permutations(sheets)}) == 1


def test_a_deduction_never_goes_below_zero() -> None:
    assert points.total([{1: Decimal(2)}], deduction=Decimal(3)) == 0


def test_the_spread_is_between_the_highest_and_the_lowest_expert() -> None:
    sheets = [{1: Decimal(80)}, {1: Decimal(60), 2: Decimal("4.9")}, {1: Decimal(70)}]
    assert points.spread(sheets) == Decimal("15.1")
    assert points.spread([]) == 0


@pytest.mark.parametrize(("data", "summary", "less"), [("yes", "yes", 0), ("no", "yes", 3), ("no", "no", 6)])
def test_late_reports_cost_a_base_three_points_each(data: str, summary: str, less: int) -> None:
    answers = {"data_reported_on_time": data, "summary_reported_on_time": summary}
    assert points.deduction(BASE, answers) == less
    assert points.deduction(PLATFORM, answers) == 0


@pytest.mark.parametrize(("events", "most"), [("99", "6.0"), ("100", "12"), (None, "12")])
def test_below_the_welfare_floor_half_of_indicator_six_is_suggested(events: str | None, most: str) -> None:
    answers = {"service_events_total": "1000"} | ({"public_welfare_events": events} if events else {})
    assert points.suggested_most(PLATFORM, PLATFORM.indicator(6), answers) == Decimal(most)
    assert points.suggested_most(PLATFORM, PLATFORM.indicator(5), answers) == 6
