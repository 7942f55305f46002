"""Doubts about typed figures: each limit, and all of a form's judgements against an oracle of our own (D03)."""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal

import pytest

from hbreview.evaluation import checks, computed, doubts
from hbreview.programmes import loader
from hbreview.programmes.schema import Field, RoundDefaults
from hbreview.words import Level
from tests.evaluation.test_computed import oracle, random_answers

PROGRAMMES = {key: loader.shipped(key, 2019) for key in ("platform", "base")}
PLATFORM = PROGRAMMES["platform"]
JUMP, UNIT, LIST = "JUMP", "UNIT", "LIST"
# So that nothing but the slip of units, the share or the far amount can be doubted.
QUIET = {"jump_factor": Decimal(0)}


def settings(**changed: object) -> RoundDefaults:
    return dataclasses.replace(PLATFORM.defaults, **changed)  # type: ignore[arg-type]  # names of the record's own


def found(
    answers: Mapping[str, str],
    *,
    last: Mapping[str, str] | None = None,
    listed: Mapping[str, int] | None = None,
    key: str = "platform",
    changed: Mapping[str, object] | None = None,
) -> list[str]:
    run = doubts.run(PROGRAMMES[key], answers, settings=settings(**(changed or {})), last=last, listed=listed)
    return [finding.key for finding in run]


@pytest.mark.parametrize(
    ("now", "last", "doubted"),
    [
        ("49.99", "1.00", False), ("50.00", "1.00", True), ("100.00", "1.00", True), ("200.00", "1.00", True),
        ("200.01", "1.00", False), ("4999.99", "1.00", False), ("5000.00", "1.00", True), ("10000.00", "1.00", True),
        ("20000.00", "1.00", True), ("20000.01", "1.00", False),
        ("1.00", "49.99", False), ("1.00", "50.00", True), ("1.00", "200.00", True), ("1.00", "200.01", False),
        ("1.00", "4999.99", False), ("1.00", "5000.00", True), ("1.00", "20000.00", True), ("1.00", "20000.01", False),
        ("0.00", "100.00", False), ("100.00", "0.00", False), ("100.00", "", False), ("1.00", "1.00", False),
        ("9999999999999999.99", "0.01", False), ("100.00", "不详", False), ("100.00", "NaN", False),
        # The last digit of the longest figures decides.
        ("199999999999999998.00", "999999999999999.99", True),
        ("199999999999999998.01", "999999999999999.99", False), ("200.00", "4.00", True), ("199.99", "4.00", False),
        ("999999999999999999.99", "4999999999999999.99", False),
    ],
)  # fmt: skip
def test_a_slip_of_units_at_its_limits(now: str, last: str, doubted: bool) -> None:
    most = PLATFORM.field("total_assets").likely_most
    expected = [f"{UNIT}.total_assets"] if doubted or (most and Decimal(now) > most) else []
    assert found({"total_assets": now}, last={"total_assets": last}, changed=QUIET) == expected


def test_a_loss_and_a_profit_are_no_slip_of_units() -> None:
    for now, last in (("-100.00", "1.00"), ("1.00", "-100.00"), ("-100.00", "-1.00")):
        assert found({"total_profit": now}, last={"total_profit": last}, key="base", changed=QUIET) == []


@pytest.mark.parametrize(
    ("now", "last", "doubted"),
    [
        ("29", "10", False), ("30", "10", True), ("31", "10", True), ("11", "10", False), ("10", "10", False),
        ("11", "30", False), ("10", "30", True), ("9", "30", True),
        # Nothing under the least is a jump; the larger of both counts.
        ("9", "1", False), ("9", "3", False), ("10", "3", True), ("3", "10", True), ("2", "9", False),
        ("0", "10", True), ("0", "9", False), ("0", "0", False), ("30", "0", False), ("30", "", False),
        ("30", "不详", False), ("", "30", False),
    ],
)  # fmt: skip
def test_a_jump_at_its_limits(now: str, last: str, doubted: bool) -> None:
    expected = [f"{JUMP}.service_institutions"] if doubted else []
    assert found({"service_institutions": now}, last={"service_institutions": last}) == expected


