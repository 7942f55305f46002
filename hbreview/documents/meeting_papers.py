"""The papers of the meeting that decides (评审会议材料): the ranking of each programme, then a sheet an organisation.

As a Word document and as a workbook. Experts have numbers and no names. What people wrote is put in as text and
nothing else (I01, I02). The same papers give the same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from .form_writing import printable
from .meeting_document import MeetingDocument
from .return_notice import BODY_FONT, TITLE_FONT, printed_day

SUBJECT, TITLE = "运营情况评价", "评审会议材料"
HEADS = ("名次", "单位名称", "地市", "总分", "分差", "拟定结果", "标注", "理由")
_NO_DAY = datetime(2000, 1, 1, tzinfo=UTC)  # the papers say by their own date when they are from
_WIDTHS = (7, 40, 10, 9, 9, 12, 18, 60)
_SHEET_WIDTHS = (7, 46, 9, 10)
_EXPERT_WIDTH = 9
_LONGEST_CELL = 32_767  # Excel's most

Cell = str | int | Decimal | None


@dataclass(frozen=True, slots=True)
class IndicatorRow:
    """What was given for one indicator: the mean, to two places, and each expert's points in the experts' order."""

    order: int
    name: str
    weight: Decimal
    mean: Decimal | None
    points: tuple[Decimal | None, ...]


@dataclass(frozen=True, slots=True)
class ExpertRemark:
    """What an expert (by number, from 1) says to an indicator."""

    expert: int
    indicator: int
    text: str


@dataclass(frozen=True, slots=True)
class MeetingOrganisation:
    """One organisation's line of the ranking, and its sheet. None: there is none.

    ``spread`` is how far the experts' totals are apart, in points; ``flags`` are words; without ``rows`` nobody
    scored it, and it has no sheet.
    """

    rank: int | None
    organisation: str
    city: str
    total: Decimal | None
    spread: Decimal | None
    outcome: str
    flags: tuple[str, ...]
    reason: str
    rows: tuple[IndicatorRow, ...] = ()
    remarks: tuple[ExpertRemark, ...] = ()
    deduction: Decimal = Decimal(0)
    audit_differences: int | None = None
    opinion: str = ""

    @property
    def experts(self) -> int:
        """How many experts' points are on its sheet."""
        return len(self.rows[0].points) if self.rows else 0


@dataclass(frozen=True, slots=True)
class MeetingProgramme:
    """The ranking of one programme, in the order in which it is shown."""

    name: str
    organisations: tuple[MeetingOrganisation, ...]


@dataclass(frozen=True, slots=True)
class MeetingPapers:
    """The papers of one round, as of a day. ``decided``: the outcomes are publicised, not only proposed."""

    round_title: str
    made_on: date
    decided: bool
    programmes: tuple[MeetingProgramme, ...]

    @property
    def title(self) -> str:
        """What stands on top."""
        subject = "" if SUBJECT in self.round_title else SUBJECT
        return f"{self.round_title}{subject}{TITLE}"

    @property
    def standing(self) -> str:
        """From when the papers are, and what they bind."""
        bound = "评价结果已公示" if self.decided else "评价结果为拟定，以会议决定为准"
        return f"制表日期：{printed_day(self.made_on)}　{bound}"


def ranking_cells(one: MeetingOrganisation) -> tuple[Cell, ...]:
    """The line of the ranking."""
    flags = "、".join(one.flags)
    return (one.rank, one.organisation, one.city, one.total, one.spread, one.outcome, flags, one.reason)


def sheet_heads(one: MeetingOrganisation) -> tuple[str, ...]:
    """The heads of a sheet: experts by number."""
    return ("序号", "指标", "分值", "平均分", *(f"专家{number}" for number in range(1, one.experts + 1)))


def sheet_facts(one: MeetingOrganisation) -> tuple[tuple[str, Cell], ...]:
    """What stands above a sheet's table."""
    return (
        ("总分", one.total),
        ("分差", one.spread),
        ("扣分", one.deduction),
        ("审计差异（项）", one.audit_differences),
        ("拟定结果", one.outcome),
        ("市级意见", one.opinion),
    )


def meeting_docx(papers: MeetingPapers) -> bytes:
    """As Word: the rankings on landscape A4, then each organisation that was scored on a page of its own."""
    document = MeetingDocument(papers.title)
    document.heading(papers.title, size=18)
    document.line(papers.standing, centred=True)
    for programme in papers.programmes:
        document.heading(programme.name, size=14)
        rows = [ranking_cells(one) for one in programme.organisations]
        document.table(HEADS, rows, widths=_WIDTHS)
    for programme in papers.programmes:
        for one in programme.organisations:
            if one.rows:
                _write_page(document, programme, one)
    return document.content()


def _write_page(document: MeetingDocument, programme: MeetingProgramme, one: MeetingOrganisation) -> None:
    document.heading(one.organisation, size=14, new_page=True)
    rank = f"第{one.rank}名" if one.rank else "未排名"
    document.line(f"{programme.name}　{one.city}　{rank}", centred=True)
    for name, value in sheet_facts(one):
        document.line(f"{name}：{shown(value)}")
    rows = [(row.order, row.name, row.weight, row.mean, *row.points) for row in one.rows]
    widths = (*_SHEET_WIDTHS, *([_EXPERT_WIDTH] * one.experts))
    document.table(sheet_heads(one), rows, widths=widths)
    for remark in one.remarks:
        document.line(f"专家{remark.expert}，指标{remark.indicator}：{remark.text}")


