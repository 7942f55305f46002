"""The meeting's papers: figures are figures, texts are texts (I01, I02), experts have no names."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from decimal import Decimal

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from hbreview.documents.meeting_papers import (
    HEADS,
    ExpertRemark,
    IndicatorRow,
    MeetingOrganisation,
    MeetingPapers,
    MeetingProgramme,
    meeting_docx,
    meeting_xlsx,
)

D = Decimal
HOSTILE = (
    "{{7*7}}", "{% for x in y %}", "{{ cycler.__init__.__globals__ }}", "=1+1", "+1", "-1", "@a", "＝1+1", "\t=1",
    '"=1', " =1", "<w:p/>&amp;", "http://a.example", "{=SUM(A1)}",
)  # fmt: skip


def organisation(name: str = "甲公司", *, said: str = "属实", rank: int | None = 1) -> MeetingOrganisation:
    rows = (
        IndicatorRow(1, "服务能力", D("5"), D("4.25"), (D("4.5"), D("4.0"))),
        IndicatorRow(2, "服务成效", D("10"), D("7.0"), (D("7.0"), None)),
    )
    return MeetingOrganisation(
        rank=rank, organisation=name, city="石家庄市", total=D("88.5"), spread=D("3.5"), outcome="合格",
        flags=("表扬", "限2027年3月1日前整改"), reason=said, rows=rows, remarks=(ExpertRemark(2, 1, said),),
        deduction=D("2"), audit_differences=3, opinion=said,
    )  # fmt: skip


def papers(*organisations: MeetingOrganisation, title: str = "2019年度") -> MeetingPapers:
    waiting = MeetingOrganisation(None, "乙公司", "保定市", None, None, "不合格", (), "未按规定报送运营情况材料")
    programmes = (MeetingProgramme("示范平台", organisations), MeetingProgramme("示范基地", (waiting,)))
    return MeetingPapers(title, date(2026, 11, 29), False, programmes)


def book(made: MeetingPapers) -> dict[str, list[list[object]]]:
    """The rows of each sheet of the workbook."""
    found = CalamineWorkbook.from_filelike(io.BytesIO(meeting_xlsx(made)))
    return {name: found.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in found.sheet_names}


def part_of(made: MeetingPapers, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(meeting_xlsx(made))) as archive:
        return archive.read(name).decode()


def document_text(made: MeetingPapers) -> str:
    document = docx.Document(io.BytesIO(meeting_docx(made)))
    cells = (cell.text for table in document.tables for row in table.rows for cell in row.cells)
    return "\n".join((*(paragraph.text for paragraph in document.paragraphs), *cells))


def test_the_ranking_and_the_sheets_of_a_workbook() -> None:
    found = book(papers(organisation()))
    assert list(found) == ["示范平台排名", "示范平台评分", "示范基地排名", "示范基地评分"]
    ranking = found["示范平台排名"]
    assert ranking[2] == list(HEADS)
    assert ranking[3] == [1, "甲公司", "石家庄市", 88.5, 3.5, "合格", "表扬、限2027年3月1日前整改", "属实"]
    assert 'formatCode="0.0"' in part_of(papers(organisation()), "xl/styles.xml")
    values = found["示范平台评分"]
    heads = next(n for n, row in enumerate(values) if row[0] == "序号")
    assert values[heads][:6] == ["序号", "指标", "分值", "平均分", "专家1", "专家2"]
    assert values[heads + 1][:6] == [1, "服务能力", 5, 4.25, 4.5, 4]
    assert values[heads + 2][5] == ""
    assert values[heads + 3][:2] == ["专家2", "指标1：属实"]
    assert ["扣分", 2] in [row[1:3] for row in values]
    assert ["审计差异（项）", 3] in [row[1:3] for row in values]
    assert found["示范基地排名"][3][1] == "乙公司"
    assert found["示范基地评分"] == []


def test_a_document_has_a_page_for_each_that_was_scored() -> None:
    document = docx.Document(io.BytesIO(meeting_docx(papers(organisation(), organisation("丙公司", rank=2)))))
    assert len(document.tables) == 4
    assert [cell.text for cell in document.tables[2].rows[1].cells] == ["1", "服务能力", "5", "4.25", "4.5", "4.0"]
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    for part in (
        "2019年度运营情况评价评审会议材料",
        "制表日期：2026年11月29日",
        "第2名",
        "市级意见：属实",
        "专家2，指标1：属实",
    ):
        assert part in text
    breaks = [p.text for p in document.paragraphs if p.paragraph_format.page_break_before]
    assert breaks == ["甲公司", "丙公司"]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_wrote_stays_text(text: str) -> None:
    made = papers(organisation(text, said=text), title=text)
    written = document_text(made)
    assert written.count(" ".join(text.split())) >= 3
    content = meeting_xlsx(made)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheets = [archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
    assert not any(b"<f>" in sheet or b"<hyperlink" in sheet for sheet in sheets)
    assert book(made)["示范平台排名"][3][1] == text


@pytest.mark.thorough
@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60))
def test_any_text_gives_the_same_papers_twice(text: str) -> None:
    made = papers(organisation(text, said=text))
    assert meeting_docx(made) == meeting_docx(made)
    assert meeting_xlsx(made) == meeting_xlsx(made)
    docx.Document(io.BytesIO(meeting_docx(made)))
    book(made)


def test_papers_of_an_empty_round_are_made() -> None:
    made = MeetingPapers("空", date(2026, 1, 1), True, (MeetingProgramme("示范平台", ()),))
    assert len(book(made)["示范平台排名"]) == 3
    assert "评价结果已公示" in document_text(made)
