"""A longer time for one organisation, with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from .. import clock
from ..evaluation.values import parse
from ..model import Submission
from ..programmes.schema import Field, FieldType
from ..transact import Receipt, carry_out
from ..words import N_, Label, Reason, Role, RoundState, State
from ..workflow.errors import InvalidError
from ..workflow.journal import Origin
from ..workflow.policy import Action
from . import holding
from .answering import NotEditableError
from .due import last_day

_DAY = Field("last_day", Label("延长至", "Extended to"), 0, FieldType.DATE)
LONGEST_REASON = 1000


@dataclass(frozen=True, slots=True)
class Extension:
    """The submission's address, the version on the screen, the new last day as it was typed, and why."""

    submission: str
    version: int
    last_day: str
    reason: str


def extend(extension: Extension, *, origin: Origin) -> Receipt:
    """Give the enterprise until a later day. InvalidError beside the field, NotEditableError out of its time.

    A city may give no day after its own deadline, as it has to review the form by then; the province may.
    """
    return carry_out(lambda session: _extend(session, extension, origin=origin), origin=origin)


def _extend(session: Session, extension: Extension, *, origin: Origin) -> Receipt:
    submission = holding.hold(session, extension.submission, origin=origin, action=Action.EXTEND)
    holding.require_version(submission, extension.version)
    if submission.state is not State.DRAFT or submission.round.state is not RoundState.OPEN:
        raise NotEditableError(N_("More time is given while the form is a draft and the round is open."))
    reason = extension.reason.replace("\r\n", "\n").replace("\0", "").strip()[:LONGEST_REASON]
    day = _day(extension.last_day)
    problems = [] if reason else [Reason(N_("Please give the reason."), "extend_reason", "R4")]
    if isinstance(day, Reason):
        raise InvalidError([day, *problems])
    city = origin.actor is not None and origin.actor.role is Role.CITY
    problems += _faults(submission, day, city=city)
    if problems:
        raise InvalidError(problems)
    if submission.extended_to == day:
        return Receipt(submission.public_id, submission.version)
    before, submission.extended_to = last_day(submission), day
    data = {"day": day.isoformat(), "before": before.isoformat(), "reason": reason}
    holding.record(session, submission, origin=origin, act="extend", target=submission.public_id, data=data)
    return Receipt(submission.public_id, submission.version)


def _day(text: str) -> date | Reason:
    found = parse(_DAY, text)
    if isinstance(found, Reason):
        return found
    return date.fromisoformat(found) if found else Reason(N_("Please give the day."), "last_day")


def _faults(submission: Submission, day: date, *, city: bool) -> list[Reason]:
    """Not in the past, not before the round's own day, and for a city not after its own."""
    round_ = submission.round
    if day < clock.today():
        return [Reason(N_("The day is over already."), "last_day")]
    if day <= round_.enterprise_deadline:
        known = {"day": round_.enterprise_deadline.isoformat()}
        return [Reason(N_("The round's own deadline is %(day)s: give a later day."), "last_day", values=known)]
    if city and day > round_.city_deadline:
        known = {"day": round_.city_deadline.isoformat()}
        text = N_("Your own review is due by %(day)s: ask the provincial team for a later day.")
        return [Reason(text, "last_day", values=known)]
    return []
