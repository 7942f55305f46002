"""What was decided on a submission, for its own organisation and the province: publicised first, then final."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ...model import DecisionLetter, Designation, Roster, Submission
from ...words import DECIDED


@dataclass(frozen=True, slots=True)
class Decided:
    """The line on the round's roster, the roster itself, and whether there is a letter in force."""

    line: Designation
    roster: Roster
    letter: bool


def decision_of(session: Session, submission: Submission) -> Decided | None:
    """The decision as everybody may know it; None before the outcomes are publicised (P03). One statement at most."""
    if submission.round.state not in DECIDED:
        return None
    query = (
        select(Designation, Roster, DecisionLetter.id)
        .join(Roster, Roster.id == Designation.roster_id)
        .outerjoin(DecisionLetter, (DecisionLetter.designation_id == Designation.id) & DecisionLetter.void_at.is_(None))
        .where(Designation.submission_id == submission.id)
    )
    found = session.execute(query.limit(1)).first()
    return Decided(found[0], found[1], found[2] is not None) if found else None
