"""The audit's figures against the form's (C23), and what an audit record still lacks (K6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal, localcontext

from ..programmes.schema import AuditFigure, Field, FieldType, Programme
from ..words import N_, Label, Reason
from . import computed

_SHARE, _LEAST = Decimal("0.01"), Decimal("0.1")
# What a sum may differ from its parts (RULES.md section 5), in 万元.
_CENT = Decimal("0.01")
PARTS = Label("所列各项之和", "Sum of the parts given")


@dataclass(frozen=True, slots=True)
class Line:
    """A figure of the audit beside what it is held against (C23): a field of the form, or the sum of its parts.

    Texts are canonical, "" where one is not known. ``gap`` is audited less declared, None where one of them is not
    known or they are no like quantities. ``slack`` is the tolerance in the form's unit, None where there is none.
    ``within`` is None where nothing can be compared yet. ``kind`` is the comparison ("about", "at_most", "at_least",
    "only_if", "parts").
    """

    key: str
    label: Label
    audited: str
    unit: str
    form_label: Label
    declared: str
    form_unit: str
    kind: str
    gap: Decimal | None = None
    slack: Decimal | None = None
    within: bool | None = None


def tolerance(declared: Decimal) -> Decimal:
    """C23: 1 % of the form's figure, or 0.1 in its unit, whichever is more."""
    return max(abs(declared) * _SHARE, _LEAST)


def table(programme: Programme, answers: Mapping[str, str], figures: Mapping[str, str]) -> list[Line]:
    """Every comparison that audit.csv asks for, in its order, whether or not both figures are there.

    ``answers`` are the form's as typed or as shown; ``figures`` the audit's, canonical.
    """
    shown = computed.effective(programme, answers)
    lines = []
    for figure in programme.audit_figures:
        if figure.comparison:
            lines.append(_against_form(programme, figure, shown=shown, figures=figures))
        if figure.parts:
            lines.append(_against_parts(figure, figures))
    return lines


def compare(programme: Programme, answers: Mapping[str, str], figures: Mapping[str, str]) -> list[Line]:
    """The differences between audit and form, and of a total from its parts; what is not known is not compared."""
    return [line for line in table(programme, answers, figures) if line.within is False]


def unexplained(lines: Sequence[Line], explanations: Mapping[str, str], *, general: str) -> dict[str, Label]:
    """The figures that differ and have no explanation of their own, nor one for all (``general``): key and name."""
    if general.strip():
        return {}
    return {
        line.key: line.label for line in lines if line.within is False and not explanations.get(line.key, "").strip()
    }


def _against_form(
    programme: Programme, figure: AuditFigure, *, shown: Mapping[str, str], figures: Mapping[str, str]
) -> Line:
    field = programme.field(figure.compare_with)
    line = Line(
        figure.key, figure.label, figures.get(figure.key, ""), figure.unit,
        field.label, shown.get(field.key, ""), field.unit, figure.comparison,
    )  # fmt: skip
    if not line.audited or not line.declared:
        return line
    audited, declared = Decimal(line.audited), Decimal(line.declared)
    within = _agrees(figure.comparison, audited, declared)
    if figure.comparison == "only_if":
        return replace(line, within=within)
    return replace(line, gap=audited - declared + 0, slack=tolerance(declared), within=within)


def _against_parts(figure: AuditFigure, figures: Mapping[str, str]) -> Line:
    audited, parts = figures.get(figure.key, ""), [figures.get(part, "") for part in figure.parts]
    whole = sum(map(Decimal, parts)) if all(parts) else None
    declared = "" if whole is None else format(whole, "f")
    line = Line(figure.key, figure.label, audited, figure.unit, PARTS, declared, figure.unit, "parts", slack=_CENT)
    if not audited or whole is None:
        return line
    gap = Decimal(audited) - whole
    return replace(line, gap=gap + 0, within=abs(gap) <= _CENT)


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
