"""People, their invitations and their live sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..words import Role
from .base import Addressed, Base, Moment, word_type
from .organisations import Firm, Organisation


class Person(Addressed, Base):
    """Somebody with one role, in the scope of that role (organisation, city or firm)."""

    __tablename__ = "people"
    __table_args__ = (
        CheckConstraint("(role = 'enterprise') = (organisation_id IS NOT NULL)", name="organisation_of_enterprise"),
        CheckConstraint("(role = 'city') = (region IS NOT NULL)", name="region_of_city"),
        CheckConstraint("(role = 'auditor') = (firm_id IS NOT NULL)", name="firm_of_auditor"),
    )

    role: Mapped[Role] = mapped_column(word_type(Role, name="role"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    # As typed at sign-in after folding (width, case, blanks): one account a normalised name.
    login: Mapped[str] = mapped_column(String(100), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    region: Mapped[str | None] = mapped_column(String(20))
    firm_id: Mapped[int | None] = mapped_column(ForeignKey("firms.id"))
    suspended_at: Mapped[datetime | None] = mapped_column(Moment)
    # Where letters go; empty: nowhere. The language is the one chosen last.
    email: Mapped[str] = mapped_column(String(254), default="")
    language: Mapped[str] = mapped_column(String(2), default="zh")
    # The journal's number up to which this person has seen the notices.
    read_to: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(Moment)

    organisation: Mapped[Organisation | None] = relationship(lazy="raise_on_sql")
    firm: Mapped[Firm | None] = relationship(lazy="raise_on_sql")


class Invitation(Base):
    """A one-time activation code: only its digest is kept; a newer one ends the older."""

    __tablename__ = "invitations"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    code_digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)
    superseded_at: Mapped[datetime | None] = mapped_column(Moment)

    person: Mapped[Person] = relationship(lazy="raise_on_sql")


class SignIn(Base):
    """A live session, so that it can be ended on the server. The cookie holds a token, the row its digest."""

    __tablename__ = "sign_ins"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    device: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(Moment)
    seen_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)

    person: Mapped[Person] = relationship(lazy="raise_on_sql")


class Interest(Base):
    """A declared conflict of interest: this person is out of everything of that organisation."""

    __tablename__ = "interests"
    __table_args__ = (UniqueConstraint("person_id", "organisation_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    reason: Mapped[str] = mapped_column(String(1000), default="")
    created_at: Mapped[datetime] = mapped_column(Moment)
