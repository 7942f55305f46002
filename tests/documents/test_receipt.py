"""The receipt as PDF, read back glyph by glyph, and what the typesetter may and may not do."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from pathlib import Path

import pytest
from pdf_reading import NOT_DRAWN, pdf_pages

from hbreview.documents.font_coverage import drawn_signs
from hbreview.documents.receipt import SHORT_DIGEST, ReceiptFacts, ReceiptFile, ReceiptRemark, receipt_pdf
from hbreview.documents.square_code import square_of
from hbreview.documents.typesetting import PAPERS, TypesettingError, typeset
from hbreview.words import Label

FONTS = Path(__import__("pylopdf_fonts_zh_cn").sans_path()).parent
DIGEST = hashlib.sha256("提交".encode()).hexdigest()
SHOW = '#import "house.typ": *\n#show: house.with(title: "x")\n#data.text'
FACTS = ReceiptFacts(
    organisation="河北䶮㛃信息服务有限公司",
    form_title=Label("全省中小企业公共服务示范平台运营情况表", "Operating status of demonstration platforms"),
    round_title=Label("2019年度评价", "Evaluation of 2019"),
    revision=3,
    submitted_at="2026-03-01 10:05:33",
    submitted_by="王建国",
    digest=DIGEST,
    address="https://pingjia.example.cn/confirm/8f2c1d7a9b0e4f55",
    field_count=52,
    declaration=Label("本单位承诺所填内容真实、准确、完整。", "What is stated is true, accurate and complete."),
    files=(ReceiptFile("审计报告（终稿）.pdf", DIGEST), ReceiptFile("a" * 200 + ".docx", DIGEST[::-1])),
    remarks=(
        ReceiptRemark("C12", "服务企业数量比上年增长85%。", "新增两个县区服务站。"),
        ReceiptRemark("C20", "收入偏高。"),
    ),
)


def shown(text: str, fonts: Path | None = None) -> str:
    (page,) = pdf_pages(typeset(SHOW, data={"text": text}, fonts=fonts))
    return page.removesuffix("1/1")


def test_the_receipt_says_everything_on_one_page() -> None:
    (page,) = pdf_pages(receipt_pdf(FACTS))

    for text in (
        "提交回执", FACTS.organisation, FACTS.form_title.zh, FACTS.round_title.zh, "申报版本3", "Revision3", "王建国",
        "2026-03-0110:05:33", DIGEST, FACTS.address, "52项指标，2个附件", FACTS.declaration.zh, "审计报告（终稿）.pdf",
        DIGEST[:16], "a" * 200 + ".docx", DIGEST[::-1][:16], "C12", "服务企业数量比上年增长85%。",
        "新增两个县区服务站。", "C20", "收入偏高。", "Receiptofsubmission",
    ):  # fmt: skip
        assert text in page
    assert NOT_DRAWN not in page


def test_it_bears_a_number_and_the_square_of_its_address() -> None:
    (page,) = pdf_pages(receipt_pdf(FACTS))

    assert f"回执编号Receiptnumber{DIGEST[:SHORT_DIGEST]}" in page
    assert "square(data.square" in (PAPERS / "receipt.typ").read_text(encoding="utf-8")
    assert square_of(FACTS.address) != square_of(FACTS.address[:-1] + "4")


def test_the_digest_stands_in_groups_of_four() -> None:
    source = re.sub(r"#let house\(.*", "", (PAPERS / "house.typ").read_text(encoding="utf-8"), flags=re.DOTALL)

    # Blanks are not drawn as glyphs of their own everywhere; the groups are counted where they are made.
    made = typeset(source + '#grouped(data.text).split(" ").len() groups', data={"text": DIGEST})

    assert pdf_pages(made) == ["16groups"]


def test_without_files_and_remarks_their_tables_are_not_there() -> None:
    (page,) = pdf_pages(receipt_pdf(dataclasses.replace(FACTS, files=(), remarks=())))

    assert "附件清单" not in page and "提示性校验" not in page
    assert "52项指标，0个附件" in page


def test_long_lists_go_on_to_more_pages_and_lose_nothing() -> None:
    files = tuple(ReceiptFile(f"第{number}号证明材料.pdf", DIGEST) for number in range(120))
    remarks = tuple(ReceiptRemark(f"C{number}", "提示" * 30, "说明" * 200) for number in range(20))

    pages = pdf_pages(receipt_pdf(dataclasses.replace(FACTS, files=files, remarks=remarks)))

    assert len(pages) > 4
    whole = "".join(re.sub(rf"{number}/{len(pages)}$", "", page) for number, page in enumerate(pages, start=1))
    assert all(f"第{number}号证明材料.pdf" in whole for number in range(120))
    assert FACTS.declaration.zh in whole
    assert sum(page.count("文件名称") for page in pages) > 1  # heads are repeated


def test_the_same_facts_give_the_same_bytes_and_others_do_not() -> None:
    assert receipt_pdf(FACTS) == receipt_pdf(FACTS)
    assert receipt_pdf(FACTS) != receipt_pdf(dataclasses.replace(FACTS, revision=4))
    assert b"CreationDate" not in receipt_pdf(FACTS)


@pytest.mark.parametrize(
    "text",
    [
        "#panic(1)", "*粗*_斜_", "$x^2$", "= 标题", "@ref", "<label>", "#sys.inputs.data", "`raw`", "\\u{41}", '"引"',
        "// 注释", "#import \"house.typ\"", "~", "---", "'", "{{7*7}}", "https://example.cn", "]", "#[", "- 一", "+ 二",
    ],
)  # fmt: skip
def test_what_people_write_is_never_run(text: str) -> None:
    assert shown(text) == re.sub(r"\s", "", text)
    (page,) = pdf_pages(receipt_pdf(dataclasses.replace(FACTS, organisation=text)))
    assert re.sub(r"\s", "", text) in page


@pytest.mark.parametrize("sign", list("䶮㛃𠮷㐀𬉼𨱔堃〇①℃■□√éßЖ"))
def test_rare_signs_are_drawn(sign: str) -> None:
    assert shown(f"甲{sign}乙") == f"甲{sign}乙"


def test_a_sign_that_no_font_has_is_shown_by_its_number() -> None:
    assert shown("甲\u9fef乙😀") == "甲\u9fef乙［U+1F600］"


def test_the_reader_of_these_tests_sees_a_box() -> None:
    source = SHOW.replace("#data.text", "甲\\u{1F600}乙")

    assert pdf_pages(typeset(source, data={})) == [f"甲{NOT_DRAWN}乙1/1"]


def test_control_signs_and_halves_of_signs_are_left_out() -> None:
    assert shown("甲\x00\x1b乙\ud800丙\ufdd0"[:-1]) == "甲乙丙"


def test_another_font_folder_goes_first(tmp_path: Path) -> None:
    (tmp_path / "Own.otf").write_bytes((FONTS / "NotoSansSC-Regular.otf").read_bytes())
    (tmp_path / "Note.ttf").write_bytes(b"no font")

    assert shown("甲", fonts=tmp_path) == "甲"
    assert b"NotoSansSC" in typeset(SHOW, data={"text": "甲"}, fonts=tmp_path)
    assert b"NotoSansSC" not in typeset(SHOW, data={"text": "甲"})


@pytest.mark.parametrize(
    "source",
    ['#import "@preview/tablex:0.0.8"', "#nothing", '#set text(font: "No Such Font")\nx', '#read("/etc/passwd")'],
)
def test_a_source_that_asks_for_what_is_not_there_is_refused(source: str) -> None:
    with pytest.raises(TypesettingError):
        typeset(source, data={})


def test_a_font_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypesettingError, match="font folder"):
        typeset("x", data={}, fonts=tmp_path / "none")


def test_no_source_asks_for_a_package_or_a_file_of_elsewhere() -> None:
    for path in PAPERS.glob("*.typ"):
        text = path.read_text(encoding="utf-8")
        assert '"@' not in text
        assert not re.search(r"\b(read|image|plugin|eval)\(", text)


def test_the_signs_of_the_shipped_fonts() -> None:
    drawn = drawn_signs(FONTS)

    gb2312 = [
        bytes([high, low]).decode("gb2312")
        for high in range(0xB0, 0xF8)
        for low in range(0xA1, 0xFF if high != 0xD7 else 0xFA)
    ]
    assert len(gb2312) == 6763
    assert all(ord(sign) in drawn for sign in gb2312)
    assert ord("𠮷") not in drawn


def test_a_damaged_font_draws_nothing(tmp_path: Path) -> None:
    whole = (FONTS / "NotoSansSC-Regular.otf").read_bytes()
    for length in (0, 3, 11, 30, 200):
        (tmp_path / f"{length}.otf").write_bytes(whole[:length])
    (tmp_path / "collection.ttc").write_bytes(b"ttcf" + bytes(4) + b"\xff" * 40)

    assert drawn_signs(tmp_path) == frozenset()
