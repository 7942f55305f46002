"""The pool of experts, and the draws that gave them their submissions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from .base import Addressed, Base, Moment
from .people import Person


class Expert(Base):
    """What the province knows of an expert beside the account; no row: nothing yet.

    ``advised`` are names of organisations that the expert worked for as an adviser. A ``reserve`` stands in
    for others and takes no part in the first draw.
    """

    __tablename__ = "experts"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    # "business", "technology" or "finance" (RULES.md S5); "" where that is not known.
    field: Mapped[str] = mapped_column(String(20), default="")
    employer: Mapped[str] = mapped_column(String(200), default="")
    region: Mapped[str | None] = mapped_column(String(20))
    advised: Mapped[list[str]] = mapped_column(JSON, default=list)
    reserve: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)

    person: Mapped[Person] = relationship(lazy="raise_on_sql")


class Draw(Addressed, Base):
    """A draw that was kept: from seed, settings and inputs the same result comes out again. Never changed."""

    __tablename__ = "draws"

    round_id: Mapped[int] = mapped_column(ForeignKey("rounds.id"), index=True)
    seed: Mapped[str] = mapped_column(String(40))
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    inputs: Mapped[dict[str, Any]] = mapped_column(JSON)
    result: Mapped[list[list[str]]] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime] = mapped_column(Moment)
