"""Field cases 25 and 26: reminders go to exactly those with open work on that day, and never twice."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hbreview.clock import SHANGHAI, now
from hbreview.extensions import db
from hbreview.model import Person, Round, ScoreSheet, Submission
from hbreview.notices import posting
from hbreview.notices.letters import CITY_REMINDER, EXPERT_REMINDER, REMINDER
from hbreview.notices.reminders import step_due
from hbreview.transact import Receipt, carry_out
from hbreview.words import MailState, RoundState, State
from tests.notices.addressed import give_addresses, mails, skip_to_now, use_mail
from tests.notices.mail_server import mail_server
from tests.worlds import World

DEADLINE = date(2030, 6, 20)
NOBODY = "smtp://127.0.0.1:9"
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    ("left", "step"),
    [(30, None), (8, None), (7, 7), (6, 7), (4, 7), (3, 3), (2, 3), (1, 1), (0, 1), (-1, None), (-30, None)],
)
def test_step_that_is_due(left: int, step: int | None) -> None:
    assert step_due(DEADLINE, today=DEADLINE - timedelta(days=left)) == step


def _days_before(left: int, hour: int = 9) -> time_machine.travel:
    """So many days before the deadline, at this hour in Shanghai."""
    day = DEADLINE - timedelta(days=left)
    return time_machine.travel(datetime(day.year, day.month, day.day, hour, 30, tzinfo=SHANGHAI), tick=True)


def _change(world: World, **values: object) -> None:
    def work(session: Session) -> Receipt:
        session.execute(update(Round).values(**values))
        return Receipt("")

    with world.app.app_context():
        carry_out(work)


def _prepare(world: World, **deadlines: date) -> None:
    give_addresses(world)
    skip_to_now(world)
    far = {"enterprise_deadline": date(2040, 1, 1), "city_deadline": date(2040, 1, 1)}
    _change(world, **{**far, **deadlines})


def _owing(world: World, state: State) -> set[tuple[str, str]]:
    """Organisation and login of everybody with a draft; region and login of those with forms to review."""
    with world.app.app_context():
        join = Person.organisation_id == Submission.organisation_id
        if state is State.SUBMITTED:
            join = Person.region == Submission.region
        query = select(Submission.public_id, Submission.region, Person.id).join(Person, join)
        rows = db.session.execute(query.where(Submission.state == state)).all()
    return {(row[1] if state is State.SUBMITTED else row[0], str(row[2])) for row in rows}


def _made(world: World, kind: str, step: int) -> set[tuple[str, str]]:
    place = "region" if kind == CITY_REMINDER else "submission"
    found = [mail for mail in mails(world) if mail.kind == kind and mail.key.split(":")[3] == str(step)]
    assert len({mail.key for mail in found}) == len(found)
    return {(str(mail.data[place]), str(mail.person_id)) for mail in found}


def test_enterprises_with_a_draft_are_reminded_at_each_step_once(world: World) -> None:
    """Whoever submits meanwhile hears no more; turns, reloaded settings and another year's start change nothing."""
    _prepare(world, enterprise_deadline=DEADLINE)
    for left, step in ((8, 0), (7, 7), (6, 7), (3, 3), (1, 1), (0, 1)):
        if left == 3:
            mended = world.submission("returned")

            def submit(session: Session, mended: Submission = mended) -> Receipt:
                change = update(Submission).where(Submission.id == mended.id)
                session.execute(change.values(state=State.SUBMITTED))
                return Receipt("")

            with world.app.app_context():
                carry_out(submit)
        with _days_before(left), world.app.app_context():
            before = len(mails(world))
            posting._make_reminders()
            _change(world, settings={"publicity_days": left})
            posting._make_reminders()
            assert (len(mails(world)) > before) is (left in {7, 3, 1})
        assert _made(world, REMINDER, step) == (
            _owing(world, State.DRAFT) if left in {7, 3, 1, 0} else _made(world, REMINDER, step)
        )
    assert len(_made(world, REMINDER, 7)) == len(_made(world, REMINDER, 3)) + 1 > 100


@only_sqlite
def test_cities_with_forms_to_review_are_reminded_with_their_number(world: World) -> None:
    _prepare(world, city_deadline=DEADLINE)
    with _days_before(7), world.app.app_context():
        posting._make_reminders()
    assert _made(world, CITY_REMINDER, 7) == _owing(world, State.SUBMITTED) != set()
    with world.app.app_context():
        regions = list(db.session.scalars(select(Submission.region).where(Submission.state == State.SUBMITTED)))
    assert {mail.data["region"]: mail.data["count"] for mail in mails(world)} == {
        one: regions.count(one) for one in regions
    }


@only_sqlite
def test_day_that_was_missed_is_made_up_for_only_until_the_next_step(world: World) -> None:
    for left, step in ((5, 7), (2, 3), (0, 1)):
        _prepare(world, enterprise_deadline=DEADLINE)
        with _days_before(left), world.app.app_context():
            posting._make_reminders()
        assert _made(world, REMINDER, step) == _owing(world, State.DRAFT)
    assert {mail.key.split(":")[3] for mail in mails(world)} == {"7", "3", "1"}


