"""Views of the queue that somebody keeps under a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import clock
from ..model import SavedView
from ..transact import Receipt, carry_out
from ..words import N_, Reason
from ..workflow.errors import ForbiddenError, HiddenError, InvalidError
from ..workflow.journal import Deed, Origin, append

LONGEST_NAME, LONGEST_QUERY, MOST = 40, 500, 20


@dataclass(frozen=True, slots=True)
class View:
    """The name, and the filters by their names in the address."""

    name: str
    filters: Mapping[str, str]


def save_view(view: View, *, origin: Origin) -> Receipt:
    """Keep filters under a name, in place of one of the same name; InvalidError beside the name."""
    name = " ".join(view.name.split())
    if not name or len(name) > LONGEST_NAME:
        most = {"count": str(LONGEST_NAME)}
        raise InvalidError([Reason(N_("Please give a name of at most %(count)s characters."), "name", values=most)])
    query = urlencode({key: value for key, value in sorted(view.filters.items()) if value})[:LONGEST_QUERY]
    return carry_out(lambda session: _save(session, name, query, origin=origin), origin=origin)


def _save(session: Session, name: str, query: str, *, origin: Origin) -> Receipt:
    if origin.actor is None:
        raise ForbiddenError
    person_id = origin.actor.person_id
    row = session.scalar(select(SavedView).where(SavedView.person_id == person_id, SavedView.name == name))
    if row is None:
        if (session.scalar(select(func.count()).where(SavedView.person_id == person_id)) or 0) >= MOST:
            raise InvalidError([Reason(N_("At most %(count)s views are kept."), "name", values={"count": str(MOST)})])
        row = SavedView(person_id=person_id, name=name, query=query, created_at=clock.now())
        session.add(row)
    row.query = query
    session.flush()
    append(session, origin=origin, deed=Deed("save_view", row.public_id, data={"name": name}), at=clock.now())
    return Receipt(row.public_id)


def forget_view(public_id: str, *, origin: Origin) -> Receipt:
    """Drop one's own view; HiddenError for anybody else's."""
    return carry_out(lambda session: _forget(session, public_id, origin=origin), origin=origin)


def _forget(session: Session, public_id: str, *, origin: Origin) -> Receipt:
    person_id = origin.actor.person_id if origin.actor else 0
    row = session.scalar(select(SavedView).where(SavedView.public_id == public_id, SavedView.person_id == person_id))
    if row is None:
        raise HiddenError
    session.delete(row)
    append(session, origin=origin, deed=Deed("forget_view", public_id, data={"name": row.name}), at=clock.now())
    return Receipt(public_id)
