"""The audit's figures against the form's (C23) and what an audit record lacks (K6)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hbreview.evaluation import comparison
from hbreview.programmes import loader
from hbreview.programmes.schema import Programme

PLATFORM, BASE = loader.shipped("platform", 2019), loader.shipped("base", 2019)
PROGRAMMES = {"platform": PLATFORM, "base": BASE}


def differs(key: str, answers: dict[str, str], figures: dict[str, str]) -> list[str]:
    return [difference.key for difference in comparison.compare(PROGRAMMES[key], answers, figures)]


# programme, figure of the audit, field of the form, declared, audited figures that agree, and that differ
TABLE = [
    ("platform", "service_cost_expenditure", "service_activity_expenditure", "100.00",
        ["99.00", "101.00"], ["98.99", "101.01"]),
    ("platform", "service_cost_expenditure", "service_activity_expenditure", "1.00",
        ["0.90", "1.10"], ["0.89", "1.11"]),
    ("platform", "service_cost_expenditure", "service_activity_expenditure", "0.00", ["0.10"], ["0.11"]),
    ("platform", "service_assets_equipment", "equipment_purchase_price", "10.00", ["9.90", "10.10"], ["9.89", "10.11"]),
    ("platform", "service_assets_original_value", "total_assets", "100.00", ["0.00", "101.00"], ["101.01"]),
    ("platform", "service_assets_premises", "service_area_owned", "0.00", ["0.00"], ["0.01", "50.00"]),
    ("platform", "service_assets_premises", "service_area_owned", "0.01", ["0.00", "50.00"], []),
    ("platform", "small_micro_service_count", "small_micro_enterprises_served", "100", ["99", "900"], ["98"]),
    ("base", "service_assets_original_value", "total_assets", "100.00", ["101.00"], ["101.01"]),
    ("base", "service_assets_premises", "service_area_owned", "0.00", ["0.00"], ["0.01"]),
    ("base", "service_cost_expenditure", "service_expenditure", "100.00", ["99.00", "101.00"], ["98.99", "101.01"]),
    ("base", "capability_investment", "government_subsidy", "100.00", ["99.00", "500.00"], ["98.99"]),
    ("base", "small_micro_service_count", "enterprises_served", "100", ["99", "500"], ["98"]),
]  # fmt: skip


@pytest.mark.parametrize(("key", "figure", "field", "declared", "agreeing", "differing"), TABLE)
def test_each_comparison_at_its_tolerance(
    key: str, figure: str, field: str, declared: str, agreeing: list[str], differing: list[str]
) -> None:
    for audited in agreeing:
        assert differs(key, {field: declared}, {figure: audited}) == [], audited
    for audited in differing:
        assert differs(key, {field: declared}, {figure: audited}) == [figure], audited


def test_every_comparison_of_the_files_is_in_the_table() -> None:
    for key, programme in PROGRAMMES.items():
        held = {(f.key, f.compare_with) for f in programme.audit_figures if f.comparison}
        assert held == {(line[1], line[2]) for line in TABLE if line[0] == key}


def test_what_one_side_lacks_is_not_compared() -> None:
    for key, figure, field, declared, _agreeing, _differing in TABLE:
        assert differs(key, {field: declared}, {}) == []
        assert differs(key, {}, {figure: "7.00"}) == []


# kind's figure, field of the form, declared, audited: the gap, the tolerance, and whether it is within
LINES = [
    ("service_cost_expenditure", "service_activity_expenditure", "100.00", "101.00", "1.00", "1.00", True),
    ("service_cost_expenditure", "service_activity_expenditure", "100.00", "101.01", "1.01", "1.00", False),
    ("service_cost_expenditure", "service_activity_expenditure", "100.00", "98.99", "-1.01", "1.00", False),
    ("service_cost_expenditure", "service_activity_expenditure", "10.00", "10.10", "0.10", "0.1", True),
    ("service_cost_expenditure", "service_activity_expenditure", "10.00", "9.89", "-0.11", "0.1", False),
    ("service_cost_expenditure", "service_activity_expenditure", "10.01", "10.11", "0.10", "0.1001", True),
    ("service_cost_expenditure", "service_activity_expenditure", "7.00", "7.00", "0.00", "0.1", True),
    ("service_assets_premises", "service_area_owned", "0.00", "5.00", None, None, False),
    ("service_assets_premises", "service_area_owned", "", "5.00", None, None, None),
    ("service_cost_expenditure", "service_activity_expenditure", "7.00", "", None, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("figure", "field", "declared", "audited", "gap", "slack", "within"), LINES)
def test_a_line_says_gap_tolerance_and_whether_it_holds(
    figure: str, field: str, declared: str, audited: str, gap: str | None, slack: str | None, *, within: bool | None
) -> None:
    lines = comparison.table(PLATFORM, {field: declared}, {figure: audited} if audited else {})
    (line,) = [line for line in lines if line.key == figure]
    assert (line.declared, line.audited, line.within) == (declared, audited, within)
    assert line.gap == (None if gap is None else Decimal(gap))
    assert line.slack == (None if slack is None else Decimal(slack))


@pytest.mark.parametrize("programme", PROGRAMMES.values(), ids=PROGRAMMES)
def test_the_table_has_every_comparison_in_the_order_of_the_file_whatever_is_there(programme: Programme) -> None:
    wanted = []
    for figure in programme.audit_figures:
        wanted += [(figure.key, figure.comparison)] if figure.comparison else []
        wanted += [(figure.key, "parts")] if figure.parts else []
    assert [(line.key, line.kind) for line in comparison.table(programme, {}, {})] == wanted
    assert comparison.compare(programme, {}, {}) == []


def test_a_figure_is_explained_by_itself_or_by_what_is_said_of_all() -> None:
    answers = {"service_activity_expenditure": "100.00", "total_assets": "1.00"}
    figures = {"service_cost_expenditure": "1.00", "service_assets_original_value": "9.00"}
    lines = comparison.table(PLATFORM, answers, figures)
    both = ["service_assets_original_value", "service_cost_expenditure"]
    for explanations, general, left in (
        ({}, "", both), ({}, " \n", both), ({}, "口径不同", []), ({both[0]: "原值"}, "", [both[1]]),
        ({both[0]: " "}, "", both), (dict.fromkeys(both, "口径"), "", []),
    ):  # fmt: skip
        assert list(comparison.unexplained(lines, explanations, general=general)) == left


PARTS = {
    "service_assets_equipment": "10.00", "service_assets_facilities": "20.00", "service_assets_premises": "0.00",
    "service_assets_other": "0.50",
}  # fmt: skip


@pytest.mark.parametrize(("value", "agrees"), [("30.50", True), ("30.51", True), ("30.52", False), ("30.48", False)])
@pytest.mark.parametrize("key", ["platform", "base"])
def test_the_assets_are_the_sum_of_their_parts(key: str, value: str, agrees: bool) -> None:
    figures = PARTS | {"service_assets_original_value": value}
    assert differs(key, {}, figures) == ([] if agrees else ["service_assets_original_value"])


def test_a_sum_is_not_held_against_parts_that_are_not_all_given() -> None:
    figures = PARTS | {"service_assets_original_value": "99.00", "service_assets_other": ""}
    assert differs("platform", {}, figures) == []


def test_a_difference_says_both_figures_with_their_units() -> None:
    (found,) = comparison.compare(PLATFORM, {"service_area_owned": "0.00"}, {"service_assets_premises": "5.00"})
    assert (found.audited, found.unit, found.declared, found.form_unit) == ("5.00", "万元", "0.00", "平方米")
    assert (found.label.zh, found.form_label.zh) == ("场地", "其中自有")


ITEM = {"service_item_name": "检测", "service_item_fee": "80.00", "market_standard_fee": "100.00"}
FIGURES = {
    "service_assets_original_value": "1.00", "service_cost_expenditure": "0.00", "capability_investment": "0.00",
    "small_micro_service_count": "0", "small_micro_discount": "八折", "audit_firm_name": "甲",
    "audit_report_number": "1", "audit_report_date": "2020-03-01",
}  # fmt: skip


@pytest.mark.parametrize("key", ["platform", "base"])
def test_k6_a_whole_record_lacks_nothing(key: str) -> None:
    assert comparison.audit_missing(PROGRAMMES[key], FIGURES, [ITEM], has_report=True) == []


@pytest.mark.parametrize("figure", list(FIGURES))
def test_k6_each_figure_is_asked_for(figure: str) -> None:
    rest = {key: text for key, text in FIGURES.items() if key != figure}
    reasons = comparison.audit_missing(PLATFORM, rest, [ITEM], has_report=True)
    assert [(reason.field, reason.rule) for reason in reasons] == [(figure, "K6")]


def test_k6_the_report_is_asked_for() -> None:
    reasons = comparison.audit_missing(PLATFORM, FIGURES, [ITEM], has_report=False)
    assert [reason.field for reason in reasons] == ["audit_report_file"]


def test_k6_an_item_is_asked_for_and_both_of_its_fees() -> None:
    assert [r.field for r in comparison.audit_missing(PLATFORM, FIGURES, [], has_report=True)] == ["items"]
    items = [ITEM, ITEM | {"market_standard_fee": ""}]
    reasons = comparison.audit_missing(PLATFORM, FIGURES, items, has_report=True)
    assert [reason.field for reason in reasons] == ["market_standard_fee-1"]


@pytest.mark.parametrize(
    ("fee", "market", "share"),
    [
        ("80.00", "100.00", "-20.00"), ("100.00", "80.00", "25.00"), ("0.00", "80.00", "-100.00"),
        ("100.00", "300.00", "-66.67"), ("999999.99", "1000000.00", "0.00"),
        ("999999999999999999.99", "0.01", "9999999999999999999800.00"),
    ],
)  # fmt: skip
def test_how_far_a_fee_is_from_the_market(fee: str, market: str, share: str) -> None:
    assert str(comparison.fee_comparison(fee, market)) == share


@pytest.mark.parametrize(("fee", "market"), [("", "1.00"), ("1.00", ""), ("1.00", "0.00")])
def test_a_fee_without_a_market_is_not_compared(fee: str, market: str) -> None:
    assert comparison.fee_comparison(fee, market) is None


@pytest.mark.parametrize(("declared", "slack"), [("0", "0.1"), ("10", "0.1"), ("10.01", "0.1001"), ("-50", "0.5")])
def test_the_tolerance_is_one_percent_or_a_tenth(declared: str, slack: str) -> None:
    assert comparison.tolerance(Decimal(declared)) == Decimal(slack)
