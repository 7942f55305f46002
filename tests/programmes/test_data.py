"""The programme files against the notice: field by field, in order, in both languages."""

from __future__ import annotations

import csv
import re
from decimal import Decimal
from pathlib import Path

import pytest

from hbreview.programmes import loader
from hbreview.programmes.schema import Field, FieldType, Programme
from hbreview.words import Label, Level, Outcome

DATA = Path(__file__).resolve().parents[1] / "data"
PROGRAMMES = ("platform", "base")
# RULES.md section 6, default weights.
WEIGHTS = {
    "platform": [6, 6, 6, 12, 6, 12, 8, 6, 4, 8, 8, 8, 5, 5],
    "base": [5, 6, 7, 6, 6, 6, 6, 5, 5, 6, 6, 12, 6, 8, 10],
}
# RULES.md section 5, last paragraph.
SUPPLEMENTARY = {
    "platform": {
        "enterprises_served_last_year", "service_income_last_year", "service_events_total",
        "college_technical_staff", "intermediate_title_staff", "survey_responses", "satisfied_responses",
        "commendations", "indirect_benefit",
    },
    "base": {"enterprises_served_last_year", "qualified_staff", "welfare_or_low_fee_revenue"},
}  # fmt: skip
SIGNED = {"enterprises_served_increase", "enterprises_served_growth", "service_income_growth", "total_profit"}
CHECKS = {
    "platform": {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 24, 25},
    "base": {7, 8, 9, 14, 15, 16, 17, 18, 19, 20, 21, 22, 24, 25},
}
# Our own words, where the table has none or only a fragment (等资产).
OWN_AUDIT_LABELS = {"service_assets_other": "其他"}


@pytest.fixture(params=PROGRAMMES)
def programme(request: pytest.FixtureRequest) -> Programme:
    return loader.shipped(request.param, 2019)


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def official(programme: Programme) -> list[Field]:
    return [field for field in programme.fields if not field.supplementary]


def joined(text: str) -> str:
    return "".join(text.split())


def test_the_form_has_the_fields_of_the_notice_in_order(programme: Programme) -> None:
    assert [field.key for field in official(programme)] == [row["key"] for row in rows(f"form-{programme.key}")]


def test_each_field_is_as_the_table_says(programme: Programme) -> None:
    for field, row in zip(official(programme), rows(f"form-{programme.key}"), strict=True):
        found = (
            field.section, field.label, field.type, field.unit, field.formula, field.attachable,
            field.filled_by, ";".join(map(str, field.evidence_for)),
        )  # fmt: skip
        expected = (
            int(row["section_no"]), Label(row["label"], row["english_label"]), row["type"], row["unit"],
            row["derived_formula"], row["attachable"] == "yes", row["filled_by"], row["evidence_for"],
        )  # fmt: skip
        assert found == expected, field.key


def test_sections_are_those_of_the_form(programme: Programme) -> None:
    expected = {int(row["section_no"]): row["section"] for row in rows(f"form-{programme.key}")}
    assert {section.number: section.label.zh for section in programme.sections} == expected
    assert [section.number for section in programme.sections] == list(range(8))


def test_the_form_stands_section_by_section(programme: Programme) -> None:
    numbers = [field.section for field in programme.fields]
    assert numbers == sorted(numbers)


def test_supplementary_fields_are_those_of_the_rules_and_never_required(programme: Programme) -> None:
    extra = [field for field in programme.fields if field.supplementary]
    assert {field.key for field in extra} == SUPPLEMENTARY[programme.key]
    assert {field.required.kind for field in extra} == {"never"}


def test_what_is_not_always_required_is_k1(programme: Programme) -> None:
    loose = {
        field.key: (field.required.kind, field.required.other, field.required.equals)
        for field in official(programme)
        if field.required.kind != "always"
    }
    other = {
        "platform": {"icp_filing_number": ("when", "website_url", "")},
        "base": {"former_operator_name": ("when", "operator_changed", "yes")},
    }
    assert loose == {"website_url": ("never", "", ""), **other[programme.key]}


