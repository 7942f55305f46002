"""The notice's rosters against the data set's own numbers, and one roster in every form that people send."""

from __future__ import annotations

import csv
import io
from collections import Counter
from zipfile import ZipFile

import pytest

from hbreview.documents.roster_reading import RosterRow, RosterUnreadableError, read_roster
from hbreview.documents.roster_writing import PrintedRow, roster_csv, roster_docx, roster_xlsx
from hbreview.programmes.loader import regions
from tests.documents.roster_builders import (
    BASE_HEADS,
    BASE_TITLE,
    PLATFORM_HEADS,
    PLATFORM_TITLE,
    cells,
    docx_of,
    notice_bytes,
    notice_rows,
    printed,
    rows_of_data,
    xlsx_of,
)

# The domain README's table: platforms (national), bases (national).
COUNTS = {
    "石家庄市": (12, 7, 9, 2),
    "承德市": (1, 0, 2, 0),
    "张家口市": (5, 1, 3, 0),
    "秦皇岛市": (6, 0, 5, 1),
    "唐山市": (10, 3, 13, 1),
    "廊坊市": (4, 2, 5, 0),
    "保定市": (7, 0, 12, 2),
    "沧州市": (5, 0, 3, 1),
    "衡水市": (6, 2, 3, 0),
    "邢台市": (4, 0, 3, 0),
    "邯郸市": (6, 0, 8, 3),
    "定州市": (3, 0, 3, 1),
    "雄安新区": (1, 0, 0, 0),
}
WRITERS = {"csv": roster_csv, "xlsx": roster_xlsx, "docx": roster_docx}


def _of(rows: tuple[RosterRow, ...], programme: str) -> tuple[RosterRow, ...]:
    return tuple(row for row in rows if row.programme == programme)


def test_notice_as_printed_gives_exactly_the_rows_of_both_tables() -> None:
    reading = read_roster(notice_bytes(), filename="notice.txt")

    assert not reading.problems
    assert reading.rows == rows_of_data("platform") + rows_of_data("base")


def test_notice_by_region_has_the_counts_of_the_domain_readme() -> None:
    rows = notice_rows()
    total = Counter((row.region, row.programme) for row in rows)
    national = Counter((row.region, row.programme) for row in rows if row.national)

    def counts(key: str) -> tuple[int, int, int, int]:
        return total[key, "platform"], national[key, "platform"], total[key, "base"], national[key, "base"]

    found = {region.name.zh.replace("河北雄安", "雄安"): counts(region.key) for region in regions()}
    assert found == COUNTS | {"辛集市": (0, 0, 0, 0)}
    assert [sum(column) for column in zip(*found.values(), strict=True)] == [70, 15, 69, 11]


@pytest.mark.parametrize("merged", [True, False], ids=["merged", "blank"])
@pytest.mark.parametrize("ending", ["docx", "xlsx"])
def test_office_roster_with_regions_merged_or_blank_is_read_like_the_notice(ending: str, merged: bool) -> None:
    rows = notice_rows()
    platforms = [PLATFORM_HEADS, *cells(_of(rows, "platform"))]
    bases = [BASE_HEADS, *cells(_of(rows, "base"))]
    if ending == "docx":
        data = docx_of((PLATFORM_TITLE, platforms), (BASE_TITLE, bases), merged=merged)
    else:
        data = xlsx_of({"平台": platforms, "基地": bases}, merged=merged)

    reading = read_roster(data, filename=f"名单.{ending}")

    assert not reading.problems
    assert [(r.programme, r.region, r.organisation, r.site_name, r.national) for r in reading.rows] == [
        (r.programme, r.region, r.organisation, r.site_name, r.national) for r in rows
    ]


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig"])
def test_csv_as_chinese_excel_saves_it_is_read(encoding: str) -> None:
    rows = _of(notice_rows(), "base")
    out = io.StringIO()
    csv.writer(out).writerows([BASE_HEADS, *cells(rows)])

    assert read_roster(out.getvalue().encode(encoding), filename="基地.csv").rows == rows


@pytest.mark.parametrize(
    ("printed_name", "name", "national"),
    [
        ("甲公司 （国家）", "甲公司", True),
        ("甲公司（国家 ）", "甲公司", True),
        ("甲公司(国家级）", "甲公司", True),
        ("甲公司\n（国家级）", "甲公司", True),
        ("数字家居（唐山）有限公司", "数字家居（唐山）有限公司", False),
        ("数字家居（唐山）有限公司（国家级）", "数字家居（唐山）有限公司", True),
        ("太库（香河）公司", "太库（香河）公司", False),
        ("（国家）甲公司", "（国家）甲公司", False),
        ("鹿岛 V 谷科技园", "鹿岛 V 谷科技园", False),
        ("大营.西亚皮革城", "大营.西亚皮革城", False),
        ("恒诚·知谷孵化器", "恒诚·知谷孵化器", False),
    ],
)
def test_name_with_a_marker_or_brackets_of_its_own_is_read_right(printed_name: str, name: str, national: bool) -> None:
    data = docx_of((PLATFORM_TITLE, [PLATFORM_HEADS, ["1", "唐山", printed_name]]))

    (row,) = read_roster(data, filename="r.docx").rows

    assert (row.organisation, row.national) == (name, national)


@pytest.mark.parametrize("ending", ["docx", "xlsx", "txt", "csv"])
@pytest.mark.parametrize("data", [b"", b"\0" * 64, b"PK\x03\x04 cut off", "没有表格".encode()])
def test_damaged_file_is_refused_with_a_reason(ending: str, data: bytes) -> None:
    with pytest.raises(RosterUnreadableError) as caught:
        read_roster(data, filename=f"名单.{ending}")
    assert caught.value.reason.message


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=cmd|' /C calc'!A0", '=HYPERLINK("x")'])
def test_name_that_looks_like_a_formula_is_written_as_text(text: str) -> None:
    row = PrintedRow("platform", "tangshan", "唐山", text, "", national=False)

    line = list(csv.reader(io.StringIO(roster_csv([row]).decode("utf-8-sig"))))[1]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in line)
    with ZipFile(io.BytesIO(roster_xlsx([row]))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet


@pytest.mark.parametrize("ending", WRITERS)
def test_roster_written_and_read_again_is_the_same(ending: str) -> None:
    rows = notice_rows()

    reading = read_roster(WRITERS[ending](printed(rows)), filename=f"名单.{ending}")

    assert not reading.problems
    assert [(r.programme, r.seq, r.region, r.organisation, r.site_name, r.national) for r in reading.rows] == [
        (r.programme, r.seq, r.region, r.organisation, r.site_name, r.national) for r in rows
    ]
