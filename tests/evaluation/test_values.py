"""From what is typed to canonical text: figures (D01), dates (D05), texts (D08)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hbreview.evaluation.values import parse
from hbreview.programmes import loader
from hbreview.programmes.schema import Choice, Field, FieldType
from hbreview.words import Label, Reason

AMOUNT = loader.shipped("platform", 2019).field("total_assets")
COUNT = loader.shipped("platform", 2019).field("employees")
SHARE = loader.shipped("platform", 2019).field("satisfaction_rate")
PROFIT = loader.shipped("base", 2019).field("total_profit")
LABEL = Label("项", "Item")


def field(kind: FieldType, *, max_length: int = 200, choices: tuple[Choice, ...] = ()) -> Field:
    return Field("key", LABEL, 1, kind, max_length=max_length, choices=choices)


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("0.1", "0.10"), ("0.10", "0.10"), ("0.100", "0.10"), ("0", "0.00"), ("-0.00", "0.00"), ("007", "7.00"),
        ("5.", "5.00"), ("+5", "5.00"), ("99999999999999.99", "99999999999999.99"),
        ("9007199254740993.01", "9007199254740993.01"), ("999999999999999999.99", "999999999999999999.99"),
        ("１２３．４５", "123.45"), ("1,234.5", "1234.50"), ("1，234", "1234.00"), ("1 234 567", "1234567.00"),
        ("12万元", "12.00"), ("12 万元 ", "12.00"), ("\u3000 12", "12.00"), ("", ""), ("  ", ""),
    ],
)  # fmt: skip
def test_amounts_are_exact_and_have_two_places(raw: str, canonical: str) -> None:
    assert parse(AMOUNT, raw) == canonical


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("0.005", "decimal places"), ("1e3", "not a number"), ("1E3", "not a number"), ("12,34", "not a number"),
        ("1,2345", "not a number"), ("12元", "not in"), ("12亿元", "not in"), ("NaN", "not a number"),
        ("Infinity", "not a number"), ("0x10", "not a number"), ("1.2.3", "not a number"), ("--5", "not a number"),
        ("1_000", "not a number"), ("٣", "not a number"), ("५", "not a number"), (".5", "not a number"),
        ("1234567890123456789", "too large"), ("-0.01", "Not less"), ("−1", "Not less"), ("－1", "Not less"),
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused_at_the_field(raw: str, words: str) -> None:
    reason = parse(AMOUNT, raw)
    assert isinstance(reason, Reason)
    assert words in reason.message
    assert reason.field == "total_assets"


def test_another_unit_is_named_beside_the_right_one() -> None:
    reason = parse(AMOUNT, "100 元")
    assert isinstance(reason, Reason)
    assert reason.values == {"unit": "万元", "given": "元"}


@pytest.mark.parametrize(("raw", "canonical"), [("12", "12"), ("12.0", "12"), ("1,200", "1200"), ("12人", "12")])
def test_counts_are_whole(raw: str, canonical: str) -> None:
    assert parse(COUNT, raw) == canonical


def test_a_part_of_a_person_is_refused() -> None:
    reason = parse(COUNT, "12.5")
    assert isinstance(reason, Reason)
    assert reason.rule == "C1"


@pytest.mark.parametrize(
    ("raw", "accepted"),
    [("-0.01", False), ("0", True), ("100", True), ("100.00%", True), ("１００％", True), ("100.01", False)],
)  # fmt: skip
def test_shares_are_from_0_to_100(raw: str, accepted: bool) -> None:
    assert isinstance(parse(SHARE, raw), str) is accepted


def test_profit_may_be_negative() -> None:
    assert parse(PROFIT, "-1,234.5") == "-1234.50"


@given(st.decimals(min_value=0, max_value=Decimal("999999999999999999.99"), places=2))
def test_every_amount_comes_back_as_it_is(amount: Decimal) -> None:
    text = format(amount, "f")
    assert parse(AMOUNT, text) == text
    assert parse(AMOUNT, f"{amount:,f}") == text


@given(st.text(max_size=40))
def test_a_figure_is_canonical_or_refused_and_never_an_error(raw: str) -> None:
    for kind in (AMOUNT, COUNT, SHARE, PROFIT):
        value = parse(kind, raw)
        if isinstance(value, str) and value:
            assert parse(kind, value) == value
            assert -Decimal(value).as_tuple().exponent == kind.scale  # type: ignore[operator]  # a finite number


@given(st.text(max_size=40), st.sampled_from(list(FieldType)))
def test_every_kind_is_canonical_or_refused_and_never_an_error(raw: str, kind: FieldType) -> None:
    value = parse(field(kind), raw)
    if isinstance(value, str):
        assert parse(field(kind), value) == value


@pytest.mark.parametrize("raw", ["2026-03-01", "2026/3/1", "2026年3月1日", "2026 年 3 月 1 日", "２０２６.3.1"])
def test_a_day_may_be_written_in_several_ways(raw: str) -> None:
    assert parse(field(FieldType.DATE), raw) == "2026-03-01"


@pytest.mark.parametrize(
    "raw", ["0001-01-01", "1899-12-31", "2025-02-29", "2026-13-01", "2026-00-10", "20260301", "3/1/2026", "tomorrow"]
)
def test_what_is_no_day_is_refused(raw: str) -> None:
    assert isinstance(parse(field(FieldType.DATE), raw), Reason)


def test_a_leap_day_is_a_day() -> None:
    assert parse(field(FieldType.DATE), "2024-02-29") == "2024-02-29"


@pytest.mark.parametrize(
    ("raw", "value"), [("是", "yes"), ("能", "yes"), ("YES", "yes"), ("否", "no"), ("不能", "no"), ("no", "no")]
)
def test_yes_and_no_in_the_words_of_the_form(raw: str, value: str) -> None:
    assert parse(field(FieldType.YES_NO), raw) == value


@pytest.mark.parametrize("raw", ["1", "true", "maybe", "不"])
def test_what_is_neither_yes_nor_no_is_refused(raw: str) -> None:
    assert isinstance(parse(field(FieldType.YES_NO), raw), Reason)


@pytest.mark.parametrize("raw", ["other", "其他", "Other"])
def test_a_choice_by_value_or_label(raw: str) -> None:
    choices = (Choice("other", Label("其他", "Other")),)
    assert parse(field(FieldType.CHOICE, choices=choices), raw) == "other"
    assert isinstance(parse(field(FieldType.CHOICE, choices=choices), "else"), Reason)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("13812345678", "13812345678"), ("138 1234 5678", "13812345678"), ("１３８１２３４５６７８", "13812345678"),
        ("+86-13812345678", "+86-13812345678"), ("0311-87654321", "0311-87654321"), ("0311—87654321", "0311-87654321"),
        ("0311-87654321-802", "0311-87654321-802"), ("87654321", "87654321"), ("400-810-1234", "400-810-1234"),
    ],
)  # fmt: skip
def test_telephones(raw: str, value: str) -> None:
    assert parse(field(FieldType.PHONE), raw) == value


@pytest.mark.parametrize("raw", ["1381234567", "138123456789", "1٣٣٣٣٣٣٣٣٣٣", "none", "12345", "0311-"])
def test_what_is_no_telephone_is_refused(raw: str) -> None:
    assert isinstance(parse(field(FieldType.PHONE), raw), Reason)


@pytest.mark.parametrize("raw", ["a@b.cn", "张三@例子.公司", "first.last+tag@mail.example.com"])
def test_addresses_of_mail(raw: str) -> None:
    assert parse(field(FieldType.EMAIL), raw) == raw


@pytest.mark.parametrize("raw", ["a@b", "a b@c.cn", "a@@b.cn", "a@b.cn,c@d.cn", "<a@b.cn>", "a@b.cn\nBcc: x@y.cn"])
def test_what_is_no_address_of_mail_is_refused(raw: str) -> None:
    assert isinstance(parse(field(FieldType.EMAIL), raw), Reason)


@pytest.mark.parametrize("raw", ["www.example.cn", "https://example.cn/a?b=c", "http://例子.中国:8080/路径"])
def test_addresses_of_sites(raw: str) -> None:
    assert parse(field(FieldType.URL), raw) == raw


@pytest.mark.parametrize(
    "raw",
    ["javascript:alert(1)", "javascript:alert(1).cn", "ftp://a.cn", "data:text/html,x", "a.cn/<b>",
     "https://u:p@a.cn", "none"],
)  # fmt: skip
def test_what_is_no_address_of_a_site_is_refused(raw: str) -> None:
    assert isinstance(parse(field(FieldType.URL), raw), Reason)


@pytest.mark.parametrize(
    "text", ["鹿岛 V 谷科技园", "数字家居（唐山）电子商务", "䶮㛃𠮷", "(国家级）", "恒诚·知谷", "一\u3000二", "👩‍💻"]
)
def test_a_text_is_kept_as_typed(text: str) -> None:
    assert parse(field(FieldType.TEXT), f"  {text}\n") == text


def test_combining_marks_are_composed() -> None:
    assert parse(field(FieldType.TEXT), "e\u0301") == "\u00e9"


@pytest.mark.parametrize(
    "raw",
    [
        "a\0b",
        "a\x07b",
        "a\x85b",
        "a\nb",
        "a\tb",
        "a\u202eb",
        "a\u2066b",
        "a\u200fb",
        "a\ud800b",
        "a\ufffeb",
        "a\uffffb",
    ],
)
def test_controls_and_lone_surrogates_are_no_text(raw: str) -> None:
    reason = parse(field(FieldType.TEXT), raw)
    assert isinstance(reason, Reason)
    assert reason.rule == "D08"


def test_a_long_text_keeps_its_lines() -> None:
    assert parse(field(FieldType.TEXTAREA, max_length=5000), "一\r\n\t二\r三") == "一\n\t二\n三"


def test_a_line_break_counts_once_in_the_length() -> None:
    """Field case 46: exactly at the limit with ten line breaks, as browsers send them."""
    line = "字" * 9
    raw = "\r\n".join([line] * 10 + ["字" * 100])
    limit = len(raw.replace("\r\n", "\n"))
    assert isinstance(parse(field(FieldType.TEXTAREA, max_length=limit), raw), str)
    assert isinstance(parse(field(FieldType.TEXTAREA, max_length=limit - 1), raw), Reason)
