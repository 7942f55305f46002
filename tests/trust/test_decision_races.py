"""Decisions at the same instant in two operating-system processes, each with an application of its own (C01-C06, C13).

The processes live as long as the module. They meet at a barrier before each pair of acts, so that nothing but the
database stands between them.
"""

from __future__ import annotations

import io
import multiprocessing
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from typing import Any, NamedTuple

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from hbreview.acts import attaching, commenting, moving, reviewing
from hbreview.acts.answering import NotEditableError
from hbreview.acts.attaching import Attaching, Upload
from hbreview.acts.commenting import Remark
from hbreview.acts.moving import Firing
from hbreview.acts.signing_in import actor_for
from hbreview.clock import today
from hbreview.extensions import db
from hbreview.model import Attachment, CitySetting, Comment, Entry, Opinion, Person, Submission
from hbreview.notices import posting
from hbreview.notices.letters import message_id
from hbreview.transact import Receipt
from hbreview.words import MailState, State, Trigger
from hbreview.workflow.errors import RefusedError, StaleError
from hbreview.workflow.journal import Origin
from tests.acts.test_reviewing import do, hire, person, review
from tests.notices.addressed import give_addresses, mails, skip_to_now, use_mail
from tests.notices.mail_server import mail_server
from tests.trust.test_concurrency import act, attach_scan, city_of, comment_on, owner_of
from tests.worlds import World, open_world

PDF = b"%PDF-1.4\n%%EOF\n"
PATIENCE = 60
FEW, MANY = 40, 1000
# A worker that kept up would never have more than so many rounds of letters before it.
POST_EVERY = 100
ROUNDS = [FEW, pytest.param(MANY, marks=pytest.mark.thorough)]
# What a page shows as 409: somebody else was first.
TOO_LATE = {"StaleError", "WrongStateError", "NotEditableError"}


@dataclass(frozen=True)
class Order:
    """One act for one process: its name, by whom, and what is given with it."""

    name: str
    login: str = ""
    given: dict[str, Any] = field(default_factory=dict)
    key: str | None = None
    digest: str | None = None


class Outcome(NamedTuple):
    """What came of it: "done", "repeated" or the error's name; and the receipt's target and version."""

    result: str
    target: str = ""
    version: int = 0


def _origin(order: Order) -> Origin:
    who = db.session.scalars(select(Person).where(Person.login == order.login)).one()
    return Origin(actor_for(who), "test", key=order.key, digest=order.digest)


def _approve_with_scan(world: World, given: dict[str, Any], origin: Origin) -> Receipt:
    """As a page's approval does whose scan comes along: attach on the version on the screen, then fire."""
    config, version = world.app.config, given["version"]
    scan = Attaching(given["submission"], version, "city_seal", Upload("盖章.pdf", io.BytesIO(PDF)), exact=True)
    try:
        attached = attaching.attach(
            scan, origin=origin, storage=config["STORAGE"], limit=1024 * 1024, scanner=config["SCANNER"]
        )
        version = attached.version
    except (StaleError, NotEditableError):
        pass
    return moving.fire(Firing(given["submission"], Trigger.APPROVE, version, given["data"]), origin=origin)


def _carry_out(world: World, order: Order, origin: Origin) -> Receipt:
    given = order.given
    match order.name:
        case "fire":
            return moving.fire(Firing(**given), origin=origin)
        case "approve_with_scan":
            return _approve_with_scan(world, given, origin)
        case "comment":
            return commenting.post_comment(Remark(**given), origin=origin)
        case "second_check":
            return reviewing.second_check(given["submission"], given["version"], origin=origin)
        case "assign":
            return reviewing.assign_reviewer(given["submission"], given["person"], origin=origin)
        case "tick":
            return reviewing.tick(given["submission"], given["key"], ticked=True, revision=1, origin=origin)
    raise LookupError(order.name)


