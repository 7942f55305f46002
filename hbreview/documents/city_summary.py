"""The table that a city sends to the province (汇总表): every organisation with what came of its review.

On landscape A4, as a workbook and as a Word document, its head on each page, with the place for signature and
seal below. What people wrote is put in as text and nothing else. The same table gives the same bytes.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import docx
import xlsxwriter
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from ..words import Label
from .form_writing import printable
from .return_notice import BODY_FONT, TITLE_FONT, document_bytes, printed_day, write_run

_HEADS = (
    "序号", "单位名称", "基地名称", "类别", "状态", "申报版本", "提交日期", "审核意见", "盖章日期", "未解决意见",
    "提示", "逾期", "得分",
)  # fmt: skip
_WIDTHS = (9, 38, 26, 18, 17, 11, 19, 69, 19, 11, 10, 10, 16)  # mm: landscape A4 less its margins
_MARGIN = 12
_OPINION = _HEADS.index("审核意见")
_TITLE_ROW, _UNDER_ROW, _HEAD_ROW, _FIRST_ROW = range(4)
_SIGNED = ("负责人（签字）：", "单位（盖章）：", "年    月    日")
_SIGNED_AT = (0, 5, 9)  # columns of the workbook
_SMALL = 8  # points, in the cells of the Word table
_NO_DAY = datetime(2000, 1, 1, tzinfo=UTC)  # the table says by its own date when it is from

# A row of a workbook is no higher than this: a long opinion goes into a wide column, in smaller signs.
_HIGHEST = 409
_OPINION_WIDTH = 120
_SIZES = (9, 8, 7, 6, 5)
_MM_PER_POINT, _MM_PER_COLUMN_UNIT, _LEADING = 0.3528, 1.9, 1.3
_LONGEST_CELL = 32_767  # Excel's most; what an opinion may have is far less


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One organisation's line. None: not known, or not to be told yet.

    ``seal_date`` is that of an opinion in force: who has one counts as reviewed. ``site`` is "" for platforms,
    ``opinion`` "" where there is none; ``warnings`` are failed checks that do not block.
    """

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
    book.set_properties({"title": printable(summary.title)[:255], "created": _NO_DAY})
    sheet = book.add_worksheet("汇总表")
    looks = _Looks(book)
    _set_up(sheet)
    for line, text, look in (
        (_TITLE_ROW, printable(summary.title), looks.title),
        (_UNDER_ROW, _under_title(summary), looks.centred),
    ):
        # Merging writes its text as it likes, formulas too: it gets none, and the text comes after it.
        sheet.merge_range(line, 0, line, len(_HEADS) - 1, "", look)
        sheet.write_string(line, 0, text, look)
    for place, text in enumerate(_HEADS):
        sheet.write_string(_HEAD_ROW, place, text, looks.head)
    for line, row in enumerate(summary.rows, start=_FIRST_ROW):
        _write_row(sheet, line, row, looks=looks)
    line = _FIRST_ROW + len(summary.rows)
    for text in totals(summary.rows):
        sheet.write_string(line, 0, text, looks.plain)
        line += 1
    sheet.set_row(line + 1, 36)
    for place, text in zip(_SIGNED_AT, _SIGNED, strict=True):
        sheet.write_string(line + 1, place, text, looks.plain)
    sheet.print_area(0, 0, line + 1, len(_HEADS) - 1)
    book.close()
    return out.getvalue()


def summary_docx(summary: Summary) -> bytes:
    """As a Word document; a long opinion goes on over the pages."""
    document = docx.Document()
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Mm(297), Mm(210)
    section.left_margin = section.right_margin = Mm(_MARGIN)
    section.top_margin = section.bottom_margin = Mm(18)
    _page_number(section.footer.paragraphs[0])
    write_run(_paragraph(document, centred=True), summary.title, size=18, font=TITLE_FONT)
    write_run(_paragraph(document, centred=True), _under_title(summary), size=10.5)
    table = document.add_table(rows=len(summary.rows) + 1, cols=len(_HEADS), style="Table Grid")
    table.autofit = False
    for column, width in zip(table.columns, _WIDTHS, strict=True):
        column.width = Mm(width)
    _narrow_cells(table)
    grid = [row.cells for row in table.rows]
    _fill(grid[0], _HEADS, bold=True)
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(repeat)
    for cells, row in zip(grid[1:], summary.rows, strict=True):
        _fill(cells, [f"{value:f}" if isinstance(value, Decimal) else str(value) for value in _cells(row)])
    for text in totals(summary.rows):
        write_run(_paragraph(document, keep=True), text, size=10.5)
    signed = _paragraph(document)
    signed.paragraph_format.space_before = Pt(30)
    for text, stop in zip(_SIGNED, (0, 110, 210), strict=True):
        if stop:
            signed.paragraph_format.tab_stops.add_tab_stop(Mm(stop))
        write_run(signed, f"\t{text}" if stop else text, size=12)
    return document_bytes(document, title=summary.title)


