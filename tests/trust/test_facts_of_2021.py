"""The evaluation of data year 2021 as it was published (RULES.md S1), set up as a round and coming out the same.

75 platforms within their term; 71 qualified, 4 revoked: two for too few enterprises served, two that handed no
self-evaluation in; 10 commended, 5 under supervision. The notice's own 70 lines have all four by name; five more
are made up, as the list of that year is not known.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from sqlalchemy import select

from hbreview.acts import bringing_programmes, importing, marking, moving, planning_rounds, running_rounds
from hbreview.acts.bringing_programmes import Brought
from hbreview.acts.planning_rounds import Plan
from hbreview.acts.rehearsing import Rehearsal
from hbreview.acts.running_rounds import RoundFiring
from hbreview.clock import today
from hbreview.documents.roster_reading import RosterRow, read_roster
from hbreview.extensions import db
from hbreview.model import Designation, Roster, Round, ScoreSheet, Submission
from hbreview.model.kept import programme_of
from hbreview.programmes import loader
from hbreview.programmes.schema import Programme
from hbreview.words import Outcome, RoundTrigger, Trigger
from hbreview.workflow.journal import Origin
from tests.documents.roster_builders import notice_rows
from tests.worlds import World

pytestmark = [pytest.mark.parametrize("database", ["sqlite"], indirect=True), pytest.mark.thorough]
# Places on the notice's roster, from 1: S1 names two of each, the shortened name is 68's.
TOO_FEW, NOT_HANDED_IN = (28, 61), (64, 68)
SUPERVISED = (7, 19, 33, 48, 70)
COMMENDED = (1, 2, 3, 5, 12, 24, 35, 52, 66, 74)


def _rows() -> list[RosterRow]:
    platforms = [row for row in notice_rows() if row.programme == "platform"]
    last = platforms[-1]
    more = [
        RosterRow(
            "platform", len(platforms) + n, last.region, last.printed_region, f"增补示例平台{n}", "", national=False
        )
        for n in range(1, 6)
    ]
    return [*platforms, *more]


class _Year2021(Rehearsal):
    """The people of a rehearsal, and a round of another year."""

    def begin(self, programme: str) -> None:
        importing.import_roster(_rows(), origin=Origin(None, "test"))
        from hbreview.transact import carry_out

        carry_out(self._hire)
        plan = Plan(
            2021, "2021年度示范平台评价", ("platform",), today() + timedelta(days=9), today() + timedelta(days=9),
            {"publicity_days": 0, "minimum_served": 30}, versions={"platform": programme},
        )  # fmt: skip
        receipt = planning_rounds.plan_round(plan, origin=self.by("province"))
        running_rounds.fire_round(RoundFiring(receipt.target, RoundTrigger.OPEN, 1, {}), origin=self.by("province"))


def _bring_2021(world: World) -> str:
    """The programme of 2019 under its new year, through the act by which any new version comes."""
    text = loader.source_text("platform", 2019).replace("year = 2019", "year = 2021", 1)
    storage = world.app.config["STORAGE"]
    found = bringing_programmes.lay_aside(db.session(), Brought(text.encode(), 2021, "platform"), storage=storage)
    bringing_programmes.keep_programme(found.digest, "2021年度", origin=Origin(None, "test"), storage=storage)
    return found.digest


def _share(place: int) -> Decimal:
    if place in SUPERVISED:
        return Decimal("0.62")
    return Decimal("0.97") - Decimal(COMMENDED.index(place)) / 100 if place in COMMENDED else Decimal("0.75")


def _mark(rehearsal: _Year2021, submission: Submission, programme: Programme, share: Decimal) -> None:
    points = {i.order: str((i.weight * share).quantize(Decimal("0.1"), ROUND_HALF_UP)) for i in programme.indicators}
    by = rehearsal.by("expert")
    sheet = db.session.scalars(select(ScoreSheet.version).where(ScoreSheet.submission_id == submission.id)).one()
    remarks = dict.fromkeys(points, "材料较少。")
    kept = marking.keep_marks(marking.Marks(submission.public_id, sheet, points, remarks), origin=by)
    marking.hand_in(kept.target, kept.version, origin=by)
    version = db.session.scalars(select(Submission.version).where(Submission.id == submission.id)).one()
    firing = moving.Firing(submission.public_id, Trigger.SCORE, version, {})
    moving.fire(firing, origin=rehearsal.by("province"))


def _served(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is to serve too few says so on its form; everybody else serves enough."""
    from hbreview.acts import rehearsing

    real = rehearsing.imagine

    def imagined(programme: Programme, **facts: Any) -> dict[str, str]:
        answers = dict(real(programme, **facts))
        if facts["seed"] in TOO_FEW:
            few = {"enterprises_served": "20", "enterprises_served_last_year": "18"}
            answers |= few | {"small_micro_enterprises_served": "15"}
        return answers

    monkeypatch.setattr(rehearsing, "imagine", imagined)


def test_the_published_figures_come_out_again(empty_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    _served(monkeypatch)
    with empty_world.app.app_context():
        rehearsal = _Year2021(empty_world.app.config["STORAGE"])
        rehearsal.begin(_bring_2021(empty_world))
        submissions = rehearsal._submissions()
        assert len(submissions) == 75
        programme = programme_of(db.session(), submissions[0].programme_version_id)
        assert programme.year == 2021
        for place, submission in enumerate(submissions, start=1):
            if place not in NOT_HANDED_IN:
                rehearsal.bring(submission, "audited", seed=place)
                _mark(rehearsal, submission, programme, _share(place))
        for trigger, login in (("close", "province"), ("publicise", "province"), ("finalise", "province2")):
            round_ = db.session.scalars(select(Round)).one()
            firing = RoundFiring(round_.public_id, RoundTrigger(trigger), round_.version, {})
            running_rounds.fire_round(firing, origin=rehearsal.by(login))
        query = select(Designation).join(Roster, Roster.id == Designation.roster_id).where(Roster.round_id.is_not(None))
        lines = list(db.session.scalars(query.order_by(Designation.position)))
    qualified = [line for line in lines if line.outcome is Outcome.PASS or line.outcome is Outcome.EXCELLENT]
    revoked = {line.position: line.reason for line in lines if line.outcome is Outcome.FAIL}
    assert (len(lines), len(qualified), len(revoked)) == (75, 71, 4)
    assert revoked == {**dict.fromkeys(TOO_FEW, "too_few_served"), **dict.fromkeys(NOT_HANDED_IN, "not_submitted")}
    assert [line.position for line in lines if line.commended] == list(COMMENDED)
    assert [line.position for line in lines if line.supervised] == list(SUPERVISED)
    roster = read_roster(empty_world.stranger().client.get("/designations.xlsx").data, filename="r.xlsx")
    assert [row.organisation for row in roster.rows] == [line.organisation_name for line in qualified]
    assert empty_world.faults() == []
