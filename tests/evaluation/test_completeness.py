"""What a form still lacks: K1 to K5 and K8."""

from __future__ import annotations

import pytest

from hbreview.evaluation import completeness
from hbreview.programmes import loader
from hbreview.programmes.schema import Field, FieldType, Programme

PLATFORM, BASE = loader.shipped("platform", 2019), loader.shipped("base", 2019)
SAMPLES = {
    FieldType.INTEGER: "8", FieldType.DECIMAL: "8.00", FieldType.PERCENT: "8.00", FieldType.YES_NO: "yes",
    FieldType.CHOICE: "enterprise",
}  # fmt: skip
SEAL = {"organization_seal": 1}
# A computed value is asked for by the supplementary figure that its formula needs first.
ASKED = {
    "college_technical_staff_share": "college_technical_staff",
    "intermediate_title_staff_share": "intermediate_title_staff",
    "enterprises_served_increase": "enterprises_served_last_year",
    "satisfaction_rate": "satisfied_responses",
    "public_welfare_share": "service_events_total",
    "service_income_growth": "service_income_last_year",
    "qualified_staff_share": "qualified_staff",
    "welfare_revenue_share": "welfare_or_low_fee_revenue",
}


def whole(programme: Programme) -> dict[str, str]:
    """All that is asked of the enterprise and not computed, without the supplementary fields."""
    return {
        field.key: SAMPLES.get(field.type, "甲")
        for field in programme.enterprise_fields
        if field.type is not FieldType.ATTACHMENT and not field.supplementary
    } | ({"operator_changed": "no", "former_operator_name": ""} if programme is BASE else {})


def lacks(programme: Programme, answers: dict[str, str], attachments: dict[str, int] | None = None) -> dict[str, str]:
    return {reason.field: reason.rule for reason in completeness.missing(programme, answers, attachments or {})}


@pytest.mark.parametrize("programme", [PLATFORM, BASE], ids=lambda p: p.key)
def test_a_whole_form_lacks_its_seal_only(programme: Programme) -> None:
    assert lacks(programme, whole(programme)) == {"organization_seal": "K4"}
    assert lacks(programme, whole(programme), SEAL) == {}


@pytest.mark.parametrize("programme", [PLATFORM, BASE], ids=lambda p: p.key)
def test_an_empty_form_lacks_everything_that_is_required_in_the_forms_order(programme: Programme) -> None:
    optional = {"website_url", "icp_filing_number", "former_operator_name"}
    asked = [f.key for f in programme.enterprise_fields if not f.supplementary and f.key not in optional]
    expected = [ASKED.get(key, key) for key in asked]
    assert list(lacks(programme, {})) == expected


def test_the_city_fields_are_not_the_enterprises() -> None:
    assert not {field.key for field in PLATFORM.city_fields} & lacks(PLATFORM, {}).keys()


@pytest.mark.parametrize("programme", [PLATFORM, BASE], ids=lambda p: p.key)
def test_each_field_alone_is_missed(programme: Programme) -> None:
    answers = whole(programme)
    for field in (f for f in programme.enterprise_fields if answers.get(f.key) and f.required.kind == "always"):
        found = lacks(programme, answers | {field.key: ""}, SEAL)
        assert (ASKED.get(field.key, field.key) in found) is not computable(programme, field), field.key
        assert found.keys() <= {field.key} | {ASKED.get(f.key, f.key) for f in programme.fields if f.derived}


def computable(programme: Programme, field: Field) -> bool:
    """Whether the whole form gives the value of this field without typing it."""
    return field.derived and not any(
        programme.field(name).supplementary for name in field.formula.replace("(", " ").replace(")", " ").split()
        if programme.has_field(name)
    )  # fmt: skip


@pytest.mark.parametrize("value", ["0", "0.00"])
def test_zero_is_a_value(value: str) -> None:
    """K5 and field case 47."""
    answers = {f.key: value for f in BASE.enterprise_fields if f.is_number and not f.derived}
    assert not answers.keys() & lacks(BASE, answers).keys()


