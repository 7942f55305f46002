"""Each consistency check at its limit, just inside and just outside (D04), and with something unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hbreview.evaluation import checks
from hbreview.programmes import loader
from hbreview.words import Level

# Rules that still hold when a typed figure is dropped, because another way to it is left.
DERIVABLE = {"C11"}
PROGRAMMES = {key: loader.shipped(key, 2019) for key in ("platform", "base")}
E, W = Level.ERROR, Level.WARNING
CATEGORIES = (
    "information",
    "coaching",
    "innovation",
    "training",
    "marketing",
    "financing",
    "consulting",
    "professional",
)
SERVED = {"enterprises_served": "110"}
AREA = {"service_area_owned": "40.00", "service_area_rented": "60.00"}
EIGHT = {f"service_enterprises_{category}": "10" for category in CATEGORIES}

# programme, check, level, answers, then answers that pass and answers that fail.
TABLE = [
    ("platform", "C2", E, AREA, [{"service_area": "100.01"}, {"service_area": "99.99"}],
        [{"service_area": "100.02"}, {"service_area": "99.98"}]),
    ("platform", "C3", E, {"equipment_purchase_price": "1.00", "total_assets": "8.00"},
        [{"equipment_share_of_assets": "12.60"}, {"equipment_share_of_assets": "12.40"}],
        [{"equipment_share_of_assets": "12.61"}, {"equipment_share_of_assets": "12.39"}]),
    ("platform", "C4", E, {"service_activity_expenditure": "12.00", "total_assets": "8.00"},
        [{"expenditure_share_of_assets": "150.10"}], [{"expenditure_share_of_assets": "150.11"}]),
    ("platform", "C5", W, {"total_assets": "8.00"},
        [{"equipment_purchase_price": "8.00"}], [{"equipment_purchase_price": "8.01"}]),
    ("platform", "C6", W, {}, [
        {"service_area_rented": "0.00", "annual_rent": "0.00"}, {"service_area_rented": "0.01", "annual_rent": "0.01"},
    ], [
        {"service_area_rented": "0.01", "annual_rent": "0.00"}, {"service_area_rented": "0.00", "annual_rent": "0.01"},
    ]),
    ("platform", "C7", E, SERVED | {"enterprises_served_last_year": "100"},
        [{"enterprises_served_increase": "10"}], [{"enterprises_served_increase": "11"}]),
    ("platform", "C7", E, SERVED | {"enterprises_served_increase": "10"},
        [{"enterprises_served_growth": "10.10"}, {"enterprises_served_growth": "9.90"}],
        [{"enterprises_served_growth": "10.11"}, {"enterprises_served_growth": "9.89"}]),
    ("platform", "C7", E, SERVED | {"enterprises_served_last_year": "100"},
        [{"enterprises_served_growth": "10.10"}], [{"enterprises_served_growth": "10.11"}]),
    ("base", "C7", E, SERVED | {"enterprises_served_last_year": "100"},
        [{"enterprises_served_increase": "10"}], [{"enterprises_served_increase": "9"}]),
    ("base", "C7", E, SERVED | {"enterprises_served_increase": "10"},
        [{"enterprises_served_growth": "10.10"}], [{"enterprises_served_growth": "10.11"}]),
    ("platform", "C9", E, SERVED, [{"enterprises_served_increase": "110"}], [{"enterprises_served_increase": "111"}]),
    ("base", "C9", E, SERVED, [{"enterprises_served_increase": "-5"}], [{"enterprises_served_increase": "111"}]),
    ("platform", "C10", E, SERVED,
        [{"small_micro_enterprises_served": "110"}], [{"small_micro_enterprises_served": "111"}]),
    ("platform", "C10", W, SERVED | {"small_micro_enterprises_served": "55"},
        [{"small_micro_share": "50.10"}], [{"small_micro_share": "50.11"}]),
    ("platform", "C11", W, {}, [{"public_welfare_share": "10.00"}], [{"public_welfare_share": "9.99"}]),
    ("platform", "C11", W, {"service_events_total": "1000"},
        [{"public_welfare_events": "100"}], [{"public_welfare_events": "99"}]),
    ("platform", "C12", E, {"service_events_total": "8", "public_welfare_events": "1"},
        [{"public_welfare_share": "12.60"}], [{"public_welfare_share": "12.61"}]),
    ("platform", "C12", E, {"service_events_total": "8"},
        [{"public_welfare_events": "8"}], [{"public_welfare_events": "9"}]),
    ("platform", "C13", E, {"service_income": "60.00", "service_income_last_year": "80.00"},
        [{"service_income_growth": "-25.10"}, {"service_income_growth": "-24.90"}],
        [{"service_income_growth": "-25.11"}, {"service_income_growth": "25.00"}]),
    ("platform", "C14", E, {"employees": "8", "college_technical_staff": "1"},
        [{"college_technical_staff_share": "12.60"}], [{"college_technical_staff_share": "12.61"}]),
    ("platform", "C14", E, {"employees": "8", "intermediate_title_staff": "1"},
        [{"intermediate_title_staff_share": "12.40"}], [{"intermediate_title_staff_share": "12.39"}]),
    ("platform", "C14", E, {"employees": "8"}, [{"college_technical_staff": "8"}], [{"college_technical_staff": "9"}]),
    ("platform", "C14", E, {"employees": "8"},
        [{"intermediate_title_staff": "8"}], [{"intermediate_title_staff": "9"}]),
    ("base", "C14", E, {"employees": "8", "qualified_staff": "1"},
        [{"qualified_staff_share": "12.60"}], [{"qualified_staff_share": "12.61"}]),
    ("base", "C15", E, {"resident_enterprises": "8"},
        [{"resident_small_micro_enterprises": "8"}], [{"resident_small_micro_enterprises": "9"}]),
    ("base", "C15", E, {"resident_enterprises": "8", "resident_small_micro_enterprises": "1"},
        [{"resident_small_micro_share": "12.60"}], [{"resident_small_micro_share": "12.61"}]),
    ("base", "C16", E, {"employees": "8"}, [{"dedicated_service_staff": "8"}], [{"dedicated_service_staff": "9"}]),
    ("base", "C17", W, EIGHT, [{"enterprises_served": "80"}], [{"enterprises_served": "81"}]),
    ("base", "C19", E, {"operating_revenue": "100.00"},
        [{"service_revenue": "100.00"}], [{"service_revenue": "100.01"}]),
    ("base", "C19", E, {"service_revenue": "100.00"},
        [{"welfare_or_low_fee_revenue": "100.00"}], [{"welfare_or_low_fee_revenue": "100.01"}]),
    ("base", "C19", E, {"service_revenue": "8.00", "welfare_or_low_fee_revenue": "1.00"},
        [{"welfare_revenue_share": "12.60"}], [{"welfare_revenue_share": "12.61"}]),
    ("base", "C20", W, AREA, [{"building_area": "100.00"}, {"building_area": "99.99"}], [{"building_area": "99.98"}]),
    ("base", "C21", E, {}, [
        {"operator_changed": "yes", "former_operator_name": "甲"}, {"operator_changed": "no"},
    ], [{"operator_changed": "yes"}, {"operator_changed": "no", "former_operator_name": "甲"}]),
    ("base", "C22", W, {"employees": "8"}, [{"base_employment": "8"}], [{"base_employment": "7"}]),
    ("platform", "C25", W, {}, [{"satisfaction_rate": "99.99"}], [{"satisfaction_rate": "100.00"}]),
    ("base", "C25", W, {}, [{"welfare_revenue_share": "99.99"}], [{"welfare_revenue_share": "100.00"}]),
]  # fmt: skip
TABLE += [
    ("base", "C17", E, SERVED, [{f"service_enterprises_{c}": "110"}], [{f"service_enterprises_{c}": "111"}])
    for c in CATEGORIES
]


def row(category: str, *figures: str) -> dict[str, str]:
    names = ("events", "enterprises", "people")
    return {f"service_{name}_{category}": figure for name, figure in zip(names, figures, strict=True)}


TABLE += [
    ("base", "C18", W, {}, [row(c, "0", "0", "0"), row(c, "1", "1", "1")],
        [row(c, "0", "1", "1"), row(c, "1", "0", "1"), row(c, "1", "1", "0"), row(c, "0", "0", "1")])
    for c in CATEGORIES
]  # fmt: skip


def found(key: str, answers: dict[str, str], **others: dict[str, str] | None) -> list[tuple[str, Level]]:
    return [(f.check_id, f.level) for f in checks.run(PROGRAMMES[key], answers, **others)]


@pytest.mark.parametrize(("key", "check", "level", "given", "passing", "failing"), TABLE)
def test_each_check_at_its_limit(
    key: str,
    check: str,
    level: Level,
    given: dict[str, str],
    passing: list[dict[str, str]],
    failing: list[dict[str, str]],
) -> None:
    for answers in passing:
        assert (check, level) not in found(key, given | answers), answers
    for answers in failing:
        assert (check, level) in found(key, given | answers), answers


@pytest.mark.parametrize(("key", "check", "level", "given", "passing", "failing"), TABLE)
def test_each_check_is_skipped_while_something_is_unknown(
    key: str,
    check: str,
    level: Level,
    given: dict[str, str],
    passing: list[dict[str, str]],
    failing: list[dict[str, str]],
) -> None:
    assert (check, level) not in found(key, given)
    for answers in failing:
        for missing in (given | answers).keys() - {"former_operator_name"}:
            known = {name: text for name, text in (given | answers).items() if name != missing}
            if check != "C18" and check not in DERIVABLE:
                assert (check, level) not in found(key, known), missing


def test_every_check_of_a_file_is_in_the_table_or_tested_below() -> None:
    below = {"C1", "C8", "C24"}
    for key, programme in PROGRAMMES.items():
        assert {check.id for check in programme.checks} - below == {line[1] for line in TABLE if line[0] == key}


@pytest.mark.parametrize("key", ["platform", "base"])
@pytest.mark.parametrize(
    ("typed", "last", "expected"),
    [
        ({"enterprises_served_increase": "10"}, "100", []),
        ({"enterprises_served_increase": "10"}, "99", [("C8", W)]),
        ({"enterprises_served_increase": "10", "enterprises_served_growth": "10.00"}, "99", [("C8", W)]),
        ({"enterprises_served_last_year": "100"}, "100", []),
        ({"enterprises_served_last_year": "100"}, "101", [("C8", W)]),
        ({"enterprises_served_last_year": "100", "enterprises_served_increase": "10"}, "101", [("C8", W)]),
        ({}, "100", []),
    ],
)
def test_c8_another_figure_than_last_round_warns_and_does_not_block(
    key: str, typed: dict[str, str], last: str, expected: list[tuple[str, Level]]
) -> None:
    assert found(key, SERVED | typed, last={"enterprises_served": last}) == expected


@pytest.mark.parametrize("key", ["platform", "base"])
@pytest.mark.parametrize(
    ("answer", "months", "warned"),
    [("yes", "12", False), ("yes", "11", True), ("no", "11", False), ("yes", None, False), ("no", "12", False)],
)
def test_c24_on_time_means_all_twelve_months_where_they_are_recorded(
    key: str, answer: str, months: str | None, warned: bool
) -> None:
    monthly = {"on_time": months} if months else None
    assert (("C24", W) in found(key, {"data_reported_on_time": answer}, monthly=monthly)) is warned


def test_c25_a_share_that_did_not_change_warns_even_where_it_was_computed() -> None:
    assert found("platform", {"satisfaction_rate": "98.00"}, last={"satisfaction_rate": "98.00"}) == [("C25", W)]
    assert found("platform", {"satisfaction_rate": "98.01"}, last={"satisfaction_rate": "98.00"}) == []
    before = {"survey_responses": "50", "satisfied_responses": "49"}
    assert found("platform", {"satisfaction_rate": "98.00"}, last=before) == [("C25", W)]


def test_c1_satisfied_responses_are_part_of_all() -> None:
    assert found("platform", {"survey_responses": "8", "satisfied_responses": "9"}) == [("C1", E)]


@pytest.mark.parametrize("share", ["equipment_share_of_assets", "expenditure_share_of_assets"])
def test_a_divisor_of_zero_is_no_error(share: str) -> None:
    answers = {"total_assets": "0.00", "equipment_purchase_price": "0.00", "service_activity_expenditure": "5.00"}
    assert found("platform", answers | {share: "1.00"}) == []


def test_the_smallest_difference_of_the_largest_figures_is_seen() -> None:
    big = {"operating_revenue": "999999999999999999.98", "service_revenue": "999999999999999999.99"}
    assert ("C19", E) in found("base", big)


def test_a_finding_names_its_fields_with_their_figures_as_typed() -> None:
    given = {"equipment_purchase_price": "1.00", "total_assets": "8.00", "equipment_share_of_assets": "13.00"}
    (finding,) = checks.run(PROGRAMMES["platform"], given)
    assert finding.fields == ("equipment_share_of_assets", "equipment_purchase_price", "total_assets")
    assert [(label.zh, value, unit) for label, value, unit in finding.figures] == [
        ("仪器、设备购买价格占总资产", "13.00", "%"),
        ("仪器、设备购买价格", "1.00", "万元"),
        ("资产总额", "8.00", "万元"),
    ]
    assert finding.message.zh
    assert finding.message.en


def test_an_empty_form_has_no_findings() -> None:
    assert found("platform", {}) == found("base", {}) == []


KEYS = {key: [field.key for field in programme.fields if field.is_number] for key, programme in PROGRAMMES.items()}


@given(st.data(), st.sampled_from(["platform", "base"]))
def test_any_figures_give_findings_and_never_an_error(data: st.DataObject, key: str) -> None:
    figures = st.integers(0, 10**18 - 1).map(str)
    answers = data.draw(st.dictionaries(st.sampled_from(KEYS[key]), figures))
    last = data.draw(st.none() | st.dictionaries(st.sampled_from(KEYS[key]), figures))
    for finding in checks.run(PROGRAMMES[key], answers, last=last):
        assert finding.fields
        assert len(finding.fields) == len(finding.figures)
