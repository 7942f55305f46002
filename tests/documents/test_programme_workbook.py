"""The workbook of a programme's fields and indicators, and the file that an edited one makes of its base."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable

import pytest
import xlsxwriter

from hbreview.documents.programme_workbook import FIELDS, INDICATORS, fields_xlsx, rewritten
from hbreview.documents.workbook_reading import workbook_sheets
from hbreview.programmes import loader
from hbreview.programmes.difference import difference
from hbreview.programmes.examination import examined
from hbreview.programmes.schema import FieldType, Programme, Requirement
from hbreview.words import Reason

TEXT = loader.source_text("platform", 2019)
Sheets = dict[str, list[list[str]]]


def sheets_of(content: bytes) -> Sheets:
    found = workbook_sheets(content)
    assert not isinstance(found, Reason)
    return {sheet.name: [[cell.text for cell in line] for line in sheet.lines] for sheet in found}


def workbook(sheets: Sheets, *, numbers: bool = False) -> bytes:
    """As a spreadsheet program saves it; ``numbers``: what looks like a figure became one."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    for name, lines in sheets.items():
        sheet = book.add_worksheet(name)
        for row, line in enumerate(lines):
            for column, text in enumerate(line):
                if numbers and row and text.isdigit():
                    sheet.write_number(row, column, int(text))
                else:
                    sheet.write_string(row, column, text)
    book.close()
    return out.getvalue()


def row_of(lines: list[list[str]], key: str) -> list[str]:
    return next(line for line in lines if line[0] == key)


def put(lines: list[list[str]], key: str, head: str, text: str) -> None:
    row_of(lines, key)[lines[0].index(head)] = text


def new_row(lines: list[list[str]], after: str, cells: dict[str, str]) -> None:
    place = lines.index(row_of(lines, after)) + 1
    lines.insert(place, [cells.get(head, "") for head in lines[0]])


def edited(change: Callable[[Sheets], object], text: str = TEXT) -> str | list[Reason]:
    sheets = sheets_of(fields_xlsx(text))
    change(sheets)
    return rewritten(text, workbook(sheets))


def programme(text: str | list[Reason]) -> Programme:
    assert isinstance(text, str), text
    found = examined(text)
    assert isinstance(found, Programme), found
    return found


@pytest.mark.parametrize("key", ["platform", "base"])
@pytest.mark.parametrize("numbers", [False, True])
def test_a_workbook_that_nobody_edited_changes_nothing(key: str, numbers: bool) -> None:
    text = loader.source_text(key, 2019)
    assert rewritten(text, fields_xlsx(text)) == text
    assert rewritten(text, workbook(sheets_of(fields_xlsx(text)), numbers=numbers)) == text


@pytest.mark.parametrize("key", ["platform", "base"])
def test_a_year_alone_makes_the_programme_of_that_year(key: str) -> None:
    text = loader.source_text(key, 2019)
    made = programme(rewritten(text, fields_xlsx(text), year=2020))
    base = loader.shipped(key, 2019)
    assert made.year == 2020
    assert difference(base, made).empty
    # The labels of the year name the new one: no figure of the old year stays behind in them.
    assert not any("2019" in section.label.zh for section in made.sections)


def test_a_row_a_field_and_a_row_an_indicator() -> None:
    sheets, base = sheets_of(fields_xlsx(TEXT)), loader.shipped("platform", 2019)
    assert [line[0] for line in sheets[FIELDS][1:]] == list(base.field_keys)
    assert [int(line[0]) for line in sheets[INDICATORS][1:]] == [one.order for one in base.indicators]
    for line in sheets[INDICATORS][1:]:
        assert [key for key in line[-1].split(", ") if key] == list(base.indicator(int(line[0])).evidence)


