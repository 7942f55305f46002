"""Messages of the province to a group of people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from .base import Addressed, Base, Moment


class Announcement(Addressed, Base):
    """A message that was sent: what it says, to which group, and how many people were in it then."""

    __tablename__ = "announcements"

    round_id: Mapped[int | None] = mapped_column(ForeignKey("rounds.id"), index=True)
    group: Mapped[dict[str, Any]] = mapped_column("audience", JSON)
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    count: Mapped[int]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(Moment)


class AnnouncementReader(Base):
    """That somebody was in the group when the message was sent."""

    __tablename__ = "announcement_readers"

    announcement_id: Mapped[int] = mapped_column(ForeignKey("announcements.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True, index=True)
