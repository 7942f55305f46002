"""The audit's figures against the form's (C23), and what an audit record still lacks (K6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext

from ..programmes.schema import Field, FieldType, Programme
from ..words import N_, Label, Reason
from . import computed

_SHARE, _LEAST = Decimal("0.01"), Decimal("0.1")
# What a sum may differ from its parts (RULES.md section 5), in 万元.
_CENT = Decimal("0.01")
PARTS = Label("所列各项之和", "Sum of the parts given")


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of the audit that differs from the form's beyond the tolerance of C23."""

    key: str
    label: Label
    audited: str
    form_label: Label
    declared: str
    unit: str
    form_unit: str


def tolerance(declared: Decimal) -> Decimal:
    """C23: 1 % of the form's figure, or 0.1 in its unit, whichever is more."""
    return max(abs(declared) * _SHARE, _LEAST)


def compare(programme: Programme, answers: Mapping[str, str], figures: Mapping[str, str]) -> list[Difference]:
    """The differences between audit and form, and of a total from its parts; what is not known is not compared."""
    shown = computed.effective(programme, answers)
    found = []
    for figure in programme.audit_figures:
        audited, declared = figures.get(figure.key, ""), shown.get(figure.compare_with, "")
        if not audited:
            continue
        if figure.comparison and declared and not _agrees(figure.comparison, Decimal(audited), Decimal(declared)):
            field = programme.field(figure.compare_with)
            found.append(Difference(figure.key, figure.label, audited, field.label, declared, figure.unit, field.unit))
        parts = [figures.get(part, "") for part in figure.parts]
        if parts and all(parts) and abs(Decimal(audited) - (whole := sum(map(Decimal, parts)))) > _CENT:
            found.append(
                Difference(figure.key, figure.label, audited, PARTS, format(whole, "f"), figure.unit, figure.unit)
            )
    return found


def _agrees(kind: str, audited: Decimal, declared: Decimal) -> bool:
    slack = tolerance(declared)
    if kind == "only_if":  # rented premises are not own assets: an amount needs an area
        return audited <= 0 or declared > 0
    if kind == "at_most":
        return audited <= declared + slack
    if kind == "at_least":
        return audited >= declared - slack
    return abs(audited - declared) <= slack


def audit_missing(
    programme: Programme, figures: Mapping[str, str], items: Sequence[Mapping[str, str]], *, has_report: bool
) -> list[Reason]:
    """K6: every figure of the notice, the firm, number and date, the report, and one service item at least."""
    reasons = []
    for figure in programme.audit_figures:
        if not figure.required or figure.repeats:
            continue
        present = has_report if figure.type is FieldType.ATTACHMENT else bool(figures.get(figure.key))
        if not present:
            text = N_("“%(field)s” is not filled in.")
            reasons.append(Reason(text, figure.key, "K6", {"field": figure.label}))
    needed = [figure for figure in programme.audit_figures if figure.repeats and figure.required]
    if not items:
        reasons.append(Reason(N_("Give at least one main service item with its fees."), "items", "K6"))
    for number, item in enumerate(items):
        reasons += [
            Reason(N_("“%(field)s” is not filled in."), f"{figure.key}-{number}", "K6", {"field": figure.label})
            for figure in needed
            if not item.get(figure.key)
        ]
    return reasons


def fee_comparison(fee: str, market: str) -> Decimal | None:
    """How far a fee is from the market's, in percent with two places; negative is below. None if unknown."""
    if not fee or not market or Decimal(market) == 0:
        return None
    with localcontext(computed.EXACT):
        share = (Decimal(fee) - Decimal(market)) / Decimal(market) * 100
        return share.quantize(Decimal("0.01"), ROUND_HALF_UP) + 0  # + 0: never "-0.00"


def change(field: Field, before: str, now: str) -> Decimal | None:
    """From last year's figure to this: in per cent, for a share in points; one place, half up. None if unknown.

    A figure that is a change itself, such as the increase over last year, has none.
    """
    was, value = computed.as_value(field, before), computed.as_value(field, now)
    if not field.is_number or not isinstance(was, Decimal) or not isinstance(value, Decimal):
        return None
    with localcontext(computed.EXACT):
        if field.type is FieldType.PERCENT:
            return (value - was).quantize(Decimal("0.1"), ROUND_HALF_UP) + 0
        if was == 0 or field.derived:
            return None
        return ((value - was) / abs(was) * 100).quantize(Decimal("0.1"), ROUND_HALF_UP) + 0
