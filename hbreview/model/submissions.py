"""Submissions, their frozen revisions and the city's opinions."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Date, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..words import State
from .base import Addressed, Base, Moment, Tenths, word_type
from .organisations import Firm, Organisation
from .rounds import ProgrammeVersion, Round


class Submission(Addressed, Base):
    """One organisation's form in one programme of one round (R1). Rows are made in roster order."""

    __tablename__ = "submissions"
    __table_args__ = (
        UniqueConstraint("round_id", "programme", "organisation_id"),
        # The queue's counts are read from this index alone, its pages from the next two.
        Index("ix_submissions_counts", "round_id", "region", "programme", "state"),
        Index("ix_submissions_region_queue", "region", "id"),
        Index("ix_submissions_firm_queue", "firm_id", "id"),
    )

    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"))
    programme: Mapped[str] = mapped_column(String(20))
    programme_version_id: Mapped[int] = mapped_column(ForeignKey("programme_versions.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    # As on the roster when the round opened: history keeps the name and city of then (S08, R3).
    organisation_name: Mapped[str] = mapped_column(String(200))
    site_name: Mapped[str] = mapped_column(String(200), default="")
    region: Mapped[str] = mapped_column(String(20))
    printed_region: Mapped[str] = mapped_column(String(20))
    national: Mapped[bool] = mapped_column(default=False)
    firm_id: Mapped[int | None] = mapped_column(ForeignKey("firms.id"))
    state: Mapped[State] = mapped_column(word_type(State, name="state"), default=State.DRAFT)
    version: Mapped[int] = mapped_column(default=1)
    revision_number: Mapped[int] = mapped_column(default=0)
    submitted_at: Mapped[datetime | None] = mapped_column(Moment)
    moved_at: Mapped[datetime] = mapped_column(Moment)
    # The enterprise's own last day where it was given a longer time; None: the round's.
    extended_to: Mapped[date | None] = mapped_column(Date)
    # While it is returned: the fields that may be changed, by key; None: all.
    open_fields: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    # Fixed when the scoring closes, with the digest of the score sheets that it comes from (P1).
    total: Mapped[Decimal | None] = mapped_column(Tenths)
    score_set: Mapped[str] = mapped_column(String(64), default="")

    organisation: Mapped[Organisation] = relationship(lazy="raise_on_sql")
    round: Mapped[Round] = relationship(lazy="raise_on_sql")
    firm: Mapped[Firm | None] = relationship(lazy="raise_on_sql")
    programme_version: Mapped[ProgrammeVersion] = relationship(lazy="raise_on_sql")


class Revision(Base):
    """What was submitted, as it was: answers, and attachments with their digests. Never changed."""

    __tablename__ = "revisions"
    __table_args__ = (UniqueConstraint("submission_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"))
    number: Mapped[int]
    answers: Mapped[dict[str, str]] = mapped_column(JSON)
    attachments: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String(64), index=True)
    # How many warnings of the checks it was sent with; None: sent before that was kept.
    warnings: Mapped[int | None]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(Moment)


class Opinion(Base):
    """The city's approval of one revision: opinion, seal date and scan. Void once the form goes back."""

    __tablename__ = "opinions"

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submissions.id"), index=True)
    revision_number: Mapped[int]
    opinion: Mapped[str] = mapped_column(Text)
    seal_date: Mapped[date] = mapped_column(Date)
    attachment_id: Mapped[int | None] = mapped_column(ForeignKey("attachments.id"))
    # The keys of the programme's checklist that were ticked, and who checked it as the second person.
    ticks: Mapped[list[str]] = mapped_column(JSON, default=list)
    checked_by: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(Moment)
    void_at: Mapped[datetime | None] = mapped_column(Moment)
