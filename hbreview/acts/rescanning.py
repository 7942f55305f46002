"""Looking again at files that the virus scanner could not look at when they came (U10)."""

from __future__ import annotations

import logging

from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from .. import clock
from ..documents.scanning import Finding, Scanner, Verdict
from ..extensions import db
from ..model import Attachment, Submission
from ..storage import DamagedFileError, LocalStorage
from ..transact import Receipt, carry_out
from ..words import ScanState, State
from ..workflow.journal import Deed, Origin, append

log = logging.getLogger("hbreview")
MOST = 20


def turn(app: Flask) -> int:
    """Ask the scanner about files that wait, a few at a time; how many got an answer: 0 is a reason to pause."""
    scanner: Scanner | None = app.config["SCANNER"]
    storage: LocalStorage = app.config["STORAGE"]
    if scanner is None:
        return 0
    with app.app_context():
        session = db.session()
        waiting = select(Attachment.id, Attachment.sha256).where(Attachment.scan == ScanState.WAITING)
        rows = session.execute(waiting.order_by(func.random()).limit(MOST)).all()
        session.rollback()
        answered = 0
        for attachment_id, sha256 in rows:
            try:
                with storage.open(sha256) as stream:
                    verdict = scanner.scan(stream)
            except DamagedFileError:
                continue
            if verdict.finding is Finding.UNREACHABLE:
                break
            settle(attachment_id, verdict)
            answered += 1
        return answered


def settle(attachment_id: int, verdict: Verdict) -> None:
    """Keep what the scanner said. An infected file is out of its draft at once, and nobody can fetch it any more."""
    carry_out(lambda session: _settle(session, attachment_id, verdict))


def _settle(session: Session, attachment_id: int, verdict: Verdict) -> Receipt:
    row = session.scalars(select(Attachment).where(Attachment.id == attachment_id)).one()
    if row.scan is not ScanState.WAITING:
        return Receipt(row.public_id)
    if verdict.finding is Finding.CLEAN:
        row.scan = ScanState.CLEAN
        return Receipt(row.public_id)
    log.error("attachment %s is infected: %s", row.public_id, verdict.signature)
    held = select(Submission).where(Submission.id == row.submission_id).with_for_update(key_share=True)
    submission = session.scalars(held).one()
    session.refresh(row)  # locked in the order of every other act: the submission first
    if row.scan is not ScanState.WAITING:
        return Receipt(row.public_id)
    row.scan = ScanState.INFECTED
    before = submission.version
    if submission.state is State.DRAFT and row.removed_at is None:
        row.removed_at = clock.now()
    session.execute(update(Submission).where(Submission.id == submission.id).values(version=before + 1))
    deed = Deed(
        act="quarantine", target=row.public_id, submission_id=submission.id, round_id=submission.round_id,
        versions=(before, before + 1), data={"field": row.field, "signature": verdict.signature},
    )  # fmt: skip
    append(session, origin=Origin(None, "scanner"), deed=deed, at=clock.now())
    return Receipt(row.public_id)
