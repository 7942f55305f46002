"""Organisations and audit firms."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, String
from sqlalchemy.orm import Mapped, mapped_column

from .base import Addressed, Base, Moment


class Organisation(Addressed, Base):
    """A unit that holds one or more titles. One account, up to one submission a programme and round (R1)."""

    __tablename__ = "organisations"

    name: Mapped[str] = mapped_column(String(200))
    # Width, case and blanks folded: what the search compares, and what makes two spellings one organisation.
    search_name: Mapped[str] = mapped_column(String(200), unique=True)
    # The first letters of the name in pinyin, for the search.
    initials: Mapped[str] = mapped_column(String(200), default="")
    former_names: Mapped[list[str]] = mapped_column(JSON, default=list)
    region: Mapped[str] = mapped_column(String(20), index=True)
    # Whether a second person of it signs a form off before it is sent: the organisation's own choice.
    second_signature: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(Moment)


class Firm(Addressed, Base):
    """An accounting firm that makes special audits."""

    __tablename__ = "firms"

    name: Mapped[str] = mapped_column(String(200), unique=True)