def _outcome(world: World, order: Order, barrier: Barrier) -> Outcome:
    with world.app.app_context():
        origin = _origin(order) if order.login else None
        db.session.rollback()
        barrier.wait(PATIENCE)
        if origin is None:  # a turn of the posting worker
            return Outcome("done", version=posting.turn(world.app))
        try:
            receipt = _carry_out(world, order, origin)
        except RefusedError as error:
            return Outcome(type(error).__name__)
        return Outcome("repeated" if receipt.repeated else "done", receipt.target, receipt.version)


def live(wire: Connection, barrier: Barrier) -> None:
    """What each of the two processes does until it is told None; it is told to open a world first."""
    world: World | None = None
    with ExitStack() as stack:
        for message in iter(wire.recv, None):
            if isinstance(message, Order):
                assert world is not None
                try:
                    wire.send(_outcome(world, message, barrier))
                except Exception as error:
                    wire.send(Outcome(f"broken: {error!r}"))
            else:
                stack.close()
                url, folder, smtp_url = message
                world = stack.enter_context(open_world(url, folder))
                if smtp_url:
                    use_mail(world, smtp_url)
                wire.send("open")


@dataclass
class Pair:
    """Two processes, and the wires to them."""

    wires: list[Connection]

    def open(self, world: World, smtp_url: str = "") -> None:
        """Both make an application over the world's database; what they had before is closed."""
        settings = world.app.config["SETTINGS"]
        for wire in self.wires:
            wire.send((world.app.config["SQLALCHEMY_DATABASE_URI"], settings.instance, smtp_url))
        assert [wire.recv() for wire in self.wires] == ["open", "open"]

    def at_once(self, first: Order, second: Order, *, swapped: bool = False) -> list[Outcome]:
        """Both acts, released together; ``swapped``: each in the other process. The outcomes in order."""
        wires = self.wires[::-1] if swapped else self.wires
        for wire, order in zip(wires, (first, second), strict=True):
            wire.send(order)
        found = []
        for wire in wires:
            assert wire.poll(2 * PATIENCE), "a process says nothing"
            found.append(wire.recv())
        return found


@pytest.fixture(scope="module")
def processes() -> Iterator[Pair]:
    context = multiprocessing.get_context("spawn")
    barrier, wires, started = context.Barrier(2), [], []
    for _number in range(2):
        ours, theirs = context.Pipe()
        process = context.Process(target=live, args=(theirs, barrier), daemon=True)
        process.start()
        theirs.close()
        wires.append(ours)
        started.append(process)
    yield Pair(wires)
    for wire in wires:
        wire.send(None)
    for process in started:
        process.join(PATIENCE)
        assert process.exitcode == 0


@pytest.fixture
def pair(processes: Pair, world: World) -> Iterator[Pair]:
    """The two processes on this test's database; after it they let it go at the next one's opening."""
    processes.open(world)
    yield processes


def approving(submission: Submission, version: int, login: str = "", **more: str) -> Order:
    data = {"opinion": "同意", "seal_date": today().isoformat(), **more}
    return moved(submission, Trigger.APPROVE, version, login or city_of(submission), data)


def moved(
    submission: Submission, trigger: Trigger, version: int, login: str, data: dict[str, str] | None = None
) -> Order:
    given = {"submission": submission.public_id, "trigger": trigger, "version": version, "data": data or {}}
    return Order("fire", login, given)


def keyed(order: Order, key: str, digest: str) -> Order:
    return Order(order.name, order.login, order.given, key, digest)


def put_scan_back(world: World, submission: Submission) -> None:
    """The scan that went with the sending back, without an upload for each round."""

    def work(session: Session) -> None:
        own = (Attachment.submission_id == submission.id, Attachment.field == "city_seal")
        last = select(func.max(Attachment.id)).where(*own).scalar_subquery()
        session.execute(update(Attachment).where(Attachment.id == last).values(removed_at=None))

    do(world, work)


def entries(world: World, submission: Submission, *acts: str) -> list[Entry]:
    """What was done to it of these kinds, oldest first."""
    query = select(Entry).where(Entry.submission_id == submission.id, Entry.result == "done", Entry.act.in_(acts))
    with world.app.app_context():
        return list(db.session.scalars(query.order_by(Entry.sequence)))


