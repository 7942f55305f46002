"""The form as a Word document: the notice's rows, words and blanks, and nothing that a text could smuggle in."""

from __future__ import annotations

import io
import zipfile
from datetime import date

import docx
import pytest
from docx.document import Document
from docx.oxml.ns import qn

from hbreview.acts.imagining import imagine
from hbreview.documents.form_writing import SealedOpinion, form_docx, printable, printed
from hbreview.evaluation.computed import effective
from hbreview.programmes.loader import shipped

PLATFORM, BASE = shipped("platform", 2019), shipped("base", 2019)


def opened(content: bytes) -> Document:
    return docx.Document(io.BytesIO(content))


def rows(document: Document, table: int = 0) -> list[list[str]]:
    """The cells as they are in the file, each once."""
    return [
        ["\n".join("".join(t.text or "" for t in p.iter(qn("w:t"))) for p in cell.p_lst) for cell in row.tc_lst]
        for row in document.tables[table]._tbl.tr_lst
    ]


def lines(document: Document) -> list[str]:
    return [paragraph.text for paragraph in document.paragraphs if paragraph.text]


def test_an_empty_form_is_the_notices() -> None:
    document = opened(form_docx(PLATFORM, {}))

    assert lines(document)[:2] == ["全省中小企业公共服务示范平台运营情况表", "单位名称：    （盖章）\t单位：平方米"]
    found = rows(document)
    assert found[0] == ["一、基本情况"]
    assert found[1] == ["平台名称", "", "法人代表", "", "手  机", ""]
    assert found[6] == ["资产总额：    万元", "仪器、设备：    台/套，购买价格：    万元，占总资产：    %"]
    assert found[-1] == ["\n    年   月   日（盖章）"]
    assert len(found) == len(PLATFORM.layout.rows)


def test_an_empty_form_of_a_base_has_its_table_of_categories() -> None:
    document = opened(form_docx(BASE, {}))
    found = rows(document)

    assert lines(document)[1] == "单位名称（盖章）：\t单位：平方米、万元、家、人"
    assert found[13] == ["四、服务成效（截止到2019年12月31日）"]
    assert found[14][:3] == ["项目", "信息服务", "创业辅导"]
    assert found[15] == ["服务活动次数", *[""] * 8]
    assert found[-1] == ["\n    年   月  日(盖章）"]


@pytest.mark.parametrize("programme", [PLATFORM, BASE], ids=lambda programme: programme.key)
def test_cells_are_merged_over_all_columns(programme) -> None:  # type: ignore[no-untyped-def]  # a programme
    table = opened(form_docx(programme, {})).tables[0]._tbl

    widths = [[cell.grid_span for cell in row.tc_lst] for row in table.tr_lst]
    assert {sum(spans) for spans in widths} == {programme.layout.columns} == {len(table.tblGrid.gridCol_lst)}
    assert [
        spans == [cell.span for cell in row.cells] or bool(row.section)
        for spans, row in zip(widths, programme.layout.rows, strict=True)
    ] == [True] * len(widths)


def test_what_was_answered_stands_in_its_place() -> None:
    answers = effective(PLATFORM, imagine(PLATFORM, name="甲公司", site="", seed=1))
    answers |= {"total_assets": "123456789012345678.05", "enterprises_served_increase": "-12", "annual_rent": "0.00"}
    answers |= {"organization_type": "private_non_enterprise", "data_reported_on_time": "no"}

    found = rows(opened(form_docx(PLATFORM, answers)))

    assert found[2][:2] == ["单位性质", "民办非企业单位"]
    assert found[6][0] == "资产总额：123456789012345678.05万元"
    assert found[7][0].endswith("租金：0.00万元")
    assert found[14][1].startswith("较上一年度增长：-12家，")
    assert found[20][0] == "能否按时填报服务数据：否"


