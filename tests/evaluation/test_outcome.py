"""Outcomes at their marks (P4) and regardless of the score (P5)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from hbreview.evaluation.outcome import BELOW_MARK, TOO_FEW_SERVED, decide
from hbreview.words import Outcome


@pytest.mark.parametrize(
    ("total", "served", "minimum", "outcome", "reason"),
    [
        ("59.9", "10", "0", Outcome.FAIL, BELOW_MARK),
        ("60.0", "10", "0", Outcome.PASS, ""),
        ("84.9", "10", "0", Outcome.PASS, ""),
        ("85.0", "10", "0", Outcome.EXCELLENT, ""),
        ("100.0", "149", "150", Outcome.FAIL, TOO_FEW_SERVED),
        ("100.0", "150", "150", Outcome.EXCELLENT, ""),
        ("60.0", None, "150", Outcome.PASS, ""),
        ("60.0", "0", "0", Outcome.PASS, ""),
    ],
)
def test_outcomes(total: str, served: str | None, minimum: str, outcome: Outcome, reason: str) -> None:
    found = decide(
        Decimal(total),
        served=Decimal(served) if served else None,
        pass_mark=Decimal(60),
        excellent=Decimal(85),
        minimum_served=Decimal(minimum),
    )
    assert found == (outcome, reason)


def test_excellent_can_be_switched_off() -> None:
    marks = {"pass_mark": Decimal(60), "excellent": Decimal(0), "minimum_served": Decimal(0)}
    assert decide(Decimal(99), served=None, **marks) == (Outcome.PASS, "")
