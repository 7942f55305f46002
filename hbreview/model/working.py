"""Who of an organisation is at work on a form, and what a second person of it said to it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Base, Moment
from .people import Person


class Presence(Base):
    """In which section of a form a person was last seen. Not a fact of the evaluation: overwritten, not journaled."""

    __tablename__ = "presences"

    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    section: Mapped[int]
    seen_at: Mapped[datetime] = mapped_column(Moment)

    person: Mapped[Person] = relationship(lazy="raise_on_sql")


class SignOff(Base):
    """A second person's word on exactly this content of a form: signed, or declined with a reason.

    ``digest`` is over answers and attachments, as a revision's: a form that changed since is not signed.
    """

    __tablename__ = "sign_offs"
    __table_args__ = (Index("ix_sign_offs_submission", "submission_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    digest: Mapped[str] = mapped_column(String(64))
    # Empty: signed. A text: why it was declined.
    declined: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(Moment)

    person: Mapped[Person] = relationship(lazy="raise_on_sql")
