"""Agreement between experts against a second reckoning that knows no fractions' shortcuts (P3)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from math import isqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hbreview.evaluation import agreement
from hbreview.evaluation.agreement import Marks

WEIGHTS = {1: Decimal(6), 2: Decimal(12), 3: Decimal(8)}
SHEETS = st.fixed_dictionaries(
    {i: st.integers(0, int(weight) * 10).map(lambda tenths: Decimal(tenths) / 10) for i, weight in WEIGHTS.items()}
)
MARKS = st.dictionaries(
    st.sampled_from("abcdefgh"), st.dictionaries(st.sampled_from("UVWXYZ"), SHEETS, max_size=4), max_size=8
)
# Few values, so that equal totals and experts without any deviation come up.
FLAT = st.dictionaries(
    st.sampled_from("abcd"),
    st.dictionaries(st.sampled_from("XYZ"), st.sampled_from([{1: Decimal(3)}, {1: Decimal(5)}]), max_size=3),
    max_size=4,
)
D = Decimal


def tenths(sheet: Mapping[int, Decimal]) -> int:
    """A sheet's total in whole tenths."""
    whole = 0
    for value in sheet.values():
        whole += int(value.scaleb(1))
    return whole


def exact_root(square: Fraction, places: int) -> int:
    """The root of a fraction in units of 10**-places, cut off: by whole numbers only."""
    scaled: Fraction = square * 10 ** (2 * places)
    root: int = isqrt(scaled.numerator * scaled.denominator)
    return root // scaled.denominator


def oracle_experts(marks: Marks) -> dict[str, tuple[int, Fraction, Fraction | None]]:
    """Sheets, mean and leniency of each expert, by looking through everything again for each."""
    found: dict[str, tuple[int, Fraction, Fraction | None]] = {}
    for name in {expert for sheets in marks.values() for expert in sheets}:
        mine = [(key, tenths(sheets[name])) for key, sheets in marks.items() if name in sheets]
        mean = Fraction(sum(total for _key, total in mine), 10 * len(mine))
        shared = [(key, total) for key, total in mine if len(marks[key]) > 1]
        off = Fraction(0)
        for key, total in shared:
            everybody = sum(tenths(sheet) for sheet in marks[key].values())
            off += Fraction(total * len(marks[key]) - everybody, 10 * len(marks[key]))
        found[name] = (len(mine), mean, off / len(shared) if shared else None)
    return found


@given(st.one_of(MARKS, FLAT))
def test_experts_mean_and_leniency_are_exact(marks: Marks) -> None:
    found = {name: (e.sheets, e.mean, e.leniency) for name, e in agreement.experts(marks).items()}
    assert found == oracle_experts(marks)
    assert sum(e.together for e in agreement.experts(marks).values()) == sum(
        len(sheets) for sheets in marks.values() if len(sheets) > 1
    )


@given(MARKS)
def test_leniency_weighed_by_what_was_scored_together_adds_up_to_nothing(marks: Marks) -> None:
    figures = agreement.experts(marks).values()
    assert sum((e.leniency * e.together for e in figures if e.leniency is not None), Fraction(0)) == 0


@given(st.one_of(MARKS, FLAT))
def test_spread_is_highest_less_lowest(marks: Marks) -> None:
    for key, spread in agreement.spreads(marks).items():
        totals = [tenths(sheet) for sheet in marks[key].values()]
        assert spread * 10 == max((a - b for a in totals for b in totals), default=0)


@given(st.one_of(MARKS, FLAT))
def test_z_scores_are_right_to_twenty_places(marks: Marks) -> None:
    found = agreement.z_scores(marks)
    assert {key: set(sheets) for key, sheets in marks.items()} == {key: set(row) for key, row in found.items()}
    for name in {expert for sheets in marks.values() for expert in sheets}:
        totals = {key: tenths(sheets[name]) for key, sheets in marks.items() if name in sheets}
        count, whole = len(totals), sum(totals.values())
        squares = sum((count * total - whole) ** 2 for total in totals.values())
        for key, total in totals.items():
            given_score = found[key][name]
            if squares == 0:
                assert given_score is None
                continue
            over = count * total - whole
            root = exact_root(Fraction(over * over * count, squares), 20)
            assert given_score is not None
            assert abs(abs(given_score).scaleb(20) - root) <= 1
            assert (given_score < 0) == (over < 0)


