"""Who stands in for which reviewer today, as SQL: the one place that says so.

The city is the reviewer's own of today, and no chain leads further: standing in for a reviewer gives nothing of what
that reviewer stands in for. A reviewer who is suspended has nobody standing in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from .. import clock
from ..model import Deputy, Person
from ..words import Role

# Whoever is stood in for, beside the person who is asked about.
Reviewer = aliased(Person, name="reviewer")


def in_force() -> ColumnElement[bool]:
    """The condition on ``Deputy`` joined to ``Reviewer`` for today in Asia/Shanghai, both days included."""
    today = clock.today()
    return and_(
        Deputy.first_day <= today,
        Deputy.last_day >= today,
        Deputy.ended_at.is_(None),
        Reviewer.role == Role.CITY,
        Reviewer.suspended_at.is_(None),
    )


def authorities() -> Subquery:
    """Every authority of today: ``deputy_id``, and the ``region`` and ``name`` of whom it is for; ``id`` orders."""
    query = select(Deputy.id, Deputy.deputy_id, Reviewer.region, Reviewer.name)
    return query.join(Reviewer, Reviewer.id == Deputy.person_id).where(in_force()).subquery("authorities")


def deputies(of: ColumnElement[bool]) -> Select[int]:
    """The numbers of the people who stand in today for the reviewers that the condition on ``Reviewer`` leaves."""
    return select(Deputy.deputy_id).join(Reviewer, Reviewer.id == Deputy.person_id).where(of, in_force())


def reviews(region: str | InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """The condition on ``Person``: a reviewer of this city, or who stands in for one today."""
    standing_in = deputies(Reviewer.region == region)
    if not isinstance(region, str):
        standing_in = standing_in.correlate(region.class_)
    return or_(Person.region == region, Person.id.in_(standing_in))


def stood_in_for(deputy_id: int) -> Select[str]:
    """The public ids of the reviewers for whom this person stands in today."""
    query = select(Reviewer.public_id).join(Deputy, Deputy.person_id == Reviewer.id)
    return query.where(Deputy.deputy_id == deputy_id, in_force())


def by_city(rows: Iterable[Sequence[Any]]) -> tuple[tuple[str, str], ...]:
    """``Actor.stands_in`` out of rows of ``region`` and ``name`` in order; in each city the authority named first."""
    found: dict[str, str] = {}
    for region, name in rows:
        if region is not None:  # an outer join's empty row
            found.setdefault(region, name)
    return tuple(found.items())
