"""How many statements each page takes: a fixed number, however many rows there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from hbreview.acts import running_rounds
from hbreview.acts.running_rounds import Plan
from hbreview.acts.signing_in import actor_for
from hbreview.clock import now
from hbreview.extensions import db
from hbreview.model import Comment, Entry, Person, Round, ScoreSheet, Submission
from hbreview.transact import Receipt, carry_out
from hbreview.workflow.journal import Deed, Origin, append
from tests.worlds import Browser, World

pytestmark = pytest.mark.on_both

# Not the application's own questions: how the driver opens a transaction differs between databases.
_NOT_COUNTED = ("BEGIN", "PRAGMA", "SET ", "SHOW ", "COMMIT", "ROLLBACK", "SAVEPOINT")


@contextmanager
def counting(world: World) -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if not statement.upper().startswith(_NOT_COUNTED):
            statements.append(statement)

    with world.app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def count(world: World, browser: Browser, path: str) -> int:
    """Statements of one page, after a first look that fills what is kept in memory."""
    assert browser.get(path).status_code == 200
    with counting(world) as statements:
        assert browser.get(path).status_code == 200
    return len(statements)


def _add_comments(world: World, submission: Submission, wanted: int) -> None:
    """So many comments on the first indicator, each with another author where there are enough people."""

    def work(session: Session) -> Receipt:
        known = session.scalar(
            select(func.count()).where(Comment.submission_id == submission.id, Comment.indicator == 2)
        )
        people = session.scalars(select(Person.id).order_by(Person.id)).all()
        for place in range(known or 0, wanted):
            comment = Comment(
                submission_id=submission.id, indicator=2, person_id=people[place], body="意见", created_at=now(),
                revision_number=1,
            )  # fmt: skip
            session.add(comment)
        return Receipt("")

    with world.app.app_context():
        carry_out(work)


def _round_id(world: World) -> str:
    with world.app.app_context():
        return db.session.scalars(select(Round.public_id).order_by(Round.id)).first() or ""


def test_queue_page_takes_the_same_statements_for_1_3_and_50_rows(world: World) -> None:
    province = world.browser("province")
    for narrowed, rows in (("city=chengde&programme=platform", 1), ("city=dingzhou&programme=base", 3), ("", 50)):
        assert province.get(f"/submissions?{narrowed}").get_data(as_text=True).count('href="/submissions/') >= rows
        assert count(world, province, f"/submissions?{narrowed}") == 5


@pytest.mark.parametrize(
    ("who", "statements"), [("enterprise", 8), ("city", 11), ("auditor", 8), ("expert", 6), ("province", 12)]
)
def test_submission_page_takes_the_same_statements_for_1_3_and_30_comments(
    world: World, who: str, statements: int
) -> None:
    submission = world.submission("scored")
    own = {"enterprise": world.enterprise, "city": world.city}
    browser = own[who](submission) if who in own else world.browser(who)
    assert statements <= 12
    found: list[int] = []
    for comments in (1, 3, 30):
        _add_comments(world, submission, comments)
        found.append(count(world, browser, f"/submissions/{submission.public_id}"))
    assert found == [statements] * 3


def test_thread_takes_the_same_statements_for_1_3_and_30_comments(world: World) -> None:
    submission = world.submission("scored")
    for comments in (1, 3, 30):
        _add_comments(world, submission, comments)
        assert count(world, world.city(submission), f"/submissions/{submission.public_id}/indicators/2") == 5


def test_rounds_page_takes_the_same_statements_for_1_3_and_30_rounds(world: World) -> None:
    province = world.browser("province")
    with world.app.app_context():
        by = Origin(actor_for(db.session.scalars(select(Person).where(Person.login == "province")).one()), "test")
    for rounds in (1, 3, 30):
        with world.app.app_context():
            known = db.session.scalar(select(func.count()).select_from(Round)) or 0
            for number in range(known, rounds):
                plan = Plan(2019, f"第{number}轮", ("platform",), date(2030, 1, 1), date(2030, 1, 1), {})
                running_rounds.plan_round(plan, origin=by)
        assert count(world, province, "/rounds") == 3


def test_round_and_ranking_take_the_same_statements_for_none_and_139_submissions(world: World) -> None:
    province = world.browser("province")
    full = _round_id(world)
    with world.app.app_context():
        by = Origin(actor_for(db.session.scalars(select(Person).where(Person.login == "province")).one()), "test")
        plan = Plan(2019, "空", ("platform", "base"), date(2030, 1, 1), date(2030, 1, 1), {})
        empty = running_rounds.plan_round(plan, origin=by).target
    assert [count(world, province, f"/rounds/{one}") for one in (empty, full)] == [6, 6]
    assert [count(world, province, f"/rounds/{one}/ranking") for one in (empty, full)] == [8, 8]


def test_designations_take_the_same_statements_for_1_3_and_139_rows(world: World) -> None:
    stranger = world.stranger()
    for narrowed in ("city=xiongan", "city=dingzhou&q=有限", ""):
        assert count(world, stranger, f"/designations?{narrowed}") == 7


def test_people_and_journal_take_the_same_statements_for_1_and_100_rows(world: World) -> None:
    admin = world.browser("admin")
    assert [count(world, admin, f"/people?{narrowed}") for narrowed in ("q=hb0001", "role=province", "")] == [2] * 3
    assert [count(world, admin, f"/journal?{narrowed}") for narrowed in ("act=plan_round", "act=hand_in", "")] == [
        2
    ] * 3


def test_score_sheet_and_audit_record_take_few_statements(world: World) -> None:
    submission = world.submission("scored")
    path = f"/submissions/{submission.public_id}"
    with world.app.app_context():
        assert db.session.scalars(select(ScoreSheet).where(ScoreSheet.submission_id == submission.id)).one()
    found = {
        "score-sheet": count(world, world.browser("expert"), f"{path}/score-sheet"),
        "audit-record": count(world, world.browser("auditor"), f"{path}/audit-record"),
        "history": count(world, world.city(submission), f"{path}/history"),
    }
    assert found == {"score-sheet": 10, "audit-record": 9, "history": 5}


def test_posting_a_comment_takes_7_statements(world: World) -> None:
    submission = world.submission("submitted")
    city = world.city(submission)
    path = f"/submissions/{submission.public_id}/indicators/3/comments"
    assert city.post(path, {"body": "第一条", "version": 0}).status_code == 303
    with counting(world) as statements:
        assert city.post(path, {"body": "第二条", "version": 1}).status_code == 303
    assert len(statements) == 7, statements


def test_saving_one_field_takes_8_statements_and_a_small_answer(world: World) -> None:
    draft = world.submission("returned")
    own = world.enterprise(draft)
    path = f"/submissions/{draft.public_id}/answers"
    headers = {"HX-Request": "true"}
    found = []
    for figure in ("101", "102"):
        version = world.now(draft).version
        with counting(world) as statements:
            response = own.post(path, {"version": version, "employees": figure}, headers=headers)
        assert response.status_code == 200
        assert len(response.get_data()) < 4096
        found.append(len(statements))
    assert found[1:] == [8], "\n".join(" ".join(s.split())[:90] for s in statements)


def test_notices_take_the_same_statements_for_1_3_and_30_entries(world: World) -> None:
    """The list, and the number of new ones that every page asks for by itself: one statement beside the door's."""
    submission = world.submission("submitted")
    own = world.enterprise(submission)
    with world.app.app_context():
        city = db.session.scalars(select(Person).where(Person.login == f"city-{submission.region}")).one()
        by = Origin(actor_for(city), "test")
    for entries in (1, 3, 30):

        def work(session: Session, entries: int = entries) -> Receipt:
            known = session.scalar(select(func.count()).where(Entry.act == "sign_off")) or 0
            for _entry in range(known, entries):
                append(session, origin=by, deed=Deed("sign_off", submission_id=submission.id), at=now())
            return Receipt("")

        with world.app.app_context():
            carry_out(work)
        assert (
            own.get("/notices").get_data(as_text=True).count(f'href="/submissions/{submission.public_id}"') == entries
        )
        assert [count(world, own, path) for path in ("/notices", "/notices/unread", "/calendar.ics")] == [2] * 3
        with counting(world) as statements:
            assert own.get("/notices/unread", headers={"HX-Request": "true"}).status_code == 200
        assert len(statements) == 2
