"""What looks like a figure, a number to call or a name but is another: refused, or folded to one spelling."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hbreview.evaluation.names import normalised_name
from hbreview.evaluation.values import parse
from hbreview.programmes.schema import Field, FieldType
from hbreview.words import Label, Reason

LABEL = Label("项", "Item")
AMOUNT = Field("key", LABEL, 1, FieldType.DECIMAL, unit="万元", scale=2)


def field(kind: FieldType) -> Field:
    return Field("key", LABEL, 1, kind)


@pytest.mark.parametrize("raw", ["10²", "10⁰", "²", "①", "10①", "⒈5", "㊿", "½", "1½"])
def test_a_raised_or_circled_digit_is_no_digit(raw: str) -> None:
    """NFKC alone reads 10² as 102: another figure than the one on the paper."""
    assert isinstance(parse(AMOUNT, raw), Reason)


@pytest.mark.parametrize("raw", ["1 234,567", "1,234 567", "0,123", "00,123", "1,,234", "1234,567", ",123", "1, 234"])
def test_separators_are_of_one_kind_and_well_placed(raw: str) -> None:
    assert isinstance(parse(AMOUNT, raw), Reason)


@pytest.mark.parametrize(
    "raw", ["1234567", "1,234,567", "1 234 567", "１，２３４，５６７", "1\u00a0234\u00a0567", "+1,234,567"]
)
def test_the_same_figure_in_several_spellings(raw: str) -> None:
    assert parse(AMOUNT, raw) == "1234567.00"


@given(st.text(alphabet="0123456789,. -+²①⒈½万元eE", max_size=12))
@example("10²")
def test_what_is_accepted_is_the_figure_that_was_typed(raw: str) -> None:
    """An oracle in fractions: only blanks, commas, a sign and the unit may go, no digit comes or goes."""
    value = parse(AMOUNT, raw)
    if isinstance(value, str) and value:
        typed = raw.replace("万元", "").replace("万", "").replace(",", "").replace(" ", "")
        assert Fraction(value) == Fraction(typed.rstrip("."))


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("0311-86012345转8001", "0311-86012345-8001"), ("0311-86012345 ext. 12", "0311-86012345-12"),
        ("(0311)86012345", "0311-86012345"), ("（0311）86012345", "0311-86012345"),
        ("(0311)-86012345", "0311-86012345"),
        ("19912345678", "19912345678"),
    ],
)  # fmt: skip
def test_an_extension_and_an_area_code_as_people_write_them(raw: str, value: str) -> None:
    assert parse(field(FieldType.PHONE), raw) == value
    assert parse(field(FieldType.PHONE), value) == value


@pytest.mark.parametrize(
    "raw", ["12345678901", "10000000000", "11012345678", "转8001", "0311-86012345转", "(311)86012345"]
)
def test_no_such_number_can_be_called(raw: str) -> None:
    assert isinstance(parse(field(FieldType.PHONE), raw), Reason)


@pytest.mark.parametrize("raw", ["a@b..cn", ".a@b.cn", "a.@b.cn", "a..b@c.cn", "a@.b.cn", "a@b.cn."])
def test_a_mail_address_has_no_empty_part(raw: str) -> None:
    assert isinstance(parse(field(FieldType.EMAIL), raw), Reason)


@pytest.mark.parametrize("raw", ["b..cn", ".b.cn", "http://b.cn.", "https://?b.cn", "https://a.cn:80@b.cn"])
def test_a_site_has_no_empty_part(raw: str) -> None:
    assert isinstance(parse(field(FieldType.URL), raw), Reason)


@pytest.mark.parametrize("raw", ["b.cn?x=1", "http://b.cn#x", "HTTP://b.cn:8080/a?b=c#d"])
def test_a_query_and_a_fragment_belong_to_an_address(raw: str) -> None:
    assert parse(field(FieldType.URL), raw) == raw


@pytest.mark.parametrize(("raw", "value"), [("ｙｅｓ", "yes"), ("ＮＯ", "no")])
def test_a_full_width_yes_is_a_yes(raw: str, value: str) -> None:
    assert parse(field(FieldType.YES_NO), raw) == value


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("太库（香河）科技", "太库(香河)科技"), ("鹿岛 V 谷科技园", "鹿岛ｖ谷科技园"), ("鹿岛\u3000V谷", "鹿岛v谷"),
        ("e\u200b 谷创客", "E谷创客"), ("葛\U000e0100城", "葛城"), ("e\u200b\u0301", "é"), ("\ufeff方亿", "方亿"),
    ],
)  # fmt: skip
def test_two_spellings_of_one_name(one: str, other: str) -> None:
    assert normalised_name(one) == normalised_name(other)


def test_two_organisations_stay_two() -> None:
    assert normalised_name("方亿科技园") != normalised_name("方亿科技")


@given(st.text(max_size=20))
def test_a_folded_name_is_settled(text: str) -> None:
    once = normalised_name(text)
    assert normalised_name(once) == once