def test_all_24_cells_of_the_matrix_are_asked_for() -> None:
    assert sum(rule == "K5" for rule in lacks(BASE, {}).values()) == 24


@pytest.mark.parametrize(
    ("website", "number", "complete"), [("", "", True), ("a.cn", "", False), ("a.cn", "冀ICP备1号", True)]
)
def test_the_filing_number_is_asked_for_with_a_website(website: str, number: str, complete: bool) -> None:
    answers = whole(PLATFORM) | {"website_url": website, "icp_filing_number": number}
    assert (lacks(PLATFORM, answers, SEAL) == {}) is complete


def test_the_former_operator_is_asked_for_when_it_changed() -> None:
    assert lacks(BASE, whole(BASE) | {"operator_changed": "yes"}, SEAL) == {"former_operator_name": "K1"}


@pytest.mark.parametrize("programme", [PLATFORM, BASE], ids=lambda p: p.key)
def test_k2_a_text_or_a_file(programme: Programme) -> None:
    for field in (f for f in programme.enterprise_fields if f.attachable and not f.supplementary):
        answers = whole(programme) | {field.key: ""}
        assert lacks(programme, answers, SEAL) == {field.key: "K2"}
        assert lacks(programme, answers, SEAL | {field.key: 1}) == {}


def test_k8_a_no_is_an_answer() -> None:
    answers = whole(PLATFORM) | {"data_reported_on_time": "no", "summary_reported_on_time": "no"}
    assert lacks(PLATFORM, answers, SEAL) == {}


@pytest.mark.parametrize(
    ("given", "complete"),
    [
        ({}, False),
        ({"satisfaction_rate": "98.00"}, True),
        ({"survey_responses": "10"}, False),
        ({"survey_responses": "10", "satisfied_responses": "9"}, True),
        ({"survey_responses": "0", "satisfied_responses": "0"}, True),  # no divisor: nothing to ask for
    ],
)
def test_a_derived_field_is_typed_computed_or_without_a_value(given: dict[str, str], complete: bool) -> None:
    answers = whole(PLATFORM) | {"satisfaction_rate": ""} | given
    about = {"satisfaction_rate", "satisfied_responses", "survey_responses"}
    assert (not about & lacks(PLATFORM, answers, SEAL).keys()) is complete


def test_what_the_round_before_gives_need_not_be_typed() -> None:
    answers = whole(PLATFORM) | {"enterprises_served_increase": "", "service_income_growth": ""}
    assert set(lacks(PLATFORM, answers, SEAL)) == {"enterprises_served_last_year", "service_income_last_year"}
    last = {"enterprises_served": "5", "service_income": "7.00"}
    assert completeness.missing(PLATFORM, answers, SEAL, last=last) == []


def test_a_removed_file_is_none() -> None:
    assert lacks(PLATFORM, whole(PLATFORM), {"organization_seal": 0}) == {"organization_seal": "K4"}


@pytest.mark.parametrize("programme", [PLATFORM, BASE], ids=lambda p: p.key)
def test_progress_agrees_with_what_is_missing(programme: Programme) -> None:
    for answers, files in [({}, {}), (whole(programme), {}), (whole(programme), SEAL)]:
        progress = completeness.progress(programme, answers, files)
        open_fields = sum(needed - done for done, needed in progress.values())
        assert open_fields == len(completeness.missing(programme, answers, files))
        assert list(progress) == [0, 1, 2, 3, 4, 5, 6]


def test_k3_a_fee_table_is_wished_for() -> None:
    assert [reason.rule for reason in completeness.notes(BASE, {})] == ["K3"]
    assert completeness.notes(BASE, {"fee_reasonableness": 1}) == []
    assert completeness.notes(PLATFORM, {}) == []
