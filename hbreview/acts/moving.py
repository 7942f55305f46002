"""Firing a trigger on a submission: the one way in which a state changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from .. import clock
from ..evaluation import computed
from ..model import Attachment, AuditRecord, Interest, Opinion, Review, Revision, ScoreSheet, Submission
from ..transact import Receipt, carry_out
from ..words import ScanState, Trigger
from ..workflow import chain
from ..workflow.errors import ForbiddenError, InvalidError, WrongStateError
from ..workflow.journal import Origin
from ..workflow.policy import Action, may_fire
from . import holding, mending, returning, totalling
from .answering import write
from .freezing import frozen_attachments, revision_digest
from .weighing import SubmissionCase


@dataclass(frozen=True, slots=True)
class Firing:
    """One request to move: the submission's address, the trigger, the version on the screen, what was given."""

    submission: str
    trigger: Trigger
    version: int
    data: Mapping[str, str]


def fire(firing: Firing, *, origin: Origin) -> Receipt:
    """Policy, version, state, guards, machine, record and journal entry, in one transaction.

    Raises HiddenError, ForbiddenError, StaleError, WrongStateError or InvalidError; nothing has changed then.
    """
    return carry_out(lambda session: _fire(session, firing, origin), origin=origin)


def _fire(session: Session, firing: Firing, origin: Origin) -> Receipt:
    submission = holding.hold_in_round(session, firing.submission, origin=origin, action=Action.MOVE)
    if origin.actor is None or not may_fire(origin.actor, firing.trigger):
        raise ForbiddenError
    holding.require_version(submission, firing.version)
    if submission.state is not chain.BY_TRIGGER[firing.trigger].source:
        raise WrongStateError(firing.trigger, submission.state)
    case = SubmissionCase(session, submission, firing.data, actor_id=origin.actor.person_id)
    if objections := chain.objections(firing.trigger, case):
        raise InvalidError(objections)
    before = chain.move(submission, firing.trigger)
    submission.moved_at = clock.now()
    consequence = _CONSEQUENCES.get(firing.trigger)
    data = consequence(session, submission, case, origin=origin) if consequence else _reason(case)
    holding.record(
        session, submission, origin=origin, act=firing.trigger.value, target=submission.public_id,
        states=(before.value, submission.state.value), data=data,
    )  # fmt: skip
    return Receipt(submission.public_id, submission.version)


def _reason(case: SubmissionCase) -> dict[str, Any]:
    reason = case.data.get("reason", "").strip()
    return {"reason": reason} if reason else {}


def _freeze(session: Session, submission: Submission, case: SubmissionCase, *, origin: Origin) -> dict[str, Any]:
    """A submitted revision: answers and attachments as they are now, with a digest over both."""
    # What was computed with is kept with it: last year's figures may change, a revision may not.
    taken = computed.taken_from(case.programme, case.answers, case.standing.last)
    write(session, submission, taken, before=case.standing)
    answers = case.answers | taken
    attachments = frozen_attachments(session, submission.id)
    submission.revision_number += 1
    submission.submitted_at = submission.moved_at
    submission.open_fields = None
    revision = Revision(
        submission_id=submission.id,
        number=submission.revision_number,
        answers=answers,
        attachments=attachments,
        digest=revision_digest(answers, attachments),
        warnings=len(case.standing.warnings),
        person_id=origin.actor.person_id if origin.actor else 0,
        created_at=submission.moved_at,
    )
    session.add(revision)
    return {"revision": revision.number, "digest": revision.digest}


def _ask_anew(session: Session, submission: Submission, case: SubmissionCase, *, origin: Origin) -> dict[str, Any]:
    """Returned: a numbered notice; what was said to be mended and is still open is to be mended again."""
    mending.forget_mended(session, submission)
    notice = returning.write_notice(session, submission, case, person_id=origin.actor.person_id if origin.actor else 0)
    submission.open_fields = notice.open_fields
    data = _reopen(session, submission, case, origin=origin)
    return data | {"notice": notice.number, "comments": notice.comments, "narrow": notice.open_fields is not None}


def _take_back(session: Session, submission: Submission, case: SubmissionCase, *, origin: Origin) -> dict[str, Any]:
    """Withdrawn: open to the same changes as before it was sent."""
    notice = returning.latest_notice(session, submission)
    submission.open_fields = notice.open_fields if notice else None
    return _reopen(session, submission, case, origin=origin)


def _reopen(session: Session, submission: Submission, case: SubmissionCase, *, origin: Origin) -> dict[str, Any]:
    """A draft again: what turned out infected while it was away is out of it, and has to be given anew (U10)."""
    _take_out(session, submission, or_(_SEAL_SCAN, Attachment.scan == ScanState.INFECTED))
    return _reason(case)


# The scan of a sealed page is of one revision and one opinion: it does not serve for the next.
_SEAL_SCAN = Attachment.field == "city_seal"


