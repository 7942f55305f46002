"""Rosters and the designations on them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Date, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..words import Outcome
from .base import Addressed, Base, Moment, Tenths, word_type
from .organisations import Organisation


class Roster(Addressed, Base):
    """A list of designations of one programme: imported, or come of a round. In force from ``fixed_at``.

    Until ``fixed_at`` it is a proposal in publicity (公示). The newest fixed one is the roster in force.
    """

    __tablename__ = "rosters"
    __table_args__ = (UniqueConstraint("programme", "round_id"),)

    programme: Mapped[str] = mapped_column(String(20), index=True)
    round_id: Mapped[int | None] = mapped_column(ForeignKey("rounds.id"))
    created_at: Mapped[datetime] = mapped_column(Moment)
    fixed_at: Mapped[datetime | None] = mapped_column(Moment)
    valid_until: Mapped[date | None] = mapped_column(Date)
    # The year that the list is of, where it comes of no round.
    year: Mapped[int | None]


class Designation(Base):
    """One organisation's line on a roster: for a round with its total, rank and outcome, fixed for good."""

    __tablename__ = "designations"
    __table_args__ = (UniqueConstraint("roster_id", "organisation_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    roster_id: Mapped[int] = mapped_column(ForeignKey("rosters.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    position: Mapped[int]
    organisation_name: Mapped[str] = mapped_column(String(200))
    site_name: Mapped[str] = mapped_column(String(200), default="")
    region: Mapped[str] = mapped_column(String(20))
    printed_region: Mapped[str] = mapped_column(String(20))
    national: Mapped[bool] = mapped_column(default=False)
    # None on an imported roster: the title is valid, and how it came about is not known here.
    submission_id: Mapped[int | None] = mapped_column(ForeignKey("submissions.id"))
    total: Mapped[Decimal | None] = mapped_column(Tenths)
    rank: Mapped[int | None]
    outcome: Mapped[Outcome | None] = mapped_column(word_type(Outcome, name="outcome"))
    reason: Mapped[str] = mapped_column(String(1000), default="")
    commended: Mapped[bool] = mapped_column(default=False)
    supervised: Mapped[bool] = mapped_column(default=False)
    # The digest of the score sheets that the total comes from (S03: a decision names its score set).
    score_set: Mapped[str] = mapped_column(String(64), default="")
    # It passes, and mends something until this day (P7).
    rectify_until: Mapped[date | None] = mapped_column(Date)

    organisation: Mapped[Organisation] = relationship(lazy="raise_on_sql")
    roster: Mapped[Roster] = relationship(lazy="raise_on_sql")
