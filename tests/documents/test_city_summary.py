"""The city's table: read back as it was, figures as figures, texts never as formulas, on a page it fits."""

from __future__ import annotations

import dataclasses
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

import docx
import pytest
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn
from python_calamine import CalamineWorkbook

from hbreview.documents.city_summary import Summary, SummaryRow, summary_docx, summary_xlsx, totals
from hbreview.words import Label

PLATFORM, BASE = Label("示范平台", "Platform"), Label("示范基地", "Base")
REVIEWED, DRAFT = Label("市级已审核", "City reviewed"), Label("草稿", "Draft")
HEADS = [
    "序号", "单位名称", "基地名称", "类别", "状态", "申报版本", "提交日期", "审核意见", "盖章日期", "未解决意见",
    "提示", "逾期", "得分",
]  # fmt: skip
DONE = SummaryRow(
    1, "河北䶮㛃𠮷信息服务有限公司", "", PLATFORM, REVIEWED, 3, date(2026, 2, 27), "材料齐全，\n情况属实。",
    date(2026, 3, 1), 0, 2, False, Decimal("88.50"),
)  # fmt: skip
UNBEGUN = SummaryRow(2, "保定创业园", "小微企业双创基地", BASE, DRAFT, None, None, "", None, 4, None, True, None)
SUMMARY = Summary(
    "2026年度示范平台（基地）审核汇总表",
    Label("石家庄市", "Shijiazhuang"),
    "2026年度评价",
    date(2026, 3, 5),
    (DONE, UNBEGUN),
)
LINES = (
    "合计2家。类别：示范平台1家、示范基地1家。状态：市级已审核1家、草稿1家。",
    "已审核1家，共2家；逾期1家；未解决意见4条。",
)
DANGEROUS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1", "＋1", "－1", "＠1", '"=1', " =1", "'=1", "{=1}",
    '=HYPERLINK("http://x","y")', "http://x.cn", "{{7*7}}", "<b>&amp;]]>", "_x0041_",
]  # fmt: skip
WRITERS = pytest.mark.parametrize("write", [summary_xlsx, summary_docx], ids=["xlsx", "docx"])

Writer = Callable[[Summary], bytes]


def of(*rows: SummaryRow) -> Summary:
    return dataclasses.replace(SUMMARY, rows=rows)


def named(text: str) -> Summary:
    return of(dataclasses.replace(DONE, organisation=text, site=text, opinion=text))


