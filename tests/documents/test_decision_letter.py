"""The decision letter says what was decided and nothing that anybody wrote is run; its square code is the address."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import segno

from hbreview.documents.decision_letter import DecisionFacts, decision_pdf
from hbreview.documents.square_code import square_of
from hbreview.words import Outcome
from tests.documents.pdf_reading import pdf_pages

FACTS = DecisionFacts(
    number="冀中小企评价〔2019年度〕12号", organisation="石家庄某某科技服务有限公司", site="", programme="platform",
    national=False, year=2019, outcome=Outcome.PASS, reason="", decided_on=date(2026, 11, 29),
    valid_until=date(2029, 11, 29), rectify_until=None, code="ABCD-EFGH-JKMN",
    address="https://hb.example/letters/ABCDEFGHJKMN",
)  # fmt: skip


def text_of(facts: DecisionFacts) -> str:
    pages = pdf_pages(decision_pdf(facts))
    assert len(pages) == 1
    return "".join("".join(pages).split())


@pytest.mark.parametrize(
    ("change", "says", "not_says"),
    [
        (
            {},
            ("评价结果为：合格。", "称号有效期至2029年11月29日", "ABCD-EFGH-JKMN", "letters/ABCDEFGHJKMN"),
            ("撤销", "作废"),
        ),
        ({"outcome": Outcome.EXCELLENT}, ("评价结果为：优秀",), ()),
        (
            {"outcome": Outcome.FAIL, "valid_until": None, "reason": "not_submitted"},
            ("不合格（未按规定报送运营情况材料）", "称号予以撤销"),
            ("有效期",),
        ),
        ({"outcome": Outcome.DEFERRED, "valid_until": None}, ("暂缓认定", "原有称号保留"), ("撤销", "有效期")),
        ({"rectify_until": date(2027, 3, 1)}, ("2027年3月1日前完成整改",), ()),
        ({"national": True, "outcome": Outcome.FAIL}, ("国家级称号由工业和信息化部认定",), ()),
        ({"programme": "base", "site": "基地甲"}, ("小型微型企业创业创新示范基地", "你单位（基地甲）"), ()),
        ({"void_on": date(2026, 12, 1), "void_reason": "名称有误"}, ("2026年12月1日作废。原因：名称有误",), ()),
        ({"reason": "省里手写"}, ("评价结果为：合格。",), ("省里手写",)),
    ],
)
def test_what_the_letter_says(change: dict[str, Any], says: tuple[str, ...], not_says: tuple[str, ...]) -> None:
    text = text_of(replace(FACTS, **change))
    for part in says:
        assert part in text
    for part in not_says:
        assert part not in text


@pytest.mark.parametrize(
    "name", ["{{7*7}}", "#panic()", "$x$ *粗* _斜_", '#import "@preview/a:1.0.0"', "\\u{41}", "甲\n乙"]
)
def test_a_name_is_printed_literally(name: str) -> None:
    text = text_of(replace(FACTS, organisation=name, void_on=date(2026, 12, 1), void_reason=name))
    assert "".join(name.split()) in text


def test_the_same_facts_give_the_same_bytes_and_others_do_not() -> None:
    assert decision_pdf(FACTS) == decision_pdf(FACTS)
    assert decision_pdf(FACTS) != decision_pdf(replace(FACTS, code="ABCD-EFGH-JKMP"))


def test_the_square_is_the_address() -> None:
    square = square_of(FACTS.address)
    matrix = segno.make(FACTS.address, error="m", micro=False).matrix
    drawn = [[0] * len(matrix) for _row in matrix]
    runs: Any = square["runs"]
    for x, y, length in runs:
        drawn[y][x : x + length] = [1] * length
    assert drawn == [[int(bool(dark)) for dark in row] for row in matrix]
    assert square["size"] == len(matrix)
