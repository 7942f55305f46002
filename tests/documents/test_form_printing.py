"""The official form as PDF: every answer stands in it, in the notice's words, drawn sign by sign."""

from __future__ import annotations

import re
from datetime import date

import pytest
from pdf_reading import NOT_DRAWN, pdf_pages

from hbreview.acts.imagining import imagine
from hbreview.documents.form_printing import form_pdf
from hbreview.documents.form_writing import SealedOpinion, printed
from hbreview.evaluation.computed import effective
from hbreview.evaluation.values import parse
from hbreview.programmes.layout import SUPPLEMENT_TITLE, supplementary_rows
from hbreview.programmes.loader import shipped
from hbreview.programmes.schema import FieldType, Programme

BASE, PLATFORM = shipped("base", 2019), shipped("platform", 2019)
BOTH = pytest.mark.parametrize("programme", [BASE, PLATFORM], ids=lambda programme: programme.key)
OPINION = SealedOpinion("材料齐全，情况属实。", date(2026, 3, 1))
NAME = "河北䶮㛃信息服务有限公司"


def answered(programme: Programme) -> dict[str, str]:
    raw = imagine(programme, name=NAME, site="小微企业双创基地", seed=4)
    parsed = {field.key: parse(field, raw.get(field.key, "")) for field in programme.enterprise_fields}
    return effective(programme, {key: text for key, text in parsed.items() if isinstance(text, str)})


def plain(text: str) -> str:
    return re.sub(r"\s", "", text)


def text_of(content: bytes) -> str:
    pages = pdf_pages(content)
    return "".join(page.removesuffix(f"{number}/{len(pages)}") for number, page in enumerate(pages, start=1))


def in_order(text: str, parts: list[str]) -> bool:
    """Whether the parts stand in the text one after the other."""
    place = 0
    for part in parts:
        found = text.find(plain(part), place)
        if found < 0:
            raise AssertionError((part, text[place : place + 80]))
        place = found + len(plain(part))
    return True


@BOTH
def test_titles_words_and_answers_stand_in_the_notices_order(programme: Programme) -> None:
    answers = answered(programme)
    expected = [programme.form_title.zh]
    for row in (None, *programme.layout.rows):
        if row is not None and row.section:
            expected.append(programme.sections[row.section].label.zh)
        for cell in [programme.layout.head] if row is None else row.cells:
            for part in cell.parts:
                field = None if isinstance(part, str) else programme.field(part.key)
                if field is None:
                    expected += re.split(r"[\n\t]", str(part))
                elif field.filled_by == "enterprise":
                    expected.append(printed(field, answers.get(field.key, "")))

    text = text_of(form_pdf(programme, answers))

    assert in_order(text, expected)
    assert NOT_DRAWN not in text and "U+" not in text
    assert NAME in text


@BOTH
def test_the_added_fields_stand_in_a_table_of_their_own(programme: Programme) -> None:
    answers = answered(programme)
    expected = [SUPPLEMENT_TITLE]
    for row in supplementary_rows(programme):
        (key,) = row.cells[1].keys
        field = programme.field(key)
        expected += [field.label.zh, printed(field, answers.get(key, "")), field.unit]

    assert in_order(text_of(form_pdf(programme, answers)), expected)


@BOTH
def test_each_answer_stands_once(programme: Programme) -> None:
    fixed = {FieldType.ATTACHMENT, FieldType.DATE, FieldType.YES_NO, FieldType.CHOICE}
    asked = [field for field in programme.fields if field.type not in fixed]
    values = {field.key: f"{98700 + at}" if field.is_number else f"答案{at}。" for at, field in enumerate(asked)}

    text = text_of(form_pdf(programme, values))

    assert {key: text.count(value) for key, value in values.items()} == dict.fromkeys(values, 1)


