"""What a reviewer last had on the screen, and who else is looking now."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from .. import clock
from ..model import Entry, JournalHead, Look, Submission
from ..transact import Receipt, carry_out
from ..workflow.actors import Actor
from ..workflow.journal import Origin

# A page says every thirty seconds that it is there; whoever missed three is gone.
GONE_AFTER = timedelta(seconds=100)


def look(submission: Submission, *, revision: int, sequence: int, origin: Origin) -> None:
    """Note that this revision, and everything up to this number of the journal, was on this person's screen.

    No entry of the journal: nothing of the evaluation changes. Neither number ever goes back, and a newer revision
    keeps the one that was looked at before it: what changed is said from there.
    """
    if origin.actor is None or not 0 <= revision <= submission.revision_number:
        return
    person_id, submission_id = origin.actor.person_id, submission.id

    def work(session: Session) -> Receipt:
        at = clock.now()
        seen = min(sequence, session.scalar(select(JournalHead.sequence)) or 0)
        row = session.get(Look, (submission_id, person_id), with_for_update=True)
        if row is None:
            row = Look(
                submission_id=submission_id, person_id=person_id, revision_number=revision, sequence=seen, seen_at=at
            )
            session.add(row)
        elif revision > row.revision_number:
            row.former_revision, row.revision_number = row.revision_number, revision
        row.sequence, row.seen_at = max(row.sequence, seen), at
        return Receipt("")

    with suppress(IntegrityError):  # two windows came at once: the other one said it
        carry_out(work)


def look_of(session: Session, submission: Submission, who: Actor) -> tuple[Look | None, int]:
    """This person's own last look (None before the first), and the number of the submission's last entry."""
    last = select(func.coalesce(func.max(Entry.sequence), 0)).where(Entry.submission_id == submission.id)
    row = session.execute(
        select(Look, last.scalar_subquery())
        .select_from(Submission)
        .outerjoin(Look, (Look.submission_id == Submission.id) & (Look.person_id == who.person_id))
        .where(Submission.id == submission.id)
    ).one()
    return row[0], int(row[1])


def looking_now(session: Session, submission: Submission, who: Actor) -> Sequence[Look]:
    """Who else was there within the last minutes, by name."""
    query = (
        select(Look)
        .where(
            Look.submission_id == submission.id,
            Look.person_id != who.person_id,
            Look.seen_at > clock.now() - GONE_AFTER,
        )
        .options(joinedload(Look.person))
    )
    return sorted(session.scalars(query), key=lambda row: row.person.name)


def since(look: Look | None, submission: Submission) -> int:
    """The revision from which "since your last look" counts; 0 when there is nothing to compare with."""
    if look is None:
        return 0
    return look.revision_number if look.revision_number < submission.revision_number else look.former_revision