CHANGES = [
    ("contact_person", "名称（中文）", "联络员", "label"),
    ("contact_person", "名称（英文）", "Liaison", "label"),
    ("equipment_count", "单位", "台", "unit"),
    ("equipment_count", "类型", "decimal", "type"),
    ("equipment_count", "最小值", "", "minimum"),
    ("equipment_count", "最大值", "90000", "maximum"),
    ("equipment_count", "佐证的指标", "2，3", "evidence_for"),
    ("equipment_count", "可后附", "是", "attachable"),
    ("development_plan", "可后附", "否", "attachable"),
    ("icp_filing_number", "必填", "when website_url = x", "required"),
    ("website_url", "必填", "必填", "required"),
    ("website_url", "必填", "", "required"),
    ("website_url", "说明（中文）", "没有的不填", "hint"),
    ("equipment_share_of_assets", "公式", "equipment_purchase_price * 100 / total_assets", "formula"),
]


@pytest.mark.parametrize(("key", "head", "text", "what"), CHANGES)
def test_what_is_changed_in_a_cell_is_changed_in_the_file_and_nothing_else(
    key: str, head: str, text: str, what: str
) -> None:
    made = programme(edited(lambda sheets: put(sheets[FIELDS], key, head, text)))
    found = difference(loader.shipped("platform", 2019), made)
    (line,) = found.fields
    wanted = {what, "scale"} if what == "type" else {what}
    assert (line.key, {change.what for change in line.changes}) == (key, wanted)
    assert not (found.checks or found.defaults or found.layout or found.order)


def test_comments_checks_and_layout_stay_word_by_word() -> None:
    made = edited(lambda sheets: put(sheets[FIELDS], "equipment_count", "单位", "台"))
    assert isinstance(made, str)
    old, new = TEXT.splitlines(), made.splitlines()
    assert len(old) == len(new)
    assert [(a, b) for a, b in zip(old, new, strict=True) if a != b] == [('unit = "台/套"', 'unit = "台"')]


def test_a_new_row_is_a_new_field_in_its_place() -> None:
    cells = {
        "字段代码": "patents", "名称（中文）": "专利数", "名称（英文）": "Patents", "部分": "3", "类型": "integer",
        "单位": "件", "最小值": "0", "佐证的指标": "10, 14", "补充字段": "是", "必填": "always",
    }  # fmt: skip
    made = programme(edited(lambda sheets: new_row(sheets[FIELDS], "service_institutions", cells)))
    field = made.field("patents")
    assert made.field_keys.index("patents") == made.field_keys.index("service_institutions") + 1
    assert (field.label.zh, field.section, field.type, field.unit) == ("专利数", 3, FieldType.INTEGER, "件")
    assert (field.evidence_for, field.supplementary, field.required) == ((10, 14), True, Requirement("always"))
    assert field.minimum == 0
    assert [(line.kind, line.key) for line in difference(loader.shipped("platform", 2019), made).fields] == [
        ("added", "patents")
    ]


def test_a_row_that_is_gone_is_a_field_that_is_gone() -> None:
    made = programme(edited(lambda s: s[FIELDS].remove(row_of(s[FIELDS], "commendations"))))
    assert [(line.kind, line.key) for line in difference(loader.shipped("platform", 2019), made).fields] == [
        ("removed", "commendations")
    ]


@pytest.mark.parametrize(
    ("key", "places"),
    [
        ("annual_rent", ["check[4] (C6).rule", "check[4] (C6).fields", "layout.row[7].cell[0].text"]),
        ("college_technical_staff", ["field[21] (college_technical_staff_share).formula"]),
        ("website_url", ["field[10] (icp_filing_number).required.other", "layout.row[4].cell[0].text"]),
    ],
)
def test_a_removed_field_that_something_names_is_refused_with_where(key: str, places: list[str]) -> None:
    made = edited(lambda s: s[FIELDS].remove(row_of(s[FIELDS], key)))
    assert isinstance(made, str)
    reasons = examined(made)
    assert isinstance(reasons, list)
    assert all(reason.values["name"] == key for reason in reasons)
    assert {str(reason.values["place"]) for reason in reasons} >= set(places)


def test_rows_in_another_order_are_fields_in_another_order() -> None:
    def swap(sheets: Sheets) -> None:
        lines = sheets[FIELDS]
        lines[4], lines[5] = lines[5], lines[4]

    made, base = programme(edited(swap)), loader.shipped("platform", 2019)
    found = difference(base, made)
    assert found.order
    assert dataclasses.replace(found, order=False).empty


