"""At the same instant: real threads with browsers of their own, released together on one database."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from hbreview.acts import moving
from hbreview.acts.moving import Firing
from hbreview.acts.signing_in import actor_for
from hbreview.clock import today
from hbreview.extensions import db
from hbreview.model import Attachment, Comment, Entry, Person, ScoreSheet, Submission
from hbreview.words import State, Trigger
from hbreview.workflow.chain import BY_TRIGGER
from hbreview.workflow.journal import Origin
from tests.worlds import Browser, World

pytestmark = pytest.mark.on_both

ROUNDS = int(os.environ.get("HBREVIEW_ROUNDS", "25"))
PDF = b"%PDF-1.4\n%%EOF\n"
Request = Callable[[], TestResponse]


def at_once(*requests: Request) -> list[TestResponse]:
    """Send all requests at the same instant, each from a thread of its own; the answers in order."""
    barrier = Barrier(len(requests))

    def send(request: Request) -> TestResponse:
        barrier.wait(timeout=30)
        return request()

    with ThreadPoolExecutor(len(requests)) as threads:
        return [future.result(timeout=120) for future in [threads.submit(send, request) for request in requests]]


def browser_for(world: World, login: str) -> Browser:
    """One more browser of the same person, signed in by itself."""
    browser = world.stranger()
    browser.sign_in(login)
    return browser


def city_of(submission: Submission) -> str:
    return f"city-{submission.region}"


def owner_of(submission: Submission) -> str:
    return f"hb{submission.organisation_id:04d}"


def act(world: World, submission: Submission, trigger: Trigger, login: str, **data: str) -> None:
    """Fire a trigger past HTTP, on the newest version: to bring the submission where a round begins."""
    with world.app.app_context():
        person = db.session.scalars(select(Person).where(Person.login == login)).one()
        version = db.session.scalars(select(Submission.version).where(Submission.id == submission.id)).one()
        moving.fire(Firing(submission.public_id, trigger, version, data), origin=Origin(actor_for(person)))


def count(world: World, *conditions: Any) -> int:
    """How many journal entries of things done there are."""
    with world.app.app_context():
        query = select(func.count()).select_from(Entry).where(Entry.result == "done", *conditions)
        return db.session.scalar(query) or 0


def moves_of(world: World, submission: Submission) -> int:
    return count(world, Entry.submission_id == submission.id, Entry.state_to.is_not(None))


def address_of(submission: Submission, *parts: str) -> str:
    return "/".join((f"/submissions/{submission.public_id}", *parts))


def comment_on(world: World, submission: Submission) -> None:
    answer = world.city(submission).post(address_of(submission, "indicators/1/comments"), {"body": "请补充"})
    assert answer.status_code == 303


def attach_scan(world: World, submission: Submission) -> None:
    """The sealed page's scan, unless one is there."""
    with world.app.app_context():
        live = select(Attachment.id).where(
            Attachment.submission_id == submission.id,
            Attachment.field == "city_seal",
            Attachment.removed_at.is_(None),
        )
        if db.session.scalar(live) is not None:
            return
    data = {"version": world.now(submission).version, "field": "city_seal", "file": (io.BytesIO(PDF), "盖章.pdf")}
    assert world.city(submission).post(address_of(submission, "attachments"), data).status_code == 303


def approval(version: int, *, scan: bool = False, **more: str) -> dict[str, Any]:
    """The form of an approval, filled in."""
    data: dict[str, Any] = {"version": version, "opinion": "同意", "seal_date": today().isoformat(), **more}
    return data | ({"seal_scan": (io.BytesIO(PDF), "盖章.pdf")} if scan else {})