@pytest.mark.parametrize(
    ("changed", "now", "doubted"),
    [
        ({"jump_factor": Decimal("1.5")}, "14", False), ({"jump_factor": Decimal("1.5")}, "15", True),
        ({"jump_factor": Decimal("3.1")}, "30", False), ({"jump_factor": Decimal("3.1")}, "31", True),
        ({"jump_factor": Decimal(0)}, "40", False), ({"jump_factor": Decimal(-1)}, "40", False),
        ({"jump_least": Decimal(31)}, "30", False), ({"jump_least": Decimal(31)}, "31", True),
        ({"jump_least": Decimal(0)}, "30", True),
    ],
)  # fmt: skip
def test_a_jump_is_what_the_round_sets(changed: dict[str, object], now: str, doubted: bool) -> None:
    expected = [f"{JUMP}.employees"] if doubted else []
    assert found({"employees": now}, last={"employees": "10"}, changed=changed) == expected


def test_a_loss_after_a_profit_is_a_jump_and_a_year_of_loss_is_no_measure() -> None:
    assert found({"total_profit": "-1.00"}, last={"total_profit": "10.00"}, key="base") == [f"{JUMP}.total_profit"]
    assert found({"total_profit": "10.00"}, last={"total_profit": "-1.00"}, key="base") == []


def test_a_share_does_not_jump_and_its_slip_is_still_seen() -> None:
    assert found({"satisfaction_rate": "90.00"}, last={"satisfaction_rate": "20.00"}) == []
    assert found({"satisfaction_rate": "0.90"}, last={"satisfaction_rate": "90.00"}) == [f"{UNIT}.satisfaction_rate"]


@pytest.mark.parametrize(
    ("key", "share", "doubted"),
    [
        ("satisfaction_rate", "0.00", False), ("satisfaction_rate", "0.01", True), ("satisfaction_rate", "1.00", True),
        ("satisfaction_rate", "1.01", False), ("satisfaction_rate", "85.00", False), ("satisfaction_rate", "", False),
        # Growth and a share of more than all may be small.
        ("enterprises_served_growth", "0.50", False), ("expenditure_share_of_assets", "0.50", False),
        ("employees", "1", False),
    ],
)  # fmt: skip
def test_a_share_given_as_a_fraction(key: str, share: str, doubted: bool) -> None:
    assert found({key: share}) == ([f"{UNIT}.{key}"] if doubted else [])


@pytest.mark.parametrize(
    ("now", "others", "doubted"),
    [
        ("19990.00", ("10.00", "3.00"), False), ("19999.99", ("10.00", "3.00"), False),
        ("20000.00", ("10.00", "3.00"), True), ("20000.01", ("3.00", "10.00"), True),
        ("20000.00", ("10.00",), False), ("20000.00", ("10.00", "0.00"), False), ("20000.00", ("10.00", ""), False),
        ("20000.00", ("10.01", "3.00"), False), ("20000.00", (), False),
    ],
)  # fmt: skip
def test_an_amount_far_above_the_others(now: str, others: tuple[str, ...], doubted: bool) -> None:
    names = ("annual_rent", "equipment_purchase_price")
    answers = {"total_assets": now, **dict(zip(names, others, strict=False))}
    assert found(answers) == ([f"{UNIT}.total_assets"] if doubted else [])


def test_a_loss_is_no_measure_of_other_amounts_and_counts_of_another_unit_are_none() -> None:
    given = {"total_assets": "20000.00", "total_profit": "-10.00", "service_revenue": "10.00", "building_area": "1.00"}
    assert found(given, key="base") == []
    assert found({**given, "service_expenditure": "1.00"}, key="base") == [f"{UNIT}.total_assets"]


@pytest.mark.parametrize(
    ("typed", "listed", "doubted"),
    [
        ("12", {"enterprises_served": 12}, False), ("12", {"enterprises_served": 11}, True),
        ("12", {"enterprises_served": 0}, True), ("0", {"enterprises_served": 0}, False), ("12", {}, False),
        ("12", {"small_micro_enterprises_served": 1}, False), ("", {"enterprises_served": 11}, False),
    ],
)  # fmt: skip
def test_the_number_that_the_list_gives(typed: str, listed: dict[str, int], doubted: bool) -> None:
    expected = [f"{LIST}.enterprises_served"] if doubted else []
    assert found({"enterprises_served": typed}, listed=listed) == expected


def test_there_is_one_doubt_a_field_the_list_first_then_the_unit() -> None:
    answers, last = {"enterprises_served": "1000"}, {"enterprises_served": "10"}
    assert found(answers, last=last, listed={"enterprises_served": 7}) == [f"{LIST}.enterprises_served"]
    assert found(answers, last=last, listed={"enterprises_served": 1000}) == [f"{UNIT}.enterprises_served"]
    assert found(answers, last={"enterprises_served": "100"}) == [f"{JUMP}.enterprises_served"]


