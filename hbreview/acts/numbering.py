"""Numbers that are given once each: return notices, letters. None twice, none left out."""

from __future__ import annotations

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from ..model import Counter
from .locked_rows import locked_or_made


def next_number(session: Session, series: str) -> int:
    """The next number of a series, inside the caller's transaction: taken back with it if that fails.

    The series' row stays locked until then, so a second act waits and gets the number after.
    """
    made = insert(Counter).values(name=series, last=0)
    counter = locked_or_made(session, select(Counter).where(Counter.name == series), first=made)
    counter.last += 1
    return counter.last
