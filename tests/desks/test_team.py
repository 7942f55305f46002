"""The team's part of the review page: by plain forms and as parts, refused in place, and never for who is elsewhere."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from hbreview.clock import now, today
from hbreview.extensions import db
from hbreview.model import CitySetting, Look, Person, Review, Round, SignIn, Submission
from tests.acts.test_reviewing import do, hire, person
from tests.desks.test_query_counts import counting
from tests.worlds import Browser, World

HTMX = {"HX-Request": "true"}
POLLING = {**HTMX, "X-Polling": "1"}
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def here(submission: Submission, tail: str = "") -> str:
    return f"/submissions/{submission.public_id}{tail}"


def text_of(response: TestResponse) -> str:
    return html.unescape(response.get_data(as_text=True))


def review(world: World, submission: Submission) -> Review | None:
    with world.app.app_context():
        return db.session.scalar(select(Review).where(Review.submission_id == submission.id))


def sent(world: World, submission: Submission) -> list[tuple[str, dict[str, str]]]:
    """Each form of the team with something right in it."""
    version = str(world.now(submission).version)
    return [
        ("/assignee", {"assignee": person(world, "second").public_id}),
        ("/tags", {"tags": "急，合同; 复核"}),
        ("/flag", {"flag": "合同<b>缺页"}),
        ("/ticks", {"key": "complete", "ticked": "1", "revision": "1"}),
        ("/second-check", {"version": version}),
    ]


def prepare(world: World, submission: Submission) -> Browser:
    hire(world, "second", submission.region)

    def want(session: Session) -> None:
        session.add(CitySetting(region=submission.region, second_check=True, version=1))

    do(world, want)
    return world.city(submission)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_every_note_by_a_plain_form_and_as_a_part(world: World, headers: dict[str, str]) -> None:
    submission = world.submission("submitted")
    city = prepare(world, submission)
    for address, data in sent(world, submission):
        response = city.post(here(submission, address), data, headers=headers)
        part = "checklist" if address == "/ticks" else "team"
        if headers:
            assert (response.status_code, response.headers.get("HX-Redirect")) == (200, None), address
            assert re.search(rf'^<(div|section)[^>]* id="{part}"', text_of(response), re.M), address
            assert "<html" not in text_of(response)
        else:
            assert (response.status_code, response.headers["Location"]) == (303, here(submission, f"#{part}"))
    page = city.get(here(submission)).get_data(as_text=True)
    assert "急, 合同, 复核" in page
    assert "合同&lt;b&gt;缺页" in page
    assert re.search(r'value="[0-9a-zA-Z]+" selected>second<', page)
    assert 'aria-checked="true"' in page
    kept = review(world, submission)
    assert kept is not None
    assert (kept.ticks, kept.checked_revision, kept.version) == (["complete"], 1, 5)


@only_sqlite
def test_refused_notes_say_why_beside_what_was_typed(world: World) -> None:
    submission = world.submission("submitted")
    city = prepare(world, submission)
    version = str(world.now(submission).version)
    wrong: list[tuple[str, dict[str, str], int]] = [
        ("/tags", {"tags": "长" * 21}, 422),
        ("/flag", {"flag": "长" * 501}, 422),
        ("/assignee", {"assignee": person(world, "province").public_id}, 422),
        ("/ticks", {"key": "complete", "ticked": "1", "revision": "0"}, 409),
        ("/second-check", {"version": str(int(version) - 1)}, 409),
        ("/extend", {"version": version, "last_day": "2030-01-01", "extend_reason": "停电"}, 409),
        ("/remind", {}, 422),
        ("/interest", {"reason": " "}, 422),
    ]
    for address, data, status in wrong:
        for headers in ({}, HTMX) if address != "/interest" else ({},):
            response = city.post(here(submission, address), data, headers=headers)
            assert response.status_code == status, (address, headers)
            assert 'role="alert"' in text_of(response), (address, headers)
    assert "长" * 21 in text_of(city.post(here(submission, "/tags"), {"tags": "长" * 21}, headers=HTMX))
    assert review(world, submission) is None
    for address, data in (("/ticks", {"key": "complete"}), ("/look", {"revision": "x", "sequence": "1"})):
        assert city.post(here(submission, address), data).status_code == 400


@only_sqlite
def test_more_time_and_a_reminder_from_the_page_of_a_draft(world: World) -> None:
    submission = world.submission("returned")
    with world.app.app_context():
        deadline = max(db.session.scalars(select(Round.enterprise_deadline)).one(), today())
    for browser, day in ((world.city(submission), 1), (world.browser("province"), 2)):
        last_day = (deadline + timedelta(day)).isoformat()
        data = {"version": str(world.now(submission).version), "last_day": last_day, "extend_reason": "停电"}
        response = browser.post(here(submission, "/extend"), data)
        assert response.status_code == 303, text_of(response)
        assert str(world.now(submission).extended_to) == last_day
    city = world.city(submission)
    assert f'action="{here(submission, "/remind")}"' in text_of(city.get(here(submission)))
    assert city.post(here(submission, "/remind")).status_code == 303
    again = city.post(here(submission, "/remind"))
    assert (again.status_code, 'role="alert"' in text_of(again)) == (422, True)
    enterprise = world.enterprise(submission)
    assert last_day in text_of(enterprise.get("/notices"))


def test_who_else_is_looking_is_named_for_a_while_and_keeps_no_session_alive(world: World) -> None:
    submission = world.submission("submitted")
    hire(world, "second", submission.region)
    known = person(world, f"city-{submission.region}")

    def give_password(session: Session) -> None:
        session.execute(update(Person).where(Person.login == "second").values(password_hash=known.password_hash))

    do(world, give_password)
    first, second = world.city(submission), world.browser("second")
    data = {"revision": "1", "sequence": "7"}

    def told(browser: Browser) -> str:
        response = browser.post(here(submission, "/look"), data, headers=POLLING)
        assert response.status_code == 200
        return text_of(response)

    with world.app.app_context():
        before = list(db.session.execute(select(SignIn.id, SignIn.seen_at).order_by(SignIn.id)))
    assert "second" not in told(first)
    assert known.name in told(second)
    assert "second" in told(first)
    province = world.browser("province")
    assert "second" in told(province)
    with world.app.app_context():
        assert len(list(db.session.scalars(select(Look)))) == 3
    with time_machine.travel(now() + timedelta(minutes=10), tick=True):
        assert "second" not in told(first)
    with world.app.app_context():
        seen = list(db.session.execute(select(SignIn.id, SignIn.seen_at).order_by(SignIn.id)))
    assert seen[: len(before)] == before


@only_sqlite
def test_notes_take_few_statements(world: World) -> None:
    submission = world.submission("submitted")
    city = prepare(world, submission)
    for address, data in sent(world, submission):
        city.get(here(submission))
        with counting(world) as statements:
            assert city.post(here(submission, address), data, headers=HTMX).status_code == 200
        assert len(statements) <= 14, (address, len(statements), statements)
