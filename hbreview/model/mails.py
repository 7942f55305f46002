"""Letters on their way: made from the journal by the worker, each once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..words import MailState
from .base import Base, Moment, word_type
from .people import Person


class Mail(Base):
    """One letter to one person. ``key`` names its cause and its reader: a cause is told once, whatever crashes."""

    __tablename__ = "mails"
    __table_args__ = (Index("ix_mails_due", "state", "due_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    # What is told: an act of the journal or "reminder", and what its sentences need.
    kind: Mapped[str] = mapped_column(String(40))
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    state: Mapped[MailState] = mapped_column(word_type(MailState, name="state"), default=MailState.WAITING)
    tries: Mapped[int] = mapped_column(default=0)
    # When it is to be tried next; moved on when a worker takes it, so that two never send the same one.
    due_at: Mapped[datetime] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment)
    sent_at: Mapped[datetime | None] = mapped_column(Moment)
    fault: Mapped[str] = mapped_column(String(200), default="")

    person: Mapped[Person] = relationship(lazy="raise_on_sql")


class MailCursor(Base):
    """Up to which entry of the journal letters were made: one row."""

    __tablename__ = "mail_cursor"

    id: Mapped[int] = mapped_column(primary_key=True)
    sequence: Mapped[int]