def test_approve_and_return_at_once_let_exactly_one_win(world: World) -> None:
    """C03: HBREVIEW_ROUNDS rounds; one winner, a 409 for the other, one journal entry for both."""
    submission = world.submission("submitted")
    city = city_of(submission)
    first, second = browser_for(world, city), browser_for(world, city)
    comment_on(world, submission)
    won = {State.CITY_REVIEWED: 0, State.DRAFT: 0}

    for number in range(ROUNDS):
        attach_scan(world, submission)
        version, moves = world.now(submission).version, moves_of(world, submission)
        requests: list[Request] = [
            lambda: first.post(address_of(submission, "approve"), approval(version)),  # noqa: B023 - called before the loop goes on
            lambda: second.post(address_of(submission, "return"), {"version": version, "reason": "请补充"}),  # noqa: B023 - called before the loop goes on
        ]
        answers = at_once(*requests) if number % 2 else at_once(*reversed(requests))[::-1]

        assert sorted(answer.status_code for answer in answers) == [303, 409]
        state = world.now(submission).state
        assert state is (State.CITY_REVIEWED if answers[0].status_code == 303 else State.DRAFT)
        assert world.now(submission).version == version + 1
        assert moves_of(world, submission) == moves + 1
        won[state] += 1
        if state is State.DRAFT:
            act(world, submission, Trigger.SUBMIT, owner_of(submission), declared="1")
        else:
            act(world, submission, Trigger.SEND_BACK, "province", reason="再看")

    assert sum(won.values()) == ROUNDS
    assert world.faults() == []