def one_wins(outcomes: list[Outcome]) -> int:
    """Which of the two; the other came too late, and nothing else went wrong."""
    results = [outcome.result for outcome in outcomes]
    assert results.count("done") == 1, results
    assert {*results} - {"done"} <= TOO_LATE, results
    return results.index("done")


def again(world: World, submission: Submission, state: State) -> None:
    """Bring it back to the city after a decision."""
    if state is State.DRAFT:
        act(world, submission, Trigger.SUBMIT, owner_of(submission), declared="1")
    else:
        act(world, submission, Trigger.SEND_BACK, "province", reason="再看")


def expect_letters(world: World, submission: Submission, *, since: int) -> set[str]:
    """The keys of the letters that the entries after a number have to bring: told by hand, not by the table."""
    people = {
        "approve": owner_of(submission), "return": owner_of(submission), "submit": city_of(submission),
        "withdraw": city_of(submission), "send_back": city_of(submission),
    }  # fmt: skip
    ids = {act_: person(world, login).id for act_, login in people.items()}
    found = entries(world, submission, *people)
    return {f"entry:{one.sequence}:{ids[one.act]}" for one in found if one.sequence > since}


def head(world: World) -> int:
    with world.app.app_context():
        return db.session.scalar(select(func.max(Entry.sequence))) or 0


def post_all(pair: Pair, world: World, expected: set[str], *, already: set[str]) -> None:
    """C13: two workers in two processes send until nothing is left: each letter was made once and sent once."""
    with mail_server() as server:
        use_mail(world, server.url)
        pair.open(world, server.url)
        done = [1]
        while any(done):
            outcomes = pair.at_once(Order("turn"), Order("turn"))
            assert {outcome.result for outcome in outcomes} == {"done"}, outcomes
            done = [outcome.version for outcome in outcomes]
    made = [mail for mail in mails(world) if mail.key not in already]
    assert sorted(mail.key for mail in made) == sorted(expected)
    assert {mail.state for mail in made} == {MailState.SENT}
    site = world.app.config["SETTINGS"].public_url
    assert sorted(server.numbers()) == sorted(message_id(key, site) for key in expected)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_approve_and_return_in_two_processes_let_exactly_one_win(world: World, pair: Pair, rounds: int) -> None:
    """C03: one winner and one refusal each round, one entry, one letter; the database is sound after all of it."""
    submission, won = world.submission("submitted"), Counter[int]()
    comment_on(world, submission)
    attach_scan(world, submission)
    give_addresses(world, owner_of(submission), city_of(submission))
    skip_to_now(world)
    began, city = head(world), city_of(submission)
    posted, told = began, set[str]()

    for number in range(rounds):
        version = world.now(submission).version
        outcomes = pair.at_once(
            approving(submission, version),
            moved(submission, Trigger.RETURN, version, city, {"reason": "请补充"}),
            swapped=bool(number % 2),
        )
        winner = one_wins(outcomes)
        won[winner] += 1
        now = world.now(submission)
        assert (now.state, now.version) == ((State.CITY_REVIEWED, State.DRAFT)[winner], version + 1)
        again(world, submission, now.state)
        put_scan_back(world, submission)
        if (number + 1) % POST_EVERY == 0 or number + 1 == rounds:
            expected = expect_letters(world, submission, since=posted)
            post_all(pair, world, expected, already=told)
            posted, told = head(world), told | expected

    decided = [one for one in entries(world, submission, "approve", "return") if one.sequence > began]
    assert Counter(one.act for one in decided) == Counter({"approve": won[0], "return": won[1]})
    assert len(decided) == rounds
    assert world.faults() == []


