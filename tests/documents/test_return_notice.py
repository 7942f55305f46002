"""The notice of a return: all it says stands in Word and in PDF, in order, and what people wrote is only text."""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Callable
from datetime import date

import docx
import pytest
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm
from pdf_reading import NOT_DRAWN, pdf_pages

from hbreview.documents.return_notice import ReturnedComment, ReturnNotice, return_notice_docx, return_notice_pdf
from hbreview.words import Label

STAFF, ASSETS = Label("从业人员", "Staff"), Label("资产总额", "Total assets")
NOTICE = ReturnNotice(
    number="石家庄市〔2026〕第3号",
    organisation="河北䶮㛃𠮷科技有限公司",
    form_title=Label("全省中小企业公共服务示范平台运营情况表", "Operating status of demonstration platforms"),
    round_title="2026年度评价",
    city=Label("石家庄市", "Shijiazhuang"),
    revision=2,
    returned_on=date(2026, 3, 1),
    reason="服务数据与证明材料不一致",
    deadline=date(2026, 3, 20),
    comments=(
        ReturnedComment(4, Label("年服务企业数量", "Enterprises served"), "请核对名单。\n\n并附合同。", True, (STAFF,)),
        ReturnedComment(9, Label("公益服务活动", "Public events"), "请说明场次。"),
    ),
    open_fields=(STAFF, ASSETS),
    returned_by="石家庄市中小企业主管部门",
)
SAID = [
    "退回修改通知", "Notice of return for correction", "石家庄市〔2026〕第3号", "河北䶮㛃𠮷科技有限公司：",
    "《全省中小企业公共服务示范平台运营情况表》（2026年度评价，申报版本2），经审核需要修改，现予退回。",
    "Operating status of demonstration platforms, revision 2,", "退回理由：服务数据与证明材料不一致。",
    "请于2026年3月20日前修改后重新提交。需修改的内容共2项：", "2026-03-20", "1. 指标4　年服务企业数量（必须修改）",
    "Indicator 4: Enterprises served (must be mended)", "请核对名单。", "并附合同。", "涉及填报项：从业人员",
    "Fields: Staff", "2. 指标9　公益服务活动", "Indicator 9: Public events", "请说明场次。",
    "本次只开放下列填报项供修改：从业人员、资产总额。",
    "Open for mending are only: Staff; Total assets.", "石家庄市中小企业主管部门（盖章）", "2026年3月1日",
]  # fmt: skip
SIGNS = [
    "{{7*7}}", "{% for x in y %}", "#panic(1)", "$x$", "*a* _b_", "= b", "@c", "<d>&amp;", "`e`", "]]>", "\\u{41}",
    "//f", "- 一", "+ 二",
]  # fmt: skip

Reader = Callable[[ReturnNotice], str]


def plain(text: str) -> str:
    return re.sub(r"\s", "", text)


def pdf_text(notice: ReturnNotice) -> str:
    pages = pdf_pages(return_notice_pdf(notice))
    return "".join(page.removesuffix(f"{number}/{len(pages)}") for number, page in enumerate(pages, start=1))


def docx_text(notice: ReturnNotice) -> str:
    return "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(return_notice_docx(notice))).paragraphs)


BOTH = pytest.mark.parametrize("text_of", [pdf_text, docx_text], ids=["pdf", "docx"])


@BOTH
def test_the_letter_says_everything_in_order(text_of: Reader) -> None:
    text, place = plain(text_of(NOTICE)), 0

    for part in SAID:
        assert plain(part) in text[place:], part
        place = text.index(plain(part), place) + len(plain(part))
    assert place == len(text)  # the date is the last word
    assert NOT_DRAWN not in text and "U+" not in text


@BOTH
def test_a_whole_form_is_open_and_nothing_is_listed(text_of: Reader) -> None:
    text = plain(text_of(dataclasses.replace(NOTICE, comments=(), open_fields=(), reason="缺盖章页！")))

    assert "本次开放全部填报项供修改。" in text and "只开放" not in text
    assert "请按上述退回理由修改。" in text and "共0项" not in text and "指标" not in text
    assert "退回理由：缺盖章页！" in text and "！。" not in text


