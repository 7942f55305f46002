"""From 139 audited forms to the published list: drawn to nine experts, scored, publicised, objected to, finalised.

Every step of the experts and the province over HTTP with CSRF on; the roster is opened again in every format and
held against the notice's order and names, and a later decision takes a title away.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
import time_machine
from sqlalchemy import delete, select

from hbreview import clock
from hbreview.acts.rehearsing import PAPER, Rehearsal
from hbreview.documents.roster_reading import read_roster
from hbreview.evaluation.working_days import last_day
from hbreview.extensions import db
from hbreview.model import (
    DecisionLetter,
    Designation,
    Objection,
    Person,
    Roster,
    Round,
    ScoreSheet,
    Submission,
)
from hbreview.model.kept import programme_of
from hbreview.programmes.schema import Programme
from hbreview.transact import Receipt, carry_out
from hbreview.words import Outcome, State
from tests.documents.roster_builders import notice_rows
from tests.worlds import World

EACH, EXPERTS = 3, 9
Marks = dict[int, dict[str, dict[int, Decimal]]]


def _rehearsed(world: World, every: int) -> list[Submission]:
    """Audited submissions without experts, a round that asks for three each and five days of publicity."""
    with world.app.app_context():
        rehearsal = Rehearsal(world.app.config["STORAGE"])
        rehearsal.sheets = EACH
        rehearsal._prepare()
        carry_out(rehearsal._hire_colleagues)
        rehearsal.sheets = 0
        submissions = rehearsal._submissions()
        for place, submission in enumerate(submissions):
            if place % every == 0:
                rehearsal.bring(submission, "audited", seed=place)

        def wait(session: Any) -> Receipt:
            round_ = session.scalars(select(Round)).one()
            round_.settings = {**round_.settings, "publicity_days": 5}
            return Receipt("")

        carry_out(wait)
        return list(db.session.scalars(select(Submission).order_by(Submission.id)))


def _round(world: World) -> Round:
    with world.app.app_context():
        return db.session.scalars(select(Round)).one()


def _fire(world: World, login: str, trigger: str, **data: str) -> int:
    round_ = _round(world)
    given = {"version": round_.version, **data}
    return world.browser(login).post(f"/rounds/{round_.public_id}/{trigger}", given).status_code


def _draw(world: World) -> None:
    """Shown first, kept as shown; the same seed gives the same draw."""
    here = f"/rounds/{_round(world).public_id}/draw"
    province = world.browser("province")
    plan = {"each": EACH, "programme": "", "seed": "2026-11-29 公开抽取", "own_city": "1"}
    shown = province.post(here, {**plan, "preview": "1"})
    page = shown.get_data(as_text=True)
    assert shown.status_code == 200
    digest = page.split('name="digest" value="')[1].split('"')[0]
    with world.app.app_context():
        assert db.session.scalars(select(ScoreSheet)).all() == [], "shown, not kept"
    assert province.post(here, {**plan, "keep": "1", "digest": digest}).status_code == 303


def _score(world: World, programmes: Mapping[int, Programme]) -> Marks:
    """Every expert fills in its sheets as a person without scripts does, and hands them in."""
    given: Marks = {}
    with world.app.app_context():
        query = select(ScoreSheet, Submission, Person.login).join(Submission, Submission.id == ScoreSheet.submission_id)
        rows = db.session.execute(query.join(Person, Person.id == ScoreSheet.expert_id).order_by(ScoreSheet.id)).all()
    for sheet, submission, login in rows:
        dice = Random(f"{submission.id} {login}")
        base = 40 if submission.id % 11 == 0 else 62 + submission.id % 29
        marks = {
            one.order: (one.weight * Decimal(base + dice.randrange(9)) / 100).quantize(Decimal("0.1"), ROUND_HALF_UP)
            for one in programmes[submission.programme_version_id].indicators
        }
        given.setdefault(submission.id, {})[login] = marks
        form: dict[str, Any] = {"version": sheet.version}
        for order, points in marks.items():
            form |= {f"points-{order}": str(points), f"remark-{order}": "佐证材料较少，酌情扣分。"}
        assert world.browser(login).post(f"/score-sheets/{sheet.public_id}/hand-in", form).status_code == 303
    return given


def _expected(marks: Mapping[str, Mapping[int, Decimal]], deduction: int) -> Decimal:
    """P1, written anew: the means summed exactly, less the deduction, half up to one decimal."""
    exact = sum(
        (Fraction(sum((Fraction(one[order]) for one in marks.values()), Fraction(0))) / len(marks))
        for order in next(iter(marks.values()))
    )
    tenths = (max(Fraction(exact) - deduction, Fraction(0)) * 10 + Fraction(1, 2)).__floor__()
    return Decimal(tenths) / 10


def _object(world: World, designations: list[Designation]) -> list[str]:
    """Two objections from the public page; what lacks name, contact or evidence is none (R9)."""
    here = f"/publicity/{_round(world).public_id}/objections"
    public = world.stranger()
    whole = {"name": "李建国", "contact": "0311-8888 0000", "text": "该平台上年度服务企业数量与实际不符。"}
    for missing in ("name", "contact", "text"):
        form = {**whole, missing: "", "designation": str(designations[0].id)}
        assert public.post(here, {**form, "file": (io.BytesIO(PAPER), "证据.pdf")}).status_code == 422
    choice = str(designations[0].id)
    assert public.post(here, {**whole, "designation": choice}).status_code == 422, "no evidence"
    for designation in (choice, ""):
        file = (io.BytesIO(PAPER + designation.encode()), "证据.pdf")
        answer = public.post(here, {**whole, "designation": designation, "file": file})
        assert answer.status_code == 303
    with world.app.app_context():
        return list(db.session.scalars(select(Objection.public_id).order_by(Objection.number)))


def _answer(world: World, objections: list[str]) -> None:
    """The first is upheld and fails the organisation, the second is not."""
    province = world.browser("province")
    refused = province.post(f"/objections/{objections[0]}", {"version": 1, "upheld": "yes", "answer": ""})
    assert refused.status_code == 422
    change = {"change": "1", "outcome": "fail", "reason": "经核查，填报数据不实。"}
    for objection, given in ((objections[0], {"upheld": "yes", **change}), (objections[1], {"upheld": "no"})):
        form = {"version": 1, "answer": "经核查，答复如下。", **given}
        assert province.post(f"/objections/{objection}", form).status_code == 303


def _roster_everywhere(world: World, off: set[int]) -> None:
    """Page, Excel, Word and CSV: the notice's order and names without who is off, numbers without a gap."""
    wanted = [row for place, row in enumerate(notice_rows()) if place not in off]
    lines = [(r.programme, r.region, r.printed_region, r.organisation, r.site_name, r.national) for r in wanted]
    for ending in ("csv", "xlsx", "docx"):
        answer = world.stranger().client.get(f"/designations.{ending}")
        reading = read_roster(answer.data, filename=f"roster.{ending}")
        assert not reading.problems
        found = [
            (r.programme, r.region, r.printed_region, r.organisation, r.site_name, r.national) for r in reading.rows
        ]
        assert found == lines, ending
        for programme in ("platform", "base"):
            numbers = [row.seq for row in reading.rows if row.programme == programme]
            assert numbers == list(range(1, len(numbers) + 1))
    page = world.stranger().get("/designations").get_data(as_text=True)
    places = [page.index(f">{row.organisation}</a>") for row in wanted if row.programme == "platform"]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("database", "every"),
    [
        ("sqlite", 9),
        pytest.param("sqlite", 1, marks=pytest.mark.thorough),
        pytest.param("postgresql", 9, marks=pytest.mark.thorough),
    ],
    indirect=["database"],
)
def test_the_list_comes_out_as_the_notice_prints_it(empty_world: World, every: int) -> None:
    world = empty_world
    submissions = _rehearsed(world, every)
    taking_part = [one for one in submissions if one.state is State.AUDITED]
    with world.app.app_context():
        versions = {one.programme_version_id for one in submissions}
        programmes = {version: programme_of(db.session(), version) for version in versions}
    province = world.browser("province")

    _draw(world)
    with world.app.app_context():
        loads = Counter(db.session.scalars(select(ScoreSheet.expert_id)))
        each = Counter(db.session.scalars(select(ScoreSheet.submission_id)))
        reserve = db.session.scalars(select(Person.id).where(Person.login == f"expert-{EXPERTS + 1}")).one()
    assert len(submissions) == 139 and len(loads) == EXPERTS and reserve not in loads
    assert max(loads.values()) - min(loads.values()) <= 1, "the same load for all"
    assert {each[one.id] for one in submissions} == {EACH}, "also those that are drafts yet"

    _leave_out_drafts(world, submissions)
    marks = _score(world, programmes)
    closed = province.post(f"/rounds/{_round(world).public_id}/score-all", {"version": _round(world).version})
    assert closed.status_code in {200, 303}
    with world.app.app_context():
        now = {one.id: one for one in db.session.scalars(select(Submission))}
    for one in taking_part:
        answers = _answers(world, one)
        late = sum(answers.get(key) == "no" for key in ("data_reported_on_time", "summary_reported_on_time"))
        deduction = int(programmes[one.programme_version_id].defaults.deduction_per_no) * late
        assert now[one.id].state is State.SCORED
        assert now[one.id].total == _expected(marks[one.id], deduction)

    assert _fire(world, "province", "close") == 303
    assert _fire(world, "province", "publicise") == 303
    proposed = [one for one in _lines(world) if one.outcome is Outcome.PASS]
    objections = _object(world, proposed)
    _answer(world, objections)
    ends = last_day(clock.today(), 5)
    assert _fire(world, "province2", "finalise") == 422, "the publicity lasts"
    _finalise_and_publish(world, proposed[0], submissions, after=ends)


