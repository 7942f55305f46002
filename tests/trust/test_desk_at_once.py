"""The enterprise's desk at the same instant, and at the deadline's second (C04, C06, C14-C16, field cases 8, 10)."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from hbreview.acts import answering, moving
from hbreview.acts.attaching import MOST_PER_FIELD
from hbreview.clock import SHANGHAI
from hbreview.extensions import db
from hbreview.model import Attachment, Round
from hbreview.words import State, Trigger
from tests.trust import desk_hands as hands
from tests.trust.desk_hands import HTMX, only_sqlite, pdf
from tests.trust.test_concurrency import approval, at_once, attach_scan, comment_on
from tests.worlds import Browser, World, open_world

pytestmark = pytest.mark.on_both


def same_session(world: World, browser: Browser) -> Browser:
    """One more window of a browser that is signed in."""
    found = world.stranger()
    cookie = browser.client.get_cookie("hbreview")
    assert cookie is not None
    found.client.set_cookie("hbreview", cookie.value)
    found.token = browser.token
    return found


def test_thirty_uploads_at_once_fill_a_field_and_leave_no_orphan(world: World) -> None:
    """C15: exactly as many as a field takes; each refused one says so, and every file of the store has its row."""
    draft = world.submission("draft")
    first = world.enterprise(draft)
    browsers = [same_session(world, first) for _number in range(30)]
    version = world.now(draft).version

    def upload(browser: Browser, number: int) -> Callable[[], TestResponse]:
        content = pdf(f"第{number}份")
        data = {"version": version, "field": "evidence", "file": (io.BytesIO(content), f"{number}.pdf")}
        return lambda: browser.post(hands.address(draft, "attachments"), data)

    answers = at_once(*(upload(browser, number) for number, browser in enumerate(browsers)))

    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(303), statuses.count(422)) == (MOST_PER_FIELD, 30 - MOST_PER_FIELD)
    refused = next(answer for answer in answers if answer.status_code == 422).get_data(as_text=True)
    assert str(MOST_PER_FIELD) in refused.split('id="messages"', 1)[1][:300]
    rows = hands.live(world, draft, "evidence")
    assert len(rows) == MOST_PER_FIELD
    with world.app.app_context():
        named = set(db.session.scalars(select(Attachment.sha256)))
    assert {path.name for path in hands.store(world)} == named
    assert world.now(draft).version == version + MOST_PER_FIELD
    assert world.faults() == []


def test_replacing_fits_into_a_full_field(world: World) -> None:
    """C15: the new one takes the old one's place; one more does not."""
    draft = world.submission("draft")
    enterprise = world.enterprise(draft)
    files = [(f"{number}.pdf", pdf(str(number))) for number in range(MOST_PER_FIELD + 1)]
    assert hands.send(world, enterprise, draft, *files).status_code == 422
    rows = hands.live(world, draft, "evidence")
    assert len(rows) == MOST_PER_FIELD
    data = {"version": world.now(draft).version, "file": (io.BytesIO(pdf("新")), "新.pdf")}
    assert enterprise.post(f"/attachments/{rows[0].public_id}/replace", data).status_code == 303
    assert len(hands.live(world, draft, "evidence")) == MOST_PER_FIELD
    # The city sees as many as there are (field case 41).
    page = world.city(draft).get(hands.address(draft)).get_data(as_text=True)
    zipped = world.city(draft).client.get(hands.address(draft, "bundle.zip"))
    for row in hands.live(world, draft, "evidence"):
        assert zipped.data.count(row.name.encode()) >= 2
        if row.proves:
            assert row.public_id in page


