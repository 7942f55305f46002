"""The points that a sheet suggests for an indicator, with the arithmetic in words (P2, C11). They bind nobody."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from ..programmes.expression import compile_expression
from ..programmes.schema import Indicator, Programme, SuggestPart
from ..words import N_, Label, Reason
from . import computed, points

_NOTHING = Label("", "")


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the arithmetic: what is counted, and how it comes to its points ("166 ÷ 200 × 12 = 9.96")."""

    label: Label
    text: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Points in tenths, from 0 to the weight; the arithmetic; and what else it comes of, as sentences."""

    points: Decimal
    steps: tuple[Step, ...] = ()
    reasons: tuple[Reason, ...] = ()


def suggest(
    programme: Programme,
    indicator: Indicator,
    shown: Mapping[str, str],
    *,
    has_file: bool,
    given: Mapping[str, Decimal] | None = None,
) -> Suggestion | None:
    """What the round suggests for an indicator; None where it has no rule for it or a figure is wanting.

    ``shown``: what stands in every field, computed ones too. ``has_file``: whether any file proves the indicator.
    ``given``: values that are not the form's, by name ("monthly.on_time": months reported on time).
    """
    if not has_file and not any(shown.get(key, "").strip() for key in indicator.evidence):
        text = N_("There is no evidence at all, neither a figure nor a text nor a file: such an indicator scores 0.")
        return Suggestion(Decimal("0.0"), reasons=(Reason(text, rule="P2"),))
    if not indicator.suggest:
        return None
    exact, steps = Fraction(0), []
    for part in indicator.suggest:
        value = _value(programme, part, shown, given=given or {})
        if value is None:
            return None
        earned, text = _earned(part, value, weight=indicator.weight)
        exact += earned
        steps.append(Step(_label(programme, part), text))
    most = points.most_of(programme, indicator, shown)
    found = min(_tenths(exact), most)
    if most == indicator.weight or _tenths(exact) <= most:
        return Suggestion(found, tuple(steps))
    text = N_("Under the programme's floor: at most %(most)s of %(weight)s points are suggested.")
    values = {"most": plain(most), "weight": plain(indicator.weight)}
    return Suggestion(found, tuple(steps), (Reason(text, rule="C11", values=values),))


def plain(value: Decimal) -> str:
    """A figure without zeros at its end."""
    return format(value.normalize(), "f")


def _tenths(exact: Fraction) -> Decimal:
    """Rounded half up; nothing here is below 0."""
    return Decimal(math.floor(exact * 10 + Fraction(1, 2))).scaleb(-1)


def _label(programme: Programme, part: SuggestPart) -> Label:
    if part.label is not None:
        return part.label
    return programme.field(part.field).title if part.field else _NOTHING


def _value(
    programme: Programme, part: SuggestPart, shown: Mapping[str, str], *, given: Mapping[str, Decimal]
) -> Decimal | None:
    if part.given in given:
        return given[part.given]

    def lookup(name: str) -> Decimal | str | None:
        return computed.as_value(programme.field(name), shown.get(name, ""))

    if part.formula:
        value = compile_expression(part.formula).value(lookup)
    else:
        said = {"yes": part.full, "no": part.zero}
        value = said[text] if (text := shown.get(part.field, "")) in said else lookup(part.field)
    return value if isinstance(value, Decimal) else None


def _earned(part: SuggestPart, value: Decimal, *, weight: Decimal) -> tuple[Fraction, str]:
    top = weight * part.share
    low, high, here = Fraction(part.zero), Fraction(part.full), Fraction(value)
    if here >= high:
        return Fraction(top), f"{_rounded(here)} ≥ {plain(part.full)}: {plain(top)}"
    if here <= low:
        return Fraction(0), f"{_rounded(here)} ≤ {plain(part.zero)}: 0"
    earned = (here - low) / (high - low) * Fraction(top)
    sign = "=" if (earned * 100).denominator == 1 else "≈"
    if part.zero == 0:
        return earned, f"{_rounded(here)} ÷ {plain(part.full)} × {plain(top)} {sign} {_rounded(earned)}"
    over = f"({_rounded(here)} − {plain(part.zero)}) ÷ ({plain(part.full)} − {plain(part.zero)})"
    return earned, f"{over} × {plain(top)} {sign} {_rounded(earned)}"


def _rounded(value: Fraction) -> str:
    """With two places at most, half away from 0."""
    hundredths = math.floor(abs(value) * 100 + Fraction(1, 2))
    return ("−" if value < 0 and hundredths else "") + plain(Decimal(hundredths).scaleb(-2))
