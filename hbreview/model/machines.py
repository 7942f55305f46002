"""What other machines may read and are told, and the monthly records that they bring."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..words import MailState
from .base import Addressed, Base, Moment, word_type


class ApiToken(Addressed, Base):
    """A machine's key: only its digest is kept; ``scopes`` say what it opens."""

    __tablename__ = "api_tokens"

    name: Mapped[str] = mapped_column(String(100))
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_by: Mapped[int] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime | None] = mapped_column(Moment)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)


class Webhook(Addressed, Base):
    """An address that is told of acts of the journal. ``cursor``: up to which entry deliveries were made."""

    __tablename__ = "webhooks"

    url: Mapped[str] = mapped_column(String(500))
    secret: Mapped[str] = mapped_column(String(64))
    events: Mapped[list[str]] = mapped_column(JSON, default=list)
    cursor: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[int] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class WebhookDelivery(Base):
    """One entry told to one address, tried until it is taken or given up, as a letter is."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("webhook_id", "sequence"),
        Index("ix_webhook_deliveries_due", "state", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id"))
    sequence: Mapped[int]
    state: Mapped[MailState] = mapped_column(word_type(MailState, name="state"), default=MailState.WAITING)
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(Moment)
    delivered_at: Mapped[datetime | None] = mapped_column(Moment)
    fault: Mapped[str] = mapped_column(String(200), default="")


class MonthlyRecord(Base):
    """That an organisation reported its figures of one month (每月按时报送), on which day, and what it said."""

    __tablename__ = "monthly_records"
    __table_args__ = (UniqueConstraint("programme", "organisation_id", "year", "month"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    programme: Mapped[str] = mapped_column(String(20))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    year: Mapped[int]
    month: Mapped[int]
    due_on: Mapped[date] = mapped_column(Date)
    reported_on: Mapped[date] = mapped_column(Date)
    figures: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    recorded_at: Mapped[datetime] = mapped_column(Moment)