def test_withdrawing_and_editing_while_the_city_approves_binds_what_was_seen(world: World) -> None:
    """C04: the city approves the revision on its screen, or is told that it is another."""
    submitted = world.submission("submitted")
    enterprise, city = world.enterprise(submitted), world.city(submitted)
    comment_on(world, submitted)
    hands.fire(world, submitted, Trigger.RETURN, f"city-{submitted.region}", reason="请补充")
    for number in range(4):
        hands.fire(world, submitted, Trigger.SUBMIT, hands.owner(submitted), declared="1")
        version, digest = world.now(submitted).version, hands.revisions(world, submitted)[-1].digest

        def mend(version: int = version, number: int = number) -> TestResponse:
            answer = enterprise.post(hands.address(submitted, "withdraw"), {"version": version})
            if answer.status_code == 303:
                data = {"version": world.now(submitted).version, "contact_person": f"改{number}"}
                assert enterprise.post(hands.address(submitted, "answers"), data).status_code == 303
            return answer

        answers = at_once(
            mend,
            lambda: city.post(hands.address(submitted, "approve"), approval(version, scan=True)),  # noqa: B023 - called before the loop goes on
        )
        assert sorted(answer.status_code for answer in answers) == [303, 409]
        if answers[1].status_code == 303:
            assert world.now(submitted).state is State.CITY_REVIEWED
            assert hands.revisions(world, submitted)[-1].digest == digest
            hands.fire(world, submitted, Trigger.SEND_BACK, "province", reason="再看")
            hands.fire(world, submitted, Trigger.RETURN, f"city-{submitted.region}", reason="再看")
        else:
            assert world.now(submitted).state is State.DRAFT
            assert hands.answers(world, submitted)["contact_person"] == f"改{number}"
    assert world.faults() == []


@only_sqlite
def test_an_edit_of_a_submitted_form_is_refused_and_keeps_what_was_typed(world: World) -> None:
    """C04, H10: 409; the sentence, and for a page the typed text."""
    draft = world.submission("draft")
    hands.fill(world, draft)
    hands.give(world, draft, "盖章.pdf", pdf("盖章"), field="organization_seal")
    enterprise = world.enterprise(draft)
    version = world.now(draft).version
    hands.fire(world, draft, Trigger.SUBMIT, hands.owner(draft), declared="1")
    before = hands.kept(world)
    for headers in (None, HTMX):
        data = {"version": version, "contact_person": "晚了的人"}
        answer = enterprise.post(hands.address(draft, "answers"), data, headers=headers)
        assert answer.status_code == 409
        assert "已提交" in answer.get_data(as_text=True)
    assert hands.kept(world) == before


KEYED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("answers", {"contact_person": "甲"}, {"contact_person": "乙"}),
    ("sign-off", {"say": "ask"}, {"say": "sign"}),
    ("take-over", {"take": "address", "value.address": "甲地"}, {"take": "address", "value.address": "乙地"}),
]


@only_sqlite
@pytest.mark.parametrize(("path", "first", "other"), KEYED, ids=[case[0] for case in KEYED])
def test_a_key_covers_one_content_of_one_person(
    world: World, path: str, first: dict[str, Any], other: dict[str, Any]
) -> None:
    """C06: the same again is done once; another content is refused; another person's key is its own."""
    draft = world.submission("draft")
    enterprise, second = world.enterprise(draft), hands.hire(world, draft, "second")
    assert enterprise.post("/desk/second-signature", {"wanted": "1"}).status_code == 303
    version, done = world.now(draft).version, hands.done(world, draft)
    keyed = {"version": version, "request_key": "one-time"}
    for _time in range(2):
        assert enterprise.post(hands.address(draft, path), {**keyed, **first}).status_code == 303
    assert hands.done(world, draft) == done + 1
    assert enterprise.post(hands.address(draft, path), {**keyed, **other}).status_code == 422
    assert hands.done(world, draft) == done + 1
    own = {**keyed, **other, "version": world.now(draft).version}
    assert second.post(hands.address(draft, path), own).status_code == 303
    assert hands.done(world, draft) == done + 2


@only_sqlite
def test_several_files_with_one_key_are_attached_once(world: World) -> None:
    """C05, C06: the answer was lost and the browser sends all three again."""
    draft = world.submission("draft")
    files = [(f"{number}.pdf", pdf(str(number))) for number in range(3)]
    for _time in range(2):
        answer = hands.send(world, world.enterprise(draft), draft, *files, version=1, request_key="one-time")
        assert answer.status_code == 303
    assert [row.name for row in hands.live(world, draft, "evidence")] == ["0.pdf", "1.pdf", "2.pdf"]
    assert world.faults() == []


def deadline(world: World) -> datetime:
    """The first second after the enterprises' last day, in Asia/Shanghai."""
    with world.app.app_context():
        last = db.session.scalars(select(Round.enterprise_deadline)).one()
    return datetime.combine(last, time(), SHANGHAI) + timedelta(days=1)


