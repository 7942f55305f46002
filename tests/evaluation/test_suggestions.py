"""Suggested points: linear between zero and full, never above the weight or the floor's share, never binding."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hbreview.evaluation import computed
from hbreview.evaluation.suggestions import Suggestion, suggest
from hbreview.programmes.loader import load_text, shipped, source_text
from hbreview.programmes.reading import ProgrammeError
from hbreview.programmes.schema import SuggestPart

PLATFORM, BASE = shipped("platform", 2019), shipped("base", 2019)


def of(order: int, **answers: str) -> Suggestion | None:
    shown = computed.effective(PLATFORM, answers)
    return suggest(PLATFORM, PLATFORM.indicator(order), shown, has_file=False)


@pytest.mark.parametrize(
    ("served", "points", "text"),
    [
        ("166", "10.0", "166 ÷ 200 × 12 = 9.96"),
        ("200", "12.0", "200 ≥ 200: 12"),
        ("999", "12.0", "999 ≥ 200: 12"),
        ("0", "0.0", "0 ≤ 0: 0"),
        ("1", "0.1", "1 ÷ 200 × 12 = 0.06"),
        ("7", "0.4", "7 ÷ 200 × 12 = 0.42"),
    ],
)
def test_linear_with_its_arithmetic(served: str, points: str, text: str) -> None:
    found = of(4, enterprises_served=served)
    assert found is not None
    assert (str(found.points), found.steps[0].text) == (points, text)


def test_from_a_zero_that_is_not_0() -> None:
    found = of(8, survey_responses="100", satisfied_responses="90")
    assert found is not None
    assert (str(found.points), found.steps[0].text) == ("5.1", "(90 − 60) ÷ (95 − 60) × 6 ≈ 5.14")


def test_growth_below_zero_is_no_minus() -> None:
    found = of(5, enterprises_served="90", enterprises_served_last_year="100")
    assert found is not None
    assert (str(found.points), found.steps[0].text) == ("0.0", "−10 ≤ 0: 0")


def test_the_floor_halves_what_is_suggested_at_most() -> None:
    """C11."""
    common = {"service_events_total": "100", "small_micro_enterprises_served": "90", "enterprises_served": "100"}
    above = of(6, public_welfare_events="10", **common)
    below = of(6, public_welfare_events="9", **common)
    assert above and below
    assert str(above.points) == "9.0"
    assert str(below.points) == "6.0"
    assert [reason.rule for reason in below.reasons] == ["C11"]


def test_without_any_evidence_0_is_suggested_and_a_file_is_evidence() -> None:
    """P2."""
    for indicator in PLATFORM.indicators:
        none = suggest(PLATFORM, indicator, {}, has_file=False)
        assert none is not None
        assert none.points == 0
        assert none.reasons[0].rule == "P2"
        assert suggest(PLATFORM, indicator, {}, has_file=True) is None


def test_monthly_records_go_before_what_the_form_says() -> None:
    indicator = PLATFORM.indicator(12)
    said = {"data_reported_on_time": "yes", "summary_reported_on_time": "yes"}
    form = suggest(PLATFORM, indicator, said, has_file=False)
    records = suggest(PLATFORM, indicator, said, has_file=False, given={"monthly.on_time": Decimal(6)})
    no = suggest(PLATFORM, indicator, said | {"data_reported_on_time": "no"}, has_file=False)
    assert form and records and no
    assert [str(one.points) for one in (form, records, no)] == ["8.0", "5.0", "2.0"]


def test_a_figure_that_is_wanting_suggests_nothing() -> None:
    assert of(6, public_welfare_events="10", service_events_total="100") is None
    assert suggest(BASE, BASE.indicator(13), {"enterprises_served": "0"}, has_file=False) is None


@given(
    value=st.decimals("-1000", "1000", places=2),
    zero=st.decimals("-100", "100", places=1),
    more=st.decimals("0.1", "500", places=1),
)
def test_points_stay_tenths_from_0_to_the_weight_and_never_fall(value: Decimal, zero: Decimal, more: Decimal) -> None:
    part = SuggestPart(full=zero + more, zero=zero, field="enterprises_served_growth")
    indicator = dataclasses.replace(PLATFORM.indicator(5), suggest=(part,))
    one, two = (
        suggest(PLATFORM, indicator, {"enterprises_served_growth": str(number)}, has_file=True)
        for number in (value, value + 1)
    )
    assert one and two
    assert 0 <= one.points <= two.points <= indicator.weight
    assert (one.points * 10) % 1 == 0


@pytest.mark.parametrize(
    ("was", "becomes", "fault"),
    [
        ('field = "enterprises_served", full = "200"', 'field = "nothing", full = "200"', "is no figure of the form"),
        ('field = "enterprises_served", full', 'field = "organization_name", full', "is no figure of the form"),
        ('field = "enterprises_served", full = "200"', 'field = "enterprises_served", full = "0"', "not more than"),
        ('full = "20", share = "0.5" }', 'full = "20", share = "0.6" }', "do not sum to 1"),
        ('given = "monthly.on_time"', 'given = "weekly.on_time"', "is not known"),
        ('field = "enterprises_served", full', 'formula = "__import__", full', "label: is missing"),
        ('field = "enterprises_served", full', 'field = "", full', "exactly one of"),
        ('field = "enterprises_served", full', 'fild = "enterprises_served", full', "is not known"),
    ],
)
def test_a_rule_that_does_not_hold_together_is_refused(was: str, becomes: str, fault: str) -> None:
    text = source_text("platform", 2019)
    assert was in text
    with pytest.raises(ProgrammeError, match=fault):
        load_text(text.replace(was, becomes, 1), source="t.toml")
