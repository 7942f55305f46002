"""Who of an organisation is at work on a form, and in which section."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from .. import clock
from ..model import Presence
from ..transact import Receipt, carry_out
from ..workflow.journal import Origin

# A page says every twenty seconds that it is there; whoever missed three is gone.
GONE_AFTER = timedelta(seconds=70)


def attend(submission_id: int, section: int, *, origin: Origin) -> None:
    """Note that this person is in this section now.

    No entry of the journal: nothing of the evaluation changes, and what somebody looked at is nobody's to keep.
    """
    if origin.actor is None:
        return
    person_id = origin.actor.person_id

    def work(session: Session) -> Receipt:
        at = clock.now()
        known = update(Presence).where(Presence.submission_id == submission_id, Presence.person_id == person_id)
        if not session.execute(known.values(section=section, seen_at=at)).rowcount:  # type: ignore[attr-defined]  # an update has one
            session.add(Presence(submission_id=submission_id, person_id=person_id, section=section, seen_at=at))
        return Receipt("")

    with suppress(IntegrityError):  # two windows came at once: the other one said it
        carry_out(work)


def colleagues_at(session: Session, submission_id: int, *, besides: int) -> list[Presence]:
    """Who else was there within the last minute, by name."""
    query = (
        select(Presence)
        .where(
            Presence.submission_id == submission_id,
            Presence.person_id != besides,
            Presence.seen_at > clock.now() - GONE_AFTER,
        )
        .options(joinedload(Presence.person))
    )
    return sorted(session.scalars(query), key=lambda row: row.person.name)