def _leave_out_drafts(world: World, submissions: list[Submission]) -> None:
    """Only what was audited can be scored: the sheets of the others are of no use here."""
    waiting = [one.id for one in submissions if one.state is not State.AUDITED]

    def remove(session: Any) -> Receipt:
        session.execute(delete(ScoreSheet).where(ScoreSheet.submission_id.in_(waiting)))
        return Receipt("")

    with world.app.app_context():
        carry_out(remove)


def _answers(world: World, submission: Submission) -> dict[str, str]:
    from hbreview.acts.weighing import answers_of

    with world.app.app_context():
        return answers_of(db.session(), submission.id)


def _lines(world: World) -> list[Designation]:
    """The lines of the rosters that come of the round."""
    with world.app.app_context():
        query = select(Designation).join(Roster, Roster.id == Designation.roster_id)
        return list(db.session.scalars(query.where(Roster.round_id.is_not(None)).order_by(Designation.id)))


def _finalise_and_publish(world: World, objected: Designation, submissions: list[Submission], *, after: Any) -> None:
    days = (after - clock.today()).days + 1
    with time_machine.travel(clock.now() + timedelta(days=days), tick=True):
        world._browsers.clear()
        assert _fire(world, "province", "finalise") == 422, "a second person"
        assert _fire(world, "province2", "finalise") == 303
        outcomes = {one.submission_id: one for one in _lines(world)}
        assert len(outcomes) == 139
        assert outcomes[objected.submission_id].outcome is Outcome.FAIL
        off = {place for place, one in enumerate(submissions) if outcomes[one.id].outcome is Outcome.FAIL}
        _roster_everywhere(world, off)
        _letters(world, submissions, outcomes)
        assert world.faults() == []
        _tampered_with(world, taken=objected.id)


