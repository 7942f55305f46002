"""Damaged programme files: each is refused with its key path."""

from __future__ import annotations

from pathlib import Path

import pytest

from hbreview.programmes import loader
from hbreview.programmes.loader import ProgrammeError

PLATFORM = loader.source_text("platform", 2019)
AREA = 'formula = "service_area_owned + service_area_rented"'

DAMAGES = [
    (AREA, 'formula = "service_area_owned + xyz"', "(service_area).formula: unknown name 'xyz'"),
    (AREA, 'formula = "len(service_area_owned)"', "(service_area).formula: not of the language"),
    (AREA, 'formula = "service_area_owned +"', "(service_area).formula: cannot be read"),
    (AREA, 'formula = "service_area + 1"', "formulas go in a circle"),
    ('key = "platform_name"', 'key = "organization_name"', "field[2] (organization_name): stands twice"),
    ("number = 7", "number = 8", ".section: unknown section 7"),
    ("number = 7", "number = 6", "section[7] (6): stands twice"),
    ('weight = "12"', 'weight = "11"', "indicator.weight: the weights sum to 99, not 100"),
    ('weight = "12"', "weight = 12.5", "indicator[3] (4).weight: must be a decimal written as a string"),
    ('weight = "12"', 'weight = "twelve"', "indicator[3] (4).weight: is not a number: 'twelve'"),
    ('weight = "12"', 'weight = "NaN"', "indicator[3] (4).weight: is not a number: 'NaN'"),
    ("evidence_for = [13]", "evidence_for = [31]", "(development_plan).evidence_for: unknown indicator 31"),
    ("evidence_for = [13]", 'evidence_for = ["13"]', "(development_plan).evidence_for: must hold a whole number only"),
    (
        'rule = "equipment_purchase_price <= total_assets"',
        'rule = "equipment_price <= total_assets"',
        "(C5).rule: unknown name 'equipment_price'",
    ),
    (
        'fields = ["equipment_purchase_price", "total_assets"]',
        'fields = ["equipment_price"]',
        "(C5).fields: unknown field 'equipment_price'",
    ),
    (', en = "Platform name" }', " }", "field[2] (platform_name).label.en: is missing"),
    ('en = "Platform name"', 'en = ""', "field[2] (platform_name).label.en: is missing"),
    ('zh = "平台名称"', 'zh = " "', "field[2] (platform_name).label.zh: is missing"),
    ('en = "Platform name"', 'en = "Platform name", fr = "Nom"', "(platform_name).label.fr: is not known"),
    ('type = "phone"', 'type = "telephone"', "field[4] (legal_representative_mobile).type: is none of text,"),
    ("check_only = true", 'check_only = "yes"', "(service_area).check_only: must be true or false, not 'yes'"),
    ("check_only = true", "checked_only = true", "(service_area).checked_only: is not known"),
    ('filled_by = "city"', 'filled_by = "town"', "(city_review_opinion).filled_by: is none of enterprise, city"),
    ('other = "website_url"', 'other = "website"', "(icp_filing_number).required.other: unknown field 'website'"),
    ('kind = "when"', 'kind = "sometimes"', "(icp_filing_number).required.kind: is none of always, never, when"),
    ('maximum = "100"', 'maximum = "-1"', "(equipment_share_of_assets).minimum: is more than the maximum -1"),
    ('level = "warning"', 'level = "hint"', "(C5).level: is none of error, warning: 'hint'"),
    ('comparison = "about"', 'comparison = "near"', "(service_assets_equipment).comparison: is none of equal,"),
    ('compare_with = "total_assets"', 'compare_with = "assets"', ".compare_with: unknown field 'assets'"),
    ('parts = ["service_assets_equipment"', 'parts = ["equipment"', ".parts: unknown figure 'equipment'"),
    (
        'floor = { rule = "public_welfare_share',
        'floor = { rule = "welfare',
        "[5] (6).floor.rule: unknown name 'welfare'",
    ),
    ('share = "0.5"', 'share = "1.5"', "indicator[5] (6).floor.share: is not from 0 to 1: 1.5"),
    ('pass_mark = "60"\n', "", "platform.toml.defaults.pass_mark: is missing"),
    ('not_submitted = "fail"', 'not_submitted = "gone"', "defaults.not_submitted: is none of"),
    ("year = 2019", 'year = "2019"', "platform.toml.year: must be a whole number, not '2019'"),
    ("year = 2019", "year = 2019\nyears = 1", "platform.toml.years: is not known"),
    ("year = 2019", "year =", "platform.toml: Invalid value"),
]


@pytest.mark.parametrize(("old", "new", "message"), DAMAGES)
def test_a_damaged_file_is_refused_by_its_key(old: str, new: str, message: str) -> None:
    assert old in PLATFORM
    with pytest.raises(ProgrammeError) as caught:
        loader.load_text(PLATFORM.replace(old, new, 1), source="platform.toml")
    assert str(caught.value).startswith("platform.toml")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('matrix_row = "service_people"', 'matrix_row = "people"', ".matrix_row: unknown row 'people'"),
        ('matrix_column = "training"', 'matrix_column = "sport"', ".matrix_column: unknown column 'sport'"),
        ('each = ["information", ', 'each = ["sport", ', "(C17).rule: unknown name 'service_enterprises_sport'"),
    ],
)
def test_a_damaged_matrix_is_refused(old: str, new: str, message: str) -> None:
    text = loader.source_text("base", 2019)
    assert old in text
    with pytest.raises(ProgrammeError) as caught:
        loader.load_text(text.replace(old, new, 1), source="base.toml")
    assert message in str(caught.value)


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gbk.toml"
    path.write_bytes("名称".encode("gbk"))
    with pytest.raises(ProgrammeError, match=r"gbk.toml: is not UTF-8"):
        loader.load_file(path)


def test_a_file_is_read_as_its_text_is(tmp_path: Path) -> None:
    path = tmp_path / "platform.toml"
    path.write_text(PLATFORM, encoding="utf-8")
    assert loader.load_file(path) == loader.shipped("platform", 2019)


def test_a_programme_that_is_not_shipped_is_refused() -> None:
    with pytest.raises(ProgrammeError, match="no programme platform of 1999"):
        loader.shipped("platform", 1999)


def test_what_is_shipped() -> None:
    assert [(year, key) for year, key, _path in loader.available()] == [(2019, "platform"), (2019, "base")]
