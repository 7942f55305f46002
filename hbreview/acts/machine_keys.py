"""Keys of machines: made, shown once, revoked, and known again by their digest."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from .. import clock
from ..evaluation.values import parse
from ..model import ApiToken
from ..programmes.schema import Field, FieldType
from ..transact import Receipt, carry_out
from ..words import N_, Label, Reason
from ..workflow import journal
from ..workflow.errors import ForbiddenError, HiddenError, InvalidError
from ..workflow.journal import Deed, Origin
from .signing_in import digest_of

PREFIX = "hbr_"
SCOPES = ("rounds:read", "submissions:read", "scores:read", "designations:read", "monthly:write")
TOUCH_EVERY = timedelta(minutes=5)
_SECRET_LENGTH = 43
_NAME = Field("name", Label("名称", "Name"), 0, FieldType.TEXT, max_length=100)


@dataclass(frozen=True, slots=True)
class Key:
    """A live key as a request knows it."""

    id: int
    public_id: str
    name: str
    scopes: tuple[str, ...]
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A key to be made. ``last_day``: it works until the end of this day in Asia/Shanghai; None: until revoked."""

    name: str
    scopes: Sequence[str]
    last_day: date | None = None


def make_token(wanted: Wanted, *, origin: Origin) -> str:
    """Make a key; returns the token, which is nowhere kept. "" when the same request made it already.

    InvalidError for no name, no scope or one that is none, or a day that is over.
    """
    name = parse(_NAME, wanted.name)
    faults = [name] if isinstance(name, Reason) else []
    if not name:
        faults.append(Reason(N_("Please give it a name."), "name"))
    if not wanted.scopes or not set(wanted.scopes) <= set(SCOPES):
        faults.append(Reason(N_("Please choose what it may do."), "scopes"))
    if wanted.last_day is not None and wanted.last_day < clock.today():
        faults.append(Reason(N_("This day is over."), "last_day"))
    if faults:
        raise InvalidError(faults)
    token = PREFIX + secrets.token_urlsafe(32)
    receipt = carry_out(
        lambda session: _make(session, wanted, token=token, name=str(name), origin=origin), origin=origin
    )
    return "" if receipt.repeated else token


def _make(session: Session, wanted: Wanted, *, token: str, name: str, origin: Origin) -> Receipt:
    if origin.actor is None:
        raise ForbiddenError
    scopes = [scope for scope in SCOPES if scope in wanted.scopes]
    ends = None if wanted.last_day is None else end_of(wanted.last_day)
    row = ApiToken(
        name=name, token_digest=digest_of(token), scopes=scopes, created_by=origin.actor.person_id,
        created_at=clock.now(), expires_at=ends,
    )  # fmt: skip
    session.add(row)
    session.flush()
    data = {"name": name, "scopes": scopes, "last_day": wanted.last_day.isoformat() if wanted.last_day else ""}
    deed = Deed(act="make_token", target=row.public_id, data=data)
    journal.append(session, origin=origin, deed=deed, at=clock.now())
    return Receipt(row.public_id)


def end_of(day: date) -> datetime:
    """The moment at which a day in Asia/Shanghai is over."""
    day = min(day, date.max - timedelta(days=2))  # the last day of all has no day after it, in whatever zone
    return datetime.combine(day + timedelta(days=1), time.min, clock.SHANGHAI)


def revoke_token(public_id: str, *, origin: Origin) -> Receipt:
    """End a key at once; HiddenError for one that is not there. Twice is the same as once."""

    def work(session: Session) -> Receipt:
        row = session.scalar(select(ApiToken).where(ApiToken.public_id == public_id).with_for_update())
        if row is None:
            raise HiddenError
        if row.revoked_at is None:
            row.revoked_at = clock.now()
            deed = Deed(act="revoke_token", target=public_id, data={"name": row.name})
            journal.append(session, origin=origin, deed=deed, at=clock.now())
        return Receipt(public_id)

    return carry_out(work, origin=origin)


def key_of(session: Session, token: str) -> Key | None:
    """The live key of a token, in one statement; None when there is none, it was revoked or has ended."""
    if not token.startswith(PREFIX) or len(token) != len(PREFIX) + _SECRET_LENGTH or not token.isascii():
        return None
    row = session.scalar(select(ApiToken).where(ApiToken.token_digest == digest_of(token)))
    if row is None or row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= clock.now()):
        return None
    return Key(row.id, row.public_id, row.name, tuple(row.scopes), row.used_at)


def touch(key: Key) -> None:
    """Remember that the key was used; written at most every five minutes."""
    now = clock.now()
    if key.used_at is not None and now - key.used_at < TOUCH_EVERY:
        return

    def work(session: Session) -> Receipt:
        session.execute(update(ApiToken).where(ApiToken.id == key.id).values(used_at=now))
        return Receipt("")

    carry_out(work)