def test_supplementary_fields_stand_in_a_second_table() -> None:
    document = opened(form_docx(BASE, {"qualified_staff": "40", "welfare_or_low_fee_revenue": "1.50"}))

    assert "补充指标（省里增设）" in lines(document)
    assert rows(document, 1) == [
        ["大专以上（含）及中级职称以上（含）人员数", "40人"],
        ["上一年度服务企业数量", "    家"],
        ["公益性或低收费服务收入", "1.50万元"],
    ]


def test_the_citys_opinion_and_the_day_of_its_seal() -> None:
    answers = {"city_review_opinion": "旧", "city_review_date": "2020-01-01"}
    opinion = SealedOpinion("情况属实，\n同意。", date(2026, 3, 1))

    sealed = opened(form_docx(PLATFORM, answers, opinion=opinion)).tables[0].rows[-1].cells[0].text

    assert sealed == "情况属实，\n同意。\n2026年 3月 1日（盖章）"
    assert rows(opened(form_docx(PLATFORM, answers)))[-1] == ["旧\n2020年 1月 1日（盖章）"]
    assert rows(opened(form_docx(PLATFORM, answers, opinion=SealedOpinion("好"))))[-1] == [
        "好\n    年   月   日（盖章）"
    ]


def test_files_are_named_where_they_belong() -> None:
    files = {"development_plan": ["规划\x07.pdf", "目标\n.docx"], "organization_seal": ["盖章件.pdf"]}

    document = opened(form_docx(PLATFORM, {"development_plan": "见附件"}, attachments=files, remark="有两处说明"))

    assert rows(document)[18][0] == "平台发展规划和年度服务目标：（可后附）\n见附件\n附件：规划.pdf、目标 .docx"
    assert lines(document)[2] == "附件：盖章件.pdf"
    assert lines(document)[-1] == "备注：有两处说明"


@pytest.mark.parametrize(
    "text", ["{{7*7}}", "<w:p/>&amp;]]>", "{platform_name}", "䶮㛃𠮷", "=cmd|' /C calc'!A0", '"quotes"', "a\tb", "é①"]
)
def test_a_text_is_a_text(text: str) -> None:
    document = opened(form_docx(PLATFORM, {"platform_name": text}))

    assert document.tables[0].rows[1].cells[1].text == text


def test_what_no_xml_can_hold_is_left_out() -> None:
    held = "".join(map(chr, range(32))) + "\x7f\x85\ufffe\uffff\ud800甲"

    assert printable(held) == "\t\n\n甲"
    document = opened(form_docx(PLATFORM, {"development_plan": held}, remark=held))
    assert document.tables[0].rows[18].cells[0].text.endswith("\t\n\n甲")


def test_a_line_end_of_any_kind_is_one_line_end() -> None:
    assert printable("甲\r\n乙\r丙\n丁") == "甲\n乙\n丙\n丁"


def test_a_choice_that_is_no_longer_offered_is_printed_as_it_is() -> None:
    assert printed(PLATFORM.field("organization_type"), "guild") == "guild"


def test_the_paper_and_the_fonts() -> None:
    document = opened(form_docx(BASE, {}))
    section, title = document.sections[0], document.paragraphs[0].runs[0]

    margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    lengths = [section.page_width, section.page_height, *margins]
    assert [round(length.mm) for length in lengths if length is not None] == [210, 297, 37, 35, 28, 26]
    for element, font in ((title._element, "方正小标宋简体"), (document.styles["Normal"].element, "仿宋_GB2312")):
        fonts = element.rPr.rFonts
        assert {fonts.get(qn(name)) for name in ("w:eastAsia", "w:ascii", "w:hAnsi")} == {font}
    used = {element.get(qn("w:val")) for element in document.element.iter(qn("w:pStyle"), qn("w:tblStyle"))}
    assert used <= {style.style_id for style in document.styles}


def test_the_same_form_is_the_same_bytes() -> None:
    first, second = (form_docx(BASE, {"base_name": "甲"}, remark="乙") for _ in range(2))

    assert first == second
    assert first != form_docx(BASE, {"base_name": "丙"}, remark="乙")
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.testzip() is None
