"""Accounts: codes for a round, activation, the door, passwords, waiting, and sessions that end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from hbreview.acts import importing, inviting, running_rounds, signing_in
from hbreview.acts.inviting import Invited, Newcomer
from hbreview.acts.running_rounds import Plan, RoundFiring
from hbreview.acts.signing_in import actor_for
from hbreview.clock import today
from hbreview.extensions import db
from hbreview.model import Entry, Invitation, Person
from hbreview.words import Role, RoundTrigger
from hbreview.workflow.errors import InvalidError
from hbreview.workflow.journal import Origin
from tests.documents.roster_builders import notice_rows
from tests.worlds import Browser, World

NOBODY = Origin(None, "test")
PASSWORD = "a fine password"
START = datetime(2026, 3, 2, 1, tzinfo=UTC)


def _invite(world: World, login: str = "admin2", *, role: Role = Role.ADMIN, days: int = 30) -> Invited:
    with world.app.app_context():
        return inviting.invite(Newcomer(role, "某人", login), days=days, origin=NOBODY)


def _renew(world: World, login: str) -> Invited:
    with world.app.app_context():
        person = db.session.scalars(select(Person).where(Person.login == login)).one()
        return inviting.renew_code(person.public_id, days=30, origin=NOBODY)


def _activate(browser: Browser, code: str, password: str = PASSWORD, again: str | None = None) -> int:
    browser.get("/activate")
    data = {"password": password, "again": password if again is None else again}
    return browser.post(f"/activate/{code}", data).status_code


def _sign_in(world: World, login: str, password: str = PASSWORD) -> int:
    return world.stranger().sign_in(login, password).status_code


def test_invite_of_a_round_gives_one_code_for_each_organisation_and_spares_the_active(empty_world: World) -> None:
    world = empty_world
    with world.app.app_context():
        importing.import_roster(notice_rows(), origin=NOBODY)
        inviting.invite(Newcomer(Role.PROVINCE, "省", "p1"), days=1, origin=NOBODY)
        by = Origin(actor_for(db.session.scalars(select(Person)).one()), "test")
        plan = Plan(2019, "t", ("platform", "base"), today(), today(), {})
        round_id = running_rounds.plan_round(plan, origin=by).target
        running_rounds.fire_round(RoundFiring(round_id, RoundTrigger.OPEN, 1, {}), origin=by)
        invited = inviting.invite_round(round_id, days=30, origin=by)
    assert len(invited) == len({one.login for one in invited}) == len({one.code for one in invited}) == 129
    assert invited[0].name == "河北省电子信息产品监督检验院"
    assert inviting.codes_as_text(invited).count("\n") == 129

    assert _activate(world.stranger(), invited[0].code) == 303
    with world.app.app_context():
        again = inviting.invite_round(round_id, days=30, origin=by)
        kept = db.session.scalars(select(Invitation.code_digest)).all()
    assert [one.login for one in again] == [one.login for one in invited[1:]]
    assert not {one.code for one in invited} & set(kept)  # only digests are stored
    assert _activate(world.stranger(), invited[1].code) == 404
    assert _activate(world.stranger(), again[0].code) == 303
    assert world.faults() == []


def test_code_looked_at_three_times_still_activates_once(empty_world: World) -> None:
    code = _invite(empty_world).code
    for _time in range(3):  # a mail scanner follows links; only the person's POST uses the code
        assert empty_world.stranger().get(f"/activate/{code}").status_code == 200

    assert _activate(empty_world.stranger(), code) == 303
    assert _activate(empty_world.stranger(), code, "another password") == 404
    assert empty_world.stranger().get(f"/activate/{code}").status_code == 404
    assert _sign_in(empty_world, "admin2") == 303
    assert _sign_in(empty_world, "admin2", "another password") == 422


def test_code_that_was_replaced_is_refused(empty_world: World) -> None:
    old = _invite(empty_world).code
    new = _renew(empty_world, "admin2").code

    assert _activate(empty_world.stranger(), old) == 404
    assert _activate(empty_world.stranger(), new) == 303


@pytest.mark.parametrize(("late", "status"), [(timedelta(seconds=-1), 303), (timedelta(), 404)])
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_code_is_refused_from_its_last_moment_on(empty_world: World, late: timedelta, status: int) -> None:
    with time_machine.travel(START, tick=False):
        code = _invite(empty_world, days=3).code
    with time_machine.travel(START + timedelta(days=3) + late, tick=False):
        assert _activate(empty_world.stranger(), code) == status


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_code_of_a_suspended_account_is_refused(empty_world: World) -> None:
    code = _invite(empty_world).code
    with empty_world.app.app_context():
        person = db.session.scalars(select(Person)).one()
        inviting.suspend(person.public_id, suspended=True, origin=NOBODY)

    assert _activate(empty_world.stranger(), code) == 404


@pytest.mark.parametrize(
    "typed", ["ADMIN2", "ａｄｍｉｎ２", "Ａｄｍｉｎ２ ", "admin2\u3000", " admin2", "admin\u200b2", "admin2\r\n"]
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_login_in_another_spelling_opens_the_same_account(empty_world: World, typed: str) -> None:
    _activate(empty_world.stranger(), _invite(empty_world).code)

    assert _sign_in(empty_world, typed) == 303
    with empty_world.app.app_context(), pytest.raises(InvalidError):
        inviting.invite(Newcomer(Role.ADMIN, "另一人", typed), days=1, origin=NOBODY)


@pytest.mark.parametrize(
    ("password", "status"),
    [
        ("a" * 7, 422),
        ("a" * 8, 303),
        ("a" * 64, 303),
        ("b" * 128, 303),
        ("b" * 129, 422),
        ("河北省中小企业密码", 303),
        ("  blanks  ", 303),
        ("nul\0nul\0nul", 422),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_password_of_any_fitting_kind_is_taken_whole(empty_world: World, password: str, status: int) -> None:
    code = _invite(empty_world).code

    assert _activate(empty_world.stranger(), code, password) == status
    if status == 303:
        assert _sign_in(empty_world, "admin2", password) == 303
        assert _sign_in(empty_world, "admin2", password[:-1]) == 422
    else:
        assert empty_world.stranger().get(f"/activate/{code}").status_code == 200


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_password_typed_differently_the_second_time_is_refused(empty_world: World) -> None:
    assert _activate(empty_world.stranger(), _invite(empty_world).code, PASSWORD, "something else") == 422


def test_ten_wrong_tries_wait_a_quarter_of_an_hour(empty_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from argon2 import PasswordHasher

    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(signing_in, "HASHER", cheap)
    nobody = cheap.hash("nobody knows")
    monkeypatch.setattr(signing_in, "_nobody", lambda: nobody)
    with time_machine.travel(START, tick=False) as clock:
        _activate(empty_world.stranger(), _invite(empty_world).code)
        _activate(empty_world.stranger(), _invite(empty_world, "other").code)
        for _try in range(9):
            assert _sign_in(empty_world, "admin2", "wrong") == 422
        assert _sign_in(empty_world, "ADMIN2") == 303  # nine do not yet

        assert _sign_in(empty_world, "ａｄｍｉｎ２", "wrong") == 422
        assert _sign_in(empty_world, "admin2") == 422
        assert _sign_in(empty_world, "other") == 303  # only this account waits
        clock.shift(timedelta(minutes=15))
        assert _sign_in(empty_world, "admin2") == 303
    with empty_world.app.app_context():
        refused = db.session.scalars(select(Entry).where(Entry.act == "sign_in", Entry.result == "refused")).all()
    assert len(refused) == 11
    assert empty_world.faults() == []


def _door(browser: Browser, **headers: str) -> int:
    return browser.get("/account", headers=headers).status_code


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_session_nobody_uses_ends_after_an_hour_and_polling_does_not_count(empty_world: World) -> None:
    with time_machine.travel(START, tick=False) as clock:
        browser = empty_world.stranger()
        _activate(browser, _invite(empty_world).code)
        clock.shift(timedelta(minutes=59))
        assert _door(browser) == 200  # used: the hour begins anew
        clock.shift(timedelta(minutes=59))
        assert _door(browser, **{"X-Polling": "1"}) == 200
        clock.shift(timedelta(minutes=1))
        assert _door(browser) != 200


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_session_in_use_ends_after_twelve_hours_all_the_same(empty_world: World) -> None:
    with time_machine.travel(START, tick=False) as clock:
        browser = empty_world.stranger()
        _activate(browser, _invite(empty_world).code)
        for _half_hour in range(23):
            clock.shift(timedelta(minutes=30))
            assert _door(browser) == 200
        clock.shift(timedelta(minutes=29, seconds=59))
        assert _door(browser) == 200
        clock.shift(timedelta(seconds=1))
        assert _door(browser) != 200


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_cookie_after_signing_out_is_worth_nothing(empty_world: World) -> None:
    browser = empty_world.stranger()
    _activate(browser, _invite(empty_world).code)
    browser.get("/account")
    cookie = browser.client.get_cookie("hbreview")
    assert cookie is not None
    assert browser.post("/logout").status_code == 303

    browser.client.set_cookie("hbreview", cookie.value)
    assert _door(browser) != 200
