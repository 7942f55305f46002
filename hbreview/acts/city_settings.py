"""What a city decides for itself: whether a second person checks a form before it is approved."""

from __future__ import annotations

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from .. import clock
from ..model import CitySetting
from ..transact import Receipt, carry_out
from ..words import Role
from ..workflow import journal
from ..workflow.errors import ForbiddenError
from ..workflow.journal import Deed, Origin
from .locked_rows import locked_or_made


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
    made = insert(CitySetting).values(region=who.region, second_check=False, version=0)
    setting = locked_or_made(session, select(CitySetting).where(CitySetting.region == who.region), first=made)
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