@given(st.one_of(MARKS, FLAT))
def test_normalised_totals_are_right_to_the_second_decimal(marks: Marks) -> None:
    every = [tenths(sheet) for sheets in marks.values() for sheet in sheets.values()]
    for key, value in agreement.normalised(marks).items():
        scores = [score for score in agreement.z_scores(marks)[key].values() if score is not None]
        if not scores:
            assert value is None
            continue
        mean = Fraction(sum(every), len(every))
        variance = sum(((total - mean) ** 2 for total in every), Fraction(0)) / len(every)
        root = Fraction(exact_root(variance, 20), 10**20)
        expected = (mean + root * sum((Fraction(score) for score in scores), Fraction(0)) / len(scores)) / 10
        assert value is not None
        assert abs(Fraction(value) - expected) <= Fraction(1, 200) + Fraction(1, 10**15)
        assert value.as_tuple().exponent == -2


@given(st.dictionaries(st.sampled_from("abcdefg"), st.fixed_dictionaries({"X": SHEETS}), min_size=2))
def test_with_one_expert_the_normalised_total_is_the_total(marks: Marks) -> None:
    for key, value in agreement.normalised(marks).items():
        assert value is None or value == sum(marks[key]["X"].values())


@given(MARKS)
def test_indicators_are_ordered_by_how_far_experts_differ_on_them(marks: Marks) -> None:
    for sheets in marks.values():
        found = agreement.indicator_spreads(sheets, WEIGHTS)
        assert set(found) == (set(WEIGHTS) if len(sheets) > 1 else set())
        for indicator, share in found.items():
            given_points = sorted(sheet[indicator] for sheet in sheets.values())
            assert share * Fraction(WEIGHTS[indicator]) == Fraction(given_points[-1] - given_points[0])
        order = agreement.most_differing(found)
        assert [found[i] for i in order] == sorted((share for share in found.values() if share), reverse=True)
    means = agreement.indicator_means(marks, WEIGHTS)
    shared = [sheets for sheets in marks.values() if len(sheets) > 1]
    assert set(means) == (set(WEIGHTS) if shared else set())
    for indicator, share in means.items():
        parts = [agreement.indicator_spreads(sheets, WEIGHTS)[indicator] for sheets in shared]
        assert share * len(parts) == sum(parts, Fraction(0))


def test_a_score_that_is_missing_is_not_a_zero() -> None:
    sheets = {"X": {1: D(6)}, "Y": {1: D(3), 2: D(12)}}
    assert agreement.indicator_spreads(sheets, WEIGHTS) == {1: Fraction(1, 2)}


def test_two_experts_by_hand() -> None:
    marks = {"a": {"X": {1: D(2)}, "Y": {1: D(4)}}, "b": {"X": {1: D(4)}, "Y": {1: D(6)}}, "c": {"X": {1: D(3)}}}
    figures = agreement.experts(marks)
    one, two = Fraction(1), Fraction(2)
    assert (figures["X"].mean, figures["X"].leniency, figures["X"].sheets) == (one + two, -one, 3)
    assert (figures["Y"].mean, figures["Y"].leniency, figures["Y"].together) == (5 * one, one, 2)
    assert agreement.z_scores(marks)["c"] == {"X": 0}
    assert agreement.z_scores(marks)["b"]["Y"] == 1
    assert agreement.normalised(marks)["c"] == D("3.80")
    assert agreement.normalised({}) == {}
    assert agreement.normalised({"a": {}}) == {"a": None}


@pytest.mark.parametrize(
    ("value", "places", "shown"),
    [
        (Fraction(1, 8), 2, "0.13"),
        (Fraction(-1, 8), 2, "-0.13"),
        (Fraction(2, 3), 1, "0.7"),
        (D("2.45"), 1, "2.5"),
        (Fraction(0), 2, "0.00"),
        (Fraction(-1, 1000), 2, "0.00"),
    ],
)
def test_figures_are_shown_rounded_half_up(value: Fraction | Decimal, places: int, shown: str) -> None:
    assert str(agreement.half_up(value, places)) == shown


@pytest.mark.parametrize(
    ("spread", "allowed", "handed_in", "min_sheets", "further"),
    [
        ("15.0", "15", 2, 1, False),
        ("15.1", "15", 2, 1, True),
        ("15.1", "15", 1, 1, False),
        ("15.1", "0", 2, 1, False),
        ("15.1", "15", 3, 1, False),
        ("15.1", "15", 3, 3, True),
        ("15.1", "15", 4, 3, False),
        ("0.1", "0.1", 2, 2, False),
    ],
)
def test_when_a_further_expert_is_wanted(
    spread: str, allowed: str, handed_in: int, min_sheets: int, further: bool
) -> None:
    found = agreement.too_far(D(spread), allowed=D(allowed), handed_in=handed_in, min_sheets=min_sheets)
    assert found is further
