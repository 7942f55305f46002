"""What a city's team notes while it reviews: who has it, what was seen, what was returned, who stands in for whom."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Addressed, Base, Moment
from .people import Person


class Review(Base):
    """The team's notes on one submission; no row: none yet. Ticks and the second person's check hold for a revision."""

    __tablename__ = "reviews"

    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    tags: Mapped[list[str]] = mapped_column(JSON, default=list)
    # Why the team should look at it; empty: no flag.
    flag: Mapped[str] = mapped_column(String(500), default="")
    # The keys of the programme's checklist that are ticked, and for which revision.
    ticks: Mapped[list[str]] = mapped_column(JSON, default=list)
    ticks_revision: Mapped[int] = mapped_column(default=0)
    checked_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    checked_revision: Mapped[int] = mapped_column(default=0)

    assignee: Mapped[Person | None] = relationship(lazy="raise_on_sql", foreign_keys=[assignee_id])


class Look(Base):
    """What a reviewer last had on the screen. Not a fact of the evaluation: overwritten, not journaled.

    ``former_revision`` is the revision that was looked at before this one: what changed is said from there.
    """

    __tablename__ = "looks"

    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    revision_number: Mapped[int]
    former_revision: Mapped[int] = mapped_column(default=0)
    # The journal's number up to which everything about the submission was on the screen.
    sequence: Mapped[int]
    seen_at: Mapped[datetime] = mapped_column(Moment)

    person: Mapped[Person] = relationship(lazy="raise_on_sql")


class Return(Base):
    """A return notice: its number within round and city, what is to be mended, and which fields are open for it."""

    __tablename__ = "returns"
    __table_args__ = (
        UniqueConstraint("round_id", "region", "number"),
        Index("ix_returns_submission", "submission_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"))
    region: Mapped[str] = mapped_column(String(20))
    number: Mapped[int]
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    revision_number: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    # The comments by their public ids, as the notice lists them.
    comments: Mapped[list[str]] = mapped_column(JSON, default=list)
    # What was said at that time, comment by comment, and until when it was to be mended.
    items: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    deadline: Mapped[date] = mapped_column(Date)
    # None: the whole form is open.
    open_fields: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(Moment)


class Counter(Base):
    """The last number that was given in a series. Taken under a lock: no two are the same, and none is left out."""

    __tablename__ = "counters"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    last: Mapped[int] = mapped_column(default=0)


class Phrase(Addressed, Base):
    """A sentence that a city keeps for its opinions ("approve") or its reasons ("return")."""

    __tablename__ = "phrases"
    __table_args__ = (Index("ix_phrases_region", "region", "kind"),)

    region: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(String(500))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(Moment)


class SavedView(Addressed, Base):
    """Filters of the queue that somebody keeps under a name; ``query`` is what stands in the address."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("person_id", "name"),)

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    name: Mapped[str] = mapped_column(String(40))
    query: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(Moment)


class Deputy(Addressed, Base):
    """That somebody stands in for a reviewer, in the reviewer's city, from one day to another, both included."""

    __tablename__ = "deputies"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    deputy_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    created_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)

    person: Mapped[Person] = relationship(lazy="raise_on_sql", foreign_keys=[person_id])
    deputy: Mapped[Person] = relationship(lazy="raise_on_sql", foreign_keys=[deputy_id])


class CitySetting(Base):
    """What a city has decided for itself; no row: nothing yet."""

    __tablename__ = "city_settings"

    region: Mapped[str] = mapped_column(String(20), primary_key=True)
    # Whether a second person checks a form before it is approved.
    second_check: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
