"""Rosters out, in the notice's layout (P9): numbers continuous, a region shown once, national ones marked.

Titles and heads are the notice's own words, attachment 4. ``year``, where it is known, goes into the
file's properties; the notice's titles name none.
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import docx
import xlsxwriter
from docx.document import Document
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Mm, Pt
from docx.table import Table, _Cell

from .spreadsheet_cells import safe_cell

TITLES = {"platform": "全省中小企业公共服务示范平台名单", "base": "全省小型微型企业创业创新示范基地名单"}
_HEADS = {"platform": ("序号", "地区", "单位名称"), "base": ("序号", "地市", "单位名称", "基地名称")}
_MARKERS = {"platform": " （国家）", "base": "（国家级）"}
_WORDS = {"platform": "示范平台", "base": "示范基地"}
_TITLE_FONT, _BODY_FONT = "方正小标宋简体", "仿宋_GB2312"
# A4 less its margins: what the columns of each list share, in millimetres.
_WIDTHS = {"platform": (15, 25, 120), "base": (13, 22, 65, 60)}
_REGION = 1  # the column of the merged cells


@dataclass(frozen=True, slots=True)
class PrintedRow:
    """One line to print; rows come in roster order and are numbered here."""

    programme: str
    region_key: str
    printed_region: str
    organisation: str
    site_name: str
    national: bool


def _lists(rows: Sequence[PrintedRow]) -> Iterator[tuple[str, list[PrintedRow]]]:
    for programme in TITLES:
        if found := [row for row in rows if row.programme == programme]:
            yield programme, found


def _cells(row: PrintedRow) -> list[str]:
    """The cells after the number."""
    name = row.organisation + (_MARKERS[row.programme] if row.national else "")
    cells = [row.printed_region, name, row.site_name]
    return [_printable(text) for text in cells[: len(_HEADS[row.programme]) - 1]]


def _printable(text: str) -> str:
    # Control and no characters cannot stand in the XML of either kind of file; a name has no line breaks.
    return "".join(
        sign for sign in text if unicodedata.category(sign) not in {"Cc", "Cs"} and sign not in "\ufffe\uffff"
    )


def _region_runs(rows: Sequence[PrintedRow]) -> Iterator[tuple[int, int, str]]:
    """First and last place of each run of one region, and what is printed for it."""
    place = 0
    for _key, run in groupby(rows, key=lambda row: row.region_key):
        group = list(run)
        yield place, place + len(group) - 1, _printable(group[0].printed_region)
        place += len(group)


def _file_title(rows: Sequence[PrintedRow], year: int | None) -> str:
    titles = "、".join(TITLES[programme] for programme, _found in _lists(rows))
    return titles if year is None else f"{titles}（{year}年）"


def roster_csv(rows: Sequence[PrintedRow], *, year: int | None = None) -> bytes:
    """One table of all rows, programme first and the region on each: UTF-8 with a mark, as Excel wants it.

    CSV has no place for ``year``; it is taken so that the three kinds of file are asked for alike.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["类别", "序号", "地区", "单位名称", "基地名称", "国家级"])
    for programme, found in _lists(rows):
        for number, row in enumerate(found, start=1):
            texts = [safe_cell(text) for text in (row.printed_region, row.organisation, row.site_name)]
            writer.writerow([_WORDS[programme], str(number), *texts, "是" if row.national else "否"])
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8")


def roster_xlsx(rows: Sequence[PrintedRow], *, year: int | None = None) -> bytes:
    """A sheet for each programme, region cells merged, every text written as text."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"title": _file_title(rows, year)})
    for programme, found in _lists(rows):
        _sheet(book, programme, found)
    book.close()
    return out.getvalue()


def _sheet(book: xlsxwriter.Workbook, programme: str, rows: Sequence[PrintedRow]) -> None:
    title = book.add_format({"font_size": 16, "align": "center", "valign": "vcenter", "font_name": _TITLE_FONT})
    body = book.add_format({"border": 1, "valign": "vcenter", "text_wrap": True, "font_name": _BODY_FONT})
    centred = book.add_format({"border": 1, "valign": "vcenter", "align": "center", "font_name": _BODY_FONT})
    heads = _HEADS[programme]
    sheet = book.add_worksheet(_WORDS[programme])
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(1)
    sheet.freeze_panes(2, 0)
    for place, width in enumerate(_WIDTHS[programme]):
        sheet.set_column(place, place, width // 2 + 2)
    sheet.merge_range(0, 0, 0, len(heads) - 1, TITLES[programme], title)
    for place, text in enumerate(heads):
        sheet.write_string(1, place, text, centred)
    for number, row in enumerate(rows, start=1):
        sheet.write_number(number + 1, 0, number, centred)
        for place, text in enumerate(_cells(row), start=1):
            sheet.write_string(number + 1, place, text, body)
    for first, last, text in _region_runs(rows):
        if last > first:
            # Merging writes its text as it likes, formulas too: it gets none, and the text comes after it.
            sheet.merge_range(first + 2, _REGION, last + 2, _REGION, "", centred)
        sheet.write_string(first + 2, _REGION, text, centred)


def roster_docx(rows: Sequence[PrintedRow], *, year: int | None = None) -> bytes:
    """The notice's attachment 4 as a Word document."""
    document = docx.Document()
    document.core_properties.title = _file_title(rows, year)
    document.core_properties.author = ""
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(25)
    for place, (programme, found) in enumerate(_lists(rows)):
        _title(document, TITLES[programme], on_new_page=place > 0)
        _table(document, programme, found)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _title(document: Document, text: str, *, on_new_page: bool) -> None:
    paragraph = document.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.page_break_before = on_new_page
    run = paragraph.add_run(text)
    run.font.size = Pt(18)
    _chinese_font(run._element, _TITLE_FONT)


def _chinese_font(run: BaseOxmlElement, name: str) -> None:
    # Word takes the Latin font for Chinese text unless the East Asian one is named too.
    fonts = run.get_or_add_rPr().get_or_add_rFonts()
    for attribute in ("w:eastAsia", "w:ascii", "w:hAnsi"):
        fonts.set(qn(attribute), name)


def _write(cell: _Cell, text: str) -> None:
    cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
    run = cell.paragraphs[0].add_run(text)
    run.font.size = Pt(10.5)
    _chinese_font(run._element, _BODY_FONT)


def _table(document: Document, programme: str, rows: Sequence[PrintedRow]) -> None:
    heads = _HEADS[programme]
    table = document.add_table(rows=len(rows) + 1, cols=len(heads), style="Table Grid")
    _repeat_heads(table)
    grid = [list(row.cells) for row in table.rows]
    for line in grid:
        for cell, width in zip(line, _WIDTHS[programme], strict=True):
            cell.width = Mm(width)
    for cell, text in zip(grid[0], heads, strict=True):
        _write(cell, text)
    for number, row in enumerate(rows, start=1):
        for place, text in enumerate([str(number), *_cells(row)]):
            if place != _REGION:
                _write(grid[number][place], text)
    for first, last, text in _region_runs(rows):
        _write(grid[first + 1][_REGION], text)
        # The library's own merge calls itself once a row and ends at Python's limit of that.
        for place in range(first, last + 1) if last > first else ():
            grid[place + 1][_REGION]._tc.vMerge = "restart" if place == first else "continue"


def _repeat_heads(table: Table) -> None:
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(repeat)
