"""Drawing lots for a round, replacing who declares an interest, handing over, and one expert further."""

from __future__ import annotations

from collections import Counter
from functools import partial
from time import perf_counter

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from hbreview.acts import assigning, declaring, drawing_lots, handing_over, marking
from hbreview.acts.answering import NotEditableError
from hbreview.acts.drawing_lots import Plan, Prospect, comes_out_again, prospect_of
from hbreview.extensions import db
from hbreview.model import Draw, Round, ScoreSheet, Submission
from hbreview.words import RoundState, State
from hbreview.workflow.errors import ForbiddenError, HiddenError, InvalidError, StaleError
from tests.acts.expert_pool import entries, hire_expert, hire_many, know, live, scorers, the_round
from tests.acts.test_reviewing import by, do, only_sqlite, person
from tests.worlds import World

PLAN = Plan(3, True, "", "2026-12-01")


def look(world: World, plan: Plan = PLAN) -> Prospect:
    with world.app.app_context():
        return prospect_of(db.session(), db.session.scalars(select(Round)).one(), plan)


def keep(world: World, plan: Plan = PLAN, digest: str = "") -> None:
    digest = digest or look(world, plan).digest
    with world.app.app_context():
        drawing_lots.keep_draw(the_round(world).public_id, plan, digest=digest, origin=by(world, "province"))


def kept(world: World) -> list[Draw]:
    with world.app.app_context():
        return list(db.session.scalars(select(Draw).order_by(Draw.id)))


def test_draw_is_what_was_shown_and_is_kept_whole(world: World) -> None:
    """Equal loads, existing sheets counted, each pair once, journal and versions in order; within a second or so."""
    hire_many(world, 8)
    before, shown = live(world), look(world)
    begun = perf_counter()
    keep(world, digest=shown.digest)
    taken = perf_counter() - begun
    after = live(world)
    assert set(before) < set(after) and len(after) == len(before) + len(shown.drawn.pairs) == len(set(after))
    scored = {world.submission("scored", programme).public_id for programme in ("platform", "base")}
    each = Counter(submission for submission, _login in after)
    assert {count for submission, count in each.items() if submission not in scored} == {3}
    loads = Counter(login for _submission, login in after).values()
    assert max(loads) - min(loads) <= 1
    assert len(entries(world, "draw_lots")) == len(kept(world)) == 1
    assert [e.data["because"] for e in entries(world, "assign_expert") if "draw" in e.data] == ["draw"] * len(
        shown.drawn.pairs
    )
    assert comes_out_again(kept(world)[0])
    assert world.faults() == []
    assert taken < 10


@only_sqlite
def test_draw_binds_what_was_shown(world: World) -> None:
    hire_many(world, 3)
    shown = look(world)
    again = look(world)
    assert (again.drawn, again.digest) == (shown.drawn, shown.digest)
    hire_expert(world, "late")
    before = world.dump()
    for plan in (PLAN, Plan(2, True, "", PLAN.seed), Plan(3, False, "", PLAN.seed), Plan(3, True, "", "another")):
        with pytest.raises(StaleError):
            keep(world, plan, digest=shown.digest)
    assert world.dump() == before
    keep(world)
    with pytest.raises(InvalidError, match="nothing to draw"):
        keep(world)


@only_sqlite
def test_settings_and_rounds_that_cannot_be(world: World) -> None:
    for plan, field in (
        (Plan(0, True, "", "1"), "each"), (Plan(21, True, "", "1"), "each"), (Plan(1, True, "", " "), "seed"),
        (Plan(1, True, "", "1" * 41), "seed"), (Plan(1, True, "", "a\0b"), "seed"),
        (Plan(1, True, "x", "1"), "programme"),
    ):  # fmt: skip
        with pytest.raises(InvalidError) as refused:
            look(world, plan)
        assert [reason.field for reason in refused.value.reasons] == [field]
    round_id, digest = the_round(world).public_id, look(world).digest
    for login, number, error in (("expert", round_id, ForbiddenError), ("province", "nothing", HiddenError)):
        with world.app.app_context(), pytest.raises(error):
            drawing_lots.keep_draw(number, PLAN, digest=digest, origin=by(world, login))
    do(world, lambda session: session.execute(update(Round).values(state=RoundState.PUBLICISED)))
    with pytest.raises(NotEditableError):
        look(world)


@only_sqlite
def test_reserves_suspended_and_withdrawn_take_no_part(world: World) -> None:
    submission = world.submission("audited")
    hire_expert(world, "reserve", reserve=True)
    hire_expert(world, "gone")
    hire_expert(world, "out")
    do(world, lambda s: s.execute(text("UPDATE people SET suspended_at = '2026-01-01' WHERE login = 'gone'")))
    with world.app.app_context():
        for act in (assigning.assign_expert, assigning.withdraw_expert):
            act(submission.public_id, person(world, "out").public_id, origin=by(world, "province"))
    keep(world)
    assert {login for _submission, login in live(world)} == {"expert", "out"}
    assert scorers(world, submission) == ["expert"]
    assert look(world).drawn.lacking[submission.public_id] == 2


