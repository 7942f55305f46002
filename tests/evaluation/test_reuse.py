"""Contract numbers in texts, and texts that are last year's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hbreview.evaluation.credit_code import check_character
from hbreview.evaluation.reuse import LEAST_TEXT, contract_numbers, unchanged_texts
from hbreview.programmes import loader
from hbreview.programmes.schema import FieldType

PLATFORM = loader.shipped("platform", 2019)


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("与某公司签订服务合同（合同编号：HT-2025-013），金额12万元。", ["HT-2025-013"]),
        ("合同编号:ht_2025/013", ["HT-2025-013"]),
        ("合同编号：ＨＴ－２０２５－０１３。", ["HT-2025-013"]),
        ("合同编号 HT — 2025 – 013 已履行", ["HT-2025-013"]),
        ("协议编号 冀服〔2025〕12号，已履行完毕", ["冀服-2025-12"]),
        ("协议编号冀服[2025]第12号", ["冀服-2025-12"]),
        ("协议号：冀服（2025）第12号", ["冀服-2025-12"]),
        ("合同号 No.2025/0317", ["2025-0317"]),
        ("合同号：NO. 2025/0317", ["2025-0317"]),
        ("合同号为NO2025-0317", ["NO2025-0317"]),
        ("合同号2025/0317签订于2025年3月", ["2025-0317"]),
        ("技术服务合同书编号为“XTFW20250012”", ["XTFW20250012"]),
        ("服务合同（编号：SJZ.2025.0088）", ["SJZ-2025-0088"]),
        ("合同登记编号：2025130100000123", ["2025130100000123"]),
        ("合同编号：石服2025-0031，协议编号：石服2025-0032", ["石服2025-0031", "石服2025-0032"]),
        ("合同编号分别为HT-2025-013、HT-2025-014和HT-2025-015，共3份", ["HT-2025-013", "HT-2025-014", "HT-2025-015"]),
        ("合同编号HT-2025-013，120000元", ["HT-2025-013"]),
        ("合同编号HT-2025-013，2025-03-01签订", ["HT-2025-013"]),
        ("合同编号HT-2025-013，电话0311-87654321", ["HT-2025-013"]),
        ("合同编号HT-2025-013；合同编号：ht-2025-013", ["HT-2025-013"]),
        # a document of the province is a contract's number only where the text says so
        ("合同编号：冀工信企业〔2017〕242号", ["冀工信企业-2017-242"]),
        ("依据冀工信企业〔2017〕242号文件签订合同", []),
        ("冀工信企业〔2017〕242号", []),
        ("合同依据冀工信企业〔2017〕242号签订", []),
    ],
)
def test_contract_numbers_are_found_behind_their_word(text: str, keys: list[str]) -> None:
    assert [number.key for number in contract_numbers([text])] == keys


@pytest.mark.parametrize(
    "text",
    [
        "",
        "合同编号：",
        "合同编号：2025",
        "合同编号2025年度",
        "合同编号：2025年10月12日",
        "合同号：2025-10-12",
        "合同编号：20250元",
        "合同编号：A-12",
        "合同编号：ABCDEFGH",
        "合同编号：见附件20251",
        "合同编号见附件2025001",
        "合同编号：无，联系电话0311-87654321",
        "合同号：13812345678",
        "合同号码0311-87654321",
        "合同号：400-123-4567",
        "合同编号：91130100MA07XW2Q2" + check_character("91130100MA07XW2Q2"),
        "HT-2025-013",
        "编号：HT-2025-013",
        "证书编号：ZS-2025-0013",
        "合同及资质证书编号：ZS-2025-0013",
        "2025年签订合同120份，服务企业2025家",
        "合同金额1200000元",
        "签订合同。档案编号：DA-2025-001",
    ],
)
def test_other_figures_are_no_contract_numbers(text: str) -> None:
    assert contract_numbers([text]) == []


def test_number_keeps_how_it_was_written_first() -> None:
    found = contract_numbers(["合同编号：ＨＴ－2025－013。", "合同号：HT/2025/013"])
    assert [(number.written, number.key) for number in found] == [("HT-2025-013", "HT-2025-013")]
    assert found[0].runs == ("HT", "2025", "013")


@given(st.text(alphabet="合同协议编号码:：为NoHT-/.2025〔〕[]()（）第字 、，。元冀服_%\\\n１－", max_size=60))
def test_what_is_found_is_found_again_from_how_it_is_written(text: str) -> None:
    for number in contract_numbers([text]):
        assert len(number.key.replace("-", "")) >= 5
        assert sum(sign.isdecimal() for sign in number.key) >= 3
        assert all(number.runs)
        assert not {"%", "_", "\\"} & set(number.key)


def _long_field() -> str:
    return next(f.key for f in PLATFORM.fields if f.type is FieldType.TEXTAREA and f.filled_by == "enterprise")


def test_long_texts_that_are_last_years_are_named() -> None:
    key, text = _long_field(), "服" * LEAST_TEXT
    cases = [
        ({key: text}, {key: text}, [key]),
        ({key: f"{text[:20]} \n{text[20:]}"}, {key: text}, [key]),
        ({key: text[1:]}, {key: text[1:]}, []),
        ({key: f"{text[1:]} "}, {key: f"{text[1:]} "}, []),
        ({key: text}, {key: text + "。"}, []),
        ({key: text}, {}, []),
        ({}, {key: text}, []),
        ({"city_opinion": text}, {"city_opinion": text}, []),
    ]
    assert [unchanged_texts(PLATFORM, now, last) for now, last, _keys in cases] == [keys for *_texts, keys in cases]
