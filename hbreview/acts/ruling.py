"""Ruling by hand on what the rules propose: outcome, commended, supervised, something to mend until a day (P4-P7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from .. import clock
from ..model import Round, Ruling, Submission
from ..transact import Receipt, carry_out
from ..words import N_, UNDECIDED, Outcome, Reason, State
from ..workflow import journal
from ..workflow.errors import HiddenError, InvalidError, MalformedError, StaleError
from ..workflow.journal import Deed, Origin
from ..workflow.policy import Action
from . import holding
from .answering import NotEditableError
from .designating import PASSED

LONGEST_REASON = 1000
_SAID = {"": None, "yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Word:
    """What is said by hand. None: as it is proposed, or as it was publicised."""

    outcome: Outcome | None
    commended: bool | None
    supervised: bool | None
    rectify_until: date | None
    reason: str

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing."""
        return (self.outcome, self.commended, self.supervised, self.rectify_until) == (None, None, None, None)


def word_from(raw: Mapping[str, str]) -> Word:
    """What a form says, by the names of ``Word``; InvalidError beside each field, MalformedError otherwise."""
    reasons = []
    reason, day = (
        raw.get("reason", "").replace("\r\n", "\n").replace("\0", "").strip(),
        raw.get("rectify_until", "").strip(),
    )
    if not reason:
        reasons.append(Reason(N_("Please give the reason."), "reason", "R4"))
    if len(reason) > LONGEST_REASON:
        most = {"count": str(LONGEST_REASON)}
        reasons.append(Reason(N_("At most %(count)s characters."), "reason", values=most))
    until = None
    if day:
        try:
            until = date.fromisoformat(day)
        except ValueError:
            reasons.append(Reason(N_("This is not a date. Write it as 2026-03-01."), "rectify_until"))
        else:
            if until <= clock.today():
                reasons.append(Reason(N_("Please give a day after today."), "rectify_until", "P7"))
    if reasons:
        raise InvalidError(reasons)
    given = raw.get("outcome", "")
    if given and given not in set(Outcome):
        raise MalformedError("outcome")
    outcome = Outcome(given) if given else None
    return Word(outcome, _said(raw, "commended"), _said(raw, "supervised"), until, reason)


def _said(raw: Mapping[str, str], name: str) -> bool | None:
    given = raw.get(name, "")
    if given not in _SAID:
        raise MalformedError(name)
    return _SAID[given]


def faults_of(word: Word, *, has_total: bool) -> list[Reason]:
    """Why a word does not hold: nothing passes without a total, nothing that fails is commended or mends something."""
    faults = []
    if word.outcome in PASSED and not has_total:
        text = N_("It has no total, so it can only be not qualified or deferred.")
        faults.append(Reason(text, "outcome", "P5"))
    if word.outcome is not None and word.outcome not in PASSED:
        told = N_("Only what is qualified can have this.")
        named = {"commended": word.commended, "supervised": word.supervised, "rectify_until": word.rectify_until}
        faults += [Reason(told, name, "P4") for name, value in named.items() if value]
    return faults


def as_data(word: Word) -> dict[str, Any]:
    """The word as the journal keeps it."""
    return {**asdict(word), "rectify_until": word.rectify_until.isoformat() if word.rectify_until else None}


@dataclass(frozen=True, slots=True)
class RulingOn:
    """A word on one submission. ``version``: how many rulings on it were on the screen, and one."""

    submission: str
    version: int
    word: Word


def rule(ruling: RulingOn, *, origin: Origin) -> Receipt:
    """Keep the province's word on a submission, before its round is publicised. The newest one counts.

    InvalidError beside the field, StaleError where somebody ruled meanwhile, NotEditableError once it is publicised.
    """
    return carry_out(lambda session: _rule(session, ruling, origin), origin=origin)


def _rule(session: Session, ruling: RulingOn, origin: Origin) -> Receipt:
    round_ = held_round(session, select(Submission.round_id).where(Submission.public_id == ruling.submission))
    submission = holding.hold(session, ruling.submission, origin=origin, action=Action.RULE)
    if round_.state not in UNDECIDED:
        raise NotEditableError(N_("The outcomes are publicised: they change only by an objection that is upheld."))
    _require_newest(session, submission, ruling.version)
    word, has_total = ruling.word, submission.state is State.SCORED and submission.total is not None
    if faults := faults_of(word, has_total=has_total):
        raise InvalidError(faults)
    if word.is_empty and ruling.version == 1:
        raise InvalidError([Reason(N_("This leaves everything as it is proposed."), "outcome")])
    now = clock.now()
    row = Ruling(
        submission_id=submission.id, outcome=word.outcome, commended=word.commended, supervised=word.supervised,
        rectify_until=word.rectify_until, reason=word.reason, created_at=now,
        person_id=origin.actor.person_id if origin.actor else 0,
    )  # fmt: skip
    session.add(row)
    session.flush()
    deed = Deed(
        act="rule", target=submission.public_id, submission_id=submission.id, round_id=round_.id,
        versions=(ruling.version, ruling.version + 1), data=as_data(word),
    )  # fmt: skip
    journal.append(session, origin=origin, deed=deed, at=now)
    return Receipt(submission.public_id, ruling.version + 1)


def held_round(session: Session, which: Select[int]) -> Round:
    """The round, held until the act ends so that it does not move on meanwhile; HiddenError for none.

    Rows that name it may still be written by others.
    """
    query = select(Round).where(Round.id == which.scalar_subquery()).with_for_update(of=Round, key_share=True)
    round_ = session.scalar(query.execution_options(populate_existing=True))
    if round_ is None:
        raise HiddenError
    return round_


def _require_newest(session: Session, submission: Submission, version: int) -> None:
    newest = 1 + (session.scalar(select(func.count()).where(Ruling.submission_id == submission.id)) or 0)
    if version > newest:
        raise MalformedError("version")
    if version != newest:
        raise StaleError(newest)
