"""What comes after the scores: outcomes by hand, objections, decision letters, later decisions on a title."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..words import Outcome
from .base import Addressed, Base, Moment, word_type
from .designations import Designation
from .organisations import Organisation
from .people import Person


class Ruling(Base):
    """The province's own word on one submission's outcome, over what the rules propose. None: as proposed.

    The newest one counts; the earlier ones stay. ``rectify_until``: it passes, and mends something until that day (P7).
    """

    __tablename__ = "rulings"
    __table_args__ = (Index("ix_rulings_submission", "submission_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    outcome: Mapped[Outcome | None] = mapped_column(word_type(Outcome, name="outcome"))
    commended: Mapped[bool | None]
    supervised: Mapped[bool | None]
    rectify_until: Mapped[date | None] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(String(1000))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(Moment)

    person: Mapped[Person] = relationship(lazy="raise_on_sql")


class Objection(Addressed, Base):
    """What somebody says against a publicised outcome, under a real name (R9), and what was answered.

    ``files`` are evidence in the store: name, sha256, size and media type of each. ``upheld`` None: undecided yet.
    """

    __tablename__ = "objections"
    __table_args__ = (UniqueConstraint("round_id", "number"),)

    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"))
    number: Mapped[int]
    designation_id: Mapped[int | None] = mapped_column(ForeignKey("designations.id"))
    name: Mapped[str] = mapped_column(String(100))
    contact: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    files: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    received_at: Mapped[datetime] = mapped_column(Moment)
    # Who of the province wrote it down from paper; None: it came over the public page.
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    version: Mapped[int] = mapped_column(default=1)
    upheld: Mapped[bool | None]
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[datetime | None] = mapped_column(Moment)
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))

    designation: Mapped[Designation | None] = relationship(lazy="raise_on_sql")


class DecisionLetter(Addressed, Base):
    """The letter that tells an organisation what was decided. ``facts`` are what it says, as they were then.

    ``code`` confirms it on the public page. Never changed but for being void (S07).
    """

    __tablename__ = "decision_letters"
    __table_args__ = (UniqueConstraint("series", "number"),)

    designation_id: Mapped[int] = mapped_column(ForeignKey("designations.id"), index=True)
    series: Mapped[str] = mapped_column(String(100))
    number: Mapped[int]
    code: Mapped[str] = mapped_column(String(32), unique=True)
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    issued_at: Mapped[datetime] = mapped_column(Moment)
    issued_by: Mapped[int] = mapped_column(ForeignKey("people.id"))
    void_at: Mapped[datetime | None] = mapped_column(Moment)
    void_reason: Mapped[str] = mapped_column(String(1000), default="")

    designation: Mapped[Designation] = relationship(lazy="raise_on_sql")


class TitleDecision(Addressed, Base):
    """A later decision on a title, outside of any round: ``kind`` "revoke" or "restore". In force once confirmed.

    One person proposes, another confirms; a round's own roster never changes (R4).
    """

    __tablename__ = "title_decisions"
    __table_args__ = (Index("ix_title_decisions_title", "programme", "organisation_id"),)

    programme: Mapped[str] = mapped_column(String(20))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    kind: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(1000))
    decided_on: Mapped[date] = mapped_column(Date)
    proposed_by: Mapped[int] = mapped_column(ForeignKey("people.id"))
    proposed_at: Mapped[datetime] = mapped_column(Moment)
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(Moment)
    # Taken back before it was confirmed.
    dropped_at: Mapped[datetime | None] = mapped_column(Moment)

    organisation: Mapped[Organisation] = relationship(lazy="raise_on_sql")
