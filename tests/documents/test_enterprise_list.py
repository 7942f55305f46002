"""The list of enterprises served: the template, what is read from lists as people make them, and the counts."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from typing import Any

import pytest
import xlsxwriter

from hbreview.documents.enterprise_list import MOST_ROWS, ListFound, counts, list_columns, read_list
from hbreview.documents.enterprise_template import list_template
from hbreview.evaluation.credit_code import check_character
from hbreview.programmes.loader import shipped
from hbreview.words import Label, Reason

BASE, PLATFORM = shipped("base", 2019), shipped("platform", 2019)
HEADS = ["序号", "企业名称", "统一社会信用代码", "是否小微企业"]
ONE, TWO, THREE = (
    body + check_character(body) for body in ("91130100700000001", "91130200MA0000012", "92130300L00000073")
)


def workbook(*sheets: Sequence[Sequence[Any]], hidden: int | None = None) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_numbers": False})
    for number, lines in enumerate(sheets):
        sheet = book.add_worksheet(f"表{number + 1}")
        if number == hidden:
            sheet.hide()
        for row, line in enumerate(lines):
            sheet.write_row(row, 0, line)
    book.close()
    return out.getvalue()


def read(*sheets: Sequence[Sequence[Any]]) -> ListFound:
    return read_list(workbook(*sheets), PLATFORM)


def said(reason: Reason) -> str:
    return reason.message % {name: text.zh if isinstance(text, Label) else text for name, text in reason.values.items()}


def complaints(*lines: Sequence[Any]) -> list[str]:
    return [said(problem) for problem in read([HEADS, *lines]).problems]


def test_a_list_is_read_as_it_stands() -> None:
    found = read([HEADS, [1, "甲公司", ONE, "是"], [2, " 乙 公司 ", TWO.lower(), "否"], [3, "丙公司", THREE, ""]])

    assert [(row.position, row.name, row.credit_code, row.small_micro, row.row) for row in found.rows] == [
        (1, "甲公司", ONE, True, "2"),
        (2, "乙 公司", TWO, False, "3"),
        (3, "丙公司", THREE, None, "4"),
    ]
    assert found.problems == ()


def test_the_heads_stand_anywhere_in_any_order_and_spelling() -> None:
    lines = [
        [],
        ["", "服务企业名单"],
        [],
        ["", "信用代码\n（18位）", "备注", "单位名称", "小微企业（是/否）"],
        ["", ONE, "好", "甲公司", "√"],
        [],
        ["", "统一社会信用代码", "备注", "企业名称", "是否小微企业"],
        ["", TWO, "", "乙公司", "×"],
        ["合计", "", "", "合计", ""],
    ]

    found = read(lines)

    assert [(row.name, row.credit_code, row.small_micro, row.row) for row in found.rows] == [
        ("甲公司", ONE, True, "5"),
        ("乙公司", TWO, False, "8"),
    ]
    assert found.problems == ()


def test_the_categories_of_a_base_are_columns() -> None:
    keys = [key for key, _label in BASE.matrix.columns] if BASE.matrix else []
    labels = [label.zh for label in list_columns(BASE).values()]
    lines = [labels, [1, "甲", ONE, "是", "是", "", "1", "", "", "", "", "是"], [2, "乙", TWO, "否", "否", "是", 0]]

    rows = read_list(workbook(lines), BASE).rows

    assert len(keys) == 8
    assert rows[0].categories == (keys[0], keys[2], keys[7])
    assert rows[1].categories == (keys[1],)
    assert read_list(workbook(lines), PLATFORM).rows[0].categories == ()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ([1, "甲", ONE[:-1] + ("0" if ONE[-1] != "0" else "1"), "是"], "check character"),
        ([1, "甲", ONE[:-1], "是"], "has 17 characters"),
        ([1, "甲", "9113O100700000001X", "是"], "“O” cannot stand"),
        ([1, "甲", "", "是"], "code is missing"),
        ([1, "", ONE, "是"], "name is missing"),
        ([1, "甲", ONE, "大概"], "“大概” is neither yes nor no"),
        ([1, "甲", 911301007216024312, "是"], "stands as a number"),
        ([1, "甲", 130100400012345, "是"], "stands as a number"),
        ([1, "甲", "9.11301E+17", "是"], "stands as a number"),
    ],
)
def test_each_fault_names_its_row_and_column(line: list[Any], words: str) -> None:
    (complaint,) = complaints([1, "好", TWO, "是"], line)

    assert complaint.startswith("Row 3, column “")
    assert words in complaint
    assert re.search("column “(企业名称|统一社会信用代码|是否小微企业)”", complaint)


def test_a_code_that_stands_twice_names_both_rows() -> None:
    assert complaints([1, "甲", ONE, "是"], [2, "乙", TWO, "是"], [], [3, "甲（新）", ONE.lower(), "是"]) == [
        f"Rows 2 and 5, column “统一社会信用代码”: the code “{ONE}” stands twice."
    ]


def test_a_name_with_two_codes_names_both_rows() -> None:
    assert complaints([1, "甲（集团）公司", ONE, ""], [2, "甲(集团) 公司", TWO, ""]) == [
        "Rows 2 and 3, column “企业名称”: “甲(集团) 公司” stands with two codes."
    ]


def test_a_bad_code_that_stands_twice_is_complained_of_as_bad() -> None:
    bad = ONE[:-1] + "不"

    assert ["stands twice" in text for text in complaints([1, "甲", bad, ""], [2, "乙", bad, ""])] == [False, False]


def test_the_last_result_of_a_formula_is_read() -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, HEADS)
    sheet.write_formula(1, 1, '=B9&"公司"', value="甲公司")
    sheet.write_formula(1, 2, "=C9", value=ONE)
    sheet.write_boolean(1, 3, True)
    book.close()

    found = read_list(out.getvalue(), PLATFORM)

    assert [(row.name, row.credit_code, row.small_micro) for row in found.rows] == [("甲公司", ONE, True)]
    assert found.problems == ()


def test_more_sheets_are_read_and_hidden_ones_not() -> None:
    second = [HEADS, [1, "乙公司", "坏", "是"]]

    found = read_list(workbook([HEADS, [1, "甲公司", ONE, "是"]], second, second, hidden=2), PLATFORM)

    assert [(row.position, row.row) for row in found.rows] == [(1, "2"), (2, "表2!2")]
    assert len(found.problems) == 1


def zipped(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, "<x/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no .xlsx workbook"),
        ("企业名称,统一社会信用代码\n".encode("gb18030"), "no .xlsx workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old .doc or .xls"),
        (b"PK\x03\x04 and nothing more", "damaged"),
        (zipped("word/document.xml"), "damaged"),
        (zipped("xl/workbook.xml"), "damaged"),
        (zipped("xl/vbaProject.bin"), "macros"),
        (workbook([["名称", "电话"], ["甲", "1"]]), "No table was found"),
    ],
)
def test_what_is_no_list_says_so(content: bytes, words: str) -> None:
    found = read_list(content, PLATFORM)

    assert found.rows == ()
    assert [words in said(problem) for problem in found.problems] == [True]


def test_a_workbook_cut_off_anywhere_is_refused_in_words() -> None:
    whole = workbook([HEADS, [1, "甲公司", ONE, "是"]])

    for length in range(0, len(whole), 97):
        found = read_list(whole[:length], PLATFORM)
        assert found.rows == () and len(found.problems) == 1


@pytest.mark.parametrize("programme", [BASE, PLATFORM], ids=lambda programme: programme.key)
def test_the_template_is_read_back_as_empty(programme: Any) -> None:
    content = list_template(programme)

    assert read_list(content, programme) == ListFound((), ())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode("utf-8")
        strings = archive.read("xl/sharedStrings.xml").decode("utf-8")
    choices = re.findall(r'<dataValidation type="list".*?sqref="([A-Z]+)2:', sheet)
    assert choices == (list("DEFGHIJKL") if programme is BASE else ["D"])
    assert "填写说明" not in strings and "校验码" in strings
    assert list_template(programme) != list_template(PLATFORM if programme is BASE else BASE)


def test_counts_are_of_distinct_enterprises() -> None:
    labels = [label.zh for label in list_columns(BASE).values()]
    lines = [
        labels,
        [1, "甲", ONE, "是", "是"],
        [2, "甲", ONE, "是", "", "是"],
        [3, "乙", TWO, "否", "是"],
        [4, "丙", "坏", "", "是"],
        [5, " 丙 ", "坏", "是", ""],
    ]

    assert counts(read_list(workbook(lines), BASE).rows) == {
        "enterprises": 3,
        "small_micro": 2,
        "information": 3,
        "coaching": 1,
    }
    assert counts(()) == {"enterprises": 0, "small_micro": 0}


def test_a_list_of_more_lines_than_allowed_is_refused_and_a_full_one_read() -> None:
    lines = [["企业名称", "信用代码"], *(["甲", "x"] for _line in range(MOST_ROWS + 1))]

    (problem,) = read(lines).problems

    assert said(problem) == "The list has more than 20,000 lines."
    assert len(read(lines[:-1]).rows) == MOST_ROWS
