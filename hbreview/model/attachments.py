"""Attachments: rows that name a file in the store by its digest."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from .base import Addressed, Base, Moment


class Attachment(Addressed, Base):
    """A file that somebody gave for one field of a submission. Removing keeps the row and the file (U09)."""

    __tablename__ = "attachments"
    __table_args__ = (Index("ix_attachments_submission_field", "submission_id", "field"),)

    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    field: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(Moment)
    removed_at: Mapped[datetime | None] = mapped_column(Moment)
