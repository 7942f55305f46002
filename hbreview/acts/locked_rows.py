"""Rows that are made when they are first asked for, and locked until the act ends: one of each, whoever comes first."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import Insert, Select, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ..model import Base, Counter

Row = TypeVar("Row", bound=Base)


def locked_or_made(session: Session, query: Select[Row], *, first: Insert) -> Row:
    """The one row that ``query`` finds, locked in the caller's transaction; ``first`` makes it where there is none."""
    locking = query.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(locking)
    if found is None:
        try:
            with session.begin_nested():
                session.execute(first)
        except IntegrityError:  # somebody else made it just now
            pass
        found = session.scalars(locking).one()
    return found


def one_at_a_time(session: Session, name: str) -> None:
    """Until the caller's transaction ends, nobody else is past this line with the same name."""
    locked_or_made(
        session, select(Counter).where(Counter.name == name), first=insert(Counter).values(name=name, last=0)
    )
