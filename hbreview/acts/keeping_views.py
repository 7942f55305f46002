"""Views of the queue that somebody keeps under a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from .. import clock
from ..evaluation.values import parse
from ..model import Person, SavedView
from ..programmes.schema import Field, FieldType
from ..transact import Receipt, carry_out
from ..words import N_, Label, Reason
from ..workflow.errors import ForbiddenError, HiddenError, InvalidError
from ..workflow.journal import Deed, Origin, append
from ..workflow.policy import Action, has_role_for

LONGEST_NAME, LONGEST_QUERY, MOST = 40, 500, 20
# The filters of the queue that a view may hold: its page's place is none of them.
FILTERS = ("q", "city", "programme", "state", "round", "show", "tag", "sort")
_NAME = Field("name", Label("名称", "Name"), 0, FieldType.TEXT, max_length=LONGEST_NAME)


@dataclass(frozen=True, slots=True)
class View:
    """The name, and the filters by their names in the address."""

    name: str
    filters: Mapping[str, str]


def save_view(view: View, *, origin: Origin) -> Receipt:
    """Keep filters under a name, in place of one of the same name; InvalidError beside the name.

    Only filters that the queue knows are kept, so that a view never leads anywhere else.
    """
    name = parse(_NAME, " ".join(view.name.split()))
    if isinstance(name, Reason):
        raise InvalidError([name])
    if not name:
        raise InvalidError([Reason(N_("Please give the view a name."), "name")])
    query = urlencode({key: view.filters[key] for key in FILTERS if view.filters.get(key)})
    if len(query) > LONGEST_QUERY:
        raise InvalidError([Reason(N_("These filters are too long to be kept."), "name")])
    return carry_out(lambda session: _save(session, name, query, origin=origin), origin=origin)


def _keeper(session: Session, origin: Origin) -> int:
    """Whose views they are, held: two windows of one person do not come past each other."""
    if origin.actor is None or not has_role_for(origin.actor, Action.KEEP_VIEWS):
        raise ForbiddenError
    person_id = origin.actor.person_id
    session.execute(select(Person.id).where(Person.id == person_id).with_for_update(key_share=True))
    return person_id


def _save(session: Session, name: str, query: str, *, origin: Origin) -> Receipt:
    person_id, now = _keeper(session, origin), clock.now()
    row = session.scalar(select(SavedView).where(SavedView.person_id == person_id, SavedView.name == name))
    if row is None:
        known = session.scalar(select(func.count()).where(SavedView.person_id == person_id)) or 0
        if known >= MOST:
            values = {"count": str(MOST)}
            raise InvalidError([Reason(N_("At most %(count)s views are kept: drop one first."), "name", values=values)])
        row = SavedView(person_id=person_id, name=name, query=query, created_at=now)
        session.add(row)
    row.query = query
    session.flush()
    deed = Deed("save_view", row.public_id, data={"name": name, "query": query})
    append(session, origin=origin, deed=deed, at=now)
    return Receipt(row.public_id)


def forget_view(view_id: str, *, origin: Origin) -> Receipt:
    """Drop one of one's own views (its public id); HiddenError for anybody else's."""
    return carry_out(lambda session: _forget(session, view_id, origin=origin), origin=origin)


def _forget(session: Session, view_id: str, *, origin: Origin) -> Receipt:
    person_id = _keeper(session, origin)
    row = session.scalar(select(SavedView).where(SavedView.public_id == view_id, SavedView.person_id == person_id))
    if row is None:
        raise HiddenError
    session.delete(row)
    append(session, origin=origin, deed=Deed("forget_view", view_id, data={"name": row.name}), at=clock.now())
    return Receipt(view_id)
