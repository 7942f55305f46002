"""Points, and the total that comes of several experts' points (P1, P2)."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from ..programmes.expression import compile_expression
from ..programmes.schema import Indicator, Programme
from ..words import N_, Reason
from . import computed

_POINTS = re.compile(r"[0-9]{1,3}(?:\.[0-9]*)?")
_TENTH = Decimal("0.1")


def parse_points(text: str, weight: Decimal) -> Decimal | Reason:
    """Points from 0 to the indicator's weight, with one decimal at most (P1)."""
    plain = unicodedata.normalize("NFKC", text).strip()
    limits = {"most": format(weight.normalize(), "f")}
    if not _POINTS.fullmatch(plain):
        return Reason(N_("Points are a number from 0 to %(most)s."), rule="P1", values=limits)
    value = Decimal(plain)
    if value > weight:
        return Reason(N_("Points are a number from 0 to %(most)s."), rule="P1", values=limits)
    if value * 10 != (value * 10).to_integral_value():
        return Reason(N_("Points have one decimal place at most."), rule="P1")
    return value.quantize(_TENTH)


def remark_needed(points: Decimal, weight: Decimal, *, below: Decimal) -> bool:
    """P2: a score below the share ``below`` of its weight needs a remark."""
    return points < weight * below


def suggested_most(programme: Programme, indicator: Indicator, answers: Mapping[str, str]) -> Decimal:
    """The most points that an indicator should get: less than its weight below its floor (C11). Binds nobody."""
    if indicator.floor is None:
        return indicator.weight
    return most_of(programme, indicator, computed.effective(programme, answers))


def most_of(programme: Programme, indicator: Indicator, shown: Mapping[str, str]) -> Decimal:
    """``suggested_most`` for what stands in every field already, computed ones too."""

    def lookup(name: str) -> Decimal | str | None:
        return computed.as_value(programme.field(name), shown.get(name, ""))

    floor = indicator.floor
    if floor is not None and compile_expression(floor.rule).holds(lookup, Decimal(0)) is False:
        return indicator.weight * floor.share
    return indicator.weight


def total(sheets: Sequence[Mapping[int, Decimal]], *, deduction: Decimal = Decimal(0)) -> Decimal:
    """P1: the sum of the experts' mean per indicator less the deduction, rounded half up once to one decimal.

    Means are over the experts that scored the indicator: no score is not a 0. Never below 0.
    """
    exact = Fraction(0)
    for indicator in {order for sheet in sheets for order in sheet}:
        given = [Fraction(sheet[indicator]) for sheet in sheets if indicator in sheet]
        exact += sum(given, Fraction(0)) / len(given)
    exact = max(exact - Fraction(deduction), Fraction(0))
    tenths = math.floor(exact * 10 + Fraction(1, 2))  # half up: the total is never negative here
    return Decimal(tenths).scaleb(-1)


def sheet_total(sheet: Mapping[int, Decimal]) -> Decimal:
    """What one expert gives altogether."""
    return sum(sheet.values(), Decimal(0))


def spread(sheets: Sequence[Mapping[int, Decimal]]) -> Decimal:
    """P3: how many points the highest and the lowest expert are apart."""
    totals = [sheet_total(sheet) for sheet in sheets]
    return max(totals) - min(totals) if totals else Decimal(0)


def deduction(programme: Programme, answers: Mapping[str, str]) -> Decimal:
    """What reports not on time cost (RULES.md section 6, base section 六): points for each ``no``."""
    late = sum(answers.get(field.key) == "no" for field in programme.fields if field.reported)
    return programme.defaults.deduction_per_no * late
