"""Views of the queue: kept under a name, one's own alone, of filters that there are, each change in the journal."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from hbreview.acts.keeping_views import LONGEST_NAME, MOST, View, forget_view, save_view
from hbreview.extensions import db
from hbreview.model import Entry, SavedView
from hbreview.workflow.errors import HiddenError, InvalidError
from tests.acts.test_reviewing import by, person
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def keep(world: World, login: str, name: str, **filters: str) -> str:
    with world.app.app_context():
        return save_view(View(name, filters), origin=by(world, login)).target


def refused(world: World, name: str, **filters: str) -> str:
    """The source sentence why it is not kept."""
    with pytest.raises(InvalidError) as caught:
        keep(world, "province", name, **filters)
    assert [reason.field for reason in caught.value.reasons] == ["name"]
    return caught.value.reasons[0].message


def kept(world: World, login: str) -> dict[str, str]:
    owner = person(world, login).id
    with world.app.app_context():
        query = select(SavedView.name, SavedView.query).where(SavedView.person_id == owner)
        return {row.name: row.query for row in db.session.execute(query)}


def entries(world: World) -> list[tuple[str, str]]:
    with world.app.app_context():
        query = select(Entry.act, Entry.target).where(Entry.act.in_(("save_view", "forget_view")))
        return [(row.act, row.target) for row in db.session.execute(query.order_by(Entry.sequence))]


def test_view_is_kept_replaced_and_dropped_with_an_entry_each(world: World) -> None:
    first = keep(world, "province", " 逾期 的 ", show="overdue", q="有限&show=x")
    assert kept(world, "province") == {"逾期 的": "q=%E6%9C%89%E9%99%90%26show%3Dx&show=overdue"}
    assert keep(world, "province", "逾期 的", state="draft") == first
    assert kept(world, "province") == {"逾期 的": "state=draft"}
    with world.app.app_context():
        forget_view(first, origin=by(world, "province"))
    assert kept(world, "province") == {}
    assert entries(world) == [("save_view", first), ("save_view", first), ("forget_view", first)]
    assert world.faults() == []


@only_sqlite
def test_only_filters_of_the_queue_are_kept(world: World) -> None:
    keep(world, "province", "甲", after="x", evil="//example.com", city="baoding", sort="")
    assert kept(world, "province") == {"甲": "city=baoding"}


@only_sqlite
@pytest.mark.parametrize("name", ["", "  \u3000", "长" * (LONGEST_NAME + 1), "甲\x00乙", "甲\u202e乙"])
def test_name_that_will_not_do_is_refused_beside_the_field(world: World, name: str) -> None:
    before = world.dump()
    assert refused(world, name)
    assert world.dump() == before


@only_sqlite
def test_filters_that_are_too_long_are_refused_and_not_cut(world: World) -> None:
    assert "too long" in refused(world, "甲", q="长" * 60)
    assert kept(world, "province") == {}


@only_sqlite
def test_one_keeps_at_most_twenty_views_and_may_still_replace_one(world: World) -> None:
    for number in range(MOST):
        keep(world, "province", f"视图{number}")
    assert "At most" in refused(world, "再一个")
    keep(world, "province", "视图3", show="new")
    keep(world, "province2", "再一个")
    assert (len(kept(world, "province")), len(kept(world, "province2"))) == (MOST, 1)


@only_sqlite
def test_a_view_of_somebody_else_is_hidden(world: World) -> None:
    theirs = keep(world, "province", "甲")
    for view_id in (theirs, "nowhere"):
        with world.app.app_context(), pytest.raises(HiddenError):
            forget_view(view_id, origin=by(world, "province2"))
    assert kept(world, "province") == {"甲": ""}