def test_the_deadline_is_the_servers_second_in_every_process(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """C16, field cases 22 and 23: a second before it goes, from then on it does not; the page opens all the same."""
    draft = world.submission("draft")
    hands.fill(world, draft)
    hands.give(world, draft, "盖章.pdf", pdf("盖章"), field="organization_seal")
    over = deadline(world)
    with open_world(world.app.config["SQLALCHEMY_DATABASE_URI"], world.app.config["SETTINGS"].instance) as other:
        for number, process in enumerate((world, other)):
            hands.stop_clock(monkeypatch, over - timedelta(microseconds=1))
            intime = process.stranger()
            intime.sign_in(hands.owner(draft))
            assert process.fire(intime, draft, "submit", declared="1").status_code == 303
            assert process.fire(intime, draft, "withdraw").status_code == 303
            for late in (timedelta(), timedelta(seconds=1), timedelta(days=1)):
                hands.stop_clock(monkeypatch, over + late)
                browser = process.stranger()
                browser.sign_in(hands.owner(draft))
                answer = process.fire(browser, draft, "submit", declared="1")
                assert answer.status_code == 422, (number, late)
                assert (over - timedelta(days=1)).date().isoformat() in answer.get_data(as_text=True)
                for path in ("", "review", "history", "form.pdf", "form.docx", "bundle.zip"):
                    assert browser.client.get(hands.address(draft, path).rstrip("/")).status_code == 200
                assert browser.get("/desk").status_code == 200
    assert world.now(draft).state is State.DRAFT


@only_sqlite
def test_every_desk_opens_before_at_and_after_each_deadline(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Field case 23: no blank page for anybody."""
    submitted = world.submission("submitted")
    over = deadline(world)
    for moment in (over - timedelta(seconds=1), over, over + timedelta(days=17), over + timedelta(days=60)):
        hands.stop_clock(monkeypatch, moment)
        for login in (hands.owner(submitted), f"city-{submitted.region}", "auditor", "expert", "province"):
            browser = world.stranger()
            browser.sign_in(login)
            assert browser.get(hands.address(submitted)).status_code == 200, login
            assert browser.client.get("/", follow_redirects=True).status_code == 200, login


@only_sqlite
def test_opening_a_draft_again_makes_no_other(world: World) -> None:
    """Field case 8."""
    draft = world.submission("draft")
    enterprise, before = world.enterprise(draft), hands.kept(world)
    for _time in range(5):
        for path in ("/desk", hands.address(draft), hands.address(draft, "review")):
            assert enterprise.get(path).status_code == 200
    assert hands.kept(world) == before


def test_a_busy_database_says_so_and_nothing_typed_is_lost(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Field case 10: 503 with a sentence, Retry-After, and nothing done; the next try goes."""
    draft = world.submission("draft")
    hands.fill(world, draft)
    hands.give(world, draft, "盖章.pdf", pdf("盖章"), field="organization_seal")
    enterprise = world.enterprise(draft)
    before = hands.kept(world)

    def busy(*_given: object, **_more: object) -> Any:
        raise OperationalError("UPDATE submissions", {}, Exception("database is locked"))

    with monkeypatch.context() as patched:
        patched.setattr(answering, "write", busy)
        patched.setitem(moving._CONSEQUENCES, Trigger.SUBMIT, busy)
        for path, data in (("answers", {"contact_person": "待存"}), ("submit", {"declared": "1"})):
            for headers in (None, HTMX):
                given: dict[str, Any] = {"version": world.now(draft).version, **data}
                answer = enterprise.post(hands.address(draft, path), given, headers=headers)
                assert answer.status_code == 503
                assert answer.headers["Retry-After"]
                assert "稍后" in answer.get_data(as_text=True)
                assert "locked" not in answer.get_data(as_text=True)
                if headers:
                    assert answer.headers["HX-Retarget"] == "#messages"
    assert hands.kept(world) == before
    later: dict[str, Any] = {"version": world.now(draft).version, "contact_person": "待存"}
    assert enterprise.post(hands.address(draft, "answers"), later).status_code == 303
    assert world.fire(enterprise, draft, "submit", declared="1").status_code == 303


@only_sqlite
def test_an_approval_after_an_edit_is_refused_by_its_version(world: World) -> None:
    """C04: the scan attached by somebody else meanwhile makes it another version, too."""
    submitted = world.submission("submitted")
    version = world.now(submitted).version
    attach_scan(world, submitted)
    city = world.city(submitted)
    assert city.post(hands.address(submitted, "approve"), approval(version)).status_code == 409
    assert world.now(submitted).state is State.SUBMITTED
