"""Signing in and out, activating an account, changing a password: sessions that the server can end."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, joinedload

from .. import clock
from ..extensions import db
from ..model import Entry, Invitation, Person, SignIn
from ..transact import Receipt, carry_out
from ..words import N_, Reason
from ..workflow import journal
from ..workflow.actors import Actor
from ..workflow.errors import InvalidError
from ..workflow.journal import Deed, Origin

HASHER = PasswordHasher()
SHORTEST, LONGEST = 8, 128


# Compared against when there is no such account, so that the answer takes as long (A08).
@lru_cache(maxsize=1)
def _nobody() -> str:
    return HASHER.hash(secrets.token_urlsafe(16))


TRIES, TRIES_WITHIN = 10, timedelta(minutes=15)


def folded_login(text: str) -> str:
    """A login as it is compared: width, case, blanks and zero-width characters folded away (A14)."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c) != "Cf")


def digest_of(secret: str) -> str:
    """What is stored of a token or code."""
    return hashlib.sha256(secret.encode("utf-8")).hexdigest()


def actor_for(person: Person, *, stands_in: tuple[tuple[str, str], ...] = ()) -> Actor:
    """A person as the law sees them; ``stands_in``: what ``workflow/deputies.py`` says of today."""
    return Actor(
        person.id,
        person.public_id,
        person.name,
        person.role,
        person.organisation_id,
        person.region,
        person.firm_id,
        stands_in,
    )


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody typed at the door, and from which device."""

    login: str
    password: str
    device: str = ""


def sign_in(attempt: Attempt, *, origin: Origin) -> str | None:
    """Open a session and return its token; None, with nothing to tell apart, when it may not be (A08).

    Ten wrong passwords for an account within fifteen minutes make it wait; a stranger cannot lock it longer.
    """
    token = secrets.token_urlsafe(32)
    session = db.session()
    known = session.scalar(select(Person.password_hash).where(Person.login == folded_login(attempt.login)))
    # Hashing takes a tenth of a second on purpose: not while the database waits.
    fits = _verify(known or _nobody(), attempt.password)
    proven = known if fits else None
    receipt = carry_out(lambda session: _sign_in(session, attempt, token, proven=proven, origin=origin))
    return token if receipt.target else None


def _sign_in(session: Session, attempt: Attempt, token: str, *, proven: str | None, origin: Origin) -> Receipt:
    login = folded_login(attempt.login)
    person = session.scalar(select(Person).where(Person.login == login))
    now = clock.now()
    proved = person is not None and proven is not None and person.password_hash == proven
    if person is None or not proved or person.suspended_at or _waits(session, login, now):
        journal.append(session, origin=origin, deed=Deed(act="sign_in", target=login, result="refused"), at=now)
        return Receipt("")
    open_session(session, person, token, device=attempt.device)
    by = Origin(actor_for(person), origin.address, origin.request_id)
    journal.append(session, origin=by, deed=Deed(act="sign_in", target=person.public_id), at=now)
    return Receipt(person.public_id)


def _verify(known_hash: str, password: str) -> bool:
    if len(password) > LONGEST or "\0" in password:
        return False
    try:
        return HASHER.verify(known_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _waits(session: Session, login: str, now: datetime) -> bool:
    query = select(func.count()).where(
        Entry.act == "sign_in",
        Entry.result == "refused",
        Entry.target == login,
        Entry.at > now - TRIES_WITHIN,
    )
    return (session.scalar(query) or 0) >= TRIES


def open_session(session: Session, person: Person, token: str, *, device: str) -> None:
    """Add a live session for the person inside the caller's transaction."""
    now = clock.now()
    session.add(
        SignIn(
            person_id=person.id,
            token_digest=digest_of(token),
            device=journal.one_line(device),
            created_at=now,
            seen_at=now,
        )
    )


def sign_out(token: str, *, origin: Origin) -> None:
    """End this session on the server: its cookie is worth nothing from now on (A02)."""
    carry_out(lambda session: _sign_out(session, token, origin))


def _sign_out(session: Session, token: str, origin: Origin) -> Receipt:
    now = clock.now()
    session.execute(
        update(SignIn).where(SignIn.token_digest == digest_of(token), SignIn.ended_at.is_(None)).values(ended_at=now)
    )
    journal.append(session, origin=origin, deed=Deed(act="sign_out"), at=now)
    return Receipt("")


