"""Taking something that is to be sent for one worker alone: letters and deliveries alike."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import update
from sqlalchemy.orm import Session

from .. import clock
from ..model import Mail, WebhookDelivery
from ..transact import Receipt, carry_out
from ..words import MailState


class Claimed(NamedTuple):
    """What this worker alone may send now, and how often it was tried with this time."""

    id: int
    tries: int


def claim(kind: type[Mail] | type[WebhookDelivery], row_id: int, *, lease: timedelta) -> Claimed | None:
    """Take a row for this worker by moving its next try on by ``lease``; None when another was first."""
    taken: list[Claimed] = []

    def work(session: Session) -> Receipt:
        now = clock.now()
        row = session.execute(
            update(kind)
            .where(kind.id == row_id, kind.state == MailState.WAITING, kind.due_at <= now)
            .values(due_at=now + lease, tries=kind.tries + 1)
            .returning(kind.id, kind.tries)
            .execution_options(synchronize_session=False)
        ).first()
        if row is not None:
            taken.append(Claimed(row[0], row[1]))
        return Receipt("")

    carry_out(work)
    return taken[0] if taken else None
