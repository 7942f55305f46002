"""Computed values: against an oracle of our own in fractions, over many random forms (D03)."""

from __future__ import annotations

import math
import random
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hbreview.evaluation import computed
from hbreview.evaluation.computed import Source
from hbreview.programmes import loader

PLATFORM, BASE = loader.shipped("platform", 2019), loader.shipped("base", 2019)
# Share of the second in the first, as the form tables say it; kept apart from the programme files.
SHARES = {
    "platform": {
        "equipment_share_of_assets": ("equipment_purchase_price", "total_assets"),
        "college_technical_staff_share": ("college_technical_staff", "employees"),
        "intermediate_title_staff_share": ("intermediate_title_staff", "employees"),
        "expenditure_share_of_assets": ("service_activity_expenditure", "total_assets"),
        "satisfaction_rate": ("satisfied_responses", "survey_responses"),
        "public_welfare_share": ("public_welfare_events", "service_events_total"),
        "small_micro_share": ("small_micro_enterprises_served", "enterprises_served"),
    },
    "base": {
        "qualified_staff_share": ("qualified_staff", "employees"),
        "resident_small_micro_share": ("resident_small_micro_enterprises", "resident_enterprises"),
        "welfare_revenue_share": ("welfare_or_low_fee_revenue", "service_revenue"),
    },
}


def half_up(value: Fraction) -> str:
    """Two places, ties away from 0, by whole numbers only."""
    cents = math.floor(abs(value) * 100 + Fraction(1, 2))
    sign = "-" if value < 0 and cents else ""
    return f"{sign}{cents // 100}.{cents % 100:02d}"


def oracle(key: str, answers: dict[str, str]) -> dict[str, str | None]:
    """What each derived field comes to; None where an input is missing or the divisor is 0."""

    def known(name: str) -> Fraction | None:
        return Fraction(answers[name]) if answers.get(name) else None

    def ratio(above: Fraction | None, below: Fraction | None) -> str | None:
        return half_up(above * 100 / below) if above is not None and below else None

    found = {name: ratio(known(part), known(whole)) for name, (part, whole) in SHARES[key].items()}
    served, before = known("enterprises_served"), known("enterprises_served_last_year")
    increase = served - before if served is not None and before is not None else None
    found["enterprises_served_increase"] = None if increase is None else str(increase)
    typed = known("enterprises_served_increase")
    used = increase if increase is not None else typed
    earlier = served - used if served is not None and used is not None else None
    found["enterprises_served_growth"] = ratio(used, earlier)
    if key == "platform":
        income, last = known("service_income"), known("service_income_last_year")
        more = income - last if income is not None and last is not None else None
        found["service_income_growth"] = ratio(more, last)
    return found


def random_answers(chance: random.Random, key: str) -> dict[str, str]:
    answers = {}
    for field in loader.shipped(key, 2019).fields:
        if not field.is_number or (field.derived and field.key != "enterprises_served_increase"):
            continue
        if chance.random() < 0.1:
            continue
        size = chance.choice([0, 1, 3, 7, 100, 99999, 10**12, 10**18 - 1])
        cents = f".{chance.randrange(100):02d}" if field.scale else ""
        answers[field.key] = f"{chance.randint(0, size)}{cents}"
    return answers


@pytest.mark.parametrize("key", ["platform", "base"])
def test_thousands_of_random_forms_agree_with_the_oracle(key: str) -> None:
    chance = random.Random(20191231)
    programme = loader.shipped(key, 2019)
    for _ in range(1000):  # ten thousand, with checks and doubts, are in test_doubts.py
        answers = random_answers(chance, key)
        values = computed.derive(programme, answers)
        found = {name: None if value is None else format(value, "f") for name, value in values.items()}
        assert found == oracle(key, answers), answers


def test_the_oracle_knows_all_derived_fields() -> None:
    for programme in (PLATFORM, BASE):
        assert oracle(programme.key, {}).keys() == {field.key for field in programme.fields if field.derived}


