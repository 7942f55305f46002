"""Attachments: rows that name a file in the store by its digest."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from ..words import ScanState
from .base import Addressed, Base, Moment, word_type


class Attachment(Addressed, Base):
    """A file that somebody gave for one field of a submission. Removing keeps the row and the file (U09)."""

    __tablename__ = "attachments"
    __table_args__ = (
        Index("ix_attachments_submission_field", "submission_id", "field"),
        Index("ix_attachments_sha256", "sha256"),
    )

    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    field: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(255))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(Moment)
    removed_at: Mapped[datetime | None] = mapped_column(Moment)
    # What it proves: an indicator's number to the pages, beside those that its field is evidence for anyway.
    proves: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    # Of a list of enterprises: what it counts, by the field of the form that asks for it. As fixed as the list.
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    # Of a comment and no part of the form: seen by whoever may read the comment.
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id"), index=True)
    scan: Mapped[ScanState] = mapped_column(word_type(ScanState, name="scan"), default=ScanState.OFF)


class ServedEnterprise(Base):
    """One line of a list of enterprises served: data read from an attached sheet, and as unchanging as that."""

    __tablename__ = "served_enterprises"
    __table_args__ = (Index("ix_served_enterprises_credit_code", "credit_code"),)

    attachment_id: Mapped[int] = mapped_column(ForeignKey("attachments.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(200))
    credit_code: Mapped[str] = mapped_column(String(18))
    small_micro: Mapped[bool | None]
    categories: Mapped[list[str]] = mapped_column(JSON, default=list)