def test_doubts_come_in_the_forms_order_whatever_the_order_of_the_answers() -> None:
    names = [field.key for field in PLATFORM.enterprise_fields if field.key in {"employees", "equipment_count"}]
    for order in (names, names[::-1]):
        answers = dict.fromkeys(order, "90")
        assert found(answers, last=dict.fromkeys(names, "10")) == [f"{JUMP}.{name}" for name in names]


def test_no_figures_no_doubts() -> None:
    last = {field.key: "100" for field in PLATFORM.fields if field.is_number}
    assert found({}) == found({}, last=last, listed={"enterprises_served": 3}) == []
    assert found({"organization_name": "0.5", "address": "9"}, last={"address": "900"}) == []


def test_a_text_under_a_figures_key_is_no_figure() -> None:
    assert found({"employees": "不详"}, last={"employees": "10"}, listed={"employees": 3}) == []


def test_last_years_computed_figure_counts_too() -> None:
    last = {"enterprises_served": "110", "enterprises_served_last_year": "100"}
    assert found({"enterprises_served_increase": "30"}, last=last) == [f"{JUMP}.enterprises_served_increase"]


def test_a_doubt_wants_a_remark_and_shows_both_figures() -> None:
    (jump,) = doubts.run(PLATFORM, {"employees": "90"}, settings=settings(), last={"employees": "10"})
    (listed,) = doubts.run(PLATFORM, {"enterprises_served": "9"}, settings=settings(), listed={"enterprises_served": 8})
    assert (jump.level, listed.level) == (Level.WARNING, Level.WARNING)
    assert (jump.fields, listed.fields) == (("employees",), ("enterprises_served",))
    shown = [[(label.en, value, unit) for label, value, unit in one.figures] for one in (jump, listed)]
    served = PLATFORM.field("enterprises_served").label.en
    assert shown == [
        [(PLATFORM.field("employees").label.en, "90", "人"), ("last year", "10", "人")],
        [(served, "9", "家"), ("list", "8", "家")],
    ]


# The oracle: whole hundredths multiplied crosswise, and the rules' own words; nothing of the module under test.
AMOUNTS = {
    key: [field.key for field in programme.fields if field.unit == "万元"] for key, programme in PROGRAMMES.items()
}
FIGURES = {
    key: [field for field in programme.enterprise_fields if field.is_number] for key, programme in PROGRAMMES.items()
}


def hundredths(answers: Mapping[str, str]) -> dict[str, int]:
    """Every figure in hundredths of its unit."""
    found = {}
    for name, text in answers.items():
        whole, _point, places = text.partition(".")
        found[name] = int(whole + places.ljust(2, "0"))
    return found


def _doubt(field: Field, now: int, last: int, *, others: list[int], listed: int | None) -> str | None:
    share, most, least = field.unit == "%", max(now, last), min(now, last)
    if listed is not None and now != listed * 100:
        return LIST
    if least > 0 and (50 * least <= most <= 200 * least or 5000 * least <= most <= 20000 * least):
        return UNIT
    if share and field.maximum == 100 and 0 < now <= 100:
        return UNIT
    if field.likely_most is not None and now > field.likely_most * 100:
        return UNIT
    if field.unit == "万元" and len(others) >= 2 and all(now >= 2000 * one for one in others):
        return UNIT
    if not share and last > 0 and most >= 1000 and (now >= 3 * last or 3 * now <= last):
        return JUMP
    return None


def _expected(
    key: str, answers: Mapping[str, str], last: dict[str, str], listed: Mapping[str, int]
) -> Iterator[tuple[str, str]]:
    before = hundredths({**last, **{name: value for name, value in oracle(key, last).items() if value}})
    now = hundredths(answers)
    amounts = {name: now[name] for name in AMOUNTS[key] if now.get(name, 0) > 0}
    for field in FIGURES[key]:
        if field.key in now:
            others = [amount for name, amount in amounts.items() if name != field.key]
            last_year, counted = before.get(field.key, 0), listed.get(field.key)
            if doubt := _doubt(field, now[field.key], last_year, others=others, listed=counted):
                yield doubt, field.key


