"""Comments: threads per indicator of a submission."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..words import Visibility
from .base import Addressed, Base, Moment, word_type
from .people import Person


class Comment(Addressed, Base):
    """What somebody says about one indicator. A reply is never seen by more than its root; only a root blocks."""

    __tablename__ = "comments"
    __table_args__ = (Index("ix_comments_submission_indicator", "submission_id", "indicator", "id"),)

    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    indicator: Mapped[int]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    body: Mapped[str] = mapped_column(Text)
    blocking: Mapped[bool] = mapped_column(default=False)
    visibility: Mapped[Visibility] = mapped_column(
        word_type(Visibility, name="visibility"), default=Visibility.ENTERPRISE
    )
    # The fields of the form that it is about, by key.
    fields: Mapped[list[str]] = mapped_column(JSON, default=list)
    # The revision that was on the table: comments of each return are kept apart (S05).
    revision_number: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Moment)
    # When its author last wrote it anew; what stood before is in the journal.
    edited_at: Mapped[datetime | None] = mapped_column(Moment)
    resolved_at: Mapped[datetime | None] = mapped_column(Moment)
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    # The enterprise says that it has mended this; void when the form is returned with it still open.
    mended_at: Mapped[datetime | None] = mapped_column(Moment)
    version: Mapped[int] = mapped_column(default=1)

    person: Mapped[Person] = relationship(lazy="raise_on_sql", foreign_keys=[person_id])