@only_sqlite
def test_draw_of_one_programme_and_a_top_up_later(world: World) -> None:
    hire_many(world, 4)
    keep(world, Plan(2, True, "base", "1"))
    with world.app.app_context():
        bases = set(db.session.scalars(select(Submission.public_id).where(Submission.programme == "base")))
    assert {row[0] for one in kept(world) for row in one.result} <= bases
    keep(world, Plan(3, True, "", "2"))
    assert all(map(comes_out_again, kept(world)))
    assert max(Counter(submission for submission, _login in live(world)).values()) == 3


def test_kept_draw_is_never_changed(world: World) -> None:
    hire_many(world, 1)
    keep(world, Plan(2, False, "", "1"))
    for statement in (text("UPDATE draws SET seed = 'x'"), text("DELETE FROM draws")):
        with pytest.raises(DatabaseError):
            do(world, partial(Session.execute, statement=statement))


def test_who_declares_an_interest_is_replaced_at_once(world: World) -> None:
    """The least busy who may; the count of the draw is kept; a sheet that was handed in stays, locked (Z09)."""
    hire_many(world, 5)
    hire_expert(world, "reserve", reserve=True)
    keep(world)
    submission = world.submission("audited")
    before = set(scorers(world, submission))
    loads = Counter(login for _submission, login in live(world))
    others = {f"pool{number}" for number in range(5)} - before
    version = world.now(submission).version
    with world.app.app_context():
        declaring.declare_interest(submission.public_id, "曾任职", origin=by(world, "expert"))
    (new,) = set(scorers(world, submission)) - before
    assert "expert" not in scorers(world, submission) and len(scorers(world, submission)) == 3
    assert new in others and loads[new] == min(loads[one] for one in others)
    told = [e.target for e in entries(world, "assign_expert") if e.submission_id == submission.id and "seed" in e.data]
    assert told == [person(world, new).public_id]
    assert "lacking" not in entries(world, "declare_interest")[-1].data
    assert world.now(submission).version == version + 1
    assert world.faults() == []


@only_sqlite
def test_reserves_come_last_and_the_province_is_told_when_nobody_is_left(world: World) -> None:
    submission = world.submission("audited")
    hire_expert(world, "reserve", reserve=True)
    with world.app.app_context():
        declaring.declare_interest(submission.public_id, "亲属", origin=by(world, "expert"))
    assert scorers(world, submission) == ["reserve"]
    with world.app.app_context():
        declaring.declare_interest(submission.public_id, "亲属", origin=by(world, "reserve"))
    assert scorers(world, submission) == []
    assert submission.public_id in entries(world, "declare_interest")[-1].data["lacking"]
    assert world.faults() == []


@only_sqlite
def test_what_is_enough_is_not_replaced_and_closed_scoring_stays(world: World) -> None:
    submission, scored = world.submission("audited"), world.submission("scored")
    hire_many(world, 2)
    with world.app.app_context():
        extra = person(world, "pool0").public_id
        assigning.assign_expert(submission.public_id, extra, origin=by(world, "province"))
        declaring.declare_interest(submission.public_id, "亲属", origin=by(world, "expert"))
        declaring.declare_interest(scored.public_id, "亲属", origin=by(world, "expert"))
    assert scorers(world, submission) == ["pool0"]
    assert scorers(world, scored) == ["expert"]
    assert world.browser("expert").get(f"/submissions/{scored.public_id}").status_code == 404
    assert world.faults() == []


def hand_in(world: World, submission: Submission, login: str) -> None:
    with world.app.app_context():
        origin = by(world, login)
        orders = range(1, 5)
        marks = marking.Marks(submission.public_id, 1, dict.fromkeys(orders, "1"), dict.fromkeys(orders, "材料少"))
        marking.keep_marks(marks, origin=origin)
    mine = (ScoreSheet.submission_id == submission.id, ScoreSheet.expert_id == person(world, login).id)
    do(world, lambda s: s.execute(update(ScoreSheet).where(*mine).values(handed_in_at=submission.moved_at)))


@only_sqlite
def test_sheet_that_was_handed_in_is_replaced_and_stays_on_record(world: World) -> None:
    submission = world.submission("audited")
    hire_many(world, 1)
    hand_in(world, submission, "expert")
    with world.app.app_context():
        declaring.declare_interest(submission.public_id, "亲属", origin=by(world, "expert"))
        mine = ScoreSheet.expert_id == person(world, "expert").id
        sheet = db.session.scalars(select(ScoreSheet).where(mine, ScoreSheet.submission_id == submission.id)).one()
    assert sheet.handed_in_at is not None and sheet.withdrawn_at is not None
    assert scorers(world, submission) == ["pool0"]