def test_every_figure_has_its_bounds_and_scale(programme: Programme) -> None:
    for field in programme.fields:
        if not field.is_number:
            assert (field.minimum, field.maximum, field.scale) == (None, None, 0), field.key
            continue
        capped = field.type is FieldType.PERCENT and field.key not in SIGNED | {"expenditure_share_of_assets"}
        assert field.minimum == (None if field.key in SIGNED else Decimal(0)), field.key
        assert field.maximum == (Decimal(100) if capped else None), field.key
        assert field.scale == (0 if field.type is FieldType.INTEGER else 2), field.key


def test_every_missing_input_of_a_formula_is_asked_for(programme: Programme) -> None:
    for row in rows(f"form-{programme.key}"):
        for name in re.findall(r"[a-z_]{4,}", row["missing_input"].replace("(headcount)", "")):
            assert programme.field(name).supplementary


def test_only_service_area_is_entered_in_spite_of_its_formula() -> None:
    found = [f.key for key in PROGRAMMES for f in loader.shipped(key, 2019).fields if f.check_only]
    assert found == ["service_area"]
    assert not loader.shipped("platform", 2019).field("service_area").derived


def test_the_indicators_are_those_of_the_notice(programme: Programme) -> None:
    found = [(str(i.order), i.dimension, i.name, i.points) for i in programme.indicators]
    expected = [
        (
            row["order"],
            Label(row["dimension"], row["english_dimension"]),
            Label(row["indicator"], row["english_indicator"]),
            Label(row["points"], row["english_points"]),
        )
        for row in rows(f"rubric-{programme.key}")
    ]
    assert found == expected


def test_the_weights_are_those_of_the_rules(programme: Programme) -> None:
    assert [indicator.weight for indicator in programme.indicators] == WEIGHTS[programme.key]


def test_every_indicator_has_evidence(programme: Programme) -> None:
    assert [indicator.order for indicator in programme.indicators if not indicator.evidence] == []


def test_the_audit_is_the_table(programme: Programme) -> None:
    for figure, row in zip(programme.audit_figures, rows("audit"), strict=True):
        label = OWN_AUDIT_LABELS.get(row["key"], row["label"] or figure.label.zh)
        found = (
            figure.key, figure.label, figure.type, figure.unit, figure.item_no, figure.repeats, figure.compare_with
        )  # fmt: skip
        expected = (
            row["key"], Label(label, row["english_label"]), row["type"], row["unit"], int(row["item_no"]),
            row["repeats"] == "yes", row[f"cross_check_{programme.key}"].partition(";")[0],
        )  # fmt: skip
        assert found == expected
        assert figure.required or row["origin"] == "split", figure.key


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("platform", ["at_most", "about", "only_if", "equal", "at_least"]),
        ("base", ["at_most", "only_if", "equal", "at_least", "at_least"]),
    ],
)
def test_how_the_audit_is_compared(key: str, expected: list[str]) -> None:
    found = [figure.comparison for figure in loader.shipped(key, 2019).audit_figures if figure.comparison]
    assert found == expected


def test_the_matrix_is_eight_by_three_and_its_cells_are_fields() -> None:
    base = loader.shipped("base", 2019)
    assert base.matrix is not None
    assert loader.shipped("platform", 2019).matrix is None
    assert (len(base.matrix.rows), len(base.matrix.columns)) == (3, 8)
    cells = {(f.matrix_row, f.matrix_column): f for f in base.fields if f.matrix_row}
    for row, row_label in base.matrix.rows:
        for column, column_label in base.matrix.columns:
            field = cells.pop((row, column))
            assert (field.key, field.label.zh) == (f"{row}_{column}", f"{row_label.zh} / {column_label.zh}")
    assert cells == {}


def test_the_official_texts_stand_in_the_notice(programme: Programme) -> None:
    notice = joined((DATA / "notice.txt").read_text(encoding="utf-8"))
    texts = [programme.form_title, programme.rubric_title, programme.roster_title]
    texts += [section.label for section in programme.sections if section.number]
    texts += [field.label for field in official(programme) if not field.matrix_row and field.key != "icp_filing_number"]
    texts += [text for i in programme.indicators for text in (i.dimension, i.name, i.points)]
    if programme.matrix:
        texts += [label for _key, label in (*programme.matrix.rows, *programme.matrix.columns)]
    assert [text.zh for text in texts if joined(text.zh) not in notice] == []


