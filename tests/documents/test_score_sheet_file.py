"""Score sheets out and in: what is typed comes back exactly, from where it was typed, and nothing else does."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from hbreview.documents.score_sheet_file import (
    FilledSheet,
    PrintedMark,
    PrintedSheet,
    read_score_sheets,
    score_sheets_xlsx,
)
from hbreview.documents.workbook_reading import place_name, workbook_sheets
from hbreview.words import Reason

_MARKS = (
    PrintedMark(1, "服务人员", "6", "从业人员：20 人", "5.0", "=HYPERLINK(1)"),
    PrintedMark(2, "场地", "6", "", former="4.0"),
)
_SHEET = PrintedSheet("甲平台/[一]:*?", "sheet-one", 7, _MARKS)


def edited(content: bytes, cells: dict[str, object], *, sheet: int = 0) -> bytes:
    """The workbook as somebody saved it with another program who typed these cells."""
    pages = workbook_sheets(content, most_sheets=100)
    assert not isinstance(pages, Reason)
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    for number, page in enumerate(pages):
        made = book.add_worksheet(page.name)
        typed = cells if number == sheet else {}
        for row, line in enumerate(page.lines):
            for column, cell in enumerate(line):
                if place_name(row, column) not in typed:
                    made.write_string(row, column, cell.text)
        for place, value in typed.items():
            if isinstance(value, str):
                made.write_string(place, value)
            elif value is not None:
                made.write(place, value)
    book.close()
    return out.getvalue()


def read(content: bytes) -> tuple[FilledSheet, ...]:
    found = read_score_sheets(content)
    assert not isinstance(found, Reason), found
    return found


def test_untouched_it_says_nothing() -> None:
    (sheet,) = read(score_sheets_xlsx([_SHEET]))
    assert (sheet.sheet_id, sheet.version, sheet.cells, sheet.unchanged) == ("sheet-one", 7, (), 6)


@pytest.mark.parametrize(
    ("typed", "text"),
    [(4.5, "4.5"), (3, "3"), ("４．５", "４．５"), ("+3", "+3"), ("@x", "@x"), ("-1", "-1"), ("a\nb", "a\nb")],
)
def test_what_was_typed_comes_back_with_its_place(typed: object, text: str) -> None:
    (sheet,) = read(edited(score_sheets_xlsx([_SHEET]), {"E5": typed, "F6": typed}))
    assert [(cell.name, cell.text, cell.place) for cell in sheet.cells] == [
        ("points-1", text, "E5"), ("remark-2", text, "F6"),
    ]  # fmt: skip


def test_a_blank_cell_erases_nothing_and_locked_ones_do_not_count() -> None:
    changed = edited(score_sheets_xlsx([_SHEET]), {"E5": None, "F5": None, "C5": "100", "D5": "别的", "B5": "别的"})
    assert read(changed)[0].cells == ()


def test_no_cell_is_a_formula_and_only_points_remarks_and_reasons_are_open() -> None:
    """I01."""
    with zipfile.ZipFile(io.BytesIO(score_sheets_xlsx([_SHEET]))) as archive:
        page, styles = (archive.read(f"xl/{name}.xml").decode() for name in ("worksheets/sheet1", "styles"))
    assert "<f>" not in page
    assert "<sheetProtection " in page
    formats = re.findall(r"<xf [^>]*?(?:/>|>.*?</xf>)", styles.split("<cellXfs")[1].split("</cellXfs>")[0])
    cells = re.findall(r'<c r="(\w+)"(?: s="(\d+)")? t="s"', page)
    opened = {place for place, style in cells if 'locked="0"' in formats[int(style or 0)]}
    assert opened == {"E5", "F5", "E6", "F6", "H6"}


def test_several_sheets_in_one_workbook_and_a_stranger_among_them() -> None:
    many = [PrintedSheet(f"单位{number}", f"id-{number}", 1, _MARKS) for number in range(60)]
    content = edited(score_sheets_xlsx(many), {"A3": "mine"}, sheet=3)
    found = read(content)
    assert [sheet.sheet_id for sheet in found] == [f"id-{number}" if number != 3 else "" for number in range(60)]


def test_no_sheets_and_no_workbook() -> None:
    assert isinstance(read_score_sheets(score_sheets_xlsx([])), Reason)
    assert isinstance(read_score_sheets(b"nothing"), Reason)
    assert isinstance(read_score_sheets(score_sheets_xlsx([_SHEET])[:900]), Reason)


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=60))
def test_any_remark_comes_back(text: str) -> None:
    mark = PrintedMark(1, text, "6", text, "", text)
    (sheet,) = read(score_sheets_xlsx([PrintedSheet(text, "x", 1, (mark,))]))
    assert sheet.cells == ()