@only_sqlite
@pytest.mark.parametrize(("hour", "left", "reminded"), [(0, 7, True), (23, 8, False), (23, 0, True), (0, -1, False)])
def test_day_is_the_day_in_shanghai(world: World, hour: int, left: int, reminded: bool) -> None:
    _prepare(world, enterprise_deadline=DEADLINE)
    with _days_before(left, hour), world.app.app_context():
        posting._make_reminders()
    assert bool(mails(world)) is reminded


@only_sqlite
def test_closed_round_reminds_nobody_and_open_work_is_asked_about_again_before_sending(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Field case 25: what was made and could not be sent yet is dropped once the work is done."""
    _prepare(world, enterprise_deadline=DEADLINE)
    _change(world, state=RoundState.CLOSED)
    with _days_before(3), world.app.app_context():
        posting._make_reminders()
        assert mails(world) == []
        _change(world, state=RoundState.OPEN)
        posting._make_reminders()
    waiting = mails(world)[:3]

    def finish(session: Session) -> Receipt:
        ids = [mail.data["submission"] for mail in waiting[:2]]
        session.execute(update(Submission).where(Submission.public_id.in_(ids)).values(state=State.SUBMITTED))
        return Receipt("")

    with world.app.app_context():
        carry_out(finish)
    monkeypatch.setattr(posting, "LETTERS", 5)
    with mail_server() as server, _days_before(2):
        use_mail(world, server.url)
        posting.turn(world.app)
    states = {mail.key: mail.state for mail in mails(world)}
    assert [states[mail.key] for mail in waiting] == [MailState.FAILED, MailState.FAILED, MailState.SENT]
    assert len(server.letters) == posting.LETTERS - 2
    assert now().year < DEADLINE.year


def _to_experts(world: World) -> list[tuple[str, int]]:
    """Step and number of sheets of each reminder to an expert, as they were made."""
    return [(mail.key.split(":")[3], mail.data["count"]) for mail in mails(world) if mail.kind == EXPERT_REMINDER]


def _sheets(world: World, **values: object) -> None:
    """Change the sheets of what is audited."""
    audited = select(Submission.id).where(Submission.state == State.AUDITED)

    def work(session: Session) -> Receipt:
        session.execute(update(ScoreSheet).where(ScoreSheet.submission_id.in_(audited)).values(**values))
        return Receipt("")

    with world.app.app_context():
        carry_out(work)


@only_sqlite
@pytest.mark.parametrize("state", [RoundState.OPEN, RoundState.CLOSED])
def test_experts_with_open_sheets_are_reminded_at_each_step_once(world: World, state: RoundState) -> None:
    """Only what can be scored now counts; a round that is closed to enterprises is still scored in."""
    _prepare(world, score_deadline=DEADLINE)
    _change(world, state=state)
    for left, made in ((8, 0), (7, 1), (6, 1), (3, 2), (2, 2), (1, 3), (0, 3), (-1, 3)):
        with _days_before(left), world.app.app_context():
            posting._make_reminders()
            posting._make_reminders()
        assert len(_to_experts(world)) == made
    assert _to_experts(world) == [("7", 2), ("3", 2), ("1", 2)]
    _change(world, score_deadline=DEADLINE + timedelta(10))
    with _days_before(-9), world.app.app_context():
        posting._make_reminders()
    assert _to_experts(world)[3:] == [("1", 2)]


@only_sqlite
@pytest.mark.parametrize(
    ("sheets", "round_"),
    [
        ({"handed_in_at": datetime(2030, 6, 1, tzinfo=SHANGHAI)}, {}),
        ({"withdrawn_at": datetime(2030, 6, 1, tzinfo=SHANGHAI)}, {}),
        ({}, {"score_deadline": None}),
        ({}, {"score_deadline": DEADLINE + timedelta(60)}),
        ({}, {"state": RoundState.PUBLICISED}),
    ],
)
def test_expert_who_owes_nothing_any_more_hears_nothing(
    world: World, sheets: dict[str, object], round_: dict[str, object]
) -> None:
    """Asked when it is made, and again when it leaves (field case 25)."""
    _prepare(world, score_deadline=DEADLINE)
    with _days_before(3), world.app.app_context():
        posting._make_reminders()
    assert len(_to_experts(world)) == 1
    if sheets:
        _sheets(world, **sheets)
    if round_:
        _change(world, **round_)
    with mail_server() as server, _days_before(2):
        use_mail(world, server.url)
        posting.turn(world.app)
    assert server.letters == []
    assert [mail.state for mail in mails(world) if mail.kind == EXPERT_REMINDER] == [MailState.FAILED]
    with _days_before(1), world.app.app_context():
        posting._make_reminders()
    assert len(_to_experts(world)) == 1


@only_sqlite
def test_expert_is_reminded_by_letter(world: World) -> None:
    _prepare(world, score_deadline=DEADLINE)
    with mail_server() as server, _days_before(1):
        use_mail(world, server.url)
        posting.turn(world.app)
        posting.turn(world.app)
    assert len(server.letters) == 1
    assert [mail.state for mail in mails(world)] == [MailState.SENT]
