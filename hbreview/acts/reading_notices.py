"""Remembering up to where somebody has read the notices."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..model import JournalHead, Person
from ..transact import Receipt, carry_out
from ..workflow.errors import ForbiddenError
from ..workflow.journal import Origin


def read_notices(sequence: int, *, origin: Origin) -> Receipt:
    """Mark everything up to this number of the journal as read by whoever asks; never back, never beyond the journal.

    The journal gets no entry: nothing of the evaluation changes, and what somebody reads when is nobody's business.
    """
    actor = origin.actor
    if actor is None:
        raise ForbiddenError

    def work(session: Session) -> Receipt:
        head = session.scalar(select(JournalHead.sequence)) or 0
        reached = min(sequence, head)
        session.execute(
            update(Person)
            .where(Person.id == actor.person_id, Person.read_to < reached)
            .values(read_to=reached)
            .execution_options(synchronize_session=False)
        )
        return Receipt(actor.public_id, reached)

    return carry_out(work)
