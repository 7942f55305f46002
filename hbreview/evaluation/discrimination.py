"""What the scores of many submissions say: middles and quartiles, and which indicators separate them.

Everything rational is an exact fraction; a correlation has a root in it and is a decimal of 28 digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from .agreement import signed_root

Row = Mapping[int, Fraction]
# The width of a bar of the histogram, in points.
BIN = 5
# A line through two points is always straight.
_LEAST = 3


@dataclass(frozen=True, slots=True)
class Summary:
    """How many values, their mean, and the quartiles with the median between them."""

    count: int
    mean: Fraction
    lower: Fraction
    median: Fraction
    upper: Fraction


@dataclass(frozen=True, slots=True)
class Separation:
    """How an indicator separates. ``correlation``: its points with the rest of the total; None: nothing to compare.

    ``full`` and ``low``: the shares of the submissions with all points, and below the share that asks for a remark.
    """

    correlation: Decimal | None
    full: Fraction
    low: Fraction


def summary(values: Sequence[Fraction]) -> Summary:
    """Of one value or more. Quartiles lie between the neighbours in proportion, as spreadsheets have it (inclusive)."""
    ordered = sorted(values)
    return Summary(
        len(ordered),
        sum(ordered, Fraction(0)) / len(ordered),
        _quantile(ordered, Fraction(1, 4)),
        _quantile(ordered, Fraction(1, 2)),
        _quantile(ordered, Fraction(3, 4)),
    )


def _quantile(ordered: Sequence[Fraction], share: Fraction) -> Fraction:
    place = share * (len(ordered) - 1)
    below = place.numerator // place.denominator
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def separation(rows: Sequence[Row], indicator: int, *, weight: Decimal, below: Decimal) -> Separation:
    """One indicator over the rows (points by indicator) that have it; one of them at least."""
    having = [row for row in rows if indicator in row]
    own = [row[indicator] for row in having]
    rest = [sum(row.values(), Fraction(0)) - row[indicator] for row in having]
    full, low = Fraction(weight), Fraction(weight) * Fraction(below)
    return Separation(
        correlation(own, rest),
        Fraction(sum(value >= full for value in own), len(own)),
        Fraction(sum(value < low for value in own), len(own)),
    )


def correlation(first: Sequence[Fraction], second: Sequence[Fraction]) -> Decimal | None:
    """Pearson's, from -1 to 1; None with fewer than three pairs, or where one side never changes."""
    if len(first) < _LEAST:
        return None
    mean_1, mean_2 = sum(first, Fraction(0)) / len(first), sum(second, Fraction(0)) / len(second)
    off_1, off_2 = [value - mean_1 for value in first], [value - mean_2 for value in second]
    square = sum((value * value for value in off_1), Fraction(0)) * sum((value * value for value in off_2), Fraction(0))
    if not square:
        return None
    return signed_root(sum((a * b for a, b in zip(off_1, off_2, strict=True)), Fraction(0)), square)


def histogram(totals: Sequence[Decimal], *, most: int = 100) -> list[tuple[int, int]]:
    """How many totals lie in each range of five points, by its lower end; the highest total falls in the last one."""
    counts = [0] * max(most // BIN, 1)
    for total in totals:
        counts[min(int(total // BIN), len(counts) - 1)] += 1
    return [(place * BIN, count) for place, count in enumerate(counts)]
