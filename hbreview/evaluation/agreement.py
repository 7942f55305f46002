"""How far the experts agree (P3): spreads, leniency, normalised totals, and on which indicators they differ.

Marks are ``{submission: {expert: {indicator: points}}}``. Everything rational is an exact fraction; roots are taken
in a decimal context of 28 digits. Nothing of this changes a total: it is there to be looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from . import points

Sheet = Mapping[int, Decimal]
Marks = Mapping[str, Mapping[str, Sheet]]

_ROOTS = Context(prec=28, rounding=ROUND_HALF_UP)
# Fewer than two experts cannot differ.
_TWO = 2


@dataclass(frozen=True, slots=True)
class ExpertFigures:
    """One expert over all of its sheets, in points. ``leniency`` None: it scored nothing together with others.

    ``together``: how many of the sheets are of submissions that another expert scored too.
    """

    sheets: int
    mean: Fraction
    leniency: Fraction | None
    together: int


def settling(min_sheets: int) -> int:
    """P3: how many sheets settle it where experts are too far apart: one more than there have to be, three at least."""
    return max(min_sheets, _TWO) + 1


def too_far(spread: Decimal, *, allowed: Decimal, handed_in: int, min_sheets: int) -> bool:
    """P3: whether a further expert is wanted; ``allowed`` 0 switches the rule off."""
    return allowed > 0 and spread > allowed and _TWO <= handed_in < settling(min_sheets)


def half_up(value: Fraction | Decimal, places: int) -> Decimal:
    """A figure as it is shown: rounded half up, away from zero at the half."""
    exact = Fraction(value)
    scaled = abs(exact) * 10**places + Fraction(1, 2)
    whole = scaled.numerator // scaled.denominator
    return Decimal(-whole if exact < 0 else whole).scaleb(-places)


def spreads(marks: Marks) -> dict[str, Decimal]:
    """P3: per submission, how many points the highest and the lowest expert are apart."""
    return {submission: points.spread(list(sheets.values())) for submission, sheets in marks.items()}


def experts(marks: Marks) -> dict[str, ExpertFigures]:
    """What each expert gives on the whole; leniency against the mean of those who scored the same submission."""
    own: dict[str, list[Fraction]] = {}
    deviations: dict[str, list[Fraction]] = {}
    for sheets in marks.values():
        totals = {expert: Fraction(points.sheet_total(sheet)) for expert, sheet in sheets.items()}
        for expert, total in totals.items():
            own.setdefault(expert, []).append(total)
            if len(totals) >= _TWO:
                deviations.setdefault(expert, []).append(total - _mean(list(totals.values())))
    return {
        expert: ExpertFigures(
            len(totals),
            _mean(totals),
            _mean(deviations[expert]) if expert in deviations else None,
            len(deviations.get(expert, ())),
        )
        for expert, totals in own.items()
    }


def z_scores(marks: Marks) -> dict[str, dict[str, Decimal | None]]:
    """Each total in standard deviations from its expert's own mean.

    None where the expert has one sheet only, or gave every submission the same.
    """
    own: dict[str, dict[str, Fraction]] = {}
    for submission, sheets in marks.items():
        for expert, sheet in sheets.items():
            own.setdefault(expert, {})[submission] = Fraction(points.sheet_total(sheet))
    found: dict[str, dict[str, Decimal | None]] = {submission: {} for submission in marks}
    for expert, totals in own.items():
        mean, variance = _mean(list(totals.values())), _variance(list(totals.values()))
        for submission, total in totals.items():
            found[submission][expert] = signed_root(total - mean, variance) if variance else None
    return {submission: {expert: found[submission][expert] for expert in marks[submission]} for submission in marks}


def normalised(marks: Marks) -> dict[str, Decimal | None]:
    """Per submission the mean of its z-scores, put back on the scale of all totals, with two decimals.

    None where no expert of the submission has a z-score. For information only: no total comes of it.
    """
    every = [Fraction(points.sheet_total(sheet)) for sheets in marks.values() for sheet in sheets.values()]
    if not every:
        return dict.fromkeys(marks)
    mean, deviation = _decimal(_mean(every)), _ROOTS.sqrt(_decimal(_variance(every)))
    found: dict[str, Decimal | None] = {}
    for submission, scores in z_scores(marks).items():
        known = [score for score in scores.values() if score is not None]
        if not known:
            found[submission] = None
            continue
        middle = _decimal(_mean([Fraction(score) for score in known]))
        found[submission] = half_up(_ROOTS.add(_ROOTS.multiply(middle, deviation), mean), 2)
    return found


def indicator_spreads(sheets: Mapping[str, Sheet], weights: Mapping[int, Decimal]) -> dict[int, Fraction]:
    """Of one submission: highest less lowest points as a share of the weight; only what two experts scored."""
    found: dict[int, Fraction] = {}
    for indicator, weight in weights.items():
        given = [sheet[indicator] for sheet in sheets.values() if indicator in sheet]
        if len(given) >= _TWO and weight > 0:
            found[indicator] = Fraction(max(given) - min(given)) / Fraction(weight)
    return found


def most_differing(found: Mapping[int, Fraction]) -> list[int]:
    """The indicators of ``indicator_spreads`` on which experts differ at all, most first, then in the form's order."""
    return sorted((i for i, share in found.items() if share > 0), key=lambda i: (-found[i], i))


def indicator_means(marks: Marks, weights: Mapping[int, Decimal]) -> dict[int, Fraction]:
    """Over submissions with two sheets or more: the mean of ``indicator_spreads`` by indicator."""
    gathered: dict[int, list[Fraction]] = {}
    for sheets in marks.values():
        for indicator, share in indicator_spreads(sheets, weights).items():
            gathered.setdefault(indicator, []).append(share)
    return {indicator: _mean(shares) for indicator, shares in sorted(gathered.items())}


def signed_root(over: Fraction, square: Fraction) -> Decimal:
    """``over / sqrt(square)`` with 28 digits; the quotient is taken before the root, so exact roots stay exact."""
    root = _ROOTS.sqrt(_decimal(over * over / square))
    return -root if over < 0 else root


def _decimal(value: Fraction) -> Decimal:
    return _ROOTS.divide(Decimal(value.numerator), Decimal(value.denominator))


def _mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def _variance(values: Sequence[Fraction]) -> Fraction:
    """Of the population: these are all, not a sample."""
    mean = _mean(values)
    return _mean([(value - mean) ** 2 for value in values])
