"""The table that a city sends to the province (汇总表): every organisation with what came of its review."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import docx
import xlsxwriter
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from ..words import Label
from .form_writing import printable

_HEADS = (
    "序号", "单位名称", "基地名称", "类别", "状态", "申报版本", "提交日期", "审核意见", "盖章日期", "未解决意见",
    "提示", "逾期", "得分",
)  # fmt: skip
_WIDTHS = (10, 46, 30, 18, 18, 13, 22, 58, 22, 14, 12, 12, 14)  # mm, on landscape A4
_TITLE_FONT, _BODY_FONT = "方正小标宋简体", "仿宋_GB2312"
_SIGNED = ("负责人（签字）：", "单位（盖章）：", "      年    月    日")


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One organisation's line. None: not known, or not to be told yet."""

    position: int
    organisation: str
    site: str
    programme: Label
    state: Label
    revision: int | None
    submitted_on: date | None
    opinion: str
    seal_date: date | None
    open_comments: int
    warnings: int | None
    overdue: bool
    total: Decimal | None


@dataclass(frozen=True, slots=True)
class Summary:
    """The table of one city and round, as of a day."""

    title: str
    city: Label
    round_title: str
    made_on: date
    rows: tuple[SummaryRow, ...]


def summary_xlsx(summary: Summary) -> bytes:
    """As a workbook: texts are texts and never formulas (I01), figures are numbers."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"title": printable(summary.title)})
    sheet = book.add_worksheet("汇总表")
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(2)
    sheet.freeze_panes(3, 2)
    title = book.add_format({"font_size": 16, "align": "center", "valign": "vcenter", "font_name": _TITLE_FONT})
    body = book.add_format({"border": 1, "valign": "vcenter", "text_wrap": True, "font_name": _BODY_FONT})
    centred = book.add_format({"border": 1, "valign": "vcenter", "align": "center", "font_name": _BODY_FONT})
    plain = book.add_format({"font_name": _BODY_FONT})
    for place, width in enumerate(_WIDTHS):
        sheet.set_column(place, place, width // 2 + 2)
    sheet.merge_range(0, 0, 0, len(_HEADS) - 1, "", title)
    sheet.write_string(0, 0, printable(summary.title), title)
    sheet.write_string(1, 0, _under_title(summary), plain)
    for place, text in enumerate(_HEADS):
        sheet.write_string(2, place, text, centred)
    for line, row in enumerate(summary.rows, start=3):
        for place, value in enumerate(_cells(row)):
            if isinstance(value, str):
                sheet.write_string(line, place, value, body)
            else:
                sheet.write_number(line, place, value, centred)
    last = len(summary.rows) + 3
    for number, text in enumerate((totals(summary.rows), "", *_SIGNED)):
        sheet.write_string(last + number, 0, text, plain)
    book.close()
    return out.getvalue()


def summary_docx(summary: Summary) -> bytes:
    """As a Word document, on landscape A4, its head on each page."""
    document = docx.Document()
    document.core_properties.title, document.core_properties.author = printable(summary.title), ""
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(297), Mm(210)
    section.left_margin = section.right_margin = Mm(12)
    _paragraph(document, summary.title, size=18, font=_TITLE_FONT, centred=True)
    _paragraph(document, _under_title(summary))
    table = document.add_table(rows=1, cols=len(_HEADS), style="Table Grid")
    table.autofit = False
    _fill(table.rows[0].cells, _HEADS)
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(repeat)
    for row in summary.rows:
        _fill(table.add_row().cells, [str(value) for value in _cells(row)])
    for text in ("", totals(summary.rows), "", *_SIGNED):
        _paragraph(document, text)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def totals(rows: Sequence[SummaryRow]) -> str:
    """How many there are of each programme and of each state, and how many the city has reviewed."""
    programmes = Counter(row.programme.zh for row in rows)
    states = Counter(row.state.zh for row in rows)
    reviewed = sum(row.seal_date is not None for row in rows)
    parts = [f"{name}{count}家" for name, count in (*programmes.items(), *states.items())]
    return f"合计{len(rows)}家，其中：{'，'.join(parts)}；已审核{reviewed}家。" if rows else "合计0家。"


def _under_title(summary: Summary) -> str:
    return printable(f"{summary.city.zh}    {summary.round_title}    制表日期：{summary.made_on.isoformat()}")


def _cells(row: SummaryRow) -> list[str | Decimal | int]:
    return [
        row.position,
        printable(row.organisation),
        printable(row.site),
        row.programme.zh,
        row.state.zh,
        "" if row.revision is None else row.revision,
        "" if row.submitted_on is None else row.submitted_on.isoformat(),
        printable(row.opinion),
        "" if row.seal_date is None else row.seal_date.isoformat(),
        row.open_comments,
        "" if row.warnings is None else row.warnings,
        "是" if row.overdue else "",
        "" if row.total is None else row.total,
    ]


def _paragraph(
    document: Document, text: str, *, size: float = 11, font: str = _BODY_FONT, centred: bool = False
) -> None:
    paragraph = document.add_paragraph()
    if centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(paragraph, text, size=size, font=font)


def _run(paragraph: object, text: str, *, size: float, font: str) -> None:
    run = paragraph.add_run(printable(text))  # type: ignore[attr-defined]  # of the document's or of a cell's
    run.font.size = Pt(size)
    # Word takes the Latin font for Chinese text unless the East Asian one is named too.
    fonts = run._element.get_or_add_rPr().get_or_add_rFonts()
    for attribute in ("w:eastAsia", "w:ascii", "w:hAnsi"):
        fonts.set(qn(attribute), font)


def _fill(cells: Sequence[object], texts: Sequence[str]) -> None:
    for cell, text, width in zip(cells, texts, _WIDTHS, strict=True):
        cell.width = Mm(width)  # type: ignore[attr-defined]  # a cell of a table
        _run(cell.paragraphs[0], text, size=9, font=_BODY_FONT)  # type: ignore[attr-defined]  # as above
