"""Thousands of random score sets: totals, ranks and outcomes against a second reckoning written from RULES.md.

The oracle counts in whole hundredths of shared denominators and knows nothing of the code's own arithmetic.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import pytest

from hbreview.evaluation import discrimination, outcome, points, ranking
from hbreview.programmes import loader
from hbreview.words import Outcome

BASE, PLATFORM = loader.shipped("base", 2019), loader.shipped("platform", 2019)
# Few and coarse as well as fine scores, so that ties and values on the border come up.
STEPS = (1, 5, 10)


def sheets_of(dice: random.Random, weights: dict[int, int]) -> list[dict[int, Decimal]]:
    """One to five experts' sheets; now and then an indicator is left out by one of them."""
    step, level = dice.choice(STEPS), dice.random()
    return [
        {
            order: Decimal(min(weight * 10, step * round(weight * 10 * dice.uniform(level, 1) / step))) / 10
            for order, weight in weights.items()
            if not (number and dice.random() < 0.02)
        }
        for number in range(dice.randint(1, 5))
    ]


def oracle_total(sheets: list[dict[int, Decimal]], late: int, per_no: int) -> Fraction:
    """P1: sum of means, less 3 points for each no, once rounded half up to tenths, not below 0."""
    exact = Fraction(0)
    for order in range(1, 16):
        column = [Fraction(str(sheet[order])) for sheet in sheets if order in sheet]
        if column:
            exact += Fraction(sum(column), len(column))
    exact = exact - late * per_no
    if exact <= 0:
        return Fraction(0)
    tenths, rest = divmod(exact * 10, 1)
    return Fraction(int(tenths) + (1 if rest >= Fraction(1, 2) else 0), 10)


def oracle_rank(totals: list[Fraction], one: Fraction) -> int:
    """One more than the number of better ones."""
    return 1 + len([other for other in totals if other > one])


def oracle_outcome(total: Fraction, served: int, marks: dict[str, int]) -> tuple[str, str]:
    """P5 first, then P4; 0 switches the minimum or the excellent mark off."""
    if marks["minimum"] and served < marks["minimum"]:
        return ("fail", "too_few_served")
    if total < marks["pass"]:
        return ("fail", "below_mark")
    return ("excellent" if marks["excellent"] and total >= marks["excellent"] else "pass", "")


def rounds(wanted: int, seed: int) -> Iterator[tuple[random.Random, int]]:
    """Rounds of one to forty submissions until so many score sets were made."""
    dice, made = random.Random(seed), 0
    while made < wanted:
        size = min(dice.randint(1, 40), wanted - made)
        made += size
        yield dice, size


def one_round(dice: random.Random, size: int) -> None:
    programme = dice.choice((BASE, PLATFORM))
    weights = {indicator.order: int(indicator.weight) for indicator in programme.indicators}
    marks = {"pass": dice.choice((60, 70)), "excellent": dice.choice((0, 85)), "minimum": dice.choice((0, 50))}
    totals: dict[str, Decimal] = {}
    expected: dict[str, Fraction] = {}
    for number in range(size):
        name, sheets = f"s{number}", sheets_of(dice, weights)
        answers = {
            key: dice.choice(("yes", "yes", "no")) for key in ("data_reported_on_time", "summary_reported_on_time")
        }
        late = sum(text == "no" for text in answers.values())
        totals[name] = points.total(sheets, deduction=points.deduction(programme, answers))
        expected[name] = oracle_total(sheets, late, 3 if programme is BASE else 0)
        served = dice.randint(30, 70)
        found = outcome.decide(
            totals[name], served=Decimal(served), pass_mark=Decimal(marks["pass"]),
            excellent=Decimal(marks["excellent"]), minimum_served=Decimal(marks["minimum"]),
        )  # fmt: skip
        assert (found[0].value, found[1]) == oracle_outcome(expected[name], served, marks)
        shuffled = [dict(dice.sample(list(sheet.items()), len(sheet))) for sheet in dice.sample(sheets, len(sheets))]
        assert points.total(shuffled, deduction=points.deduction(programme, answers)) == totals[name]
    assert {name: Fraction(total) for name, total in totals.items()} == expected
    ranks = ranking.rank(totals)
    assert ranks == {name: oracle_rank(list(expected.values()), total) for name, total in expected.items()}
    assert ranking.rank(dict(dice.sample(list(totals.items()), size))) == ranks


