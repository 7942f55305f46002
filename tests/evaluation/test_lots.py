"""The fair draw: never a barred pair, balanced as far as exclusions allow, and the same again from the same seed."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations, product
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hbreview.evaluation.lots import Drawn, Pair, draw

EXPERTS = [f"e{n}" for n in range(9)]
SUBMISSIONS = [f"s{n:03d}" for n in range(139)]


@st.composite
def inputs(draw_: st.DrawFn, most: int = 12) -> tuple[list[str], list[str], set[Pair], set[Pair], int]:
    submissions = SUBMISSIONS[: draw_(st.integers(0, most))]
    experts = EXPERTS[: draw_(st.integers(1, 6))]
    pairs = list(product(submissions, experts))
    some = st.sets(st.sampled_from(pairs), max_size=len(pairs)) if pairs else st.just(set())
    return submissions, experts, draw_(some), draw_(some), draw_(st.integers(1, 4))


def experts_of(drawn: Drawn, existing: set[Pair], submission: str) -> list[str]:
    return [expert for one, expert in [*drawn.pairs, *existing] if one == submission]


@given(inputs(), st.text(max_size=8))
@settings(deadline=None)
def test_each_gets_as_many_distinct_experts_as_there_are_and_never_a_barred_one(
    given_: tuple[list[str], list[str], set[Pair], set[Pair], int], seed: str
) -> None:
    submissions, experts, barred, existing, each = given_
    drawn = draw(submissions, experts, barred, existing=existing, each=each, seed=seed)
    assert not set(drawn.pairs) & (barred | existing)
    assert Counter(expert for _s, expert in [*drawn.pairs, *existing]) == Counter(drawn.loads)
    for submission in submissions:
        found = experts_of(drawn, existing, submission)
        there = [expert for expert in experts if (submission, expert) in existing]
        eligible = [e for e in experts if (submission, e) not in barred and (submission, e) not in existing]
        assert len(found) == len(set(found)) == max(len(there), min(each, len(there) + len(eligible)))
        assert drawn.lacking.get(submission, 0) == max(0, each - len(found))


@given(inputs(), st.text(max_size=8), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_same_inputs_in_any_order_give_the_same_draw(
    given_: tuple[list[str], list[str], set[Pair], set[Pair], int], seed: str, dice: random.Random
) -> None:
    submissions, experts, barred, existing, each = given_
    first = draw(submissions, experts, barred, existing=existing, each=each, seed=seed)
    dice.shuffle(submissions)
    dice.shuffle(experts)
    again = draw(submissions, experts, sorted(barred), existing=sorted(existing)[::-1], each=each, seed=seed)
    assert again == first


@given(st.integers(0, 40), st.integers(1, 9), st.integers(1, 9), st.text(max_size=8))
@settings(deadline=None)
def test_loads_differ_by_at_most_one_when_nobody_is_barred(
    submissions: int, experts: int, each: int, seed: str
) -> None:
    drawn = draw(SUBMISSIONS[:submissions], EXPERTS[:experts], set(), each=each, seed=seed)
    assert max(drawn.loads.values()) - min(drawn.loads.values()) <= 1
    assert bool(drawn.lacking) is (submissions > 0 and each > experts)


def _best(submissions: list[str], experts: list[str], barred: set[Pair], existing: set[Pair], each: int) -> int:
    """The least sum of squared loads, by trying everything."""
    choices = []
    for submission in submissions:
        there = {e for s, e in existing if s == submission}
        open_to = [e for e in experts if (submission, e) not in barred and e not in there]
        choices.append(list(combinations(open_to, max(0, min(each - len(there), len(open_to))))))
    before = Counter(expert for _s, expert in existing)
    return min(
        sum(load * load for load in (before + Counter(e for chosen in whole for e in chosen)).values())
        for whole in product(*choices)
    )


@given(inputs(most=4), st.text(max_size=4))
@settings(deadline=None, max_examples=150)
def test_loads_are_as_even_as_exclusions_allow(
    given_: tuple[list[str], list[str], set[Pair], set[Pair], int], seed: str
) -> None:
    submissions, experts, barred, existing, each = given_
    experts = experts[:4]
    barred, existing = ({pair for pair in pairs if pair[1] in experts} for pairs in (barred, existing))
    drawn = draw(submissions, experts, barred, existing=existing, each=each, seed=seed)
    assert sum(load * load for load in drawn.loads.values()) == _best(submissions, experts, barred, existing, each)


def test_swaps_make_room_where_the_first_choice_would_not() -> None:
    """Two may only be scored by the first expert: whatever else the first drew goes on to the second."""
    barred = {("s000", "e1"), ("s001", "e1")}
    for seed in map(str, range(40)):
        assert draw(SUBMISSIONS[:4], EXPERTS[:2], barred, each=1, seed=seed).loads == {"e0": 2, "e1": 2}


@pytest.mark.parametrize("each", [1, 2])
def test_shares_are_even_over_many_seeds(each: int) -> None:
    """Chi-square over which expert each submission gets; 8 degrees of freedom, far beyond the 99.99 % bound."""
    seeds, submissions = 900, SUBMISSIONS[:4]
    counts = Counter(
        pair for seed in range(seeds) for pair in draw(submissions, EXPERTS, set(), each=each, seed=str(seed)).pairs
    )
    expected = seeds * each / len(EXPERTS)
    for submission in submissions:
        assert sum((counts[submission, expert] - expected) ** 2 / expected for expert in EXPERTS) < 32


def test_a_whole_round_is_drawn_at_once() -> None:
    """139 submissions, three of nine experts each, a fifth of the pairs barred."""
    dice = random.Random(1)
    barred = {pair for pair in product(SUBMISSIONS, EXPERTS) if dice.random() < 0.2}
    begun = perf_counter()
    drawn = draw(SUBMISSIONS, EXPERTS, barred, each=3, seed="2026")
    assert perf_counter() - begun < 1
    assert not set(drawn.pairs) & barred
    assert max(drawn.loads.values()) - min(drawn.loads.values()) <= 1
