"""Naming and ending a deputy: what is refused beside which field, and what the journal keeps of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from hbreview.acts import standing_in
from hbreview.acts.standing_in import Naming
from hbreview.clock import SHANGHAI, now, today
from hbreview.extensions import db
from hbreview.model import Deputy, Entry, Person
from hbreview.transact import Receipt
from hbreview.workflow.errors import ForbiddenError, HiddenError, InvalidError
from tests.acts.test_reviewing import by, do, hire, only_sqlite, person
from tests.worlds import World

REVIEWER, DEPUTY, THIRD = "city-baoding", "city-tangshan", "city-chengde"


def name(world: World, login: str, first: object, last: object, *, who: str = REVIEWER) -> Receipt:
    origin = by(world, who)
    with world.app.app_context():
        return standing_in.name_deputy(Naming(login, str(first), str(last)), origin=origin)


def refused(world: World, login: str, first: object, last: object) -> dict[str, str]:
    """What is said beside which field."""
    with pytest.raises(InvalidError) as caught:
        name(world, login, first, last)
    return {reason.field: reason.message for reason in caught.value.reasons}


def entries(world: World, act: str) -> list[Entry]:
    with world.app.app_context():
        return list(db.session.scalars(select(Entry).where(Entry.act == act).order_by(Entry.sequence)))


def test_naming_and_ending_are_kept_with_names_and_days(world: World) -> None:
    day = today()
    receipt = name(world, "  Ｃｉｔｙ-Tangshan ", day, day + timedelta(92))
    (entry,) = entries(world, "name_deputy")
    told = {"for": person(world, REVIEWER).name, "deputy": person(world, DEPUTY).name}
    told |= {"first_day": day.isoformat(), "last_day": (day + timedelta(92)).isoformat()}
    assert (entry.target, entry.data, entry.person_id) == (receipt.target, told, person(world, REVIEWER).id)
    with world.app.app_context():
        standing = standing_in.standing_in_of(db.session(), origin=by(world, DEPUTY))
        assert ([one.person.login for one in standing.own], list(standing.deputies)) == ([REVIEWER], [])
        for login in (THIRD, "province"):
            with pytest.raises(HiddenError):
                standing_in.end_deputy(receipt.target, origin=by(world, login))
        assert entries(world, "end_deputy") == []
        for _time in range(2):
            assert standing_in.end_deputy(receipt.target, origin=by(world, DEPUTY)).target == receipt.target
        assert list(standing_in.standing_in_of(db.session(), origin=by(world, DEPUTY)).own) == []
    (entry,) = entries(world, "end_deputy")
    assert (entry.target, entry.data, entry.person_id) == (receipt.target, told, person(world, DEPUTY).id)
    assert world.faults() == []


@only_sqlite
def test_days_that_do_not_do_are_told_beside_their_field(world: World) -> None:
    with time_machine.travel(datetime(2026, 3, 5, 23, 59, 59, tzinfo=SHANGHAI), tick=False):
        day = date(2026, 3, 5)
        cases: list[tuple[object, object, set[str]]] = [
            (day - timedelta(1), day, {"first_day"}),
            (day, day - timedelta(1), {"last_day"}),
            (day, day + timedelta(93), {"last_day"}),
            ("", day, {"first_day"}),
            (day, "", {"last_day"}),
            ("2026-02-30", "bald", {"first_day", "last_day"}),
            ("\0", "9" * 5000, {"first_day", "last_day"}),
        ]
        for first, last, fields in cases:
            assert set(refused(world, DEPUTY, first, last)) == fields, (first, last)
        assert set(refused(world, "nobody", "", "")) == {"login", "first_day", "last_day"}
        name(world, DEPUTY, day, day)
    with time_machine.travel(datetime(2026, 3, 6, tzinfo=SHANGHAI), tick=False):
        assert set(refused(world, DEPUTY, day, day)) == {"first_day"}


@only_sqlite
def test_answer_does_not_tell_whose_login_it_is(world: World) -> None:
    day = today()
    hire(world, "gone", "baoding")
    do(world, lambda session: session.execute(update(Person).where(Person.login == "gone").values(suspended_at=now())))
    logins = ("nobody", "province", "admin", "expert", "auditor", "hb0001", "gone", "", "a\0b", "%", "长" * 5000)
    answers = [refused(world, login, day, day) for login in logins]
    assert answers == [{"login": "No reviewer of a city has this login."}] * len(logins)
    assert refused(world, REVIEWER, day, day) == {"login": "You cannot stand in for yourself."}
    hire(world, "colleague", "baoding")
    assert name(world, "colleague", day, day).target
    with pytest.raises(ForbiddenError):
        name(world, DEPUTY, day, day, who="province")


@only_sqlite
def test_same_deputy_only_once_a_day_and_at_most_ten_at_a_time(world: World) -> None:
    day = today()
    name(world, DEPUTY, day + timedelta(2), day + timedelta(4))
    for first, last in ((0, 2), (4, 9), (3, 3), (0, 9)):
        assert set(refused(world, DEPUTY, day + timedelta(first), day + timedelta(last))) == {"login"}
    name(world, DEPUTY, day, day + timedelta(1))
    name(world, THIRD, day + timedelta(2), day + timedelta(4))
    name(world, DEPUTY, day, day, who=THIRD)
    for number in range(7):
        name(world, DEPUTY, day + timedelta(10 + number), day + timedelta(10 + number))
    assert "At most" in refused(world, DEPUTY, day + timedelta(30), day + timedelta(30))["login"]

    with world.app.app_context():
        oldest = db.session.scalars(select(Deputy.public_id).order_by(Deputy.id)).first()
        standing_in.end_deputy(str(oldest), origin=by(world, REVIEWER))
    name(world, DEPUTY, day + timedelta(2), day + timedelta(4))