def hand_over(world: World, login: str, to: str, by_whom: str = "province") -> int:
    with world.app.app_context():
        return handing_over.hand_over(
            person(world, login).public_id,
            deputy_id=person(world, to).public_id if to else "",
            round_id=the_round(world).public_id,
            origin=by(world, by_whom),
        ).version


def test_deputy_takes_over_what_it_may_and_the_rest_stays(world: World) -> None:
    barred, done, plain = world.submission("audited"), world.submission("audited", "base"), world.submission("draft")
    hire_expert(world, "deputy", employer=f" {barred.organisation_name} ")
    hand_in(world, done, "expert")
    mine = {one for one, login in live(world) if login == "expert"}
    moved = hand_over(world, "expert", "deputy")
    with world.app.app_context():
        organisation = select(Submission.public_id).where(Submission.organisation_id == barred.organisation_id)
        own = set(db.session.scalars(organisation.where(Submission.state != State.SCORED)))
    left = {one for one, login in live(world) if login == "expert"}
    scored = {world.submission("scored", programme).public_id for programme in ("platform", "base")}
    assert left == (own & mine) | {done.public_id} | (scored & mine)
    assert moved == len(mine) - len(left) and scorers(world, plain) == ["deputy"]
    because = [entry.data.get("because") for entry in entries(world, "withdraw_expert")]
    assert because == ["hand_over"] * moved
    assert world.faults() == []
    with pytest.raises(InvalidError, match="no open sheet"):
        hand_over(world, "expert", "deputy")


@only_sqlite
def test_hand_over_is_refused_without_another_expert_or_right(world: World) -> None:
    hire_expert(world, "deputy")
    before = world.dump()
    for to in ("", "expert", "province"):
        with pytest.raises(InvalidError):
            hand_over(world, "expert", to)
    with pytest.raises(ForbiddenError):
        hand_over(world, "expert", "deputy", by_whom="expert")
    with pytest.raises(HiddenError):
        hand_over(world, "city-baoding", "deputy")
    do(world, lambda session: session.execute(update(Round).values(state=RoundState.FINALISED)))
    with pytest.raises(NotEditableError):
        hand_over(world, "expert", "deputy")
    do(world, lambda session: session.execute(update(Round).values(state=RoundState.OPEN)))
    assert world.dump() == before


@only_sqlite
def test_one_expert_further(world: World) -> None:
    """P3: one more, marked as such; whoever leaves a further sheet is replaced by a further one."""
    submission = world.submission("audited")
    with world.app.app_context(), pytest.raises(InvalidError, match="No expert is left"):
        drawing_lots.draw_further(submission.public_id, origin=by(world, "province"))
    hire_many(world, 2)
    with world.app.app_context():
        drawing_lots.draw_further(submission.public_id, origin=by(world, "province"))
    first = next(login for login in scorers(world, submission) if login != "expert")
    assert further(world, submission) == [first]
    with world.app.app_context():
        declaring.declare_interest(submission.public_id, "亲属", origin=by(world, first))
    assert further(world, submission) == [login for login in ("pool0", "pool1") if login != first]
    with world.app.app_context(), pytest.raises(NotEditableError):
        drawing_lots.draw_further(world.submission("scored").public_id, origin=by(world, "province"))
    assert world.faults() == []


def further(world: World, submission: Submission) -> list[str]:
    query = select(ScoreSheet.expert_id).where(
        ScoreSheet.submission_id == submission.id, ScoreSheet.further, ScoreSheet.withdrawn_at.is_(None)
    )
    with world.app.app_context():
        found = list(db.session.scalars(query))
    return [login for login in ("expert", "pool0", "pool1") if person(world, login).id in found]


@only_sqlite
def test_own_city_holds_as_the_round_or_its_newest_draw_says(world: World) -> None:
    submission = world.submission("audited")
    hire_expert(world, "local", region=submission.region)
    assert not [pair for pair in look(world).drawn.pairs if pair[0] == submission.public_id]
    loose = Plan(2, False, "", "1")
    assert [pair for pair in look(world, loose).drawn.pairs if pair[0] == submission.public_id]
    local = person(world, "local").public_id
    with world.app.app_context(), pytest.raises(InvalidError, match="same city"):
        assigning.assign_expert(submission.public_id, local, origin=by(world, "province"))
    keep(world, loose)
    assert scorers(world, submission) == ["expert", "local"]
    know(world, "expert", employer="无关单位")

    def withdraw(session: Session) -> None:
        session.execute(update(ScoreSheet).values(withdrawn_at=submission.moved_at))

    do(world, withdraw)
    with world.app.app_context():
        assigning.assign_expert(submission.public_id, local, origin=by(world, "province"))
    assert scorers(world, submission) == ["local"]
