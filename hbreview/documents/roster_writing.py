"""Rosters out, in the notice's layout (P9): numbers continuous, a region shown once, national ones marked."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import docx
import xlsxwriter
from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt
from docx.table import _Cell

from .spreadsheet_cells import safe_cell

TITLES = {"platform": "全省中小企业公共服务示范平台名单", "base": "全省小型微型企业创业创新示范基地名单"}
_HEADS = {"platform": ("序号", "地区", "单位名称"), "base": ("序号", "地市", "单位名称", "基地名称")}
_MARKERS = {"platform": " （国家）", "base": "（国家级）"}
_WORDS = {"platform": "示范平台", "base": "示范基地"}


@dataclass(frozen=True, slots=True)
class PrintedRow:
    """One line to print; rows come in roster order and are numbered here."""

    programme: str
    region: str
    printed_region: str
    organisation: str
    site_name: str
    national: bool


def _lists(rows: Sequence[PrintedRow]) -> Iterator[tuple[str, list[PrintedRow]]]:
    for programme in TITLES:
        if found := [row for row in rows if row.programme == programme]:
            yield programme, found


def _name(row: PrintedRow) -> str:
    return row.organisation + (_MARKERS[row.programme] if row.national else "")


def _cells(row: PrintedRow, number: int) -> list[str]:
    cells = [str(number), row.printed_region, _name(row)]
    return [*cells, row.site_name] if row.programme == "base" else cells


def roster_csv(rows: Sequence[PrintedRow]) -> bytes:
    """One table of all rows with the programme first: UTF-8 with a mark, as Excel wants it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["类别", "序号", "地区", "单位名称", "基地名称", "国家级"])
    for programme, found in _lists(rows):
        for number, row in enumerate(found, start=1):
            cells = [_WORDS[programme], str(number), row.printed_region, row.organisation, row.site_name]
            writer.writerow([*map(safe_cell, cells), "是" if row.national else "否"])
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8")


def roster_xlsx(rows: Sequence[PrintedRow]) -> bytes:
    """A sheet for each programme, region cells merged, every text written as text."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    title = book.add_format({"bold": True, "font_size": 16, "align": "center", "font_name": "方正小标宋简体"})
    body = book.add_format({"border": 1, "valign": "vcenter", "text_wrap": True, "font_name": "仿宋_GB2312"})
    head = book.add_format({"border": 1, "bold": True, "align": "center", "font_name": "仿宋_GB2312"})
    for programme, found in _lists(rows):
        sheet = book.add_worksheet(_WORDS[programme])
        heads = _HEADS[programme]
        sheet.merge_range(0, 0, 0, len(heads) - 1, TITLES[programme], title)
        for place, text in enumerate(heads):
            sheet.write_string(1, place, text, head)
        for number, row in enumerate(found, start=1):
            sheet.write_number(number + 1, 0, number, body)
            for place, text in enumerate(_cells(row, number)[1:], start=1):
                sheet.write_string(number + 1, place, text, body)
        for first, last, text in _region_runs(found):
            if last > first:
                sheet.merge_range(first + 2, 1, last + 2, 1, "", body)
                sheet.write_string(first + 2, 1, text, body)
        sheet.set_column(0, 1, 10)
        sheet.set_column(2, 3, 46)
        sheet.repeat_rows(1)
    book.close()
    return out.getvalue()


def _region_runs(rows: Sequence[PrintedRow]) -> Iterator[tuple[int, int, str]]:
    """First and last place of each run of one region, and what is printed for it."""
    place = 0
    for _region, run in groupby(rows, key=lambda row: row.region):
        group = list(run)
        yield place, place + len(group) - 1, group[0].printed_region
        place += len(group)


def roster_docx(rows: Sequence[PrintedRow]) -> bytes:
    """The notice's attachment 4 as a Word document."""
    document = docx.Document()
    for programme, found in _lists(rows):
        _title(document, TITLES[programme])
        _table(document, programme, found)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _title(document: Document, text: str) -> None:
    paragraph = document.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = paragraph.add_run(text)
    run.font.size = Pt(18)
    _chinese_font(run._element, "方正小标宋简体")


def _chinese_font(element: object, name: str) -> None:
    # Word takes the Latin font for Chinese text unless the East Asian one is named too.
    fonts = element.get_or_add_rPr().get_or_add_rFonts()  # type: ignore[attr-defined]  # an lxml element
    for attribute in ("w:eastAsia", "w:ascii", "w:hAnsi"):
        fonts.set(qn(attribute), name)


def _write(cell: _Cell, text: str) -> None:
    run = cell.paragraphs[0].add_run(text)
    run.font.size = Pt(10.5)
    _chinese_font(run._element, "仿宋_GB2312")


def _table(document: Document, programme: str, rows: Sequence[PrintedRow]) -> None:
    heads = _HEADS[programme]
    table = document.add_table(rows=len(rows) + 1, cols=len(heads), style="Table Grid")
    grid = [list(row.cells) for row in table.rows]
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(repeat)
    for place, text in enumerate(heads):
        _write(grid[0][place], text)
    firsts = {first: text for first, _last, text in _region_runs(rows)}
    for number, row in enumerate(rows, start=1):
        for place, text in enumerate(_cells(row, number)):
            shown = firsts.get(number - 1, "") if place == 1 else text
            if shown:
                _write(grid[number][place], shown)
    for first, last, _text in _region_runs(rows):
        if last > first:
            grid[first + 1][1].merge(grid[last + 1][1])
