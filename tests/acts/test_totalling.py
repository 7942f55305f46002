"""Closing the scoring: what a total comes from is kept once, found again by ``flask check``, and never changed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from hbreview.acts.freezing import revision_digest
from hbreview.extensions import db
from hbreview.model import Answer, Entry, Revision, Score, ScoreSet, ScoreSheet, Submission
from hbreview.words import State, Trigger
from hbreview.workflow.errors import InvalidError
from tests.acts import sheet_hands as hands
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def sets(world: World, submission: Submission) -> list[ScoreSet]:
    with world.app.app_context():
        query = select(ScoreSet).where(ScoreSet.submission_id == submission.id).order_by(ScoreSet.id)
        return list(db.session.scalars(query))


def refused(world: World, submission: Submission) -> list[tuple[str, Any]]:
    """Why the scoring may not be closed; the submission has not moved then."""
    try:
        hands.fire(world, submission, Trigger.SCORE)
    except InvalidError as error:
        assert world.now(submission).state is State.AUDITED
        return [(reason.rule, reason.values.get("apart")) for reason in error.reasons]
    return []


def test_what_a_total_comes_from_is_kept_once_however_often_the_scoring_is_closed(world: World) -> None:
    submission = world.submission("audited")
    hands.put_sheet(world, submission, "expert", "0.8", points={1: Decimal("0.1")}, remarks={1: "无佐证 “=1+1”"})
    hands.put_sheet(world, submission, "second", "0.7")
    hands.fire(world, submission, Trigger.SCORE)
    kept, now = sets(world, submission), world.now(submission)
    assert len(kept) == 1
    assert (kept[0].digest, kept[0].total) == (now.score_set, now.total)
    marks = [[Fraction(points) for _order, points, _remark in scores] for _id, _revision, scores in kept[0].sheets]
    exact = sum((sum(column, Fraction(0)) / 2 for column in zip(*marks, strict=True)), Fraction(0))
    assert abs(exact - Fraction(kept[0].total)) <= Fraction(1, 20)
    assert kept[0].spread == abs(sum(marks[0], Fraction(0)) - sum(marks[1], Fraction(0)))
    assert kept[0].sheets[0][2][0] == [1, "0.1", "无佐证 “=1+1”"]
    hands.fire(world, submission, Trigger.RESCORE, reason="复核")
    assert (world.now(submission).total, world.now(submission).score_set) == (None, "")
    hands.fire(world, submission, Trigger.SCORE)
    assert [one.id for one in sets(world, submission)] == [kept[0].id]
    assert world.now(submission).score_set == kept[0].digest
    assert world.faults() == []
    hands.fire(world, submission, Trigger.RESCORE, reason="复核")
    hands.put_sheet(world, submission, "second", "0.72")
    hands.fire(world, submission, Trigger.SCORE)
    assert len(sets(world, submission)) == 2
    assert world.now(submission).score_set == sets(world, submission)[1].digest
    assert world.faults() == []
    with world.app.app_context():
        query = select(Entry.data).where(Entry.submission_id == submission.id, Entry.act == "score")
        data = db.session.scalars(query.order_by(Entry.sequence.desc())).first() or {}
    assert data["spread"] == str(sets(world, submission)[1].spread)


def test_kept_sets_refuse_to_be_changed_or_removed_by_the_database(world: World) -> None:
    submission = world.submission("scored")
    assert len(sets(world, submission)) == 1
    for change in (update(ScoreSet).values(total=Decimal(1)), delete(ScoreSet)):
        with pytest.raises(DatabaseError):
            hands.do(world, lambda session, change=change: session.execute(change))
    assert world.faults() == []


def _unguarded(world: World, work: Callable[[Session], object]) -> None:
    """Somebody who owns the file takes the guard off first."""

    def change(session: Session) -> None:
        names = session.scalars(text("SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='score_sets'"))
        for name in list(names):
            session.execute(text(f"DROP TRIGGER {name}"))
        work(session)

    hands.do(world, change)


@only_sqlite
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda s, one: s.execute(update(ScoreSet).values(total=Decimal("1.0"))), "says 1.0"),
        (lambda s, one: s.execute(update(ScoreSet).values(deduction=Decimal("3.0"))), "score set"),
        (lambda s, one: s.execute(update(ScoreSet).values(spread=Decimal("9.0"))), "a spread of 9.0"),
        (lambda s, one: s.execute(update(ScoreSet).values(sheets=[])), "a stored score set was changed"),
        (lambda s, one: s.execute(delete(ScoreSet)), "was not kept"),
        (
            lambda s, one: s.execute(update(Submission).where(Submission.id == one.id).values(total=Decimal("1.0"))),
            "its total is 1.0",
        ),
        (
            lambda s, one: s.execute(update(Score).where(Score.indicator == 1).values(points=Decimal("0.0"))),
            "its sheets give",
        ),
        (lambda s, one: s.execute(update(ScoreSheet).values(revision_number=9)), "its sheets give"),
    ],
    ids=["total", "deduction", "spread", "sheets", "gone", "submission", "score", "revision"],
)
def test_whatever_is_damaged_is_found(world: World, damage: Callable[[Session, Submission], object], said: str) -> None:
    submission = world.submission("scored")
    assert world.faults() == []
    _unguarded(world, lambda session: damage(session, submission))
    faults = [fault for fault in world.faults() if fault.startswith(f"submission {submission.public_id}:")]
    assert any(said in fault for fault in faults), faults


@only_sqlite
def test_a_scoring_from_before_sets_were_kept_is_no_fault_for_that(world: World) -> None:
    """Its entry says no spread; the journal's own chain is broken by the rewriting, and that alone is found."""
    submission = world.submission("scored")

    def rewrite(session: Session) -> None:
        names = session.scalars(text("SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='journal'"))
        for name in list(names):
            session.execute(text(f"DROP TRIGGER {name}"))
        session.execute(delete(ScoreSet).where(ScoreSet.submission_id == submission.id))
        session.execute(update(Entry).where(Entry.act == "score").values(data={"total": "1.0"}))

    _unguarded(world, rewrite)
    faults = world.faults()
    assert faults
    assert not [fault for fault in faults if fault.startswith("submission")]