def test_withdraw_and_approve_at_once_bind_the_version_on_the_screen(world: World) -> None:
    """C04: the scan comes with the approval, so that the city has not acted before."""
    submission = world.submission("submitted")
    enterprise, city = browser_for(world, owner_of(submission)), browser_for(world, city_of(submission))
    comment_on(world, submission)

    for _round in range(max(ROUNDS // 3, 5)):
        act(world, submission, Trigger.RETURN, city_of(submission), reason="请补充")
        act(world, submission, Trigger.SUBMIT, owner_of(submission), declared="1")
        version, moves = world.now(submission).version, moves_of(world, submission)

        answers = at_once(
            lambda: enterprise.post(address_of(submission, "withdraw"), {"version": version}),  # noqa: B023 - called before the loop goes on
            lambda: city.post(address_of(submission, "approve"), approval(version, scan=True)),  # noqa: B023 - called before the loop goes on
        )

        assert sorted(answer.status_code for answer in answers) == [303, 409]
        state = world.now(submission).state
        assert state is (State.DRAFT if answers[0].status_code == 303 else State.CITY_REVIEWED)
        assert moves_of(world, submission) == moves + 1
        if state is State.CITY_REVIEWED:
            act(world, submission, Trigger.SEND_BACK, "province", reason="再看")
        else:
            act(world, submission, Trigger.SUBMIT, owner_of(submission), declared="1")
    assert world.faults() == []


def test_approve_of_a_form_that_was_withdrawn_and_resubmitted_is_refused(world: World) -> None:
    """C04: what was on the reviewer's screen is another version, though the state is the same again."""
    submission = world.submission("submitted")
    version = world.now(submission).version
    act(world, submission, Trigger.WITHDRAW, owner_of(submission))
    act(world, submission, Trigger.SUBMIT, owner_of(submission), declared="1")
    moves = moves_of(world, submission)

    answer = world.city(submission).post(address_of(submission, "approve"), approval(version, scan=True))

    assert answer.status_code == 409
    assert moves_of(world, submission) == moves
    assert world.now(submission).state is State.SUBMITTED


def test_two_comments_on_the_same_thread_version_keep_one_and_show_both(world: World) -> None:
    """C01."""
    submission = world.submission("submitted")
    city = city_of(submission)
    browsers = [browser_for(world, city), browser_for(world, city)]
    address = address_of(submission, "indicators/2/comments")

    for number in range(5):
        texts = [f"甲的意见{number}" * 20, f"乙的意见{number}" * 20]
        answers = at_once(
            lambda: browsers[0].post(address, {"version": number, "body": texts[0]}),  # noqa: B023 - called before the loop goes on
            lambda: browsers[1].post(address, {"version": number, "body": texts[1]}),  # noqa: B023 - called before the loop goes on
        )

        assert sorted(answer.status_code for answer in answers) == [303, 409]
        refused = next(answer for answer in answers if answer.status_code == 409).get_data(as_text=True)
        assert all(text in refused for text in texts)
        winner = texts[[answer.status_code for answer in answers].index(303)]
        with world.app.app_context():
            query = select(Comment.body).where(Comment.submission_id == submission.id, Comment.indicator == 2)
            assert list(db.session.scalars(query.order_by(Comment.id)))[number:] == [winner]


def test_comments_on_two_indicators_at_once_are_both_kept(world: World) -> None:
    """C02."""
    submission = world.submission("submitted")
    city = city_of(submission)
    browsers = [browser_for(world, city), browser_for(world, city)]

    answers = at_once(
        lambda: browsers[0].post(address_of(submission, "indicators/2/comments"), {"version": 0, "body": "甲"}),
        lambda: browsers[1].post(address_of(submission, "indicators/3/comments"), {"version": 0, "body": "乙"}),
    )

    assert [answer.status_code for answer in answers] == [303, 303]
    assert world.faults() == []


def _submit(world: World) -> tuple[Submission, str, str, Callable[[], dict[str, Any]]]:
    submission = world.submission("returned")
    version = world.now(submission).version
    return submission, owner_of(submission), "submit", lambda: {"version": version, "declared": "1"}


def _approve(world: World) -> tuple[Submission, str, str, Callable[[], dict[str, Any]]]:
    submission = world.submission("submitted")
    attach_scan(world, submission)
    version = world.now(submission).version
    return submission, city_of(submission), "approve", lambda: approval(version)


def _comment(world: World) -> tuple[Submission, str, str, Callable[[], dict[str, Any]]]:
    submission = world.submission("submitted")
    return submission, city_of(submission), "indicators/3/comments", lambda: {"body": "一次", "version": "0"}


def _comment_anyway(world: World) -> tuple[Submission, str, str, Callable[[], dict[str, Any]]]:
    submission = world.submission("submitted")
    return submission, city_of(submission), "indicators/3/comments", lambda: {"body": "一次"}


def _answers(world: World) -> tuple[Submission, str, str, Callable[[], dict[str, Any]]]:
    submission = world.submission("returned")
    version = world.now(submission).version
    return submission, owner_of(submission), "answers", lambda: {"version": version, "organization_name": "改名公司"}


def _attachment(world: World) -> tuple[Submission, str, str, Callable[[], dict[str, Any]]]:
    submission = world.submission("returned")
    version = world.now(submission).version

    def data() -> dict[str, Any]:
        return {"version": version, "field": "organization_seal", "file": (io.BytesIO(PDF), "一次.pdf")}

    return submission, owner_of(submission), "attachments", data


KEYED = [_submit, _approve, _comment, _comment_anyway, _answers, _attachment]


@pytest.mark.parametrize("case", KEYED)
def test_same_request_twice_with_one_key_has_one_effect_and_one_answer(world: World, case: Any) -> None:
    """C05: in parallel, and once more after the answer was lost."""
    submission, login, path, data = case(world)
    browsers = [browser_for(world, login), browser_for(world, login)]
    address, done = address_of(submission, path), count(world, Entry.submission_id == submission.id)

    def send(browser: Browser) -> TestResponse:
        return browser.post(address, {**data(), "request_key": "one-time"})

    answers = at_once(lambda: send(browsers[0]), lambda: send(browsers[1]))
    answers.append(send(browsers[0]))

    assert [answer.status_code for answer in answers] == [303] * 3
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert count(world, Entry.submission_id == submission.id) == done + 1
    assert world.faults() == []


def test_approval_with_its_scan_sent_again_with_one_key_gives_the_same_answer(world: World) -> None:
    """C05: the file that came along is not attached a second time."""
    submission = world.submission("submitted")
    version, city = world.now(submission).version, world.city(submission)
    address = address_of(submission, "approve")

    answers = [city.post(address, approval(version, scan=True, request_key="one-time")) for _time in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert world.now(submission).version == version + 2
    assert world.now(submission).state is State.CITY_REVIEWED
    assert world.faults() == []


@pytest.mark.parametrize(
    ("case", "other"),
    [
        (_approve, {"opinion": "不同的意见"}),
        (_comment, {"body": "另一次"}),
        (_comment_anyway, {"body": "另一次"}),
        (_answers, {"organization_name": "另一公司"}),
    ],
)
def test_same_key_with_another_body_is_refused(world: World, case: Any, other: dict[str, str]) -> None:
    """C06: neither the new effect nor the first answer."""
    submission, login, path, data = case(world)
    browser, address = world.browser(login), address_of(submission, path)
    assert browser.post(address, {**data(), "request_key": "one-time"}).status_code == 303
    done, version = count(world, Entry.submission_id == submission.id), world.now(submission).version

    answer = browser.post(address, {**data(), **other, "request_key": "one-time"})

    assert answer.status_code == 422
    assert count(world, Entry.submission_id == submission.id) == done
    assert world.now(submission).version == version


def test_same_key_of_another_person_is_that_persons_own(world: World) -> None:
    """C06: a key says nothing across people."""
    submission = world.submission("submitted")
    address = address_of(submission, "indicators/3/comments")
    for browser in (world.city(submission), world.browser("province")):
        assert browser.post(address, {"body": "各说各的", "request_key": "one-time"}).status_code == 303

    with world.app.app_context():
        query = select(Comment.person_id).where(Comment.submission_id == submission.id, Comment.indicator == 3)
        assert len(set(db.session.scalars(query))) == 2


BAD_VERSIONS = (None, "", " ", "-1", "0", "+1", "1.0", "1e3", "abc", "１", "1 OR 1=1", "9" * 30, "999999999")


def _refuses_bad_versions(world: World, browser: Browser, address: str, data: Callable[[], dict[str, Any]]) -> None:
    before = {name: rows for name, rows in world.dump().items() if not name.startswith("journal")}
    for version in BAD_VERSIONS:
        sent = data() | ({} if version is None else {"version": version})
        assert browser.post(address, sent).status_code == 400, (address, version)
    assert {name: rows for name, rows in world.dump().items() if not name.startswith("journal")} == before


def test_trigger_without_a_right_version_is_malformed_and_changes_nothing(world: World) -> None:
    """C07: every trigger, by who may fire it, from the state in which it would move."""
    for trigger in Trigger:
        step = BY_TRIGGER[trigger]
        submission = world.submission("returned" if step.source is State.DRAFT else step.source.value)
        own = {"enterprise": owner_of(submission), "city": city_of(submission)}
        role = sorted(step.roles)[0].value
        filled = {"declared": "1", "reason": "有理由", "opinion": "同意", "seal_date": today().isoformat()}

        browser = world.browser(own.get(role, role))
        _refuses_bad_versions(world, browser, address_of(submission, trigger.value), lambda: dict(filled))  # noqa: B023 - called before the loop goes on
        assert world.now(submission).state is step.source


def test_approval_with_a_scan_and_without_a_right_version_keeps_no_scan(world: World) -> None:
    """C07: the file that comes along is no way around."""
    submission = world.submission("submitted")
    filled = {"opinion": "同意", "seal_date": today().isoformat()}

    def data() -> dict[str, Any]:
        return {**filled, "seal_scan": (io.BytesIO(PDF), "盖章.pdf")}

    _refuses_bad_versions(world, world.city(submission), address_of(submission, "approve"), data)


def test_writing_without_a_right_version_is_malformed_and_changes_nothing(world: World) -> None:
    """C07: answers, attachments, audit record, score sheet, and their removal and hand-in."""
    draft, approved, audited = (world.submission(state) for state in ("returned", "city_reviewed", "audited"))
    enterprise = world.enterprise(draft)
    with world.app.app_context():
        file = db.session.scalar(select(Attachment.public_id).where(Attachment.submission_id == draft.id).limit(1))
        sheet = db.session.scalar(select(ScoreSheet.public_id).where(ScoreSheet.submission_id == audited.id).limit(1))

    def upload() -> dict[str, Any]:
        return {"field": "organization_seal", "file": (io.BytesIO(PDF), "新.pdf")}

    cases: list[tuple[Browser, str, Callable[[], dict[str, Any]]]] = [
        (enterprise, address_of(draft, "answers"), lambda: {"organization_name": "改名公司"}),
        (enterprise, address_of(draft, "attachments"), upload),
        (enterprise, f"/attachments/{file}/remove", dict),
        (world.browser("auditor"), address_of(approved, "audit-record"), lambda: {"audit_firm_name": "某所"}),
        (world.browser("expert"), address_of(audited, "score-sheet"), lambda: {"points-1": "1"}),
        (world.browser("expert"), f"/score-sheets/{sheet}/hand-in", dict),
        (world.browser("expert"), f"/score-sheets/{sheet}/hand-in", lambda: {"points-1": "1"}),
    ]
    for browser, address, data in cases:
        _refuses_bad_versions(world, browser, address, data)
