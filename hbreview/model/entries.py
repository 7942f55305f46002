"""The journal's entries: append-only, chained by hashes. The database itself refuses to change them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base, Moment


class Entry(Base):
    """Who did what, when, on which version of what, and the states before and after."""

    __tablename__ = "journal"
    __table_args__ = (
        UniqueConstraint("person_id", "request_key"),
        Index("ix_journal_submission", "submission_id", "sequence"),
        Index("ix_journal_act", "act", "sequence"),
    )

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(Moment)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    # As they were at that time: a person may move or be renamed later (T01).
    actor: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(20))
    scope: Mapped[str] = mapped_column(String(40), default="")
    act: Mapped[str] = mapped_column(String(40))
    submission_id: Mapped[int | None] = mapped_column(ForeignKey("submissions.id"))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("rounds.id"))
    target: Mapped[str] = mapped_column(String(200), default="")
    version_from: Mapped[int | None]
    version_to: Mapped[int | None]
    state_from: Mapped[str | None] = mapped_column(String(20))
    state_to: Mapped[str | None] = mapped_column(String(20))
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    result: Mapped[str] = mapped_column(String(20), default="done")
    address: Mapped[str] = mapped_column(String(60), default="")
    request_id: Mapped[str] = mapped_column(String(40), default="")
    request_key: Mapped[str | None] = mapped_column(String(64))
    request_digest: Mapped[str | None] = mapped_column(String(64))
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class JournalHead(Base):
    """The last entry's number and hash: one row, locked while an entry is appended."""

    __tablename__ = "journal_head"

    id: Mapped[int] = mapped_column(primary_key=True)
    sequence: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