def _take_out(session: Session, submission: Submission, which: ColumnElement[bool]) -> None:
    session.execute(
        update(Attachment)
        .where(Attachment.submission_id == submission.id, Attachment.removed_at.is_(None), which)
        .values(removed_at=submission.moved_at)
    )


def _seal(session: Session, submission: Submission, case: SubmissionCase, *, origin: Origin) -> dict[str, Any]:
    """The city's opinion on exactly this revision."""
    scan = session.scalar(
        select(Attachment.id)
        .where(
            Attachment.submission_id == submission.id,
            Attachment.field == "city_seal",
            Attachment.removed_at.is_(None),
        )
        .order_by(Attachment.id.desc())
        .limit(1)
    )
    if case.seal_date is None or origin.actor is None:  # the guard has seen to it
        raise ForbiddenError
    opinion = Opinion(
        submission_id=submission.id,
        revision_number=submission.revision_number,
        opinion=case.data["opinion"].strip(),
        seal_date=case.seal_date,
        attachment_id=scan,
        ticks=[item.key for item in case.programme.checklist if item.key in case.ticks],
        checked_by=case.second_check.checked_by,
        person_id=origin.actor.person_id,
        created_at=submission.moved_at,
    )
    session.add(opinion)
    return {
        "revision": submission.revision_number,
        "opinion": opinion.opinion,
        "seal_date": opinion.seal_date.isoformat(),
        "ticks": opinion.ticks,
    }


def _unseal(session: Session, submission: Submission, case: SubmissionCase, *, origin: Origin) -> dict[str, Any]:
    """Sent back to the city: the opinion and its seal date are void, and stay on record (S05)."""
    session.execute(
        update(Opinion)
        .where(Opinion.submission_id == submission.id, Opinion.void_at.is_(None))
        .values(void_at=submission.moved_at)
    )
    _take_out(session, submission, _SEAL_SCAN)
    # What was looked at for a decision that is void is looked at anew for the next one.
    session.execute(
        update(Review)
        .where(Review.submission_id == submission.id)
        .values(checked_by=None, checked_revision=0, ticks=[], ticks_revision=0, version=Review.version + 1)
    )
    return _reason(case)


def _sign(session: Session, submission: Submission, case: SubmissionCase, *, origin: Origin) -> dict[str, Any]:
    """The sign-off binds the audit to the revision that it was held against."""
    record = case.audit_record
    if record is None or origin.actor is None:  # the guard has seen to it
        raise ForbiddenError
    record.revision_number = submission.revision_number
    record.signed_by, record.signed_at = origin.actor.person_id, submission.moved_at
    record.version += 1
    return {"revision": submission.revision_number, "report_number": record.report_number}


def _unsign(session: Session, submission: Submission, case: SubmissionCase, *, origin: Origin) -> dict[str, Any]:
    session.execute(
        update(AuditRecord)
        .where(AuditRecord.submission_id == submission.id)
        .values(signed_by=None, signed_at=None, version=AuditRecord.version + 1)
    )
    return _reason(case)


def _close_scoring(session: Session, submission: Submission, case: SubmissionCase, *, origin: Origin) -> dict[str, Any]:
    """P1: the total, and the score set that it comes from, kept with it (C09)."""
    totalled = totalling.total_of(session, submission, case.programme)
    submission.total, submission.score_set = totalled.total, totalled.score_set
    totalling.keep_score_set(session, submission, totalled)
    return {"total": str(totalled.total), "score_set": totalled.score_set, "spread": str(totalled.spread)}


def _open_scoring(session: Session, submission: Submission, case: SubmissionCase, *, origin: Origin) -> dict[str, Any]:
    """Scored anew, and without whoever has declared an interest since the scoring was closed (Z10)."""
    submission.total, submission.score_set = None, ""
    interested = select(Interest.person_id).where(Interest.organisation_id == submission.organisation_id)
    session.execute(
        update(ScoreSheet)
        .where(
            ScoreSheet.submission_id == submission.id,
            ScoreSheet.withdrawn_at.is_(None),
            ScoreSheet.expert_id.in_(interested),
        )
        .values(withdrawn_at=submission.moved_at, version=ScoreSheet.version + 1)
    )
    return _reason(case)


class _Consequence(Protocol):
    """What follows from a trigger in the same transaction; answers with the data of the journal entry."""

    def __call__(
        self, session: Session, submission: Submission, case: SubmissionCase, *, origin: Origin
    ) -> dict[str, Any]: ...


_CONSEQUENCES: dict[Trigger, _Consequence] = {
    Trigger.SUBMIT: _freeze,
    Trigger.APPROVE: _seal,
    Trigger.RETURN: _ask_anew,
    Trigger.WITHDRAW: _take_back,
    Trigger.SEND_BACK: _unseal,
    Trigger.AUDIT: _sign,
    Trigger.REAUDIT: _unsign,
    Trigger.SCORE: _close_scoring,
    Trigger.RESCORE: _open_scoring,
}