def touch(sign_in_id: int) -> None:
    """Remember that the session was used; asked at most every few minutes."""

    def work(session: Session) -> Receipt:
        session.execute(update(SignIn).where(SignIn.id == sign_in_id).values(seen_at=clock.now()))
        return Receipt("")

    carry_out(work)


def password_faults(password: str, again: str | None = None) -> list[Reason]:
    """Why a password does not do (A10): its length, NUL, or a different repetition."""
    if not SHORTEST <= len(password) <= LONGEST:
        limits = {"least": str(SHORTEST), "most": str(LONGEST)}
        return [Reason(N_("A password has %(least)s to %(most)s characters."), "password", values=limits)]
    if "\0" in password:
        return [Reason(N_("The text holds control characters."), "password")]
    if again is not None and again != password:
        return [Reason(N_("The two passwords differ."), "again")]
    return []


def change_password(current: str, new: str, *, device: str, origin: Origin) -> str:
    """Set a new password, end all sessions of the person and open a new one; returns its token (A03)."""
    if faults := password_faults(new):
        raise InvalidError(faults)
    token = secrets.token_urlsafe(32)
    carry_out(lambda session: _change(session, current, new, token=token, device=device, origin=origin))
    return token


def _change(session: Session, current: str, new: str, *, token: str, device: str, origin: Origin) -> Receipt:
    person = session.get_one(Person, origin.actor.person_id if origin.actor else 0, with_for_update={"key_share": True})
    if not _verify(person.password_hash or _nobody(), current):
        raise InvalidError([Reason(N_("The present password is not right."), "current")])
    person.password_hash = HASHER.hash(new)
    person.version += 1
    _end_sessions(session, person)
    open_session(session, person, token, device=device)
    deed = Deed(act="change_password", target=person.public_id)
    journal.append(session, origin=origin, deed=deed, at=clock.now())
    return Receipt(person.public_id)


def _end_sessions(session: Session, person: Person) -> None:
    session.execute(
        update(SignIn).where(SignIn.person_id == person.id, SignIn.ended_at.is_(None)).values(ended_at=clock.now())
    )


def end_sessions(session: Session, person: Person) -> None:
    """End every live session of a person inside the caller's transaction."""
    _end_sessions(session, person)


def live_invitation(session: Session, code: str) -> Invitation | None:
    """The invitation of a code that may still be used; None when used, expired, superseded or unknown."""
    return session.scalar(
        select(Invitation)
        .join(Invitation.person)
        .where(
            Invitation.code_digest == digest_of(code.strip()),
            Invitation.used_at.is_(None),
            Invitation.superseded_at.is_(None),
            Invitation.expires_at > clock.now(),
            Person.suspended_at.is_(None),
        )
        .options(joinedload(Invitation.person))
    )


def activate(code: str, password: str, *, device: str, origin: Origin) -> str | None:
    """Use a code once (A11), set the password, open a session; returns its token, None for a dead code."""
    if faults := password_faults(password):
        raise InvalidError(faults)
    token = secrets.token_urlsafe(32)
    hashed = HASHER.hash(password)
    receipt = carry_out(lambda session: _activate(session, code, hashed, token=token, device=device, origin=origin))
    return token if receipt.target else None


def _activate(session: Session, code: str, hashed: str, *, token: str, device: str, origin: Origin) -> Receipt:
    invitation = live_invitation(session, code)
    if invitation is None:
        journal.append(session, origin=origin, deed=Deed(act="activate", result="refused"), at=clock.now())
        return Receipt("")
    used = session.execute(
        update(Invitation)
        .where(Invitation.id == invitation.id, Invitation.used_at.is_(None))
        .values(used_at=clock.now())
        .returning(Invitation.id)
    ).first()
    if used is None:
        return Receipt("")
    person = invitation.person
    person.password_hash = hashed
    person.version += 1
    _end_sessions(session, person)
    open_session(session, person, token, device=device)
    by = Origin(actor_for(person), origin.address, origin.request_id)
    journal.append(session, origin=by, deed=Deed(act="activate", target=person.public_id), at=clock.now())
    return Receipt(person.public_id)
