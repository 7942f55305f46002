"""Why one of many did not go through, said to whoever chose them."""

from __future__ import annotations

from sqlalchemy.exc import OperationalError

from ...acts.working_through import Result
from ...refusals import sentence_for
from ...wording import WORDS
from ...words import N_, Reason, State
from ...workflow.errors import InvalidError, KeyReusedError, StaleError, WrongStateError


def why_not(result: Result) -> tuple[Reason, ...]:
    """Why one did not go through, as sentences; none when it did."""
    error = result.error
    if error is None:
        return ()
    if isinstance(error, InvalidError):
        return error.reasons
    if isinstance(error, StaleError):
        return (Reason(N_("It was changed since you selected it: look at it again.")),)
    if isinstance(error, WrongStateError):
        state = {"state": Reason(WORDS[State(error.state)])}
        return (Reason(N_("From its state, “%(state)s”, this cannot be done."), values=state),)
    if isinstance(error, KeyReusedError):
        return (Reason(N_("It was done already, with other words: load the page again and look.")),)
    if isinstance(error, OperationalError):
        return (Reason(N_("The system is busy. Please try again in a moment; nothing was lost.")),)
    if result.reference:
        text = N_("Something went wrong on our side: nothing of it was changed. Reference: %(reference)s")
        return (Reason(text, values={"reference": result.reference}),)
    return (Reason(sentence_for(error)),)
