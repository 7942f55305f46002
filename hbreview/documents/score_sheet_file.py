"""Score sheets as an .xlsx workbook to fill in offline, one worksheet each; and what was filled in, back.

Only points, remarks and reasons of changes are open; everything else is locked. A hidden row names the sheet and its
version, hidden columns keep what stood in each open cell when the file was made: a cell that still says that was not
filled in here and changes nothing, and neither does a blank one. All cells are texts, whatever they begin with (I01).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import xlsxwriter

from ..words import N_, Reason
from .archives import inspect_archive
from .form_writing import printable
from .workbook_reading import WorkbookCell, WorkbookSheet, cell_at, place_name, workbook_sheets

MOST_SHEETS = 200
_MARKER = "hbreview-score-sheet"
_HEADS = ("序号", "指标", "满分", "佐证材料", "得分", "评语（得分偏低时必填）", "上次得分", "改动理由")
_WIDTHS = (6, 28, 7, 60, 9, 40, 9, 30)
_OPEN = {"points": 4, "remark": 5, "change": 7}
_KEPT = {"points": 9, "remark": 10, "change": 11}  # what stood there when the file was made
_FORMER, _MARKER_ROW, _HEAD_ROW = 6, 2, 3
_ADVICE = "只需填写白色的“得分”“评语”“改动理由”；得分为0至满分，最多一位小数。空白单元格不改动系统中已有内容。"
_MOST_NAME, _MOST_CELL = 31, 32000
_NO_PASSWORD = ""
_ALLOWED = {"format_cells": True, "format_columns": True, "format_rows": True}


@dataclass(frozen=True, slots=True)
class PrintedMark:
    """One indicator's line: texts as they are shown. ``former``: the points handed in before a reopening."""

    order: int
    name: str
    weight: str
    evidence: str
    points: str = ""
    remark: str = ""
    former: str = ""
    change: str = ""


@dataclass(frozen=True, slots=True)
class PrintedSheet:
    """One sheet: of which organisation, its public id and the version that the file is made from."""

    title: str
    sheet_id: str
    version: int
    marks: Sequence[PrintedMark]


@dataclass(frozen=True, slots=True)
class FilledCell:
    """What was typed into an open cell, under the field's name in the form ("points-3"), and where ("E7")."""

    name: str
    text: str
    place: str


@dataclass(frozen=True, slots=True)
class FilledSheet:
    """A worksheet: which sheet it says that it is, on which version, and the cells that were filled in.

    ``unchanged`` counts the cells that were left as they were. ``sheet_id`` "": it is none of ours.
    """

    worksheet: str
    sheet_id: str = ""
    version: int = 0
    cells: tuple[FilledCell, ...] = ()
    unchanged: int = 0


def score_sheets_xlsx(sheets: Sequence[PrintedSheet]) -> bytes:
    """A workbook with a worksheet for each sheet; without any, one that says so."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"title": "评分表"})
    for number, sheet in enumerate(sheets, start=1):
        _write(book, sheet, name=_worksheet_name(number, sheet.title))
    if not sheets:
        book.add_worksheet("评分表").write_string(0, 0, "目前没有待评分的评分表。")
    book.close()
    return out.getvalue()


def _worksheet_name(number: int, title: str) -> str:
    plain = "".join(sign for sign in printable(title) if sign not in "[]:*?/\\'\n\t")
    # Counted as Excel does: a rare sign of a name is two.
    units = f"{number} {plain}".encode("utf-16-le")[: 2 * _MOST_NAME]
    return units.decode("utf-16-le", errors="ignore")


def _write(book: xlsxwriter.Workbook, sheet: PrintedSheet, *, name: str) -> None:
    page = book.add_worksheet(name)
    shape = {"text_wrap": True, "valign": "top", "border": 1, "num_format": "@"}
    locked = book.add_format({**shape, "bg_color": "#F0F0F0"})
    opened = book.add_format({**shape, "locked": False})
    bold = book.add_format({"bold": True, "font_size": 14})
    page.write_string(0, 0, printable(sheet.title), bold)
    page.write_string(1, 0, _ADVICE)
    for column, text in enumerate((_MARKER, sheet.sheet_id, str(sheet.version))):
        page.write_string(_MARKER_ROW, column, text)
    page.set_row(_MARKER_ROW, None, None, {"hidden": True})
    for column, (text, width) in enumerate(zip(_HEADS, _WIDTHS, strict=True)):
        page.set_column(column, column, width)
        page.write_string(_HEAD_ROW, column, text, locked)
    for row, mark in enumerate(sheet.marks, start=_HEAD_ROW + 1):
        shown = (str(mark.order), mark.name, mark.weight, mark.evidence)
        for column, text in enumerate(shown):
            page.write_string(row, column, _cut(text), locked)
        page.write_string(row, _FORMER, mark.former, locked)
        for kind, text in (("points", mark.points), ("remark", mark.remark), ("change", mark.change)):
            is_open = kind != "change" or bool(mark.former)
            page.write_string(row, _OPEN[kind], _cut(text), opened if is_open else locked)
            page.write_string(row, _KEPT[kind], _cut(text))
    page.set_column(min(_KEPT.values()), max(_KEPT.values()), None, None, {"hidden": True})
    page.ignore_errors({"number_stored_as_text": f"A1:L{_HEAD_ROW + len(sheet.marks) + 1}"})
    page.freeze_panes(_HEAD_ROW + 1, 2)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    page.protect(_NO_PASSWORD, _ALLOWED)


def _cut(text: str) -> str:
    plain = printable(text)
    return plain if len(plain) <= _MOST_CELL else plain[:_MOST_CELL] + "…"


def read_score_sheets(content: bytes) -> tuple[FilledSheet, ...] | Reason:
    """Every visible worksheet of a workbook that was made here; a Reason when the file is not taken at all."""
    if content.startswith(b"PK") and (fault := inspect_archive(content)):
        return fault
    found = workbook_sheets(content, most_sheets=MOST_SHEETS)
    if isinstance(found, Reason):
        return found
    sheets = tuple(_filled(page) for page in found)
    if not any(sheet.sheet_id for sheet in sheets):
        return Reason(N_("There is no score sheet of this system in the file: please fill in one downloaded here."))
    return sheets


def _filled(page: WorkbookSheet) -> FilledSheet:
    place = next((row for row, line in enumerate(page.lines) if cell_at(line, 0).text == _MARKER), None)
    if place is None:
        return FilledSheet(page.name)
    sheet_id, version = cell_at(page.lines[place], 1).text, cell_at(page.lines[place], 2).text
    if not (version.isascii() and version.isdigit() and len(version) < 10):  # noqa: PLR2004 - as long as a version gets
        return FilledSheet(page.name)
    cells = [found for row in range(place + 1, len(page.lines)) for found in _cells(page.lines[row], row=row)]
    fresh = tuple(cell for cell, changed in cells if changed)
    return FilledSheet(page.name, sheet_id, int(version), fresh, len(cells) - len(fresh))


def _cells(line: Sequence[WorkbookCell], *, row: int) -> Iterator[tuple[FilledCell, bool]]:
    """The open cells of an indicator's line, each with whether something else stands there than did."""
    order = cell_at(line, 0).text
    if not (order.isascii() and order.isdigit() and len(order) < 4):  # noqa: PLR2004 - no rubric has a thousand lines
        return
    for kind, column in _OPEN.items():
        text, kept = cell_at(line, column).text.strip(), cell_at(line, _KEPT[kind]).text.strip()
        yield FilledCell(f"{kind}-{int(order)}", text, place_name(row, column)), text not in {"", kept}
