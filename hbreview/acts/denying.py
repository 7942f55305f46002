"""Recording that somebody was refused: one journal entry, and nothing else changes (T01, Z02)."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from .. import clock
from ..transact import Receipt, carry_out
from ..workflow import journal
from ..workflow.journal import Deed, Origin


def record_denial(address: str, status: int, *, origin: Origin) -> None:
    """Append the entry of a refused request: which address, which status."""

    def work(session: Session) -> Receipt:
        deed = Deed(act="denied", target=address, data={"status": status}, result="refused")
        # Without the one-time key: that is the act's, and the same request may be refused twice.
        once = replace(origin, key=None, digest=None)
        journal.append(session, origin=once, deed=deed, at=clock.now())
        return Receipt("")

    carry_out(work)
