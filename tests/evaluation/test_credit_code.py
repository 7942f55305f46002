"""The unified social credit code against a check worked out here another way, and what it must find."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hbreview.evaluation.credit_code import (
    ALPHABET,
    CodeFault,
    check_character,
    code_fault,
    fault_kind,
    normalised_code,
)

# The standard's own tables, written out: GB 32100-2015, tables 2 and 3.
VALUES = dict(zip("0123456789ABCDEFGHJKLMNPQRTUWXY", range(31), strict=True))
WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]
# Codes as business registers publish them.
PUBLISHED = ["91110000600037341L", "91440300708461136T", "91350100M000100Y43"]


def oracle(body: str) -> str:
    remainder = sum(VALUES[sign] * weight for sign, weight in zip(body, WEIGHTS, strict=True)) % 31
    value = 31 - remainder if remainder else 0
    return next(sign for sign, number in VALUES.items() if number == value)


def kind(code: str) -> CodeFault | None:
    return fault_kind(normalised_code(code))


bodies = st.builds(
    lambda head, region, rest: head + region + rest,
    st.text(ALPHABET, min_size=2, max_size=2),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(ALPHABET, min_size=9, max_size=9),
)


@given(bodies)
def test_the_check_character_is_the_standards(body: str) -> None:
    assert check_character(body) == oracle(body)
    assert code_fault(body + oracle(body)) is None


@pytest.mark.parametrize("code", PUBLISHED)
def test_published_codes_are_codes(code: str) -> None:
    assert code_fault(code) is None
    assert oracle(code[:-1]) == code[-1]


@given(bodies)
@settings(max_examples=15)
def test_every_changed_character_is_found(body: str) -> None:
    code = body + oracle(body)
    for place in range(18):
        for sign in ALPHABET.replace(code[place], ""):
            assert kind(code[:place] + sign + code[place + 1 :]) in {CodeFault.CHECK, CodeFault.ALPHABET}


@given(bodies)
def test_all_neighbours_exchanged_are_found(body: str) -> None:
    code = body + oracle(body)
    for place in range(17):
        if code[place] != code[place + 1]:
            wrong = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
            assert kind(wrong) in {CodeFault.CHECK, CodeFault.ALPHABET}


@given(bodies)
def test_the_first_and_the_last_exchanged_cannot_be_found(body: str) -> None:
    """What the standard's sum does not see, said so that nobody relies on it."""
    code = body + oracle(body)

    assert kind(code[-1] + code[1:-1] + code[0]) is None


@pytest.mark.parametrize(
    "written",
    [
        "91110000600037341l",
        "９１１１０００００６０００３７３４１Ｌ".replace("０００００６", "００００６"),
        " 9111 0000 6000 3734 1L\n",
        "91110000\u200b600037341L\ufeff",
        "91110000\u3000600037341L",
    ],
)
def test_width_case_and_blanks_do_not_matter(written: str) -> None:
    assert normalised_code(written) == "91110000600037341L"
    assert code_fault(written) is None


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("", CodeFault.MISSING),
        (" \u3000", CodeFault.MISSING),
        ("9111000060003734", CodeFault.LENGTH),
        ("91110000600037341L1", CodeFault.LENGTH),
        ("130100400012345", CodeFault.LENGTH),  # the registration number of before 2015
        ("9111000060003734IL", CodeFault.ALPHABET),
        ("91110000600O37341L", CodeFault.ALPHABET),
        ("9111A000600037341L", CodeFault.ALPHABET),
        ("9111000060003734-L", CodeFault.ALPHABET),
        ("91110000600037341M", CodeFault.CHECK),
    ],
)
def test_each_fault_is_named(code: str, fault: CodeFault) -> None:
    reason = code_fault(code)

    assert kind(code) is fault
    assert reason is not None
    assert reason.message % dict(reason.values)


def test_the_reason_shows_the_sign_that_is_wrong() -> None:
    reason = code_fault("91110000600O37341L")

    assert reason is not None
    assert reason.values["sign"] == "O"


@given(st.text(max_size=24))
def test_any_text_gives_a_reason_or_is_a_code(text: str) -> None:
    reason = code_fault(text)

    assert (reason is None) == (kind(text) is None)
