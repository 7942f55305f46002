"""How the queue is ordered, and where its next page begins: by values of the order's own keys.

A cursor carries the values that the last row had when it was shown, so a row that moves meanwhile hides none and
repeats none of the others.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, case, func, literal, select, tuple_

from ...evaluation.deadlines import RoundDates
from ...model import Organisation, Submission
from ...words import Role, State
from ...workflow.actors import Actor
from ...workflow.errors import MalformedError
from ...workflow.visibility import visible_to
from .queries import WAITS_FOR

ROSTER = "roster"
SORTS = ("turn", "due", "since", "name", ROSTER)
_NEVER = date(9999, 12, 31)
_FRONT = "k"


@dataclass(frozen=True, slots=True)
class Order:
    """The keys that a queue is ordered by, the submission's number after them."""

    name: str
    keys: tuple[ColumnElement[Any], ...]


def default_sort(who: Actor) -> str:
    """A reviewer first sees what waits for him; whoever looks on sees the roster."""
    return "turn" if who.role in {Role.CITY, Role.AUDITOR, Role.EXPERT} else ROSTER


def due_expression(dates: RoundDates | None) -> ColumnElement[date]:
    """Until when each submission of a round is due, as ``evaluation.deadlines`` says; far off where no day is set."""
    if dates is None:
        return literal(_NEVER, Date)
    own = func.coalesce(Submission.extended_to, literal(dates.enterprise, Date))
    later = case((own > literal(dates.enterprise, Date), own), else_=literal(dates.enterprise, Date))
    return case(
        (Submission.state == State.DRAFT, later),
        (Submission.state == State.SUBMITTED, literal(dates.city, Date)),
        (Submission.state == State.CITY_REVIEWED, literal(dates.audit or _NEVER, Date)),
        (Submission.state == State.AUDITED, literal(dates.score or _NEVER, Date)),
        else_=literal(_NEVER, Date),
    )


def order_of(sort: str, who: Actor, dates: RoundDates | None) -> Order:
    """The order of this name; MalformedError for one that there is not (I05)."""
    if sort not in SORTS:
        raise MalformedError("sort")
    waiting = case((Submission.state == WAITS_FOR[who.role], 0), else_=1)
    keys: dict[str, tuple[ColumnElement[Any], ...]] = {
        ROSTER: (),
        "turn": (waiting, Submission.moved_at),  # type: ignore[dict-item]  # a column is an element too
        "due": (due_expression(dates),),
        "since": (Submission.moved_at,),  # type: ignore[dict-item]  # as above
        "name": (Organisation.initials, Organisation.name),  # type: ignore[dict-item]  # as above
    }
    return Order(sort, keys[sort])


def cursor_after(order: Order, values: Sequence[Any], public_id: str) -> str:
    """Where the page after this row begins."""
    if not order.keys:
        return public_id
    text = json.dumps([*(_plain(value) for value in values), public_id], ensure_ascii=False)
    return f"{_FRONT}{base64.urlsafe_b64encode(text.encode('utf-8')).decode('ascii').rstrip('=')}"


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def is_after(order: Order, after: str, who: Actor) -> ColumnElement[bool]:
    """The condition for the rows behind a cursor; MalformedError for one that is none of ours."""
    if not order.keys:
        start = select(Submission.id).where(Submission.public_id == after, visible_to(who))
        return Submission.id > func.coalesce(start.scalar_subquery(), 0)
    *values, public_id = _read(after, len(order.keys) + 1)
    start = select(Submission.id).where(Submission.public_id == public_id, visible_to(who))
    given = [literal(_typed(key, value), key.type) for key, value in zip(order.keys, values, strict=True)]
    return tuple_(*order.keys, Submission.id) > tuple_(*given, func.coalesce(start.scalar_subquery(), 0))


def _read(after: str, length: int) -> list[Any]:
    try:
        packed = after.removeprefix(_FRONT)
        values = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    except (binascii.Error, ValueError) as error:
        raise MalformedError("after") from error
    if not isinstance(values, list) or len(values) != length or not isinstance(values[-1], str):
        raise MalformedError("after")
    return values


def _typed(key: ColumnElement[Any], value: Any) -> Any:
    wanted = key.type.python_type
    try:
        if wanted is datetime:
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if wanted is date:
            return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise MalformedError("after") from error
    if type(value) is not wanted:
        raise MalformedError("after")
    return value
