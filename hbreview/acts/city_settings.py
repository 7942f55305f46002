"""What a city decides for itself: whether a second person checks a form before it is approved."""

from __future__ import annotations

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from .. import clock
from ..model import CitySetting
from ..transact import Receipt, carry_out
from ..words import Role
from ..workflow import journal
from ..workflow.errors import ForbiddenError
from ..workflow.journal import Deed, Origin


def settings_of_city(session: Session, region: str) -> CitySetting:
    """What the city has decided; as long as that is nothing, what holds then (not a row)."""
    found = session.scalar(select(CitySetting).where(CitySetting.region == region))
    return found or CitySetting(region=region, second_check=False, version=0)


def set_second_check(wanted: bool, *, origin: Origin) -> Receipt:
    """Have a second person check each form of the own city before it is approved, or not; no change: no entry."""
    return carry_out(lambda session: _set(session, wanted, origin=origin), origin=origin)


def _set(session: Session, wanted: bool, origin: Origin) -> Receipt:
    who = origin.actor
    if who is None or who.role is not Role.CITY or who.region is None:
        raise ForbiddenError
    setting = _held(session, who.region)
    if setting.second_check == wanted:
        return Receipt(who.region, setting.version)
    before = setting.version
    setting.second_check, setting.version = wanted, before + 1
    deed = Deed(
        act="change_city_settings",
        target=who.region,
        versions=(before, before + 1),
        data={"before": {"second_check": not wanted}, "after": {"second_check": wanted}},
    )
    journal.append(session, origin=origin, deed=deed, at=clock.now())
    return Receipt(who.region, setting.version)


def _held(session: Session, region: str) -> CitySetting:
    """The city's row, locked; made here when there is none."""
    query = select(CitySetting).where(CitySetting.region == region).with_for_update()
    query = query.execution_options(populate_existing=True)
    found = session.scalar(query)
    if found is None:
        try:
            with session.begin_nested():
                session.execute(insert(CitySetting).values(region=region, second_check=False, version=0))
        except IntegrityError:  # a colleague decides something just now
            pass
        found = session.scalars(query).one()
    return found