@BOTH
def test_an_empty_form_has_its_words_and_room(programme: Programme) -> None:
    content = form_pdf(programme, {})
    text = text_of(content)

    assert len(pdf_pages(content)) == 2
    assert plain(programme.city_fields[1].label.zh) in text  # the words of a day: 年 月 日
    assert "None" not in text and "{" not in text and "附件：" not in text and "备注" not in text


@BOTH
def test_the_opinion_attachments_and_the_remark_are_printed(programme: Programme) -> None:
    key = next(field.key for field in programme.fields if field.attachable and not field.supplementary)

    text = text_of(
        form_pdf(
            programme,
            answered(programme),
            attachments={key: ["规划（终稿）.pdf", "照片 1.jpg"]},
            opinion=OPINION,
            remark="第3版",
        )
    )

    assert in_order(
        text, ["附件：规划（终稿）.pdf、照片1.jpg", "材料齐全，情况属实。", "2026年3月1日", "盖章", "备注：第3版"]
    )


@BOTH
def test_the_same_answers_give_the_same_bytes(programme: Programme) -> None:
    answers = answered(programme)

    assert form_pdf(programme, answers) == form_pdf(programme, dict(reversed(answers.items())))
    assert form_pdf(programme, answers) != form_pdf(programme, answers, remark="x")


def test_the_longest_texts_go_on_over_pages_and_lose_nothing() -> None:
    long = "".join(f"第{number}句。" for number in range(900))[:5000]
    signs = "x" * 5000
    answers = {**answered(PLATFORM), "development_plan": long, "innovation_summary": signs, "address": "长" * 200}

    content = form_pdf(PLATFORM, answers)
    pages = pdf_pages(content)

    assert len(pages) > 3
    whole = "".join(pages)
    assert whole.count("x") >= 5000 and whole.count("长") >= 200
    # Two cells go on side by side over the pages: signs are counted, not read on.
    assert all(whole.count(sign) >= long.count(sign) for sign in set(long))


def test_a_text_of_several_lines_keeps_its_lines() -> None:
    content = form_pdf(PLATFORM, {"development_plan": "第一\n\n第二\n第三"})

    assert "第一第二第三" in text_of(content)
    one = form_pdf(PLATFORM, {"development_plan": "第一第二第三"})
    assert content != one


@pytest.mark.parametrize("figure", ["0.10", "-12.30", "99999999999999.99", "123456789012345678.00"])
def test_figures_are_printed_digit_by_digit(figure: str) -> None:
    assert f"利润总额{figure}" in text_of(form_pdf(BASE, {"total_profit": figure}))


@pytest.mark.parametrize(
    "text", ["#panic(1)", "*a* _b_", "$x$", "= b", "@c", "<d>", "`e`", "//f", "\\u{41}", "]", "{email}"]
)
def test_what_people_write_is_printed_and_never_run(text: str) -> None:
    assert plain(text) in text_of(form_pdf(PLATFORM, {"platform_name": text, "development_plan": text}))
    assert plain(text) in text_of(form_pdf(PLATFORM, {}, attachments={"development_plan": [text]}, remark=text))


@BOTH
def test_a_preview_says_on_every_page_that_it_is_not_in_force_and_the_paper_never_does(programme: Programme) -> None:
    mark, answers = plain("预览 · 未生效 / Preview, not in force"), answered(programme)
    preview = pdf_pages(form_pdf(programme, answers, opinion=OPINION, draft_mark=True))
    real = pdf_pages(form_pdf(programme, answers, opinion=OPINION))

    assert len(preview) == len(real) > 1  # the mark takes no room
    assert [page.count(mark) for page in preview] == [1] * len(preview)
    assert all("预览" not in page and "Preview" not in page and "未生效" not in page for page in real)
    assert in_order("".join(preview), ["材料齐全，情况属实。", "2026年3月1日", "盖章"])
    unmarked = [page.replace(mark, "").replace("预览未生效", "") for page in preview]
    assert unmarked == real
