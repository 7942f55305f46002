"""Ranks: ties share one, and the next is skipped."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hbreview.evaluation.ranking import rank


def test_competition_ranking() -> None:
    totals = {"a": Decimal("80.0"), "b": Decimal("90.5"), "c": Decimal(80), "d": Decimal(70)}
    assert rank(totals) == {"b": 1, "a": 2, "c": 2, "d": 4}
    assert rank({}) == {}


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 20).map(Decimal), max_size=30))
def test_a_rank_is_one_more_than_those_above(totals: dict[str, Decimal]) -> None:
    expected = {key: 1 + sum(other > value for other in totals.values()) for key, value in totals.items()}
    assert rank(totals) == expected
    assert rank(dict(reversed(totals.items()))) == expected
