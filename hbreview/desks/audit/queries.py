"""What the audit's page reads beside the submission itself."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ...model import AuditRecord, Person, Submission


@dataclass(frozen=True, slots=True)
class Kept:
    """The audit's record, if one was begun, and the name of who signed it off."""

    record: AuditRecord | None
    signer: str


def kept_of(session: Session, submission: Submission) -> Kept:
    """The record and its signer, in one statement."""
    query = (
        select(AuditRecord, Person.name)
        .outerjoin(Person, Person.id == AuditRecord.signed_by)
        .where(AuditRecord.submission_id == submission.id)
    )
    found = session.execute(query).first()
    return Kept(found[0], found[1] or "") if found else Kept(None, "")