@pytest.mark.parametrize(
    ("part", "whole", "share"),
    [("1", "3", "33.33"), ("2", "3", "66.67"), ("1", "800", "0.13"), ("1", "8000", "0.01"), ("0", "7", "0.00")],
)
def test_a_share_is_rounded_half_up_once(part: str, whole: str, share: str) -> None:
    answers = {"satisfied_responses": part, "survey_responses": whole}
    assert computed.derive(PLATFORM, answers)["satisfaction_rate"] == Decimal(share)


def test_a_fall_is_rounded_away_from_zero_and_never_minus_zero() -> None:
    fall = {"service_income": "799.00", "service_income_last_year": "800.00"}
    assert computed.derive(PLATFORM, fall)["service_income_growth"] == Decimal("-0.13")
    tiny = {"service_income": "999999.99", "service_income_last_year": "1000000.00"}
    assert str(computed.derive(PLATFORM, tiny)["service_income_growth"]) == "0.00"


def test_growth_chains_on_the_computed_increase() -> None:
    answers = {"enterprises_served": "120", "enterprises_served_last_year": "100", "enterprises_served_increase": "7"}
    shown = computed.effective(PLATFORM, answers)
    assert (shown["enterprises_served_increase"], shown["enterprises_served_growth"]) == ("20", "20.00")


def test_a_typed_value_stands_where_nothing_is_computed() -> None:
    assert computed.effective(PLATFORM, {"satisfaction_rate": "98.50"})["satisfaction_rate"] == "98.50"
    given = {"satisfaction_rate": "98.50", "survey_responses": "4", "satisfied_responses": "3"}
    assert computed.effective(PLATFORM, given)["satisfaction_rate"] == "75.00"


def test_last_year_comes_from_the_round_before_unless_it_is_typed() -> None:
    last = {"enterprises_served": "100", "service_income": "50.00"}
    values = computed.derive(PLATFORM, {"enterprises_served": "120", "service_income": "60.00"}, last=last)
    assert values["enterprises_served_increase"] == 20
    assert values["service_income_growth"] == Decimal("20.00")
    typed = {"enterprises_served": "120", "enterprises_served_last_year": "110"}
    assert computed.derive(PLATFORM, typed, last=last)["enterprises_served_increase"] == 10


def test_service_area_is_entered_and_not_computed() -> None:
    answers = {"service_area_owned": "1.00", "service_area_rented": "2.00", "service_area": "9.00"}
    assert computed.effective(PLATFORM, answers)["service_area"] == "9.00"


@pytest.mark.parametrize(
    ("answers", "source"),
    [
        ({}, Source.NEEDS_TYPING),
        ({"satisfaction_rate": "90.00"}, Source.TYPED),
        ({"survey_responses": "10", "satisfied_responses": "9"}, Source.COMPUTED),
        ({"survey_responses": "0", "satisfied_responses": "0"}, Source.UNDEFINED),
    ],
)
def test_where_a_value_comes_from(answers: dict[str, str], source: Source) -> None:
    assert computed.sources(PLATFORM, answers)["satisfaction_rate"] is source


def test_a_value_of_required_figures_only_waits_for_them() -> None:
    assert computed.sources(PLATFORM, {"total_assets": "1.00"})["equipment_share_of_assets"] is Source.INCOMPLETE


def test_growth_without_a_year_before_is_undefined_and_no_error() -> None:
    answers = {"enterprises_served": "20", "enterprises_served_last_year": "0"}
    assert computed.sources(PLATFORM, answers)["enterprises_served_growth"] is Source.UNDEFINED


@pytest.mark.parametrize("text", ["a lot", "NaN", "Infinity"])
def test_a_text_of_an_earlier_year_under_a_figures_key_is_unknown(text: str) -> None:
    values = computed.derive(PLATFORM, {"enterprises_served": "10"}, last={"enterprises_served": text})
    assert values["enterprises_served_increase"] is None


@given(st.integers(0, 10**18 - 1), st.integers(1, 10**18 - 1))
def test_effective_is_settled(part: int, whole: int) -> None:
    """What stands in the form once computed does not change by computing again."""
    answers = {"small_micro_enterprises_served": str(part), "enterprises_served": str(whole)}
    once = computed.effective(PLATFORM, answers)
    assert computed.effective(PLATFORM, once) == once
