"""Until when the enterprise may send its form: the round's day, or a later one that was granted to it."""

from __future__ import annotations

from datetime import date

from ..model import Submission


def last_day(submission: Submission) -> date:
    """The last day on which this form may be submitted, in Asia/Shanghai."""
    own = submission.extended_to
    return max(submission.round.enterprise_deadline, own) if own else submission.round.enterprise_deadline
