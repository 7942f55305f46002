"""The sentences and the setting of a city: its own alone, so many and no more, each change in the journal."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from hbreview.acts import city_settings, keeping_phrases
from hbreview.clock import now
from hbreview.extensions import db
from hbreview.model import CitySetting, Entry, Phrase
from hbreview.transact import Receipt
from hbreview.workflow.errors import ForbiddenError, HiddenError, InvalidError, MalformedError
from tests.acts.test_reviewing import by, do, hire, only_sqlite, person
from tests.trust.test_concurrency import at_once, browser_for
from tests.worlds import World

CITY, OTHER = "city-baoding", "city-tangshan"


def keep(world: World, text: str, *, kind: str = "approve", who: str = CITY) -> Receipt:
    origin = by(world, who)
    with world.app.app_context():
        return keeping_phrases.keep_phrase(kind, text, origin=origin)


def drop(world: World, public_id: str, who: str) -> Receipt:
    origin = by(world, who)
    with world.app.app_context():
        return keeping_phrases.drop_phrase(public_id, origin=origin)


def kept(world: World, region: str = "baoding") -> dict[str, list[str]]:
    with world.app.app_context():
        found = keeping_phrases.phrases_of(db.session(), region)
        return {kind: [phrase.text for phrase in phrases] for kind, phrases in found.items()}


def told(world: World, *acts: str) -> list[tuple[str, dict[str, object]]]:
    with world.app.app_context():
        query = select(Entry).where(Entry.act.in_(acts)).order_by(Entry.sequence)
        return [(entry.act, entry.data) for entry in db.session.scalars(query)]


def fill(world: World, count: int) -> None:
    """So many sentences of one kind, as no act would."""
    who = person(world, CITY)
    row = {"region": "baoding", "kind": "approve", "person_id": who.id, "created_at": now()}
    do(world, lambda session: session.add_all([Phrase(text=f"第{number}句", **row) for number in range(count)]))


def test_a_city_keeps_its_sentences_and_every_reviewer_of_it_drops_them(world: World) -> None:
    hire(world, "second", "baoding")
    first = keep(world, " 材料齐全，\r\n同意推荐。 ")
    keep(world, "请补充佐证材料。", kind="return", who="second")
    assert kept(world) == {"approve": ["材料齐全，\n同意推荐。"], "return": ["请补充佐证材料。"]}
    assert kept(world, "tangshan") == {"approve": [], "return": []}
    for who in (OTHER, CITY):
        with pytest.raises(HiddenError):
            drop(world, first.target if who == OTHER else "nowhere", who)
    drop(world, first.target, "second")
    with pytest.raises(HiddenError):
        drop(world, first.target, "second")
    assert kept(world)["approve"] == []
    text = {"kind": "approve", "text": "材料齐全，\n同意推荐。"}
    assert told(world, "keep_phrase", "drop_phrase") == [
        ("keep_phrase", text),
        ("keep_phrase", {"kind": "return", "text": "请补充佐证材料。"}),
        ("drop_phrase", text),
    ]
    assert world.faults() == []


@only_sqlite
def test_what_does_not_do_is_refused_and_leaves_nothing(world: World) -> None:
    keep(world, "同意。")
    keep(world, "同意。", kind="return")
    keep(world, "长" * 500)
    before = world.dump()
    for text in ("", " \n ", "长" * 501, "a\0b", "a\u202eb", "同意。", " 同意。\r\n"):
        with pytest.raises(InvalidError) as caught:
            keep(world, text)
        assert [reason.field for reason in caught.value.reasons] == ["text"], text
    for kind in ("", "send_back", "approve "):
        with pytest.raises(MalformedError):
            keep(world, "可以。", kind=kind)
    for who in ("province", "expert", "hb0001"):
        acts: tuple[Callable[[], object], ...] = (
            lambda who=who: keep(world, "可以。", who=who),  # type: ignore[misc]  # mypy infers no default of a lambda
            lambda who=who: drop(world, "x", who),  # type: ignore[misc]  # as above
        )
        for act in acts:
            with pytest.raises(ForbiddenError):
                act()
    assert world.dump() == before


def test_forty_of_a_kind_also_when_two_come_at_once(world: World) -> None:
    fill(world, 39)
    browsers = [browser_for(world, CITY) for _number in range(3)]
    answers = at_once(
        *(
            lambda browser=browser, number=number: browser.post(
                "/city/phrases", {"kind": "approve", "text": f"最后{number}"}
            )
            for number, browser in enumerate(browsers)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [303, 422, 422]
    assert len(kept(world)["approve"]) == 40
    keep(world, "另一种。", kind="return")


def test_second_check_is_set_for_the_own_city_once_each_time(world: World) -> None:
    def wanted(region: str = "baoding") -> tuple[bool, int]:
        with world.app.app_context():
            setting = city_settings.settings_of_city(db.session(), region)
            return setting.second_check, setting.version

    def want(value: bool, who: str = CITY) -> None:
        origin = by(world, who)
        with world.app.app_context():
            city_settings.set_second_check(value, origin=origin)

    assert wanted() == (False, 0)
    for value in (False, True, True, False):
        want(value)
    assert wanted() == (False, 2)
    assert wanted("tangshan") == (False, 0)
    on, off = {"second_check": True}, {"second_check": False}
    changes = [{"before": off, "after": on}, {"before": on, "after": off}]
    assert told(world, "change_city_settings") == [("change_city_settings", change) for change in changes]
    with pytest.raises(ForbiddenError):
        want(True, "province")
    do(world, lambda session: session.query(CitySetting).delete())
    browsers = [browser_for(world, CITY) for _number in range(3)]
    answers = at_once(
        *(lambda browser=browser: browser.post("/city/second-check", {"wanted": "1"}) for browser in browsers)
    )
    assert [answer.status_code for answer in answers] == [303] * 3
    assert len(told(world, "change_city_settings")) == 3
    assert world.faults() == []