def sheet_lines(content: bytes) -> Sequence[Sequence[object]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return book.get_sheet_by_name("汇总表").to_python(skip_empty_area=False)


def document_of(content: bytes) -> docx.document.Document:
    return docx.Document(io.BytesIO(content))


def table_lines(content: bytes) -> list[list[str]]:
    (table,) = document_of(content).tables
    return [[cell.text for cell in row.cells] for row in table.rows]


def part(content: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name).decode()


def test_the_workbook_says_everything_and_figures_are_figures() -> None:
    lines = sheet_lines(summary_xlsx(SUMMARY))

    assert lines[0][0] == SUMMARY.title
    assert lines[1][0] == "石家庄市    2026年度评价    制表日期：2026年3月5日"
    assert lines[2] == HEADS
    assert lines[3] == [
        1, DONE.organisation, "", "示范平台", "市级已审核", 3, "2026-02-27", DONE.opinion, "2026-03-01", 0, 2, "", 88.5,
    ]  # fmt: skip
    assert lines[4] == [2, "保定创业园", "小微企业双创基地", "示范基地", "草稿", "", "", "", "", 4, "", "是", ""]
    assert (lines[5][0], lines[6][0]) == LINES
    assert [text for text in lines[-1] if text] == ["负责人（签字）：", "单位（盖章）：", "年    月    日"]


def test_the_document_says_everything() -> None:
    content = summary_docx(SUMMARY)
    texts = [paragraph.text for paragraph in document_of(content).paragraphs]

    assert table_lines(content) == [
        HEADS,
        ["1", DONE.organisation, "", "示范平台", "市级已审核", "3", "2026-02-27", DONE.opinion, "2026-03-01", "0", "2",
         "", "88.50"],
        ["2", "保定创业园", "小微企业双创基地", "示范基地", "草稿", "", "", "", "", "4", "", "是", ""],
    ]  # fmt: skip
    assert texts == [
        SUMMARY.title,
        "石家庄市    2026年度评价    制表日期：2026年3月5日",
        *LINES,
        "负责人（签字）：\t单位（盖章）：\t年    月    日",
    ]


def test_the_lines_of_totals() -> None:
    more = [dataclasses.replace(UNBEGUN, programme=PLATFORM, open_comments=1, overdue=False)] * 3

    assert totals((DONE, UNBEGUN)) == LINES
    assert totals((DONE, *more)) == (
        "合计4家。类别：示范平台4家。状态：市级已审核1家、草稿3家。",
        "已审核1家，共4家；逾期0家；未解决意见3条。",
    )
    assert totals(()) == ("合计0家。", "已审核0家，共0家；逾期0家；未解决意见0条。")


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_text_of_a_workbook_is_a_formula(text: str) -> None:
    content = summary_xlsx(dataclasses.replace(named(text), title=text, round_title=text))
    sheet = part(content, "xl/worksheets/sheet1.xml")

    assert not re.search(r"<f[ >]", sheet)
    for place in ("A1", "A2", "B4", "C4", "H4"):
        assert re.search(rf'<c r="{place}"[^>]* t="s">', sheet)
    assert "hyperlink" not in sheet
    line = sheet_lines(content)[3]
    if text != "_x0041_":  # the reader of this test does not undo what Excel does
        assert (line[1], line[2], line[7]) == (text, text, text)


@pytest.mark.parametrize("text", DANGEROUS)
def test_texts_of_a_document_are_read_back_as_they_were(text: str) -> None:
    line = table_lines(summary_docx(named(text)))[1]

    assert (line[1], line[2], line[7]) == (text, text, text)


def test_negative_and_long_figures_stay_figures() -> None:
    lines = sheet_lines(summary_xlsx(of(dataclasses.replace(DONE, total=Decimal("-12.30"), open_comments=123456))))

    assert (lines[3][12], lines[3][9]) == (-12.3, 123456)
    assert table_lines(summary_docx(of(dataclasses.replace(DONE, total=Decimal("1E+2")))))[1][12] == "100"


@WRITERS
def test_control_characters_do_not_break_the_file(write: Writer) -> None:
    content = write(dataclasses.replace(named("甲\x00\x0b公\ud800司\ufffe"), title="表\x00\x1b"))
    cells = sheet_lines(content)[3] if write is summary_xlsx else table_lines(content)[1]

    assert (cells[1], cells[7]) == ("甲公司", "甲公司")


@pytest.mark.parametrize(
    ("opinion", "size"),
    [("字" * 60, 9), ("字" * 2000, 7), ("字\n" * 60, 5), ("字" * 9000, 5)],
)
def test_a_long_opinion_is_whole_and_its_row_no_higher_than_a_sheet_has(opinion: str, size: int) -> None:
    content = summary_xlsx(of(dataclasses.replace(DONE, opinion=opinion), UNBEGUN))
    sheet, styles = part(content, "xl/worksheets/sheet1.xml"), part(content, "xl/styles.xml")
    (row,) = re.findall(r'<row r="4"[^>]*>', sheet)
    height = re.search(r' ht="([\d.]+)"', row)
    (style,) = re.findall(r'<c r="H4" s="(\d+)"', sheet)
    fonts = re.findall(r'<sz val="([\d.]+)"/>', styles)
    looks = re.findall(r'<xf [^>]*fontId="(\d+)"', styles.partition("<cellXfs")[2])

    assert sheet_lines(content)[3][7] == opinion
    assert float(fonts[int(looks[int(style)])]) == size
    # Without a height a row takes what its texts need; a spreadsheet has no row above 409 points.
    assert (height is None) == (size == 9)
    assert height is None or 100 < float(height[1]) <= 409
    assert table_lines(summary_docx(of(dataclasses.replace(DONE, opinion=opinion))))[1][7] == opinion


def test_the_sheet_is_landscape_a4_on_one_pages_width_with_its_head_on_each() -> None:
    content = summary_xlsx(SUMMARY)
    sheet, book = part(content, "xl/worksheets/sheet1.xml"), part(content, "xl/workbook.xml")
    (page,) = re.findall(r"<pageSetup [^>]*/>", sheet)
    widths = [float(width) for width in re.findall(r'<col [^>]*width="([\d.]+)"', sheet)]

    assert 'paperSize="9"' in page and 'orientation="landscape"' in page and 'fitToHeight="0"' in page
    assert "<fitToPage" in sheet or "fitToPage=" in sheet
    assert "汇总表!$3:$3" in book and "汇总表!$A$1:$M$9" in book
    assert len(sheet_lines(content)) == 9  # the print area has all of it
    # On paper the signs are no smaller than four fifths of their size.
    assert sum(widths) * 1.9 * 0.8 < 297 - 20


def test_the_document_is_landscape_a4_and_its_table_fits_with_its_head_on_each_page() -> None:
    document = document_of(summary_docx(SUMMARY))
    section, (table,) = document.sections[0], document.tables
    width, height, left, right = section.page_width, section.page_height, section.left_margin, section.right_margin
    assert width and height and left and right
    room = width - left - right

    assert section.orientation == WD_ORIENT.LANDSCAPE
    assert (round(width.mm), round(height.mm)) == (297, 210)
    for row in table.rows:
        assert sum(cell.width for cell in row.cells) <= room
    assert sum(column.width for column in table.columns) <= room
    assert [len(list(row._tr.iter(qn("w:tblHeader")))) for row in table.rows] == [1, 0, 0]
    assert not list(document.element.body.iter(qn("w:cantSplit")))  # else a long opinion would be cut
    fonts = [fonts.get(qn("w:eastAsia")) for fonts in document.element.body.iter(qn("w:rFonts"))]
    assert set(fonts) == {"方正小标宋简体", "仿宋_GB2312"} and fonts.count("方正小标宋简体") == 1


def test_an_empty_table_is_still_a_file() -> None:
    assert sheet_lines(summary_xlsx(of()))[3][0] == "合计0家。"
    assert table_lines(summary_docx(of())) == [HEADS]


@WRITERS
def test_the_same_table_gives_the_same_bytes_at_any_hour(write: Writer) -> None:
    content = write(SUMMARY)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        hours = {member.date_time for member in archive.infolist()}
    (made,) = set(re.findall(r"<dcterms:created[^>]*>(\d+)-", part(content, "docProps/core.xml")))

    assert write(dataclasses.replace(SUMMARY)) == content
    assert write(of(UNBEGUN)) != content
    assert hours == {(1980, 1, 1, 0, 0, 0)}
    assert int(made) < 2020
