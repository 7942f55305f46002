"""Score sheets: what an expert gives for each indicator."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Addressed, Base, Moment, Tenths
from .people import Person


class ScoreSheet(Addressed, Base):
    """An assignment of a submission to an expert, and the sheet that comes of it.

    ``revision_number`` is the revision that was scored. ``withdrawn_at``: no longer assigned; a sheet that
    was handed in stays, locked (Z09).
    """

    __tablename__ = "score_sheets"
    __table_args__ = (UniqueConstraint("submission_id", "expert_id"),)

    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    expert_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    version: Mapped[int] = mapped_column(default=1)
    revision_number: Mapped[int] = mapped_column(default=0)
    assigned_at: Mapped[datetime] = mapped_column(Moment)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Moment)
    handed_in_at: Mapped[datetime | None] = mapped_column(Moment)

    expert: Mapped[Person] = relationship(lazy="raise_on_sql")
    scores: Mapped[list[Score]] = relationship(
        lazy="raise_on_sql", order_by="Score.indicator", cascade="all, delete-orphan"
    )


class Score(Base):
    """The points for one indicator, in tenths, and the remark that a low score needs (P2)."""

    __tablename__ = "scores"

    sheet_id: Mapped[int] = mapped_column(ForeignKey("score_sheets.id"), primary_key=True)
    indicator: Mapped[int] = mapped_column(primary_key=True)
    points: Mapped[Decimal | None] = mapped_column(Tenths)
    remark: Mapped[str] = mapped_column(Text, default="")
