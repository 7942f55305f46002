"""The only place that asks the time. Moments are UTC with an offset; days are days in Asia/Shanghai."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """This moment, in UTC, with its offset, to the microsecond."""
    return datetime.now(UTC)


def day_of(moment: datetime) -> date:
    """The calendar day of a moment in Asia/Shanghai, whatever the server's zone (rule R6)."""
    return moment.astimezone(SHANGHAI).date()


def today() -> date:
    """Today in Asia/Shanghai."""
    return day_of(now())
