"""A deputy's authority over another city: from the first day to the last, both named in the journal, told like both."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, update

from hbreview.acts import inviting, standing_in
from hbreview.acts.standing_in import Naming
from hbreview.clock import SHANGHAI, now, today
from hbreview.extensions import db
from hbreview.model import Deputy, Entry, Person, Submission
from hbreview.notices.audience import people_told
from hbreview.words import State
from hbreview.workflow.journal import Deed, Origin
from tests.acts.test_reviewing import by, do, hire, only_sqlite, person
from tests.desks.test_query_counts import count, counting
from tests.notices.addressed import enter, give_addresses
from tests.trust.test_concurrency import address_of, approval
from tests.worlds import Browser, World

COUNTS = re.compile(r'class="counts".*?</p>', re.DOTALL)


def elsewhere(*submissions: Submission) -> str:
    """A reviewer of a city that none of them belongs to."""
    taken = {submission.region for submission in submissions}
    return f"city-{next(key for key in ('baoding', 'tangshan', 'chengde') if key not in taken)}"


def of_another_city(world: World, submission: Submission) -> Submission:
    """A submission of another city."""
    with world.app.app_context():
        query = select(Submission).where(Submission.region != submission.region)
        return db.session.scalars(query.order_by(Submission.id).limit(1)).one()


def deputise(world: World, submission: Submission, deputy: str, first: int = 0, last: int = 0) -> str:
    """The city's reviewer names a deputy from so many days after today to so many; its public id."""
    days = [(today() + timedelta(days)).isoformat() for days in (first, last)]
    origin = by(world, f"city-{submission.region}")
    with world.app.app_context():
        return standing_in.name_deputy(Naming(deputy, *days), origin=origin).target


def signed_in(world: World, login: str) -> Browser:
    browser = world.stranger()
    browser.sign_in(login)
    return browser


def in_sight(browser: Browser, submission: Submission) -> dict[str, bool]:
    """Whether a deputy learns by any way that the submission exists; the ways by their names."""
    home = address_of(submission)

    def answers(path: str = "") -> bool:
        status = browser.client.get(home + path).status_code
        assert status in {200, 404}, path
        return status == 200

    def names_it(path: str) -> bool:
        response = browser.get(path)
        assert response.status_code == 200, path
        return home in response.get_data(as_text=True)

    with browser.client.application.app_context():
        region = elsewhere(submission).removeprefix("city-")
        own = len(db.session.scalars(select(Submission.id).where(Submission.region == region)).all())
    counts = COUNTS.search(browser.get("/submissions").get_data(as_text=True))
    assert counts
    return {
        "page": answers(),
        "history": answers("/history"),
        "form": answers("/form.xlsx"),
        "note": browser.post(home + "/tags", {"tags": str(now().timestamp())}).status_code == 303,
        "rows": names_it("/submissions"),
        "city": names_it(f"/submissions?city={submission.region}"),
        "search": names_it(f"/submissions?q={submission.organisation_name}"),
        "notices": names_it("/notices"),
        "counts": sum(int(number) for number in re.findall(r"<b>(\d+)</b>", counts.group())) != own,
    }


def all_of(found: dict[str, bool]) -> bool:
    """The one answer of every way; they never disagree."""
    assert len(set(found.values())) == 1, found
    return next(iter(found.values()))


def shanghai(day: int, at: time) -> datetime:
    return datetime.combine(today() + timedelta(day), at, SHANGHAI)


def test_authority_begins_and_ends_with_the_days_in_shanghai(world: World) -> None:
    submission = world.submission("submitted")
    deputy = elsewhere(submission)
    enter(world, Deed("flag", submission_id=submission.id), login=f"city-{submission.region}")
    deputise(world, submission, deputy, first=1, last=2)
    last_moment = time(23, 59, 59, 999_999)
    moments = [
        (shanghai(0, last_moment), False),
        (shanghai(1, time()), True),
        (shanghai(2, last_moment), True),
        (shanghai(3, time()), False),
    ]
    assert not all_of(in_sight(signed_in(world, deputy), submission))
    for at, wanted in moments:
        with time_machine.travel(at, tick=False):
            browser = signed_in(world, deputy)
            assert all_of(in_sight(browser, submission)) is wanted, at


@only_sqlite
@pytest.mark.parametrize("how", ["by the reviewer", "by the deputy", "suspended", "moved", "another role"])
def test_authority_ends_at_once_in_the_session_that_is_open(world: World, how: str) -> None:
    submission = world.submission("submitted")
    reviewer, deputy = f"city-{submission.region}", elsewhere(submission)
    enter(world, Deed("flag", submission_id=submission.id), login=reviewer)
    named, browser = deputise(world, submission, deputy, last=5), signed_in(world, deputy)
    assert all_of(in_sight(browser, submission))
    office = Origin(None, "test")
    people = {"moved": {"region": person(world, deputy).region}, "another role": {"role": "province", "region": None}}

    def by_hand() -> None:
        change = update(Person).where(Person.login == reviewer).values(**people[how])
        do(world, lambda session: session.execute(change))

    ends: dict[str, Callable[[], object]] = {
        "by the reviewer": lambda: standing_in.end_deputy(named, origin=by(world, reviewer)),
        "by the deputy": lambda: standing_in.end_deputy(named, origin=by(world, deputy)),
        "suspended": lambda: inviting.suspend(person(world, reviewer).public_id, suspended=True, origin=office),
    }
    with world.app.app_context():
        ends.get(how, by_hand)()
    assert not all_of(in_sight(browser, submission))


