"""From a total to an outcome (P4, P5)."""

from __future__ import annotations

from decimal import Decimal

from ..words import Outcome

BELOW_MARK = "below_mark"
TOO_FEW_SERVED = "too_few_served"


def decide(
    total: Decimal,
    *,
    served: Decimal | None,
    pass_mark: Decimal,
    excellent: Decimal,
    minimum_served: Decimal,
) -> tuple[Outcome, str]:
    """The outcome of a scored submission and, when it fails, why. Marks in points; 0 switches a rule off."""
    if minimum_served > 0 and served is not None and served < minimum_served:
        return Outcome.FAIL, TOO_FEW_SERVED
    if total < pass_mark:
        return Outcome.FAIL, BELOW_MARK
    if excellent > 0 and total >= excellent:
        return Outcome.EXCELLENT, ""
    return Outcome.PASS, ""
