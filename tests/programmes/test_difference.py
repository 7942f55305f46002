"""What differs between two versions: paired by what a thing is, never by its place (field-case 49)."""

from __future__ import annotations

import re

import pytest

from hbreview.programmes import loader
from hbreview.programmes.difference import ADDED, CHANGED, REMOVED, Change, Difference, difference
from hbreview.words import Label

TEXT = loader.source_text("platform", 2019)
BASE = loader.source_text("base", 2019)
NEW_FIELD = """[[field]]
key = "patents"
section = 3
label = { zh = "专利数", en = "Patents" }
type = "integer"
unit = "件"
supplementary = true

"""


def compared(after: str, before: str = TEXT) -> Difference:
    return difference(loader.load_text(before, source="old"), loader.load_text(after, source="new"))


def moved(text: str, key: str, before: str) -> str:
    """The block of a field put before another one's."""
    block = re.search(rf'\[\[field\]\]\nkey = "{key}"\n.*?(?=\[\[field\]\])', text, re.S)
    assert block is not None
    rest = text.replace(block[0], "", 1)
    at = f'[[field]]\nkey = "{before}"'
    return rest.replace(at, block[0] + at, 1)


@pytest.mark.parametrize("text", [TEXT, BASE], ids=["platform", "base"])
def test_a_programme_does_not_differ_from_itself(text: str) -> None:
    assert compared(text, text).empty
    assert compared(text + "\n# a comment more\n", text).empty


@pytest.mark.parametrize("text", [TEXT, BASE], ids=["platform", "base"])
def test_another_year_alone_is_no_difference(text: str) -> None:
    assert compared(text.replace("year = 2019", "year = 2020", 1), text).empty


def test_a_field_that_moves_is_still_itself() -> None:
    found = compared(moved(TEXT, "contact_person", "legal_representative"))
    assert found.fields == ()
    assert found.order
    assert not found.empty


def test_each_old_value_is_beside_its_own_new_one_when_fields_move_and_come_and_go() -> None:
    after = moved(TEXT, "contact_person", "legal_representative")
    after = after.replace(
        '[[field]]\nkey = "service_institutions"', NEW_FIELD + '[[field]]\nkey = "service_institutions"', 1
    )
    after = after.replace('zh = "联系人", en = "Contact person"', 'zh = "联络员", en = "Liaison"')
    found = compared(after)
    assert [(line.kind, line.key) for line in found.fields] == [(CHANGED, "contact_person"), (ADDED, "patents")]
    assert found.fields[0].changes == (Change("label", Label("联系人", "Contact person"), Label("联络员", "Liaison")),)
    back = difference(loader.load_text(after, source="new"), loader.load_text(TEXT, source="old"))
    assert [(line.kind, line.key) for line in back.fields] == [(CHANGED, "contact_person"), (REMOVED, "patents")]


@pytest.mark.parametrize(
    ("old", "new", "key", "change"),
    [
        ('unit = "台/套"', 'unit = "台"', "equipment_count", Change("unit", "台/套", "台")),
        (
            'formula = "equipment_purchase_price / total_assets * 100"',
            'formula = "equipment_purchase_price * 100 / total_assets"',
            "equipment_share_of_assets",
            Change(
                "formula",
                "equipment_purchase_price / total_assets * 100",
                "equipment_purchase_price * 100 / total_assets",
            ),
        ),
        (
            'required = { kind = "never" }',
            'required = { kind = "always" }',
            "website_url",
            Change("required", "never", "always"),
        ),
        (
            'required = { kind = "when", other = "website_url" }',
            'required = { kind = "when", other = "address", equals = "x" }',
            "icp_filing_number",
            Change("required", "when website_url", "when address = x"),
        ),
        ("check_only = true", "check_only = false", "service_area", Change("check_only", "yes", "no")),
        ("evidence_for = [13]", "evidence_for = [13, 14]", "development_plan", Change("evidence_for", "13", "13, 14")),
        ('likely_most = "20000"', 'likely_most = "30000"', "annual_rent", Change("likely_most", "20000", "30000")),
    ],
)
def test_what_changes_in_a_field(old: str, new: str, key: str, change: Change) -> None:
    assert TEXT.count(old) == 1
    (line,) = compared(TEXT.replace(old, new, 1)).fields
    assert (line.kind, line.key, line.changes) == (CHANGED, key, (change,))


def without_indicator(text: str, order: int) -> str:
    text = re.sub(rf"\[\[indicator\]\]\norder = {order}\n.*?(?=\[\[)", "", text, count=1, flags=re.S)
    return re.sub(r"evidence_for = \[9\]\n", "", text)


def test_an_indicator_that_is_taken_out_is_removed_and_its_weight_has_moved() -> None:
    after = without_indicator(TEXT, 9).replace('weight = "12"', 'weight = "16"', 1)
    found = compared(after)
    kinds = [(line.kind, line.key) for line in found.indicators]
    assert kinds == [(CHANGED, "4"), (REMOVED, "9")]
    assert found.indicators[0].changes == (Change("weight", "12", "16"),)


def test_indicators_that_moved_up_are_the_same_ones() -> None:
    after = without_indicator(TEXT, 9).replace('weight = "12"', 'weight = "16"', 1)
    for order in range(10, 15):
        after = after.replace(f"order = {order}\n", f"order = {order - 1}\n").replace(
            f"evidence_for = [{order}]", f"evidence_for = [{order - 1}]"
        )
    removed = [line for line in compared(after).indicators if line.kind == REMOVED]
    assert [line.title.en for line in removed] == ["Commendations and media coverage at city level or above"]
    renamed = [c for line in compared(after).indicators for c in line.changes if c.what == "name"]
    assert renamed == []


def test_a_new_name_is_a_change_of_the_same_indicator() -> None:
    after = TEXT.replace(
        'name = { zh = "日常调度", en = "Routine reporting" }', 'name = { zh = "日常报送", en = "Reports" }'
    )
    (line,) = compared(after).indicators
    assert line.key == "12"
    assert [change.what for change in line.changes] == ["name"]


def test_checks_that_share_a_number_are_told_apart() -> None:
    last = TEXT.rindex('id = "C12"')
    after = TEXT[:last] + TEXT[last:].replace('level = "error"', 'level = "warning"', 1)
    (line,) = compared(after).checks
    assert (line.kind, line.key, line.changes) == (CHANGED, "C12", (Change("level", "error", "warning"),))


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ('pass_mark = "60"', 'pass_mark = "65"', "defaults"),
        ('comparison = "about"', 'comparison = "equal"', "audit_figures"),
        ('zh = "已查看佐证材料"', 'zh = "已看佐证"', "checklist"),
        ('zh = "三、服务能力"', 'zh = "三、能力"', "sections"),
        ('form_title = { zh = "全省', 'form_title = { zh = "', "titles"),
        ('{ text = "地址" }', '{ text = "住址" }', "layout"),
        (
            'rule = "equipment_purchase_price <= total_assets"',
            'rule = "equipment_purchase_price < total_assets"',
            "checks",
        ),
    ],
)
def test_nothing_else_is_said_to_differ(old: str, new: str, part: str) -> None:
    assert TEXT.count(old) == 1
    found = compared(TEXT.replace(old, new, 1))
    assert [name for name in Difference.__slots__ if getattr(found, name)] == [part]
