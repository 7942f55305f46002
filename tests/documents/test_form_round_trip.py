"""Forms out and in again: whatever the answers are, they come back the same."""

from __future__ import annotations

import io
from random import Random

import docx
import pytest

from hbreview.acts.imagining import imagine
from hbreview.documents.form_reading import FormFound, read_form
from hbreview.documents.form_writing import form_docx
from hbreview.evaluation.computed import effective
from hbreview.evaluation.values import parse
from hbreview.programmes.loader import shipped
from hbreview.programmes.schema import Field, FieldType, Programme

PROGRAMMES = {key: shipped(key, 2019) for key in ("platform", "base")}
PIECES = [
    "甲公司", "䶮", "㛃", "𠮷", "\U0002cd9f", "（有限）", "(Ltd.)", "<b>&amp;</b>", "\"'“”", "{{7*7}}",
    "{platform_name}", "${x}", "资产总额：5万元", "手  机", "联系人：", "附件：规划.pdf", "备注：无",
    "，占总资产：3%", "2026年 3月 1日", "（盖章）", "七、市级主管部门审核意见", "单位：平方米",
    "备案号：冀ICP备1号", "（可后附）", "（已建网站的填写）", "☑是 □否", "√", "___", "/", "：", "万元", "①",
    "\u3000", " ", "  ", "·", "é", "👩\u200d🔬", "年 月 日", "全省小型微型企业创业创新示范基地运营情况表",
    "-", "=1+1", "服务人数", "补充指标（省里增设）", "六、服务协同",
]  # fmt: skip
SITES = ["", "https://www.example.cn", "www.hebei.cn:8080/a?b=c&d=备案号", "中文.中国/路径", "http://a.cn/(x)#y"]


def text(dice: Random, breaks: str) -> str:
    pieces = [dice.choice(PIECES) for _ in range(dice.randrange(1, 6))]
    return "".join(piece + (dice.choice(breaks) if breaks and dice.random() < 0.4 else "") for piece in pieces)


def figure(field: Field, dice: Random) -> str:
    number = dice.choice(["0", "7", "99", "-3", "100", "0.01", "45.5", "-12.34", "123456789012", "999999999999999999"])
    return number if field.scale else number.partition(".")[0]


def raw(field: Field, dice: Random) -> str:
    """Something that somebody could type there; what the field does not take stays away."""
    if dice.random() < 0.15:
        return ""
    if field.is_number:
        return figure(field, dice)
    if field.type is FieldType.TEXTAREA:
        long = text(dice, "\n\t ") * (60 if dice.random() < 0.02 else 1)
        return long[:5000]
    made = {
        FieldType.PHONE: dice.choice(["13800001111", "0311-86012345-8001", "400-123-4567"]),
        FieldType.EMAIL: dice.choice(["a@b.cn", "office+x@sub.example.com"]),
        FieldType.URL: dice.choice(SITES),
        FieldType.YES_NO: dice.choice(["yes", "no"]),
        FieldType.DATE: f"20{dice.randrange(10, 99)}-{dice.randrange(1, 13):02d}-{dice.randrange(1, 29):02d}",
        FieldType.TEXT: text(dice, ""),
    }
    if field.type is FieldType.CHOICE:
        return dice.choice(field.choices).value
    return made.get(field.type, "")


def invented(programme: Programme, dice: Random) -> dict[str, str]:
    parsed = {field.key: parse(field, raw(field, dice)) for field in programme.fields}
    return {key: value for key, value in parsed.items() if isinstance(value, str)}


def canonical(programme: Programme, found: FormFound) -> dict[str, str]:
    assert found.problems == ()
    read = {key: parse(programme.field(key), value) for key, value in found.values.items()}
    return {key: value for key, value in read.items() if isinstance(value, str) and value}


def filled(answers: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in answers.items() if value}


@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("key", PROGRAMMES)
def test_a_form_comes_back_as_it_went(key: str, part: int) -> None:
    programme = PROGRAMMES[key]
    for seed in range(part * 50, part * 50 + 50):
        dice = Random(f"{key}{seed}")
        answers = invented(programme, dice)
        names = {field.key: ["资产总额：5万元.pdf", "图\x07.png"] for field in programme.fields if dice.random() < 0.3}

        found = read_form(form_docx(programme, answers, attachments=names, remark=text(dice, "\n")), programme)

        assert canonical(programme, found) == filled(answers), seed
        assert (found.unread, found.missing) == ((), ()), seed


@pytest.mark.parametrize("key", PROGRAMMES)
def test_a_form_comes_back_after_a_word_processor_has_saved_it(key: str) -> None:
    programme = PROGRAMMES[key]
    typed = imagine(programme, name="石家庄甲公司", site="甲基地", seed=3)
    answers = {k: str(parse(programme.field(k), v)) for k, v in effective(programme, typed).items()}
    saved = io.BytesIO()
    docx.Document(io.BytesIO(form_docx(programme, answers))).save(saved)

    found = read_form(saved.getvalue(), programme)

    assert canonical(programme, found) == filled(answers)


@pytest.mark.parametrize("key", PROGRAMMES)
def test_an_empty_form_comes_back_empty_and_whole(key: str) -> None:
    programme = PROGRAMMES[key]

    found = read_form(form_docx(programme, {}), programme)

    places = {field.key for field in programme.fields if field.type is not FieldType.ATTACHMENT}
    assert found.values == dict.fromkeys(found.values, "")
    assert found.values.keys() == places
    assert (found.unread, found.missing) == ((), ())
