"""Texts that want to be something else in the papers of the later desks (I01, I02, I03; field case 44)."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree

import docx
import pytest
from python_calamine import CalamineWorkbook

from hbreview.documents.analysis_table import AnalysisRow, analysis_csv
from hbreview.documents.bundle import bundle
from hbreview.documents.decision_letter import decision_pdf
from hbreview.documents.form_writing import printable
from hbreview.documents.meeting_papers import meeting_docx, meeting_xlsx
from hbreview.documents.monthly_sheet import MonthlyLine, monthly_workbook, read_months
from hbreview.documents.programme_workbook import fields_xlsx, rewritten
from hbreview.documents.round_archive import read_archive, table_member
from hbreview.documents.score_sheet_file import PrintedMark, PrintedSheet, read_score_sheets, score_sheets_xlsx
from hbreview.documents.spreadsheet_cells import safe_cell
from hbreview.programmes import loader
from hbreview.programmes.examination import examined
from hbreview.programmes.schema import Programme
from hbreview.words import Reason
from tests.documents.pdf_reading import pdf_pages
from tests.documents.test_decision_letter import FACTS
from tests.documents.test_meeting_papers import organisation, papers

FORMULAS = [
    "=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＋1", "－1", "＠a", '"=1', " =1", "　=1", "{=SUM(A1)}",
    "=cmd|' /C calc'!A0", "'=1", "\n=1", "=HYPERLINK(\"http://a.example\")", "-", "+", "@",
]  # fmt: skip
ENGINES = [
    "{{7*7}}", "{% for x in y %}", "{{ cycler.__init__.__globals__ }}", "${7*7}", "#panic()", "$x$ *粗* _斜_ `码`",
    '#import "@preview/a:1.0.0"', "\\u{41}", "= 标题", "<标签> @引用", "// 注 /* 注 */", "~ -- --- ...", "[#1+1]",
    "https://a.example",
]  # fmt: skip
SPECIALS = [
    "<w:p/>&amp;<![CDATA[x]]>]]>", "]]></t>", "&lt;i&gt;'\"", "\x00\x01\x0b\x1f\x7f", "a\u202eb", "\ufffe\uffff",
    "𠮷䶮㛃",
    "e\u0301", "👩\u200d👩\u200d👧", "_x0041_", "a\r\nb\tc", "  两端 ",
]  # fmt: skip
TEXTS = [*FORMULAS, *ENGINES, *SPECIALS]
MEGABYTE = "甲" * 350_000
NAMES = {"platform": "中小企业公共服务示范平台", "base": "小型微型企业创业创新示范基地"}


def parts_of(content: bytes) -> dict[str, str]:
    """Each part of a package; every XML part is well-formed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    for name, part in found.items():
        if name.endswith((".xml", ".rels")):
            ElementTree.fromstring(part)
    return {name: part.decode("utf-8", "replace") for name, part in found.items()}


def cells_of(content: bytes) -> list[object]:
    """Every cell of every sheet; none is a formula or a link."""
    for name, part in parts_of(content).items():
        if "worksheets/sheet" in name:
            assert not re.search(r"<f[ >]|<hyperlink|<dataValidation [^>]*type=\"custom\"", part), name
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return [cell for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python() for cell in row]


def as_cell(text: str) -> str:
    """What a cell can hold of a text."""
    return printable(text)[:32_000]


def meeting_workbook(text: str) -> bytes:
    return meeting_xlsx(papers(organisation(text, said=text), title=text))


def score_sheet(text: str) -> bytes:
    mark = PrintedMark(1, text, "6", text, "5.0", text, "4.0", text)
    return score_sheets_xlsx([PrintedSheet(text, "sheet", 1, (mark,))])


def monthly(text: str) -> bytes:
    return monthly_workbook([MonthlyLine(text, "platform", 2019, {1: date(2019, 2, 8)})], programmes=NAMES)


WORKBOOKS: tuple[Callable[[str], bytes], ...] = (meeting_workbook, score_sheet, monthly)