@only_sqlite
@pytest.mark.parametrize(
    ("shares", "settings", "expected"),
    [
        (["0.80"], {}, []),
        (["0.80", "0.70"], {}, []),
        (["0.80", "0.60"], {}, [("P3", "20")]),
        (["0.80", "0.60"], {"spread": "0"}, []),
        (["0.80", "0.60"], {"spread": "20"}, []),
        (["0.80", "0.60"], {"spread": "19.9"}, [("P3", "20")]),
        (["0.80", "0.60", "0.90"], {}, []),
        (["0.80", "0.60", "0.90"], {"min_sheets": 3}, [("P3", "30")]),
        (["0.80", "0.60", "0.90", "0.85"], {"min_sheets": 3}, []),
    ],
)
def test_experts_that_are_too_far_apart_need_a_further_one(
    world: World, shares: list[str], settings: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    submission = world.submission("audited", "base")
    hands.set_round(world, **settings)
    for login, share in zip(("expert", "second", "third", "fourth"), shares, strict=False):
        # Whole points for each, so that the spread is what the shares say.
        hands.put_sheet(world, submission, login, share, points=_exact(share))
    assert refused(world, submission) == expected
    if not expected:
        assert world.now(submission).state is State.SCORED
        assert world.faults() == []


def _exact(share: str) -> dict[int, Decimal]:
    """The last indicator evens out what rounding each one's share to tenths leaves over."""
    from hbreview.programmes.loader import shipped

    weights = {indicator.order: indicator.weight for indicator in shipped("base", 2019).indicators}
    points = {order: (weight * Decimal(share)).quantize(Decimal("0.1")) for order, weight in weights.items()}
    points[max(points)] += 100 * Decimal(share) - sum(points.values())
    return points


@only_sqlite
def test_the_further_expert_settles_it_once_its_sheet_is_in(world: World) -> None:
    submission = world.submission("audited", "base")
    hands.put_sheet(world, submission, "expert", "0.9")
    hands.put_sheet(world, submission, "second", "0.5")
    assert [rule for rule, _apart in refused(world, submission)] == ["P3"]
    hands.put_sheet(world, submission, "third", "0.7", handed_in=False)
    assert [rule for rule, _apart in refused(world, submission)] == ["", "P3"]
    hands.put_sheet(world, submission, "third", "0.7")
    assert refused(world, submission) == []
    assert world.now(submission).total == sets(world, submission)[0].total
    assert len(sets(world, submission)[0].sheets) == 3


@only_sqlite
def test_the_rounds_own_deduction_makes_another_set_of_the_same_sheets(world: World) -> None:
    submission = world.submission("audited", "base")
    hands.put_sheet(world, submission, "expert", "0.8")

    def late(session: Session) -> None:
        revision = session.scalars(
            select(Revision).where(
                Revision.submission_id == submission.id, Revision.number == submission.revision_number
            )
        ).one()
        answers = revision.answers | {"data_reported_on_time": "no", "summary_reported_on_time": "yes"}
        digest = revision_digest(answers, revision.attachments)
        # A revision refuses to be changed: this one is the case's own.
        for name in list(
            session.scalars(text("SELECT name FROM sqlite_master WHERE type='trigger' AND tbl_name='revisions'"))
        ):
            session.execute(text(f"DROP TRIGGER {name}"))
        session.execute(update(Revision).where(Revision.id == revision.id).values(answers=answers, digest=digest))
        session.execute(
            update(Answer)
            .where(Answer.submission_id == submission.id, Answer.key == "data_reported_on_time")
            .values(value="no")
        )

    hands.do(world, late)
    totals = []
    for settings in ({}, {"deduction_per_no": "5"}, {"deduction_per_no": "3"}):
        hands.set_round(world, **settings)
        hands.fire(world, submission, Trigger.SCORE)
        totals.append(world.now(submission).total)
        assert not [fault for fault in world.faults() if submission.public_id in fault and "total" in fault]
        hands.fire(world, submission, Trigger.RESCORE, reason="复核")
    assert totals[0] == totals[2]
    assert totals[0] is not None
    assert totals[1] == totals[0] - 2
    assert [one.deduction for one in sets(world, submission)] == [Decimal(3), Decimal(5)]


@only_sqlite
def test_a_refusal_says_how_far_and_what_to_do_on_the_page(world: World) -> None:
    submission = world.submission("audited", "base")
    hands.put_sheet(world, submission, "expert", "0.8", points=_exact("0.8"))
    hands.put_sheet(world, submission, "second", "0.6", points=_exact("0.6"))
    answer = world.fire(world.browser("province"), submission, "score")
    assert answer.status_code == 422
    assert "20" in answer.get_data(as_text=True)
