"""Score sheets: what an expert gives for each indicator."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
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
    # The draw that it comes of; None: assigned by hand.
    draw_id: Mapped[int | None] = mapped_column(ForeignKey("draws.id"))
    # Asked for because the first experts were too far apart (P3).
    further: Mapped[bool] = mapped_column(default=False)

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
    # Why it is another than the one that was handed in before.
    change_reason: Mapped[str] = mapped_column(Text, default="")


class SheetVersion(Base):
    """A sheet as it was handed in. Stays when the sheet is reopened; ``marks`` hold order, points, remark, reason."""

    __tablename__ = "sheet_versions"
    __table_args__ = (UniqueConstraint("sheet_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sheet_id: Mapped[int] = mapped_column(ForeignKey("score_sheets.id"))
    number: Mapped[int]
    marks: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    revision_number: Mapped[int]
    handed_in_at: Mapped[datetime] = mapped_column(Moment)
    reopened_at: Mapped[datetime | None] = mapped_column(Moment)
    reopened_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    reason: Mapped[str] = mapped_column(String(1000), default="")


class ScoreSet(Base):
    """The sheets that a total comes from, as they were when the scoring was closed (C09). Never changed."""

    __tablename__ = "score_sets"
    __table_args__ = (UniqueConstraint("submission_id", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    digest: Mapped[str] = mapped_column(String(64))
    sheets: Mapped[list[Any]] = mapped_column(JSON)
    deduction: Mapped[Decimal] = mapped_column(Tenths)
    total: Mapped[Decimal] = mapped_column(Tenths)
    spread: Mapped[Decimal] = mapped_column(Tenths)
    created_at: Mapped[datetime] = mapped_column(Moment)
