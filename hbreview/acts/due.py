"""Until when a submission is due: the round's days, or a later one that was granted to the organisation."""

from __future__ import annotations

from datetime import date

from .. import clock
from ..evaluation.deadlines import Due, RoundDates, due
from ..model import Round, Submission


def dates_of(round_: Round) -> RoundDates:
    """The last days of a round."""
    return RoundDates(round_.enterprise_deadline, round_.city_deadline, round_.audit_deadline, round_.score_deadline)


def due_of(submission: Submission) -> Due:
    """Until when the submission is due in the state that it is in, and how that stands today."""
    dates = dates_of(submission.round)
    return due(submission.state, dates, extended_to=submission.extended_to, today=clock.today())


def last_day(submission: Submission) -> date:
    """The last day on which this form may be submitted, in Asia/Shanghai."""
    own = submission.extended_to
    return max(submission.round.enterprise_deadline, own) if own else submission.round.enterprise_deadline