@only_sqlite
def test_no_authority_is_handed_on(world: World) -> None:
    """B stands in for A, C stands in for B: C has B's own city and nothing of A's."""
    submission = world.submission("submitted")
    other = of_another_city(world, submission)
    last = elsewhere(submission, other)
    deputise(world, submission, f"city-{other.region}", last=9)
    deputise(world, other, last, last=9)
    assert world.browser(f"city-{other.region}").get(address_of(submission)).status_code == 200
    browser = world.browser(last)
    assert browser.get(address_of(submission)).status_code == 404
    assert browser.get(address_of(other)).status_code == 200


def deeds(world: World, login: str) -> list[tuple[str, str, str]]:
    """Act, scope and whom the person stood in for, of the things that it did to submissions."""
    who = person(world, login).id
    with world.app.app_context():
        query = select(Entry).where(Entry.person_id == who, Entry.submission_id.is_not(None), Entry.result == "done")
        rows = db.session.scalars(query.order_by(Entry.sequence))
        return [(row.act, row.scope, row.data.get("stands_in_for", "")) for row in rows]


def test_what_a_deputy_does_counts_and_names_both(world: World) -> None:
    approved, returned = world.submission("submitted"), world.submission("submitted", "base")
    deputy = elsewhere(approved, returned)
    before = len(deeds(world, deputy))
    for submission in {one.region: one for one in (approved, returned)}.values():
        deputise(world, submission, deputy, last=5)
    browser = signed_in(world, deputy)

    def send(submission: Submission, tail: str, **data: Any) -> None:
        answer = browser.post(address_of(submission, tail), data)
        assert answer.status_code == 303, (tail, answer.get_data(as_text=True)[:3000])

    names = {one.id: person(world, f"city-{one.region}").name for one in (approved, returned)}
    scope = f"region={deputy.removeprefix('city-')}"
    send(approved, "tags", tags="急")
    send(approved, "flag", flag="合同缺页")
    send(returned, "indicators/1/comments", body="请补充")
    send(approved, "approve", **approval(world.now(approved).version, scan=True))
    send(returned, "return", version=world.now(returned).version, reason="佐证材料不全。")
    assert world.now(approved).state is State.CITY_REVIEWED
    assert world.now(returned).state is State.DRAFT
    found = deeds(world, deputy)[before:]
    wanted = {"tag": approved, "flag": approved, "attach": approved, "comment": returned}
    wanted |= {"approve": approved, "return": returned}
    assert {act: (kept, name) for act, kept, name in found} == {
        act: (scope, names[submission.id]) for act, submission in wanted.items()
    }
    assert world.faults() == []


@only_sqlite
def test_own_city_is_acted_for_in_the_own_right(world: World) -> None:
    submission = world.submission("submitted")
    other = of_another_city(world, submission)
    hire(world, "second", submission.region)
    reviewer = f"city-{submission.region}"
    deputise(world, other, reviewer, last=5)
    origin = by(world, "second")
    with world.app.app_context():
        standing_in.name_deputy(Naming(reviewer, today().isoformat(), today().isoformat()), origin=origin)
    browser = signed_in(world, reviewer)
    before = len(deeds(world, reviewer))
    assert browser.post(address_of(submission, "tags"), {"tags": "急"}).status_code == 303
    assert browser.post(address_of(other, "tags"), {"tags": "急"}).status_code == 303
    names = [name for _act, _scope, name in deeds(world, reviewer)[before:]]
    assert names == ["", person(world, f"city-{other.region}").name]


def test_deputy_is_told_what_the_reviewer_is_told_and_no_longer(world: World) -> None:
    submission = world.submission("submitted")
    reviewer, deputy = f"city-{submission.region}", elsewhere(submission)
    hire(world, "second", submission.region)
    give_addresses(world)
    named = deputise(world, submission, deputy, last=1)
    target = person(world, reviewer).public_id

    def told(act: str, *, whom: str = "", login: str = "second") -> set[str]:
        enter(world, Deed(act, target=whom, submission_id=submission.id), login=login)
        with world.app.app_context():
            entry = db.session.scalars(select(Entry).order_by(Entry.sequence.desc()).limit(1)).one()
            return {one.login for one in people_told(db.session(), entry)} & {reviewer, deputy, "second"}

    def listed() -> bool:
        return address_of(submission) in signed_in(world, deputy).get("/notices").get_data(as_text=True)

    for act in ("assign_reviewer", "mention"):
        assert told(act, whom=target) == {reviewer, deputy}
        assert told(act, whom=person(world, "second").public_id, login=reviewer) == {"second"}
    assert told("submit", login=f"hb{submission.organisation_id:04d}") == {reviewer, "second", deputy}
    assert listed()
    with world.app.app_context():
        standing_in.end_deputy(named, origin=by(world, deputy))
    assert told("assign_reviewer", whom=target) == {reviewer}
    assert told("flag") == {reviewer}
    assert not listed()


@only_sqlite
def test_standing_in_costs_no_statement_more(world: World) -> None:
    submission = world.submission("submitted")
    deputy = elsewhere(submission)
    browser, paths = signed_in(world, deputy), ("/submissions", "/notices", "/city")

    def note(where: Submission, tags: str) -> int:
        with counting(world) as statements:
            assert browser.post(address_of(where, "tags"), {"tags": tags}).status_code == 303
        return len(statements)

    before = [count(world, browser, path) for path in paths]
    deputise(world, submission, deputy, last=5)
    page = count(world, browser, address_of(submission))
    assert page == count(world, world.city(submission), address_of(submission))
    note(submission, "一")
    of_deputy = note(submission, "二")
    with world.app.app_context():
        row = db.session.scalars(select(Deputy)).one()
        assert (row.first_day, row.last_day) == (today(), today() + timedelta(5))
    assert [count(world, browser, path) for path in paths] == before
    browser = world.city(submission)
    assert of_deputy == note(submission, "三")