def _letters(world: World, submissions: list[Submission], outcomes: Mapping[int | None, Designation]) -> None:
    """A letter to each, numbered in the roster's order, confirmed by its code and read by its own organisation."""
    here = f"/rounds/{_round(world).public_id}/letters"
    for _time in range(2):
        assert world.browser("province").post(here, {"version": _round(world).version}).status_code == 303
    with world.app.app_context():
        letters = list(db.session.scalars(select(DecisionLetter).order_by(DecisionLetter.number)))
    assert [one.number for one in letters] == list(range(1, 140))
    told = world.stranger().get(f"/letters/{letters[0].code}").get_data(as_text=True)
    assert letters[0].facts["organisation"] in told
    own = world.enterprise(submissions[0])
    answer = own.client.get(f"/submissions/{submissions[0].public_id}/decision.pdf")
    assert answer.status_code == 200 and answer.data.startswith(b"%PDF")
    assert own.client.get(f"/submissions/{submissions[-1].public_id}/decision.pdf").status_code == 404


def _tampered_with(world: World, *, taken: int) -> None:
    """Whoever changes a line of the list behind the application's back is found out by ``flask check``."""
    for column, value in (("outcome", Outcome.PASS), ("rank", 1), ("commended", True), ("total", Decimal("99.9"))):
        former = _put(world, taken, column, value)
        assert len(world.faults()) == 1, column
        _put(world, taken, column, former)
    assert world.faults() == []


def _put(world: World, row_id: int, column: str, value: Any) -> Any:
    """Set a column of a line as no act would; gives back what stood there."""
    former: list[Any] = []

    def change(session: Any) -> Receipt:
        row = session.get_one(Designation, row_id)
        former.append(getattr(row, column))
        setattr(row, column, value)
        return Receipt("")

    with world.app.app_context():
        carry_out(change)
    return former[0]
