"""How long a title is still valid (three years from its announcement, S4, S7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

WARNED_DAYS = 90


class Standing(StrEnum):
    """How a title's term stands."""

    VALID = "valid"
    ENDING = "ending"
    OVER = "over"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Validity:
    """The last day, how many days are left until it (negative when it is over), and how that stands."""

    until: date | None
    days_left: int | None
    standing: Standing


def validity(until: date | None, *, today: date) -> Validity:
    """How a term stands today; the last day is included, and the last 90 days are warned of."""
    if until is None:
        return Validity(None, None, Standing.UNKNOWN)
    left = (until - today).days
    if left < 0:
        return Validity(until, left, Standing.OVER)
    return Validity(until, left, Standing.ENDING if left <= WARNED_DAYS else Standing.VALID)
