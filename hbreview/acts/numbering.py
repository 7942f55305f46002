"""Numbers that are given once each: return notices, letters. None twice, none left out."""

from __future__ import annotations

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..model import Counter


def next_number(session: Session, series: str) -> int:
    """The next number of a series, inside the caller's transaction: taken back with it if that fails.

    The series' row stays locked until then, so a second act waits and gets the number after.
    """
    taken = session.scalar(select(Counter.last).where(Counter.name == series).with_for_update())
    if taken is None:
        try:
            with session.begin_nested():
                session.execute(insert(Counter).values(name=series, last=0))
        except IntegrityError:  # somebody else began the series just now
            pass
        taken = session.scalar(select(Counter.last).where(Counter.name == series).with_for_update()) or 0
    session.execute(update(Counter).where(Counter.name == series).values(last=taken + 1))
    return taken + 1
