"""Ranks from totals: ties share a rank, and the next one is skipped (1, 2, 2, 4)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal


def rank(totals: Mapping[str, Decimal]) -> dict[str, int]:
    """The rank of each key by its total, highest first; the order of the input does not matter."""
    first: dict[Decimal, int] = {}
    for place, value in enumerate(sorted(totals.values(), reverse=True), start=1):
        first.setdefault(value, place)
    return {key: first[value] for key, value in totals.items()}