def shown(value: Cell) -> str:
    """A value as it is printed; a dash for none."""
    if value is None:
        return "—"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def meeting_xlsx(papers: MeetingPapers) -> bytes:
    """As a workbook: a sheet with the ranking of each programme, and one with all its score sheets below each other."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"title": printable(papers.title)[:255], "created": _NO_DAY})
    looks = _Looks(book)
    for programme in papers.programmes:
        _write_ranking(book.add_worksheet(f"{programme.name}排名"), papers, programme, looks=looks)
        _write_sheets(book.add_worksheet(f"{programme.name}评分"), programme, looks=looks)
    book.close()
    return out.getvalue()


class _Looks:
    """The formats of a workbook. Points stand with the places that they have, never rounded by the format."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        centred = {"font_name": BODY_FONT, "font_size": 10, "valign": "vcenter"}
        boxed = {**centred, "border": 1, "text_wrap": True}
        self.title: Format = book.add_format({**centred, "font_size": 16, "font_name": TITLE_FONT})
        self.plain: Format = book.add_format(centred)
        self.name: Format = book.add_format({**centred, "bold": True, "font_size": 12})
        self.head: Format = book.add_format({**boxed, "bold": True, "align": "center"})
        self.text: Format = book.add_format(boxed)
        self.whole: Format = book.add_format({**boxed, "num_format": "0"})
        self.places: dict[int, Format] = {
            1: book.add_format({**boxed, "num_format": "0.0"}),
            2: book.add_format({**boxed, "num_format": "0.00"}),
        }


def _put(sheet: Worksheet, at: tuple[int, int], value: Cell, *, looks: _Looks) -> None:
    if value is None or isinstance(value, str):
        sheet.write_string(*at, printable(value or "")[:_LONGEST_CELL], looks.text)
    elif isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        places = 2 if isinstance(exponent, int) and exponent < -1 else 1
        sheet.write_number(*at, value, looks.places[places])
    else:
        sheet.write_number(*at, value, looks.whole)


def _put_row(sheet: Worksheet, line: int, values: Sequence[Cell], *, looks: _Looks) -> None:
    for place, value in enumerate(values):
        _put(sheet, (line, place), value, looks=looks)


def _put_heads(sheet: Worksheet, line: int, heads: Sequence[str], *, looks: _Looks) -> None:
    for place, text in enumerate(heads):
        sheet.write_string(line, place, text, looks.head)


def _set_up(sheet: Worksheet, widths: Sequence[int]) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&C&P / &N")
    for place, width in enumerate(widths):
        sheet.set_column(place, place, width)


def _write_ranking(sheet: Worksheet, papers: MeetingPapers, programme: MeetingProgramme, *, looks: _Looks) -> None:
    _set_up(sheet, _WIDTHS)
    sheet.write_string(0, 0, printable(f"{papers.title}（{programme.name}）"), looks.title)
    sheet.write_string(1, 0, papers.standing, looks.plain)
    _put_heads(sheet, 2, HEADS, looks=looks)
    sheet.repeat_rows(2)
    sheet.freeze_panes(3, 2)
    for line, one in enumerate(programme.organisations, start=3):
        _put_row(sheet, line, ranking_cells(one), looks=looks)
    if programme.organisations:
        sheet.autofilter(2, 0, 2 + len(programme.organisations), len(HEADS) - 1)


def _write_sheets(sheet: Worksheet, programme: MeetingProgramme, *, looks: _Looks) -> None:
    most = max((one.experts for one in programme.organisations), default=0)
    _set_up(sheet, (*_SHEET_WIDTHS, *([_EXPERT_WIDTH] * max(most, 4))))
    line = 0
    for one in programme.organisations:
        if one.rows:
            line = _write_block(sheet, line, one, looks=looks) + 1


def _write_block(sheet: Worksheet, line: int, one: MeetingOrganisation, *, looks: _Looks) -> int:
    """One organisation's score sheet from this row on; the row after it."""
    sheet.write_string(line, 0, printable(f"{shown(one.rank)}　{one.organisation}　{one.city}"), looks.name)
    for name, value in sheet_facts(one):
        line += 1
        sheet.write_string(line, 1, name, looks.text)
        _put(sheet, (line, 2), value, looks=looks)
    line += 1
    _put_heads(sheet, line, sheet_heads(one), looks=looks)
    for row in one.rows:
        line += 1
        _put_row(sheet, line, (row.order, row.name, row.weight, row.mean, *row.points), looks=looks)
    for remark in one.remarks:
        line += 1
        sheet.write_string(line, 0, f"专家{remark.expert}", looks.text)
        said = printable(f"指标{remark.indicator}：{remark.text}")
        sheet.write_string(line, 1, said[:_LONGEST_CELL], looks.text)
    return line + 1
