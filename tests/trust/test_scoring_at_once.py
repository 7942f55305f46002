"""Scores sent at the same instant: one row an indicator, no error page, and every hand-in counted once (C08)."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from hbreview import clock
from hbreview.extensions import db
from hbreview.model import Entry, Person, Score, ScoreSheet, SheetVersion
from hbreview.programmes.loader import shipped
from hbreview.words import Role
from tests.trust.test_concurrency import at_once, browser_for
from tests.worlds import World

pytestmark = pytest.mark.on_both

HTMX = {"HX-Request": "true"}
FULL = {f"points-{one.order}": str(one.weight) for one in shipped("platform", 2019).indicators}


def test_the_same_form_many_times_at_once_is_one_row_and_one_entry(world: World) -> None:
    """Field case 5; other fields that come at the same time are all kept."""
    path = f"/submissions/{world.submission('audited').public_id}/score-sheet"
    browsers = [browser_for(world, "expert") for _window in range(8)]

    def save(place: int) -> int:
        data = {"version": 1, "points-1": "4", f"points-{place + 2}": "1"}
        return browsers[place].post(path, data, headers=HTMX).status_code

    answers = at_once(*[lambda place=place: save(place) for place in range(8)])  # type: ignore[arg-type,misc]  # a status
    assert set(answers) == {200}
    with world.app.app_context():
        sheet = db.session.scalars(
            select(ScoreSheet).where(ScoreSheet.submission_id == world.submission("audited").id)
        ).one()
        rows = [(s.indicator, str(s.points)) for s in db.session.scalars(select(Score).filter_by(sheet_id=sheet.id))]
        entries = list(db.session.scalars(select(Entry).where(Entry.act == "mark", Entry.target == sheet.public_id)))
        changes = [entry for entry in entries if "points-1" in entry.data["fields"]]
    assert sorted(rows) == [(1, "4.0"), *((order, "1.0") for order in range(2, 10))]
    assert len(changes) == 1


def test_two_experts_hand_in_at_once_and_both_count(world: World) -> None:
    audited = world.submission("audited")
    with world.app.app_context():
        session = db.session()
        session.info["writing"] = True
        first = session.scalars(select(ScoreSheet).where(ScoreSheet.submission_id == audited.id)).one()
        known = session.get_one(Person, first.expert_id)
        person = Person(
            login="expert-b", name="乙", role=Role.EXPERT, created_at=clock.now(), password_hash=known.password_hash
        )
        session.add(person)
        session.flush()
        other = ScoreSheet(submission_id=audited.id, expert_id=person.id, assigned_at=first.assigned_at)
        session.add(other)
        session.commit()
        sheets = {"expert": first.public_id, "expert-b": other.public_id}
    hands = [(browser_for(world, login), f"/score-sheets/{sheet}/hand-in") for login, sheet in sheets.items()]
    answers = at_once(
        *[lambda one=one, to=to: one.post(to, {"version": 1, **FULL}) for one, to in hands],  # type: ignore[misc]  # bound now
        *[lambda one=one, to=to: one.post(to, {"version": 1, **FULL}) for one, to in hands],  # type: ignore[misc]  # bound now
    )
    statuses = sorted(response.status_code for response in answers)
    assert statuses[:2] == [303, 303]
    assert set(statuses) <= {303, 409}
    with world.app.app_context():
        versions = list(db.session.scalars(select(SheetVersion).where(SheetVersion.number > 0)))
        ours = [one for one in versions if one.sheet_id in set(db.session.scalars(
            select(ScoreSheet.id).where(ScoreSheet.submission_id == audited.id)))]  # fmt: skip
    assert [one.number for one in ours] == [1, 1]
    province = world.browser("province")
    assert world.fire(province, audited, "score").status_code == 303
    assert str(world.now(audited).total) == "100.0"
    assert world.faults() == []
