"""The form as a workbook: nothing lost on the way out and back, nothing run, and odd workbooks read in words."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from hbreview.acts.imagining import imagine
from hbreview.documents.form_sheet import MATRIX_SHEET, form_xlsx, marker, sheet_fields
from hbreview.documents.form_sheet_reading import SheetFound, read_sheet
from hbreview.evaluation.computed import derive, effective
from hbreview.evaluation.values import parse
from hbreview.programmes.loader import shipped
from hbreview.programmes.schema import FieldType, Programme
from hbreview.words import Label, Reason

BASE, PLATFORM = shipped("base", 2019), shipped("platform", 2019)
BOTH = pytest.mark.parametrize("programme", [BASE, PLATFORM], ids=lambda programme: programme.key)
KEPT_WHOLE = ["0.1", "0.10", "0.005", "99999999999999.99", "9007199254740993.01", "-0.00", "-12.30", "1000.00"]
Cells = list[list[str]]


def said(reason: Reason) -> str:
    return reason.message % {name: text.zh if isinstance(text, Label) else text for name, text in reason.values.items()}


def typed(programme: Programme, seed: int = 1) -> dict[str, str]:
    """Canonical answers to what is not computed."""
    raw = imagine(programme, name="河北䶮㛃𠮷有限公司", site="基地", seed=seed)
    found = {field.key: parse(field, raw.get(field.key, "")) for field in sheet_fields(programme) if not field.derived}
    return {key: text for key, text in found.items() if isinstance(text, str)}


def taken(found: SheetFound, programme: Programme) -> dict[str, str | Reason]:
    return {key: parse(programme.field(key), text) for key, text in found.values.items()}


def grid(content: bytes, sheet: str = "填报表") -> Cells:
    lines = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(sheet).to_python()
    return [[str(cell).removesuffix(".0") for cell in line] for line in lines]


def workbook(sheets: Mapping[str, Cells]) -> bytes:
    """A workbook of texts alone, as another program would save it."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    for name, lines in sheets.items():
        sheet = book.add_worksheet(name)
        for row, line in enumerate(lines):
            sheet.write_row(row, 0, line)
    book.close()
    return out.getvalue()


def changed(content: bytes, change: Callable[[Cells], Cells]) -> bytes:
    """The list of fields after somebody's hand was at it; the other sheet as it was."""
    names = CalamineWorkbook.from_filelike(io.BytesIO(content)).sheet_names
    grids = {name: grid(content, name) for name in names}
    return workbook({**grids, "填报表": change(grids["填报表"])})


@pytest.mark.parametrize("with_last", [False, True])
@BOTH
def test_200_random_forms_come_back_as_they_were(programme: Programme, with_last: bool) -> None:
    for seed in range(50):
        answers = typed(programme, seed)
        dice = Random(seed)
        for key in dice.sample(sorted(answers), dice.randrange(len(answers))):
            answers[key] = ""
        last = typed(programme, seed + 1000) if with_last else None

        found = read_sheet(form_xlsx(programme, answers, last=last), programme, last=last)

        assert {
            key: text for key, text in taken(found, programme).items() if not programme.field(key).derived
        } == answers
        assert (found.unread, found.missing, found.problems) == ((), (), ())


@BOTH
def test_what_is_computed_is_shown_locked_and_not_taken_over(programme: Programme) -> None:
    answers = typed(programme)
    known = {key for key, value in derive(programme, answers).items() if value is not None}

    content = form_xlsx(programme, answers)
    lines = {line[-1]: line for line in grid(content)}

    shown = effective(programme, answers)
    for key in known:
        assert parse(programme.field(key), lines[key][3]) == shown[key]
    assert known and not known & read_sheet(content, programme).values.keys()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert b"<sheetProtection" in archive.read("xl/worksheets/sheet1.xml")


def test_a_share_may_be_typed_while_its_figures_are_not_given() -> None:
    answers = {**typed(PLATFORM), "survey_responses": "", "satisfied_responses": "", "satisfaction_rate": "97.50"}

    found = read_sheet(form_xlsx(PLATFORM, answers), PLATFORM)

    assert taken(found, PLATFORM)["satisfaction_rate"] == "97.50"


