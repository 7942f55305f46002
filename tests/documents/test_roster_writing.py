"""Rosters out: the notice's layout, safe cells, and read back as they were."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence

import docx
import pytest
from docx.oxml.ns import qn
from python_calamine import CalamineWorkbook
from roster_builders import (
    BASE_HEADS,
    BASE_TITLE,
    PLATFORM_HEADS,
    PLATFORM_TITLE,
    member,
    notice_rows,
    printed,
)

from hbreview.documents.roster_reading import read_roster
from hbreview.documents.roster_writing import PrintedRow, roster_csv, roster_docx, roster_xlsx
from hbreview.documents.spreadsheet_cells import plain_cell, safe_cell

ROWS = notice_rows()
PRINTED = printed(ROWS)
WRITERS = {"csv": roster_csv, "xlsx": roster_xlsx, "docx": roster_docx}
DANGEROUS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "＋1", "－1", "＠1", '"=1', " =1", "  +1",
    "'=1", "''-1", '=HYPERLINK("http://x","y")',
]  # fmt: skip

Writer = Callable[[Sequence[PrintedRow]], bytes]


def one(name: str, site: str = "") -> PrintedRow:
    return PrintedRow("base" if site else "platform", "tangshan", "唐山", name, site, False)


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("programmes", [("platform", "base"), ("platform",), ("base",)])
def test_what_is_written_is_read_back(ending: str, programmes: tuple[str, ...]) -> None:
    rows = tuple(row for row in ROWS if row.programme in programmes)

    reading = read_roster(WRITERS[ending](printed(rows)), filename=f"roster.{ending}")

    assert (reading.rows, reading.problems) == (rows, ())


@pytest.mark.parametrize("ending", WRITERS)
def test_numbers_run_over_all_regions_whatever_the_order_of_the_programmes(ending: str) -> None:
    mixed = [*PRINTED[70:75], *PRINTED[:14], *PRINTED[75:]]

    reading = read_roster(WRITERS[ending](mixed), filename=f"roster.{ending}")

    assert [row.seq for row in reading.rows] == [*range(1, 15), *range(1, 70)]


@pytest.mark.parametrize("ending", WRITERS)
def test_an_empty_roster_is_still_a_file(ending: str) -> None:
    assert WRITERS[ending]([])


def test_csv_has_a_mark_and_windows_line_ends() -> None:
    data = roster_csv(PRINTED, year=2019)
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))

    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == data.count(b"\n") == 140
    assert lines[0] == ["类别", "序号", "地区", "单位名称", "基地名称", "国家级"]
    assert lines[1] == ["示范平台", "1", "石家庄", "河北省电子信息产品监督检验院", "", "是"]
    assert lines[72] == ["示范基地", "2", "石家庄", "河北方大科技股份有限公司", "河北方大科技股份有限公司", "否"]


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_cell_of_a_csv_is_a_formula(text: str) -> None:
    data = roster_csv([PrintedRow("base", "tangshan", text, text, text, False)])
    line = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))[1]

    assert line[2:5] == [f"'{text}"] * 3
    assert plain_cell(line[3]) == text


@pytest.mark.parametrize("text", ["甲公司", "甲=乙", "", "'甲'", "唐山市“互联网+双创中心”", "e 谷创客空间"])
def test_a_harmless_cell_stays_as_it_is(text: str) -> None:
    assert safe_cell(text) == plain_cell(text) == text


@pytest.mark.parametrize("text", ["=1+1", "＝1", "-1", "@x", '"=1', "{=1}", "http://x.cn", "'=1", "''=1"])
@pytest.mark.parametrize("ending", WRITERS)
def test_a_dangerous_name_is_read_back_as_it_was(text: str, ending: str) -> None:
    reading = read_roster(WRITERS[ending]([one(text, site=text)]), filename=f"a.{ending}")

    assert [(row.organisation, row.site_name) for row in reading.rows] == [(text, text)]


@pytest.mark.parametrize("text", [*DANGEROUS, "{=1}"])
def test_no_cell_of_a_sheet_is_a_formula(text: str) -> None:
    rows = [PrintedRow("base", "tangshan", text, text, text, False)] * 2

    sheet = member(roster_xlsx(rows), "xl/worksheets/sheet1.xml")

    assert b"<f" not in sheet
    for place in (b"B3", b"C3", b"D3", b"C4", b"D4"):
        assert re.search(rb'<c r="' + place + rb'"[^>]* t="s">', sheet)
    assert re.search(rb'<c r="A4"[^>]*><v>2</v>', sheet)


@pytest.mark.parametrize("ending", ["docx", "xlsx"])
def test_control_characters_do_not_break_the_file(ending: str) -> None:
    reading = read_roster(WRITERS[ending]([one("甲\x00\x0b\n公\ud800司")]), filename=f"a.{ending}")

    assert reading.rows[0].organisation == "甲公司"


def test_excel_has_the_notices_titles_heads_and_merged_regions() -> None:
    book = CalamineWorkbook.from_filelike(io.BytesIO(roster_xlsx(PRINTED, year=2019)))
    platforms, bases = (book.get_sheet_by_name(name) for name in book.sheet_names)
    lines, others = platforms.to_python(), bases.to_python()

    assert book.sheet_names == ["示范平台", "示范基地"]
    assert (lines[0][0], lines[1]) == (PLATFORM_TITLE, PLATFORM_HEADS)
    assert (others[0][0], others[1]) == (BASE_TITLE, BASE_HEADS)
    assert lines[2:4] == [
        [1, "石家庄", "河北省电子信息产品监督检验院 （国家）"],
        [2, "", "中国电子科技集团公司第五十四研究所 （国家）"],
    ]
    assert others[2][2] == "方亿科技企业孵化器有限公司（国家级）"
    assert ((2, 1), (13, 1)) in platforms.merged_cell_ranges
    assert sum(1 for line in lines[2:] if line[1]) == 13


def test_word_has_the_notices_titles_heads_and_merged_regions() -> None:
    document = docx.Document(io.BytesIO(roster_docx(PRINTED, year=2019)))
    platforms, bases = document.tables

    assert [p.text for p in document.paragraphs if p.text] == [PLATFORM_TITLE, BASE_TITLE]
    assert [cell.text for cell in platforms.rows[0].cells] == PLATFORM_HEADS
    assert [cell.text for cell in bases.rows[0].cells] == BASE_HEADS
    assert [cell.text for cell in platforms.rows[1].cells] == ["1", "石家庄", "河北省电子信息产品监督检验院 （国家）"]
    assert platforms.cell(1, 1)._tc is platforms.cell(12, 1)._tc
    assert platforms.cell(12, 1)._tc is not platforms.cell(13, 1)._tc
    assert bases.cell(1, 2).text == "方亿科技企业孵化器有限公司（国家级）"


def test_word_names_chinese_fonts_and_repeats_the_heads() -> None:
    document = docx.Document(io.BytesIO(roster_docx(PRINTED, year=2019)))
    body = document.element.body
    fonts = [fonts.get(qn("w:eastAsia")) for fonts in body.iter(qn("w:rFonts"))]

    assert fonts.count("方正小标宋简体") == 2
    assert set(fonts) == {"方正小标宋简体", "仿宋_GB2312"}
    assert len(fonts) == len(list(body.iter(qn("w:r"))))
    assert len(list(body.iter(qn("w:tblHeader")))) == 2


def test_the_year_is_told_in_the_properties() -> None:
    document = docx.Document(io.BytesIO(roster_docx(PRINTED[:70], year=2019)))

    assert document.core_properties.title == f"{PLATFORM_TITLE}（2019年）"
    assert "2019" in member(roster_xlsx(PRINTED, year=2019), "docProps/core.xml").decode()
