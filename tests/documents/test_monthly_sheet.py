"""The workbook of monthly records: what is written is read again, and what is wrong is told by its cell."""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import Any

import pytest
import xlsxwriter

from hbreview.documents.monthly_sheet import MonthlyLine, MonthlyReading, monthly_workbook, read_months
from hbreview.words import Reason
from tests.documents.roster_builders import notice_rows

PROGRAMMES = {"platform": "中小企业公共服务示范平台", "base": "小型微型企业创业创新示范基地"}
HEADS = ["单位名称", "类别", "年度", "1月", "2月"]


def book(*rows: list[Any], before: int = 0) -> bytes:
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = made.add_worksheet("表")
    dated = made.add_format({"num_format": "yyyy-mm-dd"})
    for number, row in enumerate(rows, start=before):
        for place, value in enumerate(row):
            if isinstance(value, date):
                sheet.write_datetime(number, place, datetime(value.year, value.month, value.day), dated)  # noqa: DTZ001 - a day
            elif value != "":
                sheet.write(number, place, value)
    made.close()
    return out.getvalue()


def read(content: bytes) -> MonthlyReading:
    found = read_months(content, programmes=PROGRAMMES)
    assert isinstance(found, MonthlyReading), found
    return found


def test_what_is_written_is_read_again() -> None:
    lines = [
        MonthlyLine(
            row.organisation, row.programme, 2019, {month: date(2019, month, 28) for month in range(1, place % 13)}
        )
        for place, row in enumerate(notice_rows())
    ]
    content = monthly_workbook(lines, programmes=PROGRAMMES)
    assert content == monthly_workbook(lines, programmes=PROGRAMMES)
    found = read(content)
    assert not found.problems
    wanted = [(one.organisation, one.programme, 2019, m, day) for one in lines for m, day in sorted(one.days.items())]
    assert [(m.organisation, m.programme, m.year, m.month, m.reported_on) for m in found.months] == wanted


@pytest.mark.parametrize(
    "day", [date(2019, 2, 8), "2019-02-08", "2019/2/8", "2019.2.8", "2019年2月8日", " ２０１９-２-８ "]
)
def test_days_are_dates_or_text(day: object) -> None:
    (month,) = read(book(HEADS, ["甲公司", "platform", 2019, day])).months
    assert (month.place, month.month, month.reported_on) == ("D2", 1, date(2019, 2, 8))


@pytest.mark.parametrize(
    ("row", "place"),
    [
        (["", "platform", 2019, "2019-02-08"], "A2"), (["甲", "平台?", 2019, "2019-02-08"], "B2"),
        (["甲", "platform", "去年", "2019-02-08"], "C2"), (["甲", "platform", "", "2019-02-08"], "C2"),
        (["甲", "platform", 2019, "昨天"], "D2"), (["甲", "platform", 2019, "2019-02-30"], "D2"),
        (["甲", "platform", 2019, 43504], "D2"), (["甲", "platform", 2019, "", "8.2."], "E2"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_its_cell(row: list[Any], place: str) -> None:
    found = read(book(HEADS, row, ["乙", "base", "2019年", "2019-02-01", "2019-03-01"]))
    assert [problem.place for problem in found.problems] == [place]
    assert [(month.organisation, month.month) for month in found.months] == [("乙", 1), ("乙", 2)]


def test_heads_may_stand_lower_and_in_another_order_and_a_bad_month_is_told() -> None:
    heads = ["12月", "年 度", "单位名称", "13月", "类别", "备注", "12 月份"]
    content = book(heads, ["2020-01-05", 2019, "甲", "2020-01-05", PROGRAMMES["base"], "2020-01-05", ""], before=3)
    found = read(content)
    assert [(m.place, m.programme, m.month) for m in found.months] == [("A5", "base", 12)]
    assert [problem.place for problem in found.problems] == ["D4", "G4"]


def test_empty_rows_say_nothing() -> None:
    found = read(book(HEADS, [], ["甲", "platform", 2019], ["", "", "", ""]))
    assert (found.months, found.problems) == ((), ())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no", b"\xd0\xcf\x11\xe0", book(["序号", "名称"], [1, "甲"])])
def test_what_is_no_such_workbook_is_refused(content: bytes) -> None:
    assert isinstance(read_months(content, programmes=PROGRAMMES), Reason)


def test_names_are_text_and_never_formulas() -> None:
    lines = [MonthlyLine('=HYPERLINK("http://x")', "platform", 2019, {1: date(2019, 2, 1)})]
    found = read(monthly_workbook(lines, programmes=PROGRAMMES))
    assert found.months[0].organisation == '=HYPERLINK("http://x")'
