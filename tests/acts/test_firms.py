"""Audit firms: who is on the list, whom they have, and giving them many submissions at once."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from hbreview.acts import firms, running_rounds
from hbreview.acts.signing_in import actor_for
from hbreview.extensions import db
from hbreview.model import Entry, Firm, Person, Round, Submission
from hbreview.transact import carry_out
from hbreview.words import RoundState
from hbreview.workflow.errors import ForbiddenError, HiddenError, InvalidError
from hbreview.workflow.journal import Origin
from tests.desks.test_query_counts import count
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
CODE = re.compile(r"(?:[A-Z2-9]{4}-){3}[A-Z2-9]{4}")
STATES = ("draft", "returned", "submitted", "city_reviewed", "audited", "scored")


def by(login: str, key: str = "") -> Origin:
    person = db.session.scalars(select(Person).where(Person.login == login)).one()
    return Origin(actor_for(person), "test", "", key or None, "digest" if key else None)


def firm(world: World, name: str) -> str:
    with world.app.app_context():
        return firms.add_firm(name, origin=by("province")).target


def other_firm(world: World, name: str) -> str:
    """A firm on the list, by name."""
    with world.app.app_context():
        return db.session.scalars(select(Firm.public_id).where(Firm.name == name)).one()


def firm_name(world: World, submission: Submission) -> str | None:
    with world.app.app_context():
        query = select(Firm.name).join(Submission, Submission.firm_id == Firm.id)
        return db.session.scalar(query.where(Submission.id == submission.id))


def free_ones(world: World) -> list[Submission]:
    """The submissions that no firm has, of the platforms."""
    with world.app.app_context():
        query = select(Submission).where(Submission.firm_id.is_(None), Submission.programme == "platform")
        return list(db.session.scalars(query.order_by(Submission.id)))


def assigned(world: World) -> list[Entry]:
    with world.app.app_context():
        return list(db.session.scalars(select(Entry).where(Entry.act == "assign_firm").order_by(Entry.sequence)))


@only_sqlite
@pytest.mark.parametrize("name", ["", " ", "所" * 201, "a\0b", "河北示例会计师事务所", " 河北示例会计师 事务所"])
def test_a_firm_needs_a_name_that_no_other_has(world: World, name: str) -> None:
    before = world.dump()
    with world.app.app_context(), pytest.raises(InvalidError) as refused:
        firms.add_firm(name, origin=by("province"))
    assert [reason.field for reason in refused.value.reasons] == ["name"]
    assert world.dump() == before


@only_sqlite
def test_only_the_province_adds_firms(world: World) -> None:
    for login in ("auditor", "admin", "expert"):
        with world.app.app_context(), pytest.raises(ForbiddenError):
            firms.add_firm("新所", origin=by(login))
    assert firm(world, "新所") == other_firm(world, "新所")
    with world.app.app_context():
        entry = db.session.scalars(select(Entry).where(Entry.act == "add_firm")).one()
        assert entry.data == {"name": "新所"}


def test_each_goes_to_the_firm_by_itself_and_those_that_cannot_are_told(world: World) -> None:
    ours = firm(world, "新所")
    every = [world.submission(state) for state in STATES]
    ids, before = [one.public_id for one in every], len(assigned(world))
    with world.app.app_context():
        results = firms.assign_each([*ids, "nobody"], ours, replace=True, origin=by("province", "key"))
    failed = {result.item.submission: str(result.error) for result in results if result.error}
    assert set(failed) == {every[4].public_id, every[5].public_id, "nobody"}
    assert "signed off" in failed[every[4].public_id]
    assert isinstance(results[-1].error, HiddenError)
    names = [firm_name(world, one) for one in every]
    assert names[:4] == ["新所"] * 4
    assert "新所" not in names[4:]
    entries = assigned(world)[before:]
    assert [entry.data["firm"] for entry in entries] == ["新所"] * 4
    assert world.faults() == []
    # Once more with the same key: nothing is done twice.
    with world.app.app_context():
        again = firms.assign_each(ids[:4], ours, replace=True, origin=by("province", "key"))
    assert [result.error for result in again] == [None] * 4
    assert len(assigned(world)) == before + 4


@only_sqlite
def test_what_another_firm_has_stays_there_unless_it_is_to_be_replaced(world: World) -> None:
    ours, taken, free = firm(world, "新所"), world.submission("city_reviewed"), free_ones(world)[0]
    held = firm_name(world, taken)
    assert held is not None
    ids = [taken.public_id, free.public_id]
    with world.app.app_context():
        results = firms.assign_each(ids, ours, replace=False, origin=by("province"))
    assert [bool(result.error) for result in results] == [True, False]
    assert (firm_name(world, taken), firm_name(world, free)) == (held, "新所")


@only_sqlite
def test_nothing_is_assigned_in_a_round_that_is_decided(world: World) -> None:
    ours, one = firm(world, "新所"), free_ones(world)[0]

    def decide(session: object) -> running_rounds.Receipt:
        db.session.scalars(select(Round)).one().state = RoundState.PUBLICISED
        return running_rounds.Receipt("")

    with world.app.app_context():
        carry_out(decide)
        (result,) = firms.assign_each([one.public_id], ours, replace=True, origin=by("province"))
    assert "public" in str(result.error)
    assert firm_name(world, one) is None
    page = world.browser("province").get("/firms").get_data(as_text=True)
    assert '<option value="' + world_round(world) not in page


def world_round(world: World) -> str:
    with world.app.app_context():
        return db.session.scalars(select(Round.public_id)).one()


@only_sqlite
def test_the_page_adds_a_firm_and_invites_its_auditor_with_a_code_shown_once(world: World) -> None:
    province = world.browser("province")
    assert province.post("/firms", {"name": ""}).status_code == 422
    assert province.post("/firms", {"name": "新<b>所"}).status_code == 303
    ours = other_firm(world, "新<b>所")
    page = province.get("/firms").get_data(as_text=True)
    assert "新&lt;b&gt;所" in page
    for data, kept in (({"name": "", "login": "shenji"}, "shenji"), ({"name": "赵审计", "login": "auditor"}, "赵审计")):
        refused = province.post(f"/firms/{ours}/people", data)
        assert refused.status_code == 422
        assert f'value="{kept}"' in refused.get_data(as_text=True)
    made = province.post(f"/firms/{ours}/people", {"name": "赵审计", "login": "shenji"})
    codes = CODE.findall(made.get_data(as_text=True))
    assert made.status_code == 200
    assert codes
    after = province.get("/firms").get_data(as_text=True)
    assert "shenji" in after
    assert not CODE.findall(after)
    with world.app.app_context():
        person = db.session.scalars(select(Person).where(Person.login == "shenji")).one()
        assert person.firm_id == db.session.scalars(select(Firm.id).where(Firm.public_id == ours)).one()
    assert province.post("/firms/nobody/people", {"name": "a", "login": "b"}).status_code == 404


@only_sqlite
def test_many_are_shown_first_then_assigned_then_reported(world: World) -> None:
    province, ours, round_ = world.browser("province"), firm(world, "新所"), world_round(world)
    address = f"/firms/{ours}/assign"
    taken, audited = world.submission("city_reviewed"), world.submission("audited")
    free = free_ones(world)[0]
    ask = {"do": "ask", "round": round_, "programme": "platform", "cities": [free.region, taken.region]}
    before = world.dump()
    asked = province.post(address, ask).get_data(as_text=True)
    assert f'value="{free.public_id}"' in asked
    assert f'value="{taken.public_id}"' not in asked
    both = province.post(address, {**ask, "replace": "1"}).get_data(as_text=True)
    assert f'value="{free.public_id}"' in both
    assert f'value="{taken.public_id}"' in both
    assert f'value="{audited.public_id}"' not in both
    assert world.dump() == before
    data = {"do": "assign", "replace": "1", "row": [free.public_id, taken.public_id, audited.public_id]}
    report = province.post(address, data)
    text = report.get_data(as_text=True)
    assert report.status_code == 200
    assert f'<a href="/submissions/{audited.public_id}">' in text
    assert f'<a href="/submissions/{taken.public_id}">' not in text
    assert [firm_name(world, one) == "新所" for one in (free, taken, audited)] == [True, True, False]


@only_sqlite
def test_what_no_page_of_ours_sends_is_refused(world: World) -> None:
    province, ours = world.browser("province"), firm(world, "新所")
    address, round_ = f"/firms/{ours}/assign", world_round(world)
    before = world.dump()
    for data, status in (
        ({}, 400), ({"do": "ask", "round": "nobody"}, 422), ({"do": "ask", "round": round_, "cities": "paris"}, 400),
        ({"do": "ask", "round": round_, "programme": "x"}, 400), ({"do": "assign"}, 422),
        ({"do": "assign", "row": "a b"}, 400), ({"do": "assign", "row": [f"a{n}" for n in range(301)]}, 400),
    ):  # fmt: skip
        assert province.post(address, data).status_code == status, data
    assert world.dump() == before
    assert province.post("/firms/nobody/assign", {"do": "ask"}).status_code == 404


@only_sqlite
def test_the_firms_page_takes_the_same_statements_for_one_firm_and_for_thirty(world: World) -> None:
    province = world.browser("province")
    few = count(world, province, "/firms")
    for number in range(29):
        firm(world, f"事务所{number}")
    assert count(world, province, "/firms") == few
    assert few <= 7
