"""Answers: one row a field, in canonical text."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base


class Answer(Base):
    """What stands in one field. Figures are decimal text in the form's unit, never floats."""

    __tablename__ = "answers"

    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    # The submission's version that this value came with: two people in two fields do not collide.
    version: Mapped[int]
