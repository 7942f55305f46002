"""How the queue is ordered, and where its next page begins: by values of the order's own keys.

A cursor carries the values that the last row had when it was shown, so a row that moves meanwhile hides none of the
others and repeats none. It only ever narrows: nobody comes to a row by it that they may not see.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, Integer, String, and_, case, func, literal, or_, select, type_coerce

from ...model import Organisation, Round, Submission
from ...model.base import Moment
from ...words import N_, State
from ...workflow.actors import Actor
from ...workflow.errors import MalformedError
from ...workflow.policy import Action, has_role_for
from ...workflow.visibility import visible_to
from .queries import WAITS_FOR

ROSTER, TURN = "roster", "turn"
SORTS = {
    TURN: N_("What waits for you first"),
    "due": N_("By the day that it is due"),
    "since": N_("Longest unmoved first"),
    "name": N_("By name"),
    ROSTER: N_("As on the roster"),
}
_NEVER = date(9999, 12, 31)
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_KINDS: dict[type[Any], type[Any]] = {Integer: int, Moment: datetime, Date: date, String: str}


@dataclass(frozen=True, slots=True)
class Order:
    """The keys that a queue is ordered by, none of them ever null; the submission's number comes after them."""

    keys: tuple[ColumnElement[Any], ...]


def default_sort(who: Actor) -> str:
    """Whoever works through a city's forms sees first what waits for that; everybody else sees the roster."""
    return TURN if has_role_for(who, Action.CITY_DESK) else ROSTER


def due_day() -> ColumnElement[date]:
    """The last day for a ``Submission`` joined to its ``Round``, as ``evaluation.deadlines`` says; null for none."""
    own = case(
        (Submission.extended_to > Round.enterprise_deadline, Submission.extended_to), else_=Round.enterprise_deadline
    )
    day = case(
        (Submission.state == State.DRAFT, own),
        (Submission.state == State.SUBMITTED, Round.city_deadline),
        (Submission.state == State.CITY_REVIEWED, Round.audit_deadline),
        (Submission.state == State.AUDITED, Round.score_deadline),
    )
    return type_coerce(day, Date)


def order_of(sort: str, who: Actor) -> Order:
    """The order of this name, for a query that joins ``Round`` and ``Organisation``; MalformedError for no name."""
    if sort not in SORTS:
        raise MalformedError("sort")
    waiting = Submission.state == WAITS_FOR[who.role]
    since = func.coalesce(Submission.submitted_at, Submission.moved_at)
    keys: dict[str, tuple[ColumnElement[Any], ...]] = {
        ROSTER: (),
        TURN: (
            case((waiting, literal(0, Integer)), else_=literal(1, Integer)),
            type_coerce(case((waiting, since), else_=literal(_LONG_AGO, Moment)), Moment),
        ),
        "due": (type_coerce(func.coalesce(due_day(), literal(_NEVER, Date)), Date),),
        "since": (type_coerce(Submission.moved_at, Moment),),
        "name": (Organisation.initials.expression, Submission.organisation_name.expression),
    }
    return Order(keys[sort])


def cursor_after(values: Sequence[Any], public_id: str) -> str:
    """Where the page after this row begins: its keys' values and its public id, the id alone in roster order."""
    if not values:
        return public_id
    plain = [value.isoformat() if isinstance(value, date) else value for value in values]
    text = json.dumps([*plain, public_id], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode("utf-8")).decode("ascii").rstrip("=")


def is_after(order: Order, after: str, who: Actor) -> ColumnElement[bool]:
    """The condition for the rows behind a cursor; MalformedError for one that is none of ours.

    A public id that this person may not know of is as one that there is not: before all that have the same values.
    """
    *values, public_id = _read(after, order) if order.keys else [after]
    start = select(Submission.id).where(Submission.public_id == public_id, visible_to(who)).correlate(None)
    behind: ColumnElement[bool] = Submission.id > func.coalesce(start.scalar_subquery(), 0)
    for key, value in reversed(list(zip(order.keys, values, strict=True))):
        given = literal(value, key.type)
        behind = or_(key > given, and_(key == given, behind))
    return behind


def _read(after: str, order: Order) -> list[Any]:
    """The values of a cursor, each of its key's own type."""
    try:
        given = json.loads(base64.b64decode(after + "=" * (-len(after) % 4), altchars=b"-_", validate=True))
        kinds: list[type[Any]] = [*(_KINDS[type(key.type)] for key in order.keys), str]
        return [_typed(kind, value) for kind, value in zip(kinds, list(given), strict=True)]
    except (ValueError, TypeError, RecursionError) as error:
        raise MalformedError("after") from error


def _typed(kind: type[Any], value: Any) -> Any:
    """The value as a key of this type has it; ValueError or TypeError for another."""
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.utcoffset() != UTC.utcoffset(None):
            raise ValueError("not in UTC")
        return moment
    if kind is date:
        return date.fromisoformat(value)
    if type(value) is not kind or (value not in (0, 1) and kind is int):
        raise TypeError("of another type")
    if kind is str:
        value.encode("utf-8")  # half a surrogate pair is no text
        if "\0" in value:
            raise ValueError("no text")
    return value