@pytest.mark.parametrize("rounds", [FEW // 4, pytest.param(MANY // 4, marks=pytest.mark.thorough)])
def test_approve_and_withdraw_in_two_processes_let_exactly_one_win(world: World, pair: Pair, rounds: int) -> None:
    """C04: the approval, whose scan comes along, binds the version on the screen or is refused."""
    submission, won = world.submission("submitted"), Counter[int]()
    comment_on(world, submission)
    act(world, submission, Trigger.RETURN, city_of(submission), reason="请补充")
    act(world, submission, Trigger.SUBMIT, owner_of(submission), declared="1")
    began = head(world)

    for number in range(rounds):
        version, revision = world.now(submission).version, world.now(submission).revision_number
        with_scan = Order("approve_with_scan", city_of(submission), approving(submission, version).given)
        withdrawal = moved(submission, Trigger.WITHDRAW, version, owner_of(submission))
        winner = one_wins(pair.at_once(with_scan, withdrawal, swapped=bool(number % 2)))
        won[winner] += 1
        now = world.now(submission)
        assert now.state is (State.CITY_REVIEWED, State.DRAFT)[winner]
        assert now.version == version + (2, 1)[winner]
        if winner == 0:
            with world.app.app_context():
                live_ones = select(Opinion.revision_number).where(
                    Opinion.submission_id == submission.id, Opinion.void_at.is_(None)
                )
                assert list(db.session.scalars(live_ones)) == [revision]
            act(world, submission, Trigger.SEND_BACK, "province", reason="再看")
            act(world, submission, Trigger.RETURN, city_of(submission), reason="再看")
        act(world, submission, Trigger.SUBMIT, owner_of(submission), declared="1")

    found = Counter(one.act for one in entries(world, submission, "approve", "withdraw") if one.sequence > began)
    assert found == Counter({"approve": won[0], "withdraw": won[1]})
    assert world.faults() == []


def test_double_click_in_two_processes_approves_once_and_answers_both_the_same(world: World, pair: Pair) -> None:
    """C05, and C06 for the same key with another content and of another person, at the same instant."""
    submission = world.submission("submitted")
    hire(world, "second", submission.region)
    attach_scan(world, submission)
    for number in range(10):
        version, done = world.now(submission).version, len(entries(world, submission, "approve"))
        key = f"one-time-{number}"
        order = keyed(approving(submission, version), key, "digest")
        other = [
            order,
            keyed(approving(submission, version, opinion="不同的意见"), key, "another"),
            keyed(approving(submission, version, "second"), key, "digest"),
        ][number % 3]
        outcomes = pair.at_once(order, other, swapped=bool(number % 2))
        results = sorted(outcome.result for outcome in outcomes)
        if other is order:
            assert results == ["done", "repeated"]
            assert len({(outcome.target, outcome.version) for outcome in outcomes}) == 1
        else:
            assert results[1] == "done"
            assert results[0] in TOO_LATE | ({"KeyReusedError"} if number % 3 == 1 else set())
        assert len(entries(world, submission, "approve")) == done + 1
        # The answer was lost, and it is sent once more to both: still the first answer, for whom it was for.
        if other is order:
            assert {outcome.result for outcome in pair.at_once(order, order)} == {"repeated"}
        act(world, submission, Trigger.SEND_BACK, "province", reason="再看")
        put_scan_back(world, submission)
    assert world.faults() == []


def test_two_reviewers_comment_in_two_processes(world: World, pair: Pair) -> None:
    """C01 on one indicator: one is kept, whole. C02 on two: both are."""
    submission = world.submission("submitted")
    hire(world, "second", submission.region)
    logins = (city_of(submission), "second")
    texts = ["甲的意见" * 200, "乙的意见" * 200]

    def orders(indicators: tuple[int, int], seen: int) -> list[Order]:
        given = {"submission": submission.public_id, "thread_version": seen}
        return [
            Order("comment", login, {**given, "indicator": indicator, "body": body})
            for login, indicator, body in zip(logins, indicators, texts, strict=True)
        ]

    def bodies(indicator: int) -> list[str]:
        query = select(Comment.body).where(Comment.submission_id == submission.id, Comment.indicator == indicator)
        with world.app.app_context():
            return list(db.session.scalars(query.order_by(Comment.id)))

    for number in range(10):
        outcomes = pair.at_once(*orders((2, 2), number), swapped=bool(number % 2))
        assert {outcome.result for outcome in outcomes} == {"done", "StaleError"}
        assert bodies(2)[number:] == [texts[one_wins(outcomes)]]
        outcomes = pair.at_once(*orders((3, 4), number), swapped=bool(number % 2))
        assert [outcome.result for outcome in outcomes] == ["done", "done"]
    assert (bodies(3), bodies(4)) == ([texts[0]] * 10, [texts[1]] * 10)
    assert len(entries(world, submission, "comment")) == 30
    assert world.faults() == []


def test_second_check_and_approval_at_once_never_approve_unchecked(world: World, pair: Pair) -> None:
    """An approval goes through only after the check, and is refused whole before it."""
    submission = world.submission("submitted")
    hire(world, "second", submission.region)
    do(world, lambda session: session.add(CitySetting(region=submission.region, second_check=True, version=1)))
    comment_on(world, submission)
    attach_scan(world, submission)
    for number in range(8):
        version, revision = world.now(submission).version, world.now(submission).revision_number
        check = Order("second_check", "second", {"submission": submission.public_id, "version": version})
        checked, approved = pair.at_once(check, approving(submission, version), swapped=bool(number % 2))
        assert checked.result == "done"
        assert approved.result in {"done", "InvalidError"}
        state = world.now(submission).state
        assert state is (State.CITY_REVIEWED if approved.result == "done" else State.SUBMITTED)
        found = entries(world, submission, "check_review", "approve")
        if state is State.CITY_REVIEWED:
            assert [one.act for one in found[-2:]] == ["check_review", "approve"]
            act(world, submission, Trigger.SEND_BACK, "province", reason="再看")
        act(world, submission, Trigger.RETURN, city_of(submission), reason="再看")
        act(world, submission, Trigger.SUBMIT, owner_of(submission), declared="1")
        assert world.now(submission).revision_number == revision + 1
        attach_scan(world, submission)
    assert world.faults() == []


def test_two_reviewers_assign_at_once_and_the_later_one_stands(world: World, pair: Pair) -> None:
    """Both are journaled one after the other, the first row of the notes too; the last entry is what is kept."""
    submission = world.submission("submitted")
    hire(world, "second", submission.region)
    people = [person(world, login) for login in (city_of(submission), "second")]

    def assigning(to: Person, login: str) -> Order:
        return Order("assign", login, {"submission": submission.public_id, "person": to.public_id})

    for number in range(8):
        orders = [assigning(people[1], people[0].login), assigning(people[0], people[1].login)]
        outcomes = pair.at_once(*orders, swapped=bool(number % 2))
        assert [outcome.result for outcome in outcomes] == ["done", "done"]
        found = entries(world, submission, "assign_reviewer")
        kept = review(world, submission)
        assert next(one for one in people if one.id == kept.assignee_id).public_id == found[-1].target
        assert kept.version == len(found)
    assert world.faults() == []


def test_tick_and_approval_at_once_keep_both_or_refuse_the_tick(world: World, pair: Pair) -> None:
    """The opinion keeps just the ticks that stood before it; a tick that comes after it is refused."""
    submission = world.submission("submitted")
    hire(world, "second", submission.region)
    attach_scan(world, submission)
    version = world.now(submission).version
    tick = Order("tick", "second", {"submission": submission.public_id, "key": "complete"})
    ticked, approved = pair.at_once(tick, approving(submission, version))
    assert approved.result == "done"
    assert ticked.result in {"done", "NotEditableError"}
    with world.app.app_context():
        kept = db.session.scalars(select(Opinion.ticks).where(Opinion.submission_id == submission.id)).one()
    assert kept == (["complete"] if ticked.result == "done" else [])
    assert len(entries(world, submission, "tick")) == len(kept)
    assert world.faults() == []