@pytest.mark.parametrize("figure", KEPT_WHOLE)
def test_every_figure_comes_back_digit_by_digit(figure: str) -> None:
    found = read_sheet(form_xlsx(BASE, {"total_profit": figure}), BASE)

    expected = parse(BASE.field("total_profit"), figure)
    assert taken(found, BASE)["total_profit"] == expected


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**15), max_value=10**15))
@settings(max_examples=60, deadline=None)
def test_any_figure_of_two_places_comes_back(figure: Any) -> None:
    text = parse(BASE.field("total_profit"), format(figure, "f"))
    assert isinstance(text, str)

    assert taken(read_sheet(form_xlsx(BASE, {"total_profit": text}), BASE), BASE)["total_profit"] == text


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝", "＋", "－", "＠", '"=', " =", "'=", "{=", "https://"])
def test_no_text_becomes_a_formula_or_a_link(sign: str) -> None:
    answers = {**typed(PLATFORM), "platform_name": f"{sign}cmd|'/C calc'!A0", "development_plan": f"{sign}1+1\n{sign}2"}

    content = form_xlsx(PLATFORM, answers, last=answers)

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheets = [archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name]
    assert not any("<f>" in sheet or "<hyperlink" in sheet for sheet in sheets)
    values = read_sheet(content, PLATFORM).values
    assert values["platform_name"] == answers["platform_name"].strip()
    assert values["development_plan"] == answers["development_plan"].strip()


def test_figures_are_numbers_and_texts_of_digits_are_not() -> None:
    content = form_xlsx(PLATFORM, {"total_assets": "-12.50", "icp_filing_number": "00123"})
    lines = {
        str(line[-1]): line[3]
        for line in CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    }

    assert lines["total_assets"] == -12.5
    assert lines["icp_filing_number"] == "00123"


@pytest.mark.parametrize("text", ["_x0041_", "a_x000D_b", "甲<b>&amp;\"'乙", "line\nline\ttab", "𠮷" * 100])
def test_signs_that_mean_something_in_the_file_come_back(text: str) -> None:
    answers = {"development_plan": text}

    assert read_sheet(form_xlsx(PLATFORM, answers), PLATFORM).values["development_plan"] == text


@BOTH
def test_without_the_column_of_keys_rows_are_known_by_their_labels(programme: Programme) -> None:
    answers = typed(programme)
    content = changed(form_xlsx(programme, answers), lambda lines: [line[:-1] for line in lines])

    found = read_sheet(content, programme)

    assert {key: text for key, text in taken(found, programme).items() if key in answers} == answers
    assert (found.unread, found.missing, found.problems) == ((), (), ())


@BOTH
def test_without_keys_and_notes_rows_of_one_name_are_taken_in_their_order(programme: Programme) -> None:
    answers = typed(programme)
    content = changed(form_xlsx(programme, answers), lambda lines: [line[:-2] for line in lines])

    found = read_sheet(content, programme)

    assert {key: text for key, text in taken(found, programme).items() if key in answers} == answers
    assert (found.missing, found.problems) == ((), ())


@BOTH
def test_rows_may_be_moved_and_added(programme: Programme) -> None:
    answers = typed(programme)

    def shuffled(lines: Cells) -> Cells:
        rows = lines[3:]
        Random(5).shuffle(rows)
        extra = ["", "自加的一行", "", "12", "", ""]
        return [[], *lines[:3], [], *rows[:7], extra, [], *rows[7:]]

    found = read_sheet(changed(form_xlsx(programme, answers), shuffled), programme)

    assert {key: text for key, text in taken(found, programme).items() if key in answers} == answers
    assert found.unread == (("填报表!D13", "自加的一行：12"),)
    assert (found.missing, found.problems) == ((), ())


def test_columns_stand_in_any_order() -> None:
    answers = typed(PLATFORM)
    content = changed(form_xlsx(PLATFORM, answers), lambda lines: [["", *reversed(line)] for line in lines])

    assert {
        key: text for key, text in taken(read_sheet(content, PLATFORM), PLATFORM).items() if key in answers
    } == answers


def test_a_row_taken_away_is_missing_and_a_row_that_stands_twice_is_said() -> None:
    def twice(lines: Cells) -> Cells:
        kept = [line for line in lines if line[-1] != "total_assets"]
        row = next(line for line in lines if line[-1] == "employees")
        return [*kept, row, [*row[:3], "7", *row[4:]]]

    found = read_sheet(changed(form_xlsx(PLATFORM, typed(PLATFORM)), twice), PLATFORM)

    assert found.missing == ("total_assets",)
    assert [(problem.field, "stands twice" in said(problem)) for problem in found.problems] == [("employees", True)]


def test_the_table_of_categories_is_read_by_its_labels() -> None:
    answers = typed(BASE)
    content = form_xlsx(BASE, answers, last=typed(BASE, 2))
    sheets = {"填报表": grid(content), MATRIX_SHEET: grid(content, MATRIX_SHEET)}
    head = next(row for row, line in enumerate(sheets[MATRIX_SHEET]) if line[0] == "项目")
    turned = [[line[0], *reversed(line[1:9])] for line in sheets[MATRIX_SHEET][head : head + 4]]

    found = read_sheet(workbook({**sheets, MATRIX_SHEET: [["标题"], [], *turned]}), BASE)

    assert {key: text for key, text in taken(found, BASE).items() if key in answers} == answers
    assert read_sheet(content, BASE).values == {**found.values}


def written(*cells: tuple[str, Callable[[Any, int], object]]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("表")
    sheet.write_row(0, 0, ["指标", "填报值", "字段代码"])
    for row, (key, write) in enumerate(cells, start=1):
        sheet.write_string(row, 2, key)
        write(sheet, row)
    book.close()
    return out.getvalue()


def test_formulas_give_their_last_results_and_failed_ones_nothing() -> None:
    found = read_sheet(
        written(
            ("total_assets", lambda sheet, row: sheet.write_formula(row, 1, "=0.1+0.2", value=0.1 + 0.2)),
            ("employees", lambda sheet, row: sheet.write_formula(row, 1, "=SUM(Z1:Z2)", value=42)),
            ("annual_rent", lambda sheet, row: sheet.write_formula(row, 1, "=A1/0", value="#DIV/0!")),
        ),
        PLATFORM,
    )

    assert {key: found.values.get(key) for key in ("total_assets", "employees", "annual_rent")} == {
        "total_assets": "0.3",
        "employees": "42",
        "annual_rent": "",
    }


@pytest.mark.parametrize("figure", [9007199254740993, 99999999999999.99, 1e300])
def test_a_number_that_the_spreadsheet_has_cut_is_not_taken(figure: float) -> None:
    found = read_sheet(written(("total_assets", lambda sheet, row: sheet.write_number(row, 1, figure))), PLATFORM)

    if figure == 1e300:  # few figures, and far too many places: the field refuses it
        assert isinstance(taken(found, PLATFORM)["total_assets"], Reason)
    else:
        assert "total_assets" not in found.values
        assert [problem.field for problem in found.problems] == ["total_assets"]
        assert "15 figures" in said(found.problems[0])


def test_dates_telephone_numbers_and_ticks_are_read_as_texts() -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "default_date_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["指标", "填报值"])
    sheet.write_row(1, 0, ["六、服务协同"])
    sheet.write_row(2, 0, ["能否按时填报服务数据", True])
    sheet.write_row(3, 0, ["一、基本情况"])
    sheet.write_row(4, 0, ["联系人", "王"])
    sheet.write_row(5, 0, ["手 机", 13800001111])
    book.close()

    values = read_sheet(out.getvalue(), PLATFORM).values

    assert values == {
        "data_reported_on_time": "是",
        "contact_person": "王",
        "legal_representative_mobile": "13800001111",
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old .doc or .xls"),
        ("指标,填报值\n".encode(), "no .xlsx workbook"),
        (b"", "no .xlsx workbook"),
        (form_xlsx(PLATFORM, {})[:2000], "damaged"),
        (form_xlsx(BASE, {}), "another form"),
        (workbook({"a": [["名称", "数"], ["甲", "1"]]}), "No form was found"),
    ],
    ids=["xls", "csv", "empty", "cut", "other form", "other table"],
)
def test_what_is_no_form_of_this_programme_says_so(content: bytes, words: str) -> None:
    found = read_sheet(content, PLATFORM)

    assert found.values == {}
    assert len(found.missing) == len([field for field in sheet_fields(PLATFORM) if not field.derived])
    assert [words in said(problem) for problem in found.problems] == [True]


def test_another_years_workbook_is_read_with_a_remark() -> None:
    mark = marker(PLATFORM)
    content = changed(
        form_xlsx(PLATFORM, typed(PLATFORM)),
        lambda lines: [[cell.replace(mark, "hbreview/platform/2018") for cell in line] for line in lines],
    )

    found = read_sheet(content, PLATFORM)

    assert ["data year 2018" in said(problem) for problem in found.problems] == [True]
    assert found.missing == ()


@BOTH
def test_the_workbook_has_what_the_enterprise_fills_in_and_no_more(programme: Programme) -> None:
    content = form_xlsx(programme, {})
    texts = {cell for line in grid(content) for cell in line}
    in_list = [field for field in sheet_fields(programme) if not field.matrix_row]

    assert {field.key for field in in_list} <= texts
    assert {field.label.zh for field in in_list} <= texts
    assert not {field.key for field in programme.city_fields} & texts
    assert not {field.key for field in programme.fields if field.type is FieldType.ATTACHMENT} & texts
    names = CalamineWorkbook.from_filelike(io.BytesIO(content)).sheet_names
    assert (MATRIX_SHEET in names) == (programme.matrix is not None)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode("utf-8")
    assert len(re.findall(r"<dataValidation ", sheet)) == sum(
        field.type in {FieldType.YES_NO, FieldType.CHOICE} for field in in_list
    )