@pytest.mark.parametrize("made", WORKBOOKS)
def test_each_text_is_a_string_in_each_workbook(made: Callable[[str], bytes]) -> None:
    """I01, I03: exact without what no XML holds, never a number or formula; a figure stays a figure."""
    for text in TEXTS:
        content, wanted = made(text), as_cell(text)
        cells = cells_of(content)
        assert not wanted.strip() or any(isinstance(c, str) and wanted.strip() in c for c in cells), (made, text)
        assert made is score_sheet or made(text) == content  # a score sheet says when it was made
    figures = [cell for cell in cells_of(meeting_workbook("=1")) if isinstance(cell, (int, float))]
    assert {88.5, 3.5, 4.25, 2} <= set(figures)


@pytest.mark.parametrize("made", WORKBOOKS)
def test_a_text_of_a_megabyte_leaves_a_workbook_that_opens(made: Callable[[str], bytes]) -> None:
    """I03: a cell holds 32,767 signs; what is longer is cut and not lost."""
    cells = cells_of(made(MEGABYTE))
    longest = max((cell for cell in cells if isinstance(cell, str)), key=len)
    assert 30_000 < len(longest) <= 32_767
    assert set(longest) <= {"甲", "…"} or longest.count("甲") > 30_000


def words_of(content: bytes) -> str:
    document = docx.Document(io.BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


@pytest.mark.parametrize("text", TEXTS)
def test_each_text_stands_literally_in_the_meetings_document(text: str) -> None:
    """I02, I03."""
    content = meeting_docx(papers(organisation(text, said=text), title=text))
    parts = parts_of(content)
    assert not [name for name in parts if "altChunk" in parts[name] or "attachedTemplate" in parts[name]]
    assert "INSTRTEXT" not in parts["word/document.xml"].upper().replace("W:", "")
    shown = " ".join(printable(text).split())
    assert shown in " ".join(words_of(content).split())


def test_a_megabyte_in_the_meetings_document() -> None:
    content = meeting_docx(papers(organisation("甲公司", said=MEGABYTE)))
    parts_of(content)
    assert "甲" * 1000 in words_of(content)


@pytest.mark.parametrize("text", [*ENGINES, *SPECIALS[:3], *SPECIALS[6:7], *FORMULAS[:4]])
def test_each_text_stands_literally_in_a_letter(text: str) -> None:
    """I02; field case 44: rare signs by their own fonts, nothing run by the typesetting."""
    facts = replace(FACTS, organisation=f"甲{text}乙", site=text, void_on=date(2026, 12, 1), void_reason=text)
    printed = "".join("".join(pdf_pages(decision_pdf(facts))).split())
    wanted = "".join(printable(text).split())
    assert f"甲{wanted}乙" in printed


@pytest.mark.parametrize("text", [SPECIALS[3], SPECIALS[4], SPECIALS[5], SPECIALS[8], MEGABYTE[:20_000]])
def test_a_letter_is_made_of_any_text(text: str) -> None:
    """I03: controls and marks without a width break nothing; a long text takes more pages."""
    facts = replace(FACTS, organisation=f"甲{text}乙", void_on=date(2026, 12, 1), void_reason=text)
    assert decision_pdf(facts).startswith(b"%PDF")


def rows_of(content: bytes) -> list[list[str]]:
    limit = csv.field_size_limit(8 * 1024 * 1024)
    try:
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    finally:
        csv.field_size_limit(limit)


def test_no_cell_of_a_csv_table_runs_and_figures_stay_figures() -> None:
    """I01: the analysis of scores."""
    figures = ["3", "-1.5", "-2.0", "0.0", "100.0", "-0.31", "0.0", "12.5"]
    lines = [AnalysisRow("platform", text, text, "1", text, "6", "%", figures) for text in TEXTS]
    found = rows_of(analysis_csv([*lines, AnalysisRow("base", MEGABYTE, "", "", "总分", "", "分", figures[:5])]))
    assert len(found) == len(TEXTS) + 2
    for text, row in zip(TEXTS, found[1:], strict=False):
        assert row[1] == row[2] == row[4] == safe_cell(text)
        assert not re.match(r"""[\t\r]|[\s"]*[=+\-@＝＋－＠]""", row[4]) or row[4].startswith("'")
        assert row[7:] == figures
    assert found[-1][1] == MEGABYTE
    assert {len(row) for row in found} == {15}


def test_an_archives_tables_run_nothing_and_come_back_as_they_were() -> None:
    """I01, I03: each cell of each text, and nothing at all; also a megabyte."""
    texts = [*TEXTS, MEGABYTE, "", "\\N", "\\", "'", "''=", "'\\N", "\\'=", "0", "0.00", "-12.50"]
    member = table_member("t", ["a", "b"], [[text, None] for text in texts])
    assert member.content is not None
    for row in rows_of(member.content)[1:]:
        assert not re.match(r"""[\t\r]|[\s"]*[=+\-@＝＋－＠]""", row[0])
    back = read_archive(bundle([member], facts={"format": 1})).tables["t"]
    assert [row["a"] for row in back] == texts
    assert {row["b"] for row in back} == {None}


def test_months_of_an_organisation_of_any_name_come_back() -> None:
    """D10: out and in again the same line; a name that is blank says nothing."""
    for text in TEXTS:
        reading = read_months(monthly(text), programmes=NAMES)
        assert not isinstance(reading, Reason)
        name = printable(text).strip()
        assert [(one.organisation, one.month, one.reported_on) for one in reading.months] == (
            [(name, 1, date(2019, 2, 8))] if name else []
        )


def test_marks_of_any_text_come_back_untouched() -> None:
    """D10: nobody typed, nothing is taken; whatever stands in the cells."""
    for text in TEXTS:
        found = read_score_sheets(score_sheet(text))
        assert not isinstance(found, Reason)
        assert [(one.sheet_id, one.version, one.cells) for one in found] == [("sheet", 1, ())]


@pytest.mark.thorough
def test_labels_of_any_text_are_cells_of_the_fields_workbook_and_come_back() -> None:
    """I01, D10: a programme's label that looks like a formula is text; the workbook gives the same programme."""
    text = loader.source_text("platform", 2019)
    known = re.search(r'key = "contact_person"\n(?:.*\n)*?label = \{ zh = "([^"]*)"', text)
    assert known
    for label in [
        one for one in (*FORMULAS, *ENGINES, *SPECIALS[:3], "𠮷䶮㛃") if one.strip() == one and '"' not in one
    ]:
        if "\\" in label or any(ord(sign) < 32 for sign in label):
            continue
        whole = known[0].replace(f'zh = "{known[1]}"', f'zh = "{label}"')
        changed = text.replace(known[0], whole, 1)
        programme = examined(changed)
        if not isinstance(programme, Programme):
            continue
        content = fields_xlsx(changed)
        assert label in cells_of(content), label
        assert rewritten(changed, content) == changed, label


def test_an_outcome_of_zero_is_a_figure_in_the_meetings_papers() -> None:
    """Field case 47: 0 is printed as 0, and no score as nothing."""
    zero = replace(organisation(), total=Decimal("0.0"), spread=Decimal("0.0"), deduction=Decimal("0.0"))
    row = replace(zero.rows[0], mean=Decimal("0.00"), points=(Decimal("0.0"), None))
    made = papers(replace(zero, rows=(row,)))
    book = CalamineWorkbook.from_filelike(io.BytesIO(meeting_xlsx(made)))
    assert book.get_sheet_by_name("示范平台排名").to_python()[3][3:5] == [0, 0]
    line = next(r for r in book.get_sheet_by_name("示范平台评分").to_python() if r[1] == "服务能力")
    assert line[3:6] == [0, 0, ""]
    document = docx.Document(io.BytesIO(meeting_docx(made)))
    ranked = next(t for t in document.tables if t.rows[0].cells[0].text == "名次")
    assert [cell.text for cell in ranked.rows[1].cells][3:5] == ["0.0", "0.0"]