def totals(rows: Sequence[SummaryRow]) -> tuple[str, str]:
    """The lines below the table: how many of each programme and state, how many of all are reviewed, what is open."""
    programmes, states = (
        _counted(row.programme.zh for row in rows),
        _counted(row.state.zh for row in rows),
    )
    reviewed, overdue = sum(row.seal_date is not None for row in rows), sum(row.overdue for row in rows)
    comments = sum(row.open_comments for row in rows)
    return (
        f"合计{len(rows)}家。" + (f"类别：{programmes}。状态：{states}。" if rows else ""),
        f"已审核{reviewed}家，共{len(rows)}家；逾期{overdue}家；未解决意见{comments}条。",
    )


def _counted(names: Iterable[str]) -> str:
    return "、".join(f"{name}{count}家" for name, count in Counter(names).items())


def _under_title(summary: Summary) -> str:
    return printable(f"{summary.city.zh}    {summary.round_title}    制表日期：{printed_day(summary.made_on)}")


def _cells(row: SummaryRow) -> list[str | Decimal | int]:
    """What stands in the columns; nothing where it is not known."""
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


class _Looks:
    """The formats of a workbook; those of opinions by the size of their signs."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        centred = {"font_name": BODY_FONT, "font_size": 9, "align": "center", "valign": "vcenter"}
        boxed = {**centred, "border": 1, "text_wrap": True}
        text = {**boxed, "align": "left"}
        self.title: Format = book.add_format({**centred, "font_size": 18, "font_name": TITLE_FONT})
        self.centred: Format = book.add_format({**centred, "font_size": 10.5})
        self.head: Format = book.add_format({**boxed, "bold": True})
        self.text: Format = book.add_format(text)
        self.number: Format = book.add_format(boxed)
        self.score: Format = book.add_format({**boxed, "num_format": "0.00"})
        self.plain: Format = book.add_format({**centred, "font_size": 10.5, "align": "left"})
        self.opinions: dict[int, Format] = {size: book.add_format({**text, "font_size": size}) for size in _SIZES}


def _set_up(sheet: Worksheet) -> None:
    """The page: A4 across, all columns on its width, the head on each."""
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_HEAD_ROW)
    sheet.freeze_panes(_FIRST_ROW, 2)
    sheet.set_footer("&C&P / &N")
    sheet.set_row(_TITLE_ROW, 30)
    sheet.set_row(_HEAD_ROW, 28)
    for place, width in enumerate(_WIDTHS):
        shown = _OPINION_WIDTH if place == _OPINION else width
        sheet.set_column(place, place, shown / _MM_PER_COLUMN_UNIT)


def _write_row(sheet: Worksheet, line: int, row: SummaryRow, *, looks: _Looks) -> None:
    size, height = _opinion_room(row.opinion)
    if size != _SIZES[0]:  # else the row takes the height that its texts need
        sheet.set_row(line, height)
    for place, value in enumerate(_cells(row)):
        if isinstance(value, str):
            look = looks.opinions[size] if place == _OPINION else looks.text
            sheet.write_string(line, place, value[:_LONGEST_CELL], look)
        else:
            sheet.write_number(line, place, value, looks.score if isinstance(value, Decimal) else looks.number)


def _opinion_room(opinion: str) -> tuple[int, float]:
    """The greatest size of sign, in points, in which an opinion fits into one row, and how high that row is."""
    height = 0.0
    for size in _SIZES:
        in_line = int(_OPINION_WIDTH / (size * _MM_PER_POINT)) - 1
        lines = sum(max(1, -(-len(part) // in_line)) for part in opinion.split("\n"))
        height = lines * size * _LEADING
        if height <= _HIGHEST:
            return size, height
    return _SIZES[-1], min(height, _HIGHEST)


def _paragraph(document: Document, *, centred: bool = False, keep: bool = False) -> Paragraph:
    """A paragraph; ``keep``: on the page of the next one."""
    paragraph = document.add_paragraph()
    if centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(4)
    paragraph.paragraph_format.keep_with_next = keep
    return paragraph


def _page_number(paragraph: Paragraph) -> None:
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    page = OxmlElement("w:fldSimple")
    page.set(qn("w:instr"), "PAGE")
    paragraph._p.append(page)


def _narrow_cells(table: Table) -> None:
    """Less room beside the texts than Word gives: a day stands on one line."""
    room = OxmlElement("w:tblCellMar")
    for side in ("w:left", "w:right"):
        edge = OxmlElement(side)
        edge.set(qn("w:w"), "57")  # twips: 1 mm
        edge.set(qn("w:type"), "dxa")
        room.append(edge)
    looks = table._tbl.tblPr
    look = looks.find(qn("w:tblLook"))  # the schema wants the margins before it
    if look is None:
        looks.append(room)
    else:
        look.addprevious(room)


def _fill(cells: Sequence[_Cell], texts: Sequence[str], *, bold: bool = False) -> None:
    for place, (cell, text, width) in enumerate(zip(cells, texts, _WIDTHS, strict=True)):
        cell.width = Mm(width)
        (paragraph,) = cell.paragraphs
        if bold or place not in (1, 2, _OPINION):
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        write_run(paragraph, text, size=_SMALL, bold=bold)
