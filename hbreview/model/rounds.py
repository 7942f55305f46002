"""Rounds (yearly evaluations), and the programme versions that they keep."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..words import RoundState
from .base import Addressed, Base, Moment, word_type


class ProgrammeVersion(Base):
    """A programme file as it was when a round took it: the whole text, so old forms still read the same."""

    __tablename__ = "programme_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    programme: Mapped[str] = mapped_column(String(20))
    year: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    source: Mapped[str] = mapped_column(Text, deferred=True)
    # Who brought it and when; None: it came with the application. ``note``: what is new in it.
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    uploaded_at: Mapped[datetime | None] = mapped_column(Moment)
    note: Mapped[str] = mapped_column(String(500), default="")


class Round(Addressed, Base):
    """A yearly evaluation of one data year. Dates are days in Asia/Shanghai, the last day included."""

    __tablename__ = "rounds"

    year: Mapped[int] = mapped_column(index=True)
    title: Mapped[str] = mapped_column(String(200))
    state: Mapped[RoundState] = mapped_column(word_type(RoundState, name="state"), default=RoundState.PLANNED)
    version: Mapped[int] = mapped_column(default=1)
    enterprise_deadline: Mapped[date] = mapped_column(Date)
    city_deadline: Mapped[date] = mapped_column(Date)
    # None: no day was set for these.
    audit_deadline: Mapped[date | None] = mapped_column(Date)
    score_deadline: Mapped[date | None] = mapped_column(Date)
    # What the province may set for this round alone; names and defaults come from the programme file.
    settings: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    publicised_at: Mapped[datetime | None] = mapped_column(Moment)
    publicised_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(Moment)

    programmes: Mapped[list[RoundProgramme]] = relationship(lazy="raise_on_sql", back_populates="round")


class RoundProgramme(Base):
    """That a round evaluates this programme, by this version of its file."""

    __tablename__ = "round_programmes"
    __table_args__ = (UniqueConstraint("round_id", "programme"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"))
    programme: Mapped[str] = mapped_column(String(20))
    version_id: Mapped[int] = mapped_column(ForeignKey("programme_versions.id"))

    round: Mapped[Round] = relationship(lazy="raise_on_sql", back_populates="programmes")
    programme_version: Mapped[ProgrammeVersion] = relationship(lazy="raise_on_sql")
