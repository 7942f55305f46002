"""A day as somebody types it into a form."""

from __future__ import annotations

from datetime import date

from ...words import N_, Reason
from ...workflow.errors import InvalidError


def day_from(text: str, *, field: str) -> date:
    """The day, written as 2026-03-01; InvalidError beside its field when it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidError([Reason(N_("This is not a date. Write it as 2026-03-01."), field)]) from error


def day_or_none(text: str, *, field: str) -> date | None:
    """As ``day_from``; None where nothing is typed."""
    return day_from(text, field=field) if text.strip() else None
