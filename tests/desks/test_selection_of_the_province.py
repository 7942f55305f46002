"""The province sends many back at once: each by itself with one reason, and a report of what came of each."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from hbreview.extensions import db
from hbreview.model import Entry, Submission
from hbreview.words import State
from tests.desks.selections import gather, report, rows
from tests.worlds import World

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
REASON = "佐证材料与填报数据不符，请重新审核。"


def _approved(world: World, count: int) -> list[Submission]:
    submissions = gather(world, count)
    city = world.browser(f"city-{submissions[0].region}")
    day = submissions[0].moved_at.date().isoformat()
    form = {"do": "approve", "row": rows(submissions), "opinion": "同意。", "seal_date": day, "request_key": "k" * 22}
    assert [done for done, *_more in report(city.post("/selection", form))] == [True] * count
    return [world.now(one) for one in submissions]


def test_many_go_back_with_one_reason_and_the_report_names_who_did_not(world: World) -> None:
    submissions = _approved(world, 3)
    still = world.submission("submitted")
    province = world.browser("province")
    chosen = [*rows(submissions), f"{still.public_id}:{still.version}"]
    asked = province.post("/selection", {"do": "ask_back", "row": chosen})
    assert asked.status_code == 200 and 'name="reason"' in asked.get_data(as_text=True)
    without = province.post("/selection", {"do": "send_back", "row": chosen, "reason": " ", "request_key": "a" * 22})
    assert without.status_code == 422
    assert [world.now(one).state for one in submissions] == [State.CITY_REVIEWED] * 3
    form = {"do": "send_back", "row": chosen, "reason": REASON, "request_key": "b" * 22}
    for _time in range(2):
        told = report(province.post("/selection", form))
        assert [one[0] for one in told] == [True, True, True, False]
    assert [world.now(one).state for one in submissions] == [State.SUBMITTED] * 3
    with world.app.app_context():
        query = select(Entry).where(Entry.act == "send_back", Entry.result == "done")
        entries = [one for one in db.session.scalars(query) if one.submission_id in {row.id for row in submissions}]
    assert [entry.data["reason"] for entry in entries] == [REASON] * 3, "once each, although it was sent twice"


def test_a_city_sends_nothing_back(world: World) -> None:
    submissions = _approved(world, 1)
    city = world.browser(f"city-{submissions[0].region}")
    for what in ("ask_back", "send_back"):
        assert city.post("/selection", {"do": what, "row": rows(submissions), "reason": REASON}).status_code == 403
    assert world.now(submissions[0]).state is State.CITY_REVIEWED