def test_the_hints_stand_in_the_notice(programme: Programme) -> None:
    notice = joined((DATA / "notice.txt").read_text(encoding="utf-8"))
    hints = [f for f in official(programme) if f.hint and f.key not in {"organization_seal", "website_url"}]
    assert [f.key for f in hints if joined(f.hint.zh if f.hint else "") not in notice] == []
    assert all(field.hint for field in programme.fields if field.attachable)


def test_both_languages_stand_everywhere(programme: Programme) -> None:
    labels = [programme.name, *(s.label for s in programme.sections), *(f.label for f in programme.fields)]
    labels += [f.hint for f in programme.fields if f.hint]
    labels += [c.label for f in programme.fields for c in f.choices]
    labels += [label for i in programme.indicators for label in (i.dimension, i.name, i.basis)]
    labels += [check.message for check in programme.checks]
    labels += [figure.label for figure in programme.audit_figures]
    for label in labels:
        assert re.search(r"[\u4e00-\u9fff]", label.zh), label
        assert re.search(r"[A-Za-z]", label.en) and not re.search(r"[\u4e00-\u9fff]", label.en), label


def test_all_checks_of_the_rules_are_there(programme: Programme) -> None:
    assert {int(check.id[1:]) for check in programme.checks} == CHECKS[programme.key]


@pytest.mark.parametrize(
    ("key", "check", "levels"),
    [
        ("platform", "C2", [Level.ERROR]),
        ("platform", "C5", [Level.WARNING]),
        ("platform", "C6", [Level.WARNING]),
        ("platform", "C10", [Level.ERROR, Level.WARNING]),
        ("platform", "C11", [Level.WARNING]),
        ("base", "C17", [Level.ERROR] * 8 + [Level.WARNING]),
        ("base", "C18", [Level.WARNING] * 8),
        ("base", "C20", [Level.WARNING]),
        ("base", "C22", [Level.WARNING]),
        ("base", "C24", [Level.WARNING]),
    ],
)
def test_levels_of_checks(key: str, check: str, levels: list[Level]) -> None:
    assert [c.level for c in loader.shipped(key, 2019).checks if c.id == check] == levels


def test_c25_covers_satisfaction_and_every_capped_share(programme: Programme) -> None:
    shares = {f.key for f in programme.fields if f.type is FieldType.PERCENT and f.maximum}
    c25 = [check for check in programme.checks if check.id == "C25"]
    assert {key for check in c25 for key in check.fields} == shares
    assert len(c25) == 2 * len(shares)


def test_the_defaults_of_a_round(programme: Programme) -> None:
    d = programme.defaults
    marks = [d.pass_mark, d.excellent, d.supervised_below, d.remark_below, d.spread]
    assert marks == [Decimal(60), Decimal(85), Decimal(65), Decimal("0.6"), Decimal(15)]
    assert (d.commended_top, d.min_sheets, d.publicity_days) == (10, 1, 5)
    assert (d.not_submitted, d.minimum_served, d.validity_years) == (Outcome.FAIL, 0, 3)
    assert d.deduction_per_no == {"platform": 0, "base": 3}[programme.key]


def test_the_organisation_types() -> None:
    choices = loader.shipped("platform", 2019).field("organization_type").choices
    assert [c.label.zh for c in choices] == ["企业", "事业单位", "社会团体", "民办非企业单位", "其他"]


def test_the_year_is_a_parameter(programme: Programme) -> None:
    text = loader.source_text(programme.key, 2019)
    later = loader.load_text(text.replace("year = 2019", "year = 2027"), source="later.toml")
    assert later.audit_figures[0].label.zh.startswith("2027年末")
    labels = [*(s.label for s in later.sections), *(f.label for f in later.fields)]
    labels += [f.label for f in later.audit_figures]
    assert [label for label in labels if "2019" in label.zh + label.en or "{" in label.zh + label.en] == []
    assert later.digest != programme.digest