def test_indicators_are_changed_added_and_taken_out() -> None:
    def change(sheets: Sheets) -> None:
        lines = sheets[INDICATORS]
        put(lines, "12", "二级指标（中文）", "日常报送")
        put(lines, "4", "权重", "8")
        cells = {
            "序号": "15", "一级指标（中文）": "创新", "一级指标（英文）": "Innovation", "二级指标（中文）": "专利",
            "二级指标（英文）": "Patents", "评价要点（中文）": "专利情况", "评价要点（英文）": "Patents held",
            "权重": "4", "评分依据（中文）": "专家", "评分依据（英文）": "Expert",
        }  # fmt: skip
        new_row(lines, "14", cells)

    made = programme(edited(change))
    found = difference(loader.shipped("platform", 2019), made)
    assert [(line.kind, line.key) for line in found.indicators] == [
        ("changed", "4"),
        ("changed", "12"),
        ("added", "15"),
    ]


def test_an_indicator_that_fields_are_evidence_for_does_not_go_alone() -> None:
    made = edited(lambda s: s[INDICATORS].remove(row_of(s[INDICATORS], "9")))
    assert isinstance(made, str)
    reasons = examined(made)
    assert isinstance(reasons, list)
    assert {reason.values.get("name", reason.values.get("sum")) for reason in reasons} == {"9", "96"}


@pytest.mark.parametrize(
    ("sheet", "key", "head", "text"),
    [
        (FIELDS, "equipment_count", "部分", "二"),
        (FIELDS, "equipment_count", "可后附", "maybe"),
        (FIELDS, "equipment_count", "佐证的指标", "1.5"),
        (FIELDS, "equipment_count", "必填", "sometimes"),
    ],
)
def test_what_cannot_stand_in_a_column_is_told_with_its_cell(sheet: str, key: str, head: str, text: str) -> None:
    reasons = edited(lambda sheets: put(sheets[sheet], key, head, text))
    assert isinstance(reasons, list)
    (reason,) = reasons
    assert (reason.values["given"], reason.values["head"]) == (text, head)
    assert str(reason.values["place"]).startswith(f"{sheet}!")


def test_a_formula_of_a_cell_never_becomes_more_than_text() -> None:
    made = edited(lambda s: put(s[FIELDS], "equipment_share_of_assets", "公式", "__import__('os').system('x')"))
    assert isinstance(made, str)
    reasons = examined(made)
    assert isinstance(reasons, list)
    assert "formula" in str(reasons[0].values["place"])


def test_the_same_code_twice_and_none_at_all() -> None:
    def change(sheets: Sheets) -> None:
        new_row(sheets[FIELDS], "address", {"字段代码": "address"})
        new_row(sheets[FIELDS], "address", {"名称（中文）": "无代码"})

    reasons = edited(change)
    assert isinstance(reasons, list)
    assert len(reasons) == 2


@pytest.mark.parametrize("head", ["字段代码", "公式", "佐证的指标"])
def test_a_column_that_is_missing_is_told(head: str) -> None:
    def change(sheets: Sheets) -> None:
        place = sheets[FIELDS][0].index(head)
        for line in sheets[FIELDS]:
            del line[place]

    reasons = edited(change)
    assert isinstance(reasons, list)
    assert reasons[0].values["head"] == head


def test_a_sheet_that_is_missing_is_told() -> None:
    reasons = edited(lambda sheets: sheets.pop(INDICATORS))
    assert isinstance(reasons, list)
    assert [reason.values["name"] for reason in reasons] == [INDICATORS]


@pytest.mark.parametrize("content", [b"PK\x03\x04 no workbook", b"", b"\xd0\xcf\x11\xe0old", workbook({"x": [[]]})])
def test_what_is_no_workbook_of_fields_is_refused(content: bytes) -> None:
    assert isinstance(rewritten(TEXT, content), list)


def test_a_base_that_writes_its_fields_as_one_list_is_refused_or_right() -> None:
    text = 'field = [{ key = "a" }]\nindicator = []\n'
    sheets = sheets_of(fields_xlsx(TEXT))
    made = rewritten(text, workbook(sheets))
    assert isinstance(made, list) or isinstance(examined(made), list)
