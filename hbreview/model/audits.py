"""The special audit's record (notice, attachment 3)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Moment


class AuditRecord(Base):
    """One a submission: figures and service items as canonical text, and why they differ from the form.

    ``revision_number`` is the revision that the figures were held against; a sign-off binds it.
    """

    __tablename__ = "audit_records"

    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    figures: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    items: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    explanation: Mapped[str] = mapped_column(Text, default="")
    # Why a figure differs from the form's, by the figure's key.
    explanations: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    report_number: Mapped[str] = mapped_column(String(100), default="")
    revision_number: Mapped[int] = mapped_column(default=0)
    signed_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    signed_at: Mapped[datetime | None] = mapped_column(Moment)
