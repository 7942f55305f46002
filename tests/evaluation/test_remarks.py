"""Remarks on warnings: their keys, the fields that they stand for, and which are wanting."""

from __future__ import annotations

import pytest

from hbreview.evaluation import checks, doubts, remarks, values
from hbreview.evaluation.checks import Finding
from hbreview.programmes import loader
from hbreview.programmes.schema import FieldType
from hbreview.words import Label, Level, Reason

PROGRAMMES = {key: loader.shipped(key, 2019) for key in ("platform", "base")}
PLATFORM = PROGRAMMES["platform"]


def finding(check_id: str, name: str, level: Level = Level.WARNING) -> Finding:
    return Finding(check_id, level, Label("甲", "a"), (name,), ())


def test_a_remark_is_kept_under_its_check_and_first_field() -> None:
    given = {"equipment_purchase_price": "9.00", "total_assets": "8.00"}
    (found,) = checks.run(PLATFORM, given)
    assert remarks.key_for(found) == "remark.C5.equipment_purchase_price"
    (doubt,) = doubts.run(PLATFORM, {"employees": "90"}, settings=PLATFORM.defaults, last={"employees": "10"})
    assert remarks.key_for(doubt) == "remark.JUMP.employees"


@pytest.mark.parametrize("key", ["platform", "base"])
def test_every_warning_that_can_be_found_has_a_field_for_its_remark(key: str) -> None:
    programme = PROGRAMMES[key]
    figures = [field.key for field in programme.enterprise_fields if field.is_number]
    asked = [(check.id, check.fields[0]) for check in programme.checks if check.level is Level.WARNING]
    asked += [(doubt, name) for doubt in ("JUMP", "UNIT", "LIST") for name in figures]
    for check_id, name in asked:
        field = remarks.field_for(programme, remarks.key_for(finding(check_id, name)))
        assert field is not None, (check_id, name)
        assert (field.type, field.label, field.section) == (
            FieldType.TEXTAREA, programme.field(name).label, programme.field(name).section
        )  # fmt: skip


@pytest.mark.parametrize(
    "key",
    [
        "employees", "C5.equipment_purchase_price", "remark", "remark.", "remark.C5", "remark.C5.", "remark..employees",
        "remark.C99.employees", "remark.JUMP.nothing", "remark.jump.employees", "Remark.JUMP.employees",
        "remark.JUMP.employees.employees", "remark.JUMP.employees ", "", "remark.remark.JUMP.employees",
        # No such question is ever asked: of texts no figure, of other checks another field, of errors no remark.
        "remark.JUMP.organization_name", "remark.JUMP.city_review_opinion", "remark.C5.total_assets",
        "remark.C5.employees", "remark.C2.service_area",
    ],
)  # fmt: skip
def test_no_other_key_is_a_remarks(key: str) -> None:
    assert remarks.field_for(PLATFORM, key) is None


def test_a_remark_is_a_text_of_some_lines_up_to_its_length() -> None:
    field = remarks.field_for(PLATFORM, "remark.JUMP.employees")
    assert field is not None
    assert values.parse(field, " 甲\r\n乙 ") == "甲\n乙"
    assert values.parse(field, "长" * 1000) == "长" * 1000
    assert isinstance(values.parse(field, "长" * 1001), Reason)


def test_figures_only_leaves_remarks_out_and_nothing_else() -> None:
    answers = {"employees": "9", "remark.JUMP.employees": "合并", "remarkable": "甲"}
    assert remarks.figures_only(answers) == {"employees": "9", "remarkable": "甲"}
    assert [key for key in answers if remarks.is_remark(key)] == ["remark.JUMP.employees"]


@pytest.mark.parametrize(
    ("remark", "wanted"), [(None, True), ("", True), (" \n\t", True), ("\u3000", True), ("合并", False), (" a ", False)]
)
def test_a_warning_wants_a_remark_of_more_than_blanks(remark: str | None, wanted: bool) -> None:
    found = [finding("JUMP", "employees")]
    answers = {} if remark is None else {"remark.JUMP.employees": remark}
    assert remarks.wanting(found, answers) == (found if wanted else [])


def test_an_error_wants_none_and_each_warning_its_own_in_order() -> None:
    found = [finding("C2", "service_area", Level.ERROR), finding("UNIT", "employees"), finding("C5", "employees"),
             finding("UNIT", "total_assets")]  # fmt: skip
    assert remarks.wanting(iter(found), {"remark.C5.employees": "甲", "remark.UNIT.annual_rent": "乙"}) == [
        found[1], found[3]
    ]  # fmt: skip
    assert remarks.wanting([], {}) == []
