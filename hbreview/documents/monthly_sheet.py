"""Monthly reporting records (每月按时报送) as a workbook: a line for each organisation, a column for each month.

A cell holds the day on which the month was reported, as a date or as text; an empty one says nothing.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import xlsxwriter

from ..evaluation.names import normalised_name
from ..evaluation.reporting import MONTHS
from ..evaluation.values import parse
from ..programmes.schema import Field, FieldType
from ..words import N_, Label, Reason
from .form_writing import printable
from .workbook_reading import WorkbookCell, cell_at, place_name, workbook_sheets

SHEET = "月度报送记录"
NAME, PROGRAMME, YEAR = "单位名称", "类别", "年度"
MOST_ROWS = 5000
_HEAD_WITHIN = 10
_WIDTHS = (44, 22, 8)
_MONTH = re.compile(r"0?(\d{1,2})月份?", re.ASCII)
_YEAR = re.compile(r"(\d{4})年?", re.ASCII)
_DAY = Field("reported_on", Label("报送日期", "Day of reporting"), 0, FieldType.DATE)
_NO_DAY = datetime(2000, 1, 1, tzinfo=UTC)
_NOTES = (
    "每家单位每个类别一行；各月单元格填写该月数据的报送日期，例如2019-02-08；未报送的月份留空。",
    "类别按已填写的名称填写；年度是数据所属年度。可以增加行，请保留表头。",
    "重复上传同一内容不会产生变化；内容不同时以新上传的为准，原记录留在日志中。",
)


@dataclass(frozen=True, slots=True)
class MonthlyLine:
    """One organisation's year in one programme: the day of reporting by the month's number."""

    organisation: str
    programme: str
    year: int
    days: Mapping[int, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MonthRead:
    """One month as it stands in the workbook, with the name of its cell. ``programme`` is a key."""

    place: str
    organisation: str
    programme: str
    year: int
    month: int
    reported_on: date


@dataclass(frozen=True, slots=True)
class MonthProblem:
    """What cannot be read, and in which cell."""

    place: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class MonthlyReading:
    """What a workbook says, and what of it cannot be read."""

    months: tuple[MonthRead, ...]
    problems: tuple[MonthProblem, ...]


def monthly_workbook(lines: Sequence[MonthlyLine], *, programmes: Mapping[str, str]) -> bytes:
    """An .xlsx to fill in; ``programmes``: how each programme is called. The same lines give the same bytes."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"title": SHEET, "created": _NO_DAY})
    head = book.add_format({"bold": True, "border": 1, "bg_color": "#E7EEF7", "align": "center"})
    text = book.add_format({"num_format": "@"})
    sheet = book.add_worksheet(SHEET)
    sheet.set_paper(9)  # A4
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.freeze_panes(1, 1)
    heads = (NAME, PROGRAMME, YEAR, *(f"{month}月" for month in MONTHS))
    for place, title in enumerate(heads):
        sheet.set_column(place, place, _WIDTHS[place] if place < len(_WIDTHS) else 11, text)
        sheet.write_string(0, place, title, head)
    for row, line in enumerate(lines, start=1):
        days = (line.days[month].isoformat() if month in line.days else "" for month in MONTHS)
        named = programmes.get(line.programme, line.programme)
        for place, value in enumerate((line.organisation, named, str(line.year), *days)):
            if value:
                sheet.write_string(row, place, printable(value), text)
    notes = book.add_worksheet("填写说明")
    notes.set_column(0, 0, 100)
    for row, note in enumerate(_NOTES):
        notes.write_string(row, 0, note)
    book.close()
    return out.getvalue()


def read_months(content: bytes, *, programmes: Mapping[str, str]) -> MonthlyReading | Reason:
    """The months of a workbook's first sheet that has the heads; a Reason when there is none."""
    sheets = workbook_sheets(content)
    if isinstance(sheets, Reason):
        return sheets
    for sheet in sheets:
        head = _head(sheet.lines)
        if head is not None:
            return _Reader(sheet.lines, head, programmes).read()
    return Reason(
        N_("No table is found: its heads must be %(heads)s."), values={"heads": f"{NAME}、{PROGRAMME}、{YEAR}"}
    )


def _plain(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def _head(lines: Sequence[Sequence[WorkbookCell]]) -> int | None:
    for row, line in enumerate(lines[:_HEAD_WITHIN]):
        if {NAME, PROGRAMME, YEAR} <= {_plain(cell.text) for cell in line}:
            return row
    return None


class _Reader:
    """One table: its heads say which column is what."""

    def __init__(self, lines: Sequence[Sequence[WorkbookCell]], head: int, programmes: Mapping[str, str]) -> None:
        self._lines, self._head = lines, head
        self._named = {normalised_name(name): key for key, name in programmes.items()}
        self._named |= {key: key for key in programmes}
        self._problems: list[MonthProblem] = []
        self._columns: dict[str, int] = {}
        self._months: dict[int, int] = {}

    def read(self) -> MonthlyReading:
        self._read_heads()
        months = [month for row in range(self._head + 1, len(self._lines)) for month in self._read_row(row)]
        if len(months) > MOST_ROWS * len(MONTHS):
            months, text = (
                [],
                N_("The workbook is too large: delete empty rows and columns beyond the table, and other sheets."),
            )
            self._problems = [MonthProblem("", Reason(text))]
        return MonthlyReading(tuple(months), tuple(self._problems))

    def _read_heads(self) -> None:
        for place, cell in enumerate(self._lines[self._head]):
            text = _plain(cell.text)
            found = _MONTH.fullmatch(text)
            if text in {NAME, PROGRAMME, YEAR}:
                self._columns.setdefault(text, place)
            elif found and int(found[1]) in MONTHS and int(found[1]) not in self._months:
                self._months[int(found[1])] = place
            elif "月" in text:
                self._say(self._head, place, N_("This column is no month, or a month for the second time."))

    def _say(self, row: int, column: int, text: str) -> None:
        self._problems.append(MonthProblem(place_name(row, column), Reason(text)))

    def _read_row(self, row: int) -> Iterator[MonthRead]:
        line = self._lines[row]
        given = {month: place for month, place in self._months.items() if cell_at(line, place).text.strip()}
        if not given:
            return
        name = cell_at(line, self._columns[NAME]).text.strip()
        programme = self._named.get(normalised_name(cell_at(line, self._columns[PROGRAMME]).text))
        year = _YEAR.fullmatch(_plain(cell_at(line, self._columns[YEAR]).text))
        if not name:
            self._say(row, self._columns[NAME], N_("The organisation's name is missing."))
        if programme is None:
            self._say(row, self._columns[PROGRAMME], N_("There is no programme of this name."))
        if year is None:
            self._say(row, self._columns[YEAR], N_("This is no year."))
        if not name or programme is None or year is None:
            return
        for month, place in sorted(given.items()):
            day = parse(_DAY, cell_at(line, place).text)
            if isinstance(day, Reason):
                self._problems.append(MonthProblem(place_name(row, place), day))
                continue
            at = place_name(row, place)
            yield MonthRead(at, name, programme, int(year[1]), month, date.fromisoformat(day))
