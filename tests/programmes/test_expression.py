"""The language of formulas and checks, as tables."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hbreview.programmes.expression import ExpressionError, Value, compile_expression

KNOWN: dict[str, Decimal | str | None] = {
    "a": Decimal(6), "b": Decimal(4), "zero": Decimal(0), "empty": None, "blank": "", "text": "yes",
    "last.a": Decimal(5), "typed.a": Decimal(7), "monthly.on_time": Decimal(12),
}  # fmt: skip


def value(text: str) -> Value:
    return compile_expression(text).value(lambda name: KNOWN[name])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * 2", Decimal(14)), ("(a + b) * 2", Decimal(20)), ("a / b * 100", Decimal(150)), ("-a", Decimal(-6)),
        ("a - last.a", Decimal(1)), ("a / zero", None), ("a / zero + 1", None), ("a + empty", None), ("-empty", None),
        ("a + text", None), ("empty", None), ("text", "yes"), ("'no'", "no"), ("a == 6", True), ("a != 6", False),
        ("a < b", False), ("a > b", True), ("a <= 6", True), ("a >= 7", False), ("empty == 0", None),
        ("text == 'yes'", True), ("text == 'no'", False), ("text < 'no'", None), ("filled(a)", True),
        ("filled(zero)", True), ("filled(empty)", False), ("filled(blank)", False), ("not filled(empty)", True),
        ("(a == 0) == (b == 0)", True), ("(zero == 0) == (b == 0)", False), ("(empty == 0) == (b == 0)", None),
        ("(text == 'yes') == filled(empty)", False), ("monthly.on_time == 12", True), ("typed.a == a", False),
    ],
)  # fmt: skip
def test_values(text: str, expected: Value) -> None:
    assert value(text) == expected
    assert type(value(text)) is type(expected)


TRUTH = {"T": "a == 6", "F": "a == 0", "U": "empty == 0"}
MEANING = {"T": True, "F": False, "U": None}


@pytest.mark.parametrize(
    ("left", "right", "both", "either"),
    ["TTTT", "TFFT", "TUUT", "FTFT", "FFFF", "FUFU", "UTUT", "UFFU", "UUUU"],
)
def test_kleene_logic(left: str, right: str, both: str, either: str) -> None:
    assert value(f"{TRUTH[left]} and {TRUTH[right]}") is MEANING[both]
    assert value(f"{TRUTH[left]} or {TRUTH[right]}") is MEANING[either]


@pytest.mark.parametrize(("truth", "expected"), ["TF", "FT", "UU"])
def test_not(truth: str, expected: str) -> None:
    assert value(f"not ({TRUTH[truth]})") is MEANING[expected]


@pytest.mark.parametrize(
    ("rule", "tolerance", "expected"),
    [
        ("x == 10", "0", False), ("x == 10", "0.1", True), ("x == 10", "0.09", False),
        ("x <= 10", "0", False), ("x <= 10", "0.1", True), ("x <= 10", "0.09", False), ("x <= 11", "0", True),
        ("x >= 11", "0.9", True), ("x >= 11", "0.89", False), ("x < 10", "0.1", False), ("x + y == 10", "0.1", None),
        ("x", "0", None),
    ],
)  # fmt: skip
def test_a_difference_exactly_at_the_tolerance_passes(rule: str, tolerance: str, expected: bool | None) -> None:
    known = {"x": Decimal("10.1"), "y": None}
    assert compile_expression(rule).holds(lambda name: known[name], Decimal(tolerance)) is expected


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a + b / a", {"a", "b"}), ("last.a == typed.b", {"last.a", "typed.b"}), ("filled(a) or b == 'no'", {"a", "b"}),
        ("1 + 2", set()),
    ],
)  # fmt: skip
def test_names(text: str, names: set[str]) -> None:
    assert compile_expression(text).names == names


@pytest.mark.parametrize(
    "text",
    [
        "", "a +", "a b", "len(a)", "filled(a, b)", "filled(1)", "filled(x=a)", "a.b.c", "a[0]", "a ** 2", "a % 2",
        "a // 2", "1.5", "1e3", "True", "None", "a < b < 3", "a is b", "a in b", "lambda: 1", "[a]", "(a, b)",
        "a if b else 1", "f'{a}'", "b'x'", "~a", "(a := 1)", "__import__('os').system('x')", "a\x00",
    ],
)  # fmt: skip
def test_what_is_not_of_the_language_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(text)


@pytest.mark.parametrize("text", ["1+" * 300 + "1", "-" * 400 + "1", "1+" * 5000 + "1"])
def test_a_tree_that_would_exhaust_the_stack_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        compile_expression(text)


def test_a_text_is_parsed_once() -> None:
    assert compile_expression("a + 1") is compile_expression("a + 1")