# Of the checks those that say that a part is not more than the whole: (check, its field, whole, part).
PARTS = {
    "platform": [
        ("C5", "equipment_purchase_price", "total_assets", "equipment_purchase_price"),
        ("C10", "small_micro_enterprises_served", "enterprises_served", "small_micro_enterprises_served"),
        ("C12", "public_welfare_events", "service_events_total", "public_welfare_events"),
        ("C14", "college_technical_staff", "employees", "college_technical_staff"),
        ("C14", "intermediate_title_staff", "employees", "intermediate_title_staff"),
        ("C1", "satisfied_responses", "survey_responses", "satisfied_responses"),
    ],
    "base": [
        ("C14", "qualified_staff", "employees", "qualified_staff"),
        ("C15", "resident_small_micro_enterprises", "resident_enterprises", "resident_small_micro_enterprises"),
        ("C16", "dedicated_service_staff", "employees", "dedicated_service_staff"),
        ("C19", "service_revenue", "operating_revenue", "service_revenue"),
        ("C19", "welfare_or_low_fee_revenue", "service_revenue", "welfare_or_low_fee_revenue"),
        ("C22", "base_employment", "base_employment", "employees"),
    ],
}


def _broken(key: str, answers: Mapping[str, str]) -> set[tuple[str, str]]:
    now = hundredths(answers)
    return {
        (check, name)
        for check, name, whole, part in PARTS[key]
        if whole in now and part in now and now[part] > now[whole]
    }


def _year_before(chance: random.Random, key: str, answers: Mapping[str, str]) -> dict[str, str]:
    """Last year's form: this year's figures moved by a factor at or beside some limit, some of them another's."""
    last = random_answers(chance, key) if chance.random() < 0.2 else {}
    for name, text in answers.items():
        scale = PROGRAMMES[key].field(name).scale
        times, by = chance.choice(((1, 1), (1, 1), (3, 1), (1, 3), (50, 1), (1, 50), (1, 200), (201, 1), (49, 1),
                                   (1, 100), (5000, 1), (1, 5000), (1, 20000), (20001, 1), (0, 1)))  # fmt: skip
        number = int(text.replace(".", "")) * times // by + chance.choice((0, 0, 1))
        if chance.random() < 0.7 and number < 10 ** (18 + scale):
            last[name] = format(Decimal(number).scaleb(-scale), "f")
    return last


@pytest.mark.thorough
@pytest.mark.parametrize("key", ["platform", "base"])
def test_five_thousand_random_forms_of_each_programme_are_judged_as_the_oracle_does(key: str) -> None:
    """Computed values, the plain checks and the doubts of one form, together: no difference in 10,000 (D03)."""
    chance, programme = random.Random(20191231), PROGRAMMES[key]
    parts = {(check, name) for check, name, *_pair in PARTS[key]}
    shares = [field.key for field in FIGURES[key] if field.maximum == 100]
    seen: Counter[str] = Counter()
    for _ in range(5000):
        answers = random_answers(chance, key)
        if chance.random() < 0.2:
            answers[chance.choice(shares)] = chance.choice(["0.00", "0.01", "0.90", "1.00", "1.01", "100.00"])
        last = _year_before(chance, key, answers) if chance.random() < 0.7 else {}
        listed = {field.key: chance.choice([0, 1, 3]) for field in FIGURES[key] if field.counted and last}
        known = {name: value for name, value in oracle(key, answers).items() if value is not None}
        assert computed.effective(programme, answers) == {**answers, **known}, answers
        failed = {(one.check_id, one.fields[0]) for one in checks.run(programme, answers)} & parts
        assert failed == _broken(key, answers), answers
        run = doubts.run(programme, answers, settings=programme.defaults, last=last, listed=listed)
        judged = [(one.check_id, one.fields[0]) for one in run]
        assert judged == list(_expected(key, answers, last, listed)), (answers, last, listed)
        seen.update(check for check, _name in [*judged, *failed])
    # A rule that random forms never meet would prove nothing.
    assert all(seen[check] > 20 for check in {JUMP, UNIT, LIST} | {check for check, _name in parts}), seen


@pytest.mark.parametrize(("now", "doubted"), [("20000.00", False), ("20000.01", True), ("329400.00", True)])
def test_beyond_what_is_common_the_unit_is_asked_about_without_anything_to_compare(now: str, doubted: bool) -> None:
    assert PROGRAMMES["base"].field("government_subsidy").likely_most == 20000
    assert found({"government_subsidy": now}, key="base") == ([f"{UNIT}.government_subsidy"] if doubted else [])