@BOTH
@pytest.mark.parametrize("sign", SIGNS)
def test_what_people_wrote_is_printed_as_it_is(text_of: Reader, sign: str) -> None:
    comments = (ReturnedComment(1, Label("指标", "x"), f"正文{sign}止"),)

    text = plain(
        text_of(dataclasses.replace(NOTICE, organisation=f"甲{sign}乙", reason=f"因{sign}果", comments=comments))
    )

    for part in (f"甲{sign}乙", f"因{sign}果", f"正文{sign}止"):
        assert plain(part) in text


@BOTH
def test_control_characters_are_left_out_everywhere(text_of: Reader) -> None:
    bad = "甲\x00\x0b\ud800\ufffe乙"
    comments = (ReturnedComment(1, Label("指标", "x"), bad, fields=(STAFF,)),)

    text = text_of(
        dataclasses.replace(NOTICE, organisation=bad, reason=bad, number=bad, returned_by=bad, comments=comments)
    )

    assert plain(text).replace("\ufffe", "").replace("［U+FFFE］", "").count("甲乙") == 5


def test_forty_comments_go_on_over_the_pages_and_lose_nothing() -> None:
    comments = tuple(
        ReturnedComment(
            number, STAFF, f"第{number}件起" + "核对" * 300 + f"第{number}件止", number % 2 == 0, (ASSETS,) * 5
        )
        for number in range(1, 41)
    )
    notice = dataclasses.replace(NOTICE, comments=comments)

    content = return_notice_pdf(notice)
    pages = pdf_pages(content)
    texts = {"pdf": pdf_text(notice), "docx": plain(docx_text(notice))}

    assert len(pages) > 10
    for kind, text in texts.items():
        places = [text.index(f"第{number}件{end}") for number in range(1, 41) for end in "起止"]
        assert places == sorted(places), kind
        assert text.count("核对") == 40 * 300, kind
        assert all(f"{number}.指标{number}" in text for number in range(1, 41)), kind


def test_a_head_is_not_left_alone_at_the_end_of_a_page() -> None:
    for lines in range(20, 32):
        comments = (
            ReturnedComment(1, STAFF, "\n".join(["一行"] * lines)),
            ReturnedComment(2, ASSETS, "下一条正文"),
        )
        pages = pdf_pages(return_notice_pdf(dataclasses.replace(NOTICE, comments=comments)))
        (headed,) = [page for page in pages if "2.指标2" in page]
        assert "下一条正文" in headed, lines


def test_word_has_the_paper_the_fonts_and_the_places_of_a_letter() -> None:
    document = docx.Document(io.BytesIO(return_notice_docx(NOTICE)))
    paragraphs = {paragraph.text: paragraph for paragraph in document.paragraphs}
    fonts = [fonts.get(qn("w:eastAsia")) for fonts in document.element.body.iter(qn("w:rFonts"))]

    assert len(fonts) == len(list(document.element.body.iter(qn("w:r"))))
    assert (fonts[0], set(fonts[1:])) == ("方正小标宋简体", {"仿宋_GB2312"})
    assert paragraphs["退回修改通知"].alignment == WD_ALIGN_PARAGRAPH.CENTER
    assert paragraphs["2026年3月1日"].alignment == WD_ALIGN_PARAGRAPH.RIGHT
    assert abs((document.sections[0].page_width or 0) - Mm(210)) < Mm(1)
    assert document.core_properties.title == "退回修改通知：河北䶮㛃𠮷科技有限公司"
    assert document.core_properties.author == ""


@pytest.mark.parametrize("write", [return_notice_pdf, return_notice_docx])
def test_the_same_notice_gives_the_same_bytes(write: Callable[[ReturnNotice], bytes]) -> None:
    assert write(NOTICE) == write(dataclasses.replace(NOTICE))
    assert write(NOTICE) != write(dataclasses.replace(NOTICE, revision=3))
