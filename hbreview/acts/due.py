"""Until when a submission is due: the round's days, or a later one that was granted to the organisation."""

from __future__ import annotations

from datetime import date

from .. import clock
from ..evaluation.deadlines import Due, dates_of, due, own_day
from ..model import Submission


def due_of(submission: Submission) -> Due:
    """Until when the submission is due in the state that it is in, and how that stands today."""
    dates = dates_of(submission.round)
    return due(submission.state, dates, extended_to=submission.extended_to, today=clock.today())


def last_day(submission: Submission) -> date:
    """The last day on which this form may be submitted, in Asia/Shanghai."""
    return own_day(submission.round.enterprise_deadline, extended_to=submission.extended_to)