@pytest.mark.parametrize("wanted", [1_000, pytest.param(10_000, marks=pytest.mark.thorough)])
def test_random_score_sets_give_the_totals_ranks_and_outcomes_of_the_rules(wanted: int) -> None:
    made = 0
    for dice, size in rounds(wanted, seed=wanted):
        one_round(dice, size)
        made += size
    assert made == wanted


def test_ties_share_a_rank_and_the_next_is_skipped_in_any_order() -> None:
    totals = {"a": Decimal("90.0"), "b": Decimal("80.5"), "c": Decimal("80.50"), "d": Decimal("70.0")}
    for seed in range(24):
        mixed = dict(random.Random(seed).sample(list(totals.items()), 4))
        assert ranking.rank(mixed) == {"a": 1, "b": 2, "c": 2, "d": 4}


@pytest.mark.parametrize(
    ("total", "excellent", "expected"),
    [
        ("59.9", "85", Outcome.FAIL),
        ("60.0", "85", Outcome.PASS),
        ("84.9", "85", Outcome.PASS),
        ("85.0", "85", Outcome.EXCELLENT),
        ("99.9", "0", Outcome.PASS),
    ],
)
def test_marks_count_from_the_mark_itself(total: str, excellent: str, expected: Outcome) -> None:
    found, _why = outcome.decide(
        Decimal(total), served=None, pass_mark=Decimal(60), excellent=Decimal(excellent), minimum_served=Decimal(0)
    )
    assert found is expected


def test_a_summary_has_the_quartiles_of_a_spreadsheet() -> None:
    dice = random.Random(7)
    for count in (1, 2, 3, 4, 5, 8, 100):
        values = [Fraction(dice.randint(0, 100), 10) for _ in range(count)]
        found, ordered = discrimination.summary(values), sorted(values)
        assert (found.count, found.mean) == (count, Fraction(sum(values), count))
        if count % 4 == 1:
            quarters = [ordered[(count - 1) * place // 4] for place in (1, 2, 3)]
            assert [found.lower, found.median, found.upper] == quarters
        assert ordered[0] <= found.lower <= found.median <= found.upper <= ordered[-1]
    four = discrimination.summary([Fraction(n) for n in (4, 1, 3, 2)])
    assert (four.lower, four.median, four.upper) == (Fraction(7, 4), Fraction(5, 2), Fraction(13, 4))


def test_correlation_of_an_indicator_with_the_rest() -> None:
    dice = random.Random(11)
    rows = [{order: Fraction(dice.randint(0, 60), 10) for order in (1, 2, 3)} for _ in range(40)]
    found = discrimination.separation(rows, 2, weight=Decimal(6), below=Decimal("0.6"))
    own = [row[2] for row in rows]
    rest = [row[1] + row[3] for row in rows]
    n, assert_square = len(rows), found.correlation
    over = n * sum(a * b for a, b in zip(own, rest, strict=True)) - sum(own) * sum(rest)
    under = (n * sum(a * a for a in own) - sum(own) ** 2) * (n * sum(b * b for b in rest) - sum(rest) ** 2)
    assert assert_square is not None
    assert abs(Fraction(assert_square) ** 2 - Fraction(over * over) / under) < Fraction(1, 10**20)
    assert (assert_square < 0) == (over < 0)
    assert found.full == Fraction(sum(value == 6 for value in own), 40)
    assert found.low == Fraction(sum(value < Fraction("3.6") for value in own), 40)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1, 2, 3], [2, 4, 6], Decimal(1)),
        ([1, 2, 3], [6, 4, 2], Decimal(-1)),
        ([1, 2, 3], [5, 5, 5], None),
        ([1, 2], [1, 2], None),
        ([1, 2, 3, 4], [1, -1, -1, 1], Decimal(0)),
    ],
)
def test_correlation_at_its_limits(first: list[int], second: list[int], expected: Decimal | None) -> None:
    assert discrimination.correlation([Fraction(n) for n in first], [Fraction(n) for n in second]) == expected


def test_histogram_has_every_total_once() -> None:
    bins = dict(discrimination.histogram([Decimal(text) for text in ("0", "4.9", "5.0", "99.9", "100.0")]))
    assert (bins[0], bins[5], bins[95], sum(bins.values()), len(bins)) == (2, 1, 2, 5, 20)
