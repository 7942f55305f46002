"""Taking hold of a submission for an act: locked, seen by this person, of the version that was on the screen.

Every act locks in one order, so that no two wait for each other: the round, what is one at a time (``one_at_a_time``),
submissions by number, what belongs to them, series of numbers, the journal's head. Locks of rows that others name are
such that a row which names them can be written meanwhile (``key_share``): an entry does, under the journal's lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload

from .. import clock
from ..model import Round, ScoreSheet, Submission
from ..workflow import journal
from ..workflow.errors import ForbiddenError, HiddenError, MalformedError, StaleError
from ..workflow.journal import Deed, Origin
from ..workflow.policy import Action, has_role_for
from ..workflow.visibility import visible_to

_LONGEST_VERSION = 9


def version_from(text: str | None) -> int:
    """The version that a request was made on; MalformedError when it is none of ours (C07)."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > _LONGEST_VERSION or int(text) == 0:
        raise MalformedError("version")
    return int(text)


def hold(session: Session, public_id: str, *, origin: Origin, action: Action) -> Submission:
    """Lock the submission for this transaction. The policy is asked again: scopes may have moved since.

    Rows that name it may still be written by others: an entry of the journal is, by who does not hold it.
    """
    query = _seen(public_id, origin).with_for_update(of=Submission, key_share=True)
    return _one(session, query, origin=origin, action=action)


def hold_in_round(session: Session, public_id: str, *, origin: Origin, action: Action) -> Submission:
    """As ``hold``, and nobody decides its round before the act ends: for what a decided round does not allow (C09)."""
    keep_round(session, select(Submission.round_id).where(Submission.public_id == public_id))
    return hold(session, public_id, origin=origin, action=action)


def keep_round(session: Session, which: Select[int]) -> None:
    """The round stays in its state until the caller's transaction ends; many acts may keep it at once.

    Read the round's state after this, never before.
    """
    session.execute(select(Round.id).where(Round.id == which.scalar_subquery()).with_for_update(read=True, of=Round))


def look_at(session: Session, public_id: str, *, origin: Origin, action: Action) -> Submission:
    """The submission as it stands, not locked: for refusing early what would be refused anyway."""
    return _one(session, _seen(public_id, origin), origin=origin, action=action)


def _seen(public_id: str, origin: Origin) -> Select[Submission]:
    if origin.actor is None:
        raise ForbiddenError
    return (
        select(Submission)
        .where(Submission.public_id == public_id, visible_to(origin.actor))
        .options(joinedload(Submission.round))
        .execution_options(populate_existing=True)
    )


def _one(session: Session, query: Select[Submission], *, origin: Origin, action: Action) -> Submission:
    submission = session.scalar(query)
    if submission is None:
        raise HiddenError
    if not has_role_for(origin.actor, action):
        raise ForbiddenError
    return submission


def require_version(row: Submission | ScoreSheet | Round, version: int) -> None:
    """StaleError unless the act was made on the newest version; a version from the future is malformed."""
    if version > row.version:
        raise MalformedError("version")
    if version != row.version:
        raise StaleError(row.version)


def record(
    session: Session,
    submission: Submission,
    *,
    origin: Origin,
    act: str,
    target: str,
    states: tuple[str | None, str | None] = (None, None),
    data: Mapping[str, Any] | None = None,
) -> None:
    """Raise the submission's version by one and append the act's entry."""
    before = submission.version
    submission.version = before + 1
    session.flush()
    deed = Deed(
        act=act,
        target=target,
        submission_id=submission.id,
        round_id=submission.round_id,
        versions=(before, before + 1),
        states=states,
        data=data or {},
    )
    journal.append(session, origin=origin, deed=deed, at=clock.now())
