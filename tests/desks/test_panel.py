"""The panel sheet: who is apart stands first, drafts of experts stay theirs, and nothing is sent twice."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hbreview.clock import now
from hbreview.extensions import db
from hbreview.model import Person, Round, Score, ScoreSheet, SignIn, Submission
from hbreview.words import State
from tests.acts import sheet_hands as hands
from tests.desks.test_query_counts import count, counting
from tests.worlds import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
POLLED = {"HX-Request": "true", "X-Polling": "1"}
SEEN = re.compile(r'hx-get="([^"]+seen=[0-9a-f]+)"')


def round_id(world: World) -> str:
    with world.app.app_context():
        return db.session.scalars(select(Round.public_id)).one()


def page(world: World, *parts: str) -> str:
    answer = world.browser("province").get("/".join((f"/rounds/{round_id(world)}/panel", *parts)))
    assert answer.status_code == 200
    return html.unescape(answer.get_data(as_text=True))


def polled(text: str) -> str:
    """The address that the page asks by itself."""
    found = SEEN.search(html.unescape(text))
    assert found
    return found.group(1)


def many_on_the_panel(world: World, wanted: int) -> None:
    """So many drafts put to audited, with two sheets each."""

    def work(session: Session) -> None:
        ids = list(session.scalars(select(Submission.id).where(Submission.state == State.DRAFT).limit(wanted)))
        experts = list(session.scalars(select(Person.id).where(Person.login.in_(["expert", "second"]))))
        session.execute(update(Submission).where(Submission.id.in_(ids)).values(state=State.AUDITED))
        for place, submission_id in enumerate(ids):
            for expert_id in experts:
                query = select(ScoreSheet).where(
                    ScoreSheet.submission_id == submission_id, ScoreSheet.expert_id == expert_id
                )
                sheet = session.scalar(query)
                if sheet is None:
                    sheet = ScoreSheet(submission_id=submission_id, expert_id=expert_id, assigned_at=now())
                    session.add(sheet)
                    session.flush()
                sheet.handed_in_at = now()
                session.add(Score(sheet_id=sheet.id, indicator=1, points=Decimal(place % 6), remark="查"))

    hands.do(world, work)


def test_who_is_apart_stands_first_and_says_by_how_much(world: World) -> None:
    near, far = world.submission("audited"), world.submission("audited", "base")
    for submission, share in ((near, "0.75"), (far, "0.5")):
        hands.put_sheet(world, submission, "expert", "0.8")
        hands.put_sheet(world, submission, "second", share)
    hands.put_sheet(world, far, "third", "0.9", handed_in=False)
    text = page(world)
    assert text.index(far.organisation_name) < text.index(near.organisation_name)
    assert text.count("apart-row") == 1
    assert "专家third" in text
    assert text.count('id="further-') == 0  # asked already
    assert world.faults() == []


@only_sqlite
def test_a_further_expert_is_asked_for_by_a_button_where_the_experts_are_apart(world: World) -> None:
    submission = world.submission("audited")
    hands.put_sheet(world, submission, "expert", "0.9")
    hands.put_sheet(world, submission, "second", "0.5")
    for text in (page(world), page(world, submission.public_id)):
        assert text.count(f'action="/submissions/{submission.public_id}/further-expert"') == 1
        assert "apart" in text
    hands.set_round(world, spread="0")
    assert "further-expert" not in page(world)


@only_sqlite
def test_what_an_expert_has_not_handed_in_is_counted_and_not_shown(world: World) -> None:
    submission = world.submission("audited")
    hands.put_sheet(
        world, submission, "expert", "0.8", handed_in=False, points={1: Decimal("1.7")}, remarks={1: "草稿"}
    )
    hands.put_sheet(world, submission, "second", "0.8", points={1: Decimal("1.3")}, remarks={1: "已交<b>"})
    text, one = page(world), page(world, submission.public_id)
    assert "14" in text
    assert "1.7" not in one
    assert "草稿" not in one
    assert "1.3" in one
    assert "已交<b>" in one
    raw = world.browser("province").get(f"/rounds/{round_id(world)}/panel/{submission.public_id}")
    assert b"<b>\xe2" not in raw.data
    assert "已交&lt;b&gt;" in raw.get_data(as_text=True)


@only_sqlite
def test_indicators_that_differ_most_come_first_and_are_marked(world: World) -> None:
    submission = world.submission("audited")
    # Of a weight of 4, 12 and 5: apart by the whole, by a quarter, by a tenth.
    hands.put_sheet(world, submission, "expert", "0.8", points={9: Decimal(4), 4: Decimal(9), 13: Decimal(4)})
    hands.put_sheet(world, submission, "second", "0.8", points={9: Decimal(0), 4: Decimal(6), 13: Decimal("3.5")})
    text = page(world, submission.public_id)
    orders = [int(found) for found in re.findall(r'<span class="order">(\d+)</span>', text)]
    assert orders == [9, 4, 13, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 14]
    assert text.count('<tr class="apart-row">') == 3
    assert "100.0%" in text
    # Where all differ alike, none differs most.
    even = world.submission("audited", "base")
    hands.put_sheet(world, even, "expert", "0.8")
    hands.put_sheet(world, even, "second", "0.6")
    assert '<tr class="apart-row">' not in page(world, even.public_id)
    assert "25.0%" in text
    assert "10.0%" in text


@only_sqlite
def test_how_each_expert_scores_is_told_against_the_others(world: World) -> None:
    """Leniency by hand: 80 against 70 is 5 above the middle; alone scored sheets are not compared."""
    submission = world.submission("audited")
    even = {
        order: Decimal(points) for order, points in enumerate([5, 5, 5, 10, 5, 10, 7, 5, 3, 6, 6, 6, 4, 3], start=1)
    }
    assert sum(even.values()) == 80
    hands.put_sheet(world, submission, "expert", "0", points=even)
    hands.put_sheet(world, submission, "second", "0", points=even | {4: Decimal(0)})
    text = page(world)
    row = re.search(r'<th scope="row">专家second</th>(.*?)</tr>', text)
    assert row
    assert re.findall(r">([^<>]+)</td>", row.group(1)) == ["1", "1", "70.0", "-5.0"]
    assert "+5.0" in text


@only_sqlite
def test_polling_is_answered_only_when_something_changed_and_keeps_no_session_alive(world: World) -> None:
    province, submission = world.browser("province"), world.submission("audited")
    for parts in ((), (submission.public_id,)):
        address = polled(page(world, *parts))
        answer = province.get(address, headers=POLLED)
        assert (answer.status_code, answer.data) == (204, b"")
        # Opened by hand, the same address is the whole page.
        assert b"<html" in province.get(address).data
        hands.put_sheet(world, submission, "expert", "0.7" if parts else "0.6")
        answer = province.get(address, headers=POLLED)
        assert answer.status_code == 200
        assert b"<html" not in answer.data
        assert polled(answer.get_data(as_text=True)) != address
    earlier = now() - timedelta(minutes=5)
    hands.do(world, lambda session: session.execute(update(SignIn).values(seen_at=earlier)))
    with world.app.app_context():
        before = list(db.session.scalars(select(SignIn.seen_at)))
    province.get(polled(page_part(world)), headers=POLLED)
    with world.app.app_context():
        assert list(db.session.scalars(select(SignIn.seen_at))) == before


def page_part(world: World) -> str:
    """The sheet as the page asks for it."""
    answer = world.browser("province").get(f"/rounds/{round_id(world)}/panel", headers=POLLED)
    return answer.get_data(as_text=True)


@only_sqlite
def test_a_change_of_the_rounds_limit_is_news(world: World) -> None:
    address = polled(page(world))
    hands.set_round(world, spread="3")
    assert world.browser("province").get(address, headers=POLLED).status_code == 200


@only_sqlite
@pytest.mark.parametrize("path", ["/rounds/{}/panel", "/rounds/{}/panel/{}"])
def test_panel_is_the_provinces(world: World, path: str) -> None:
    submission = world.submission("audited")
    address = path.format(round_id(world), submission.public_id)
    for login in ("expert", "auditor", "admin", f"city-{submission.region}"):
        assert world.browser(login).get(address).status_code == 403
    assert world.stranger().get(address).status_code == 303
    assert world.browser("province").get(address.replace(round_id(world), "nothing")).status_code == 404


@only_sqlite
def test_what_leaves_the_panel_during_the_meeting_keeps_its_page(world: World) -> None:
    submission = world.submission("audited")
    address = polled(page(world, submission.public_id))
    answer = world.fire(world.browser("province"), submission, "reaudit", reason="审计报告缺页")
    assert answer.status_code == 303
    assert f'id="panel-{submission.public_id}"' not in page(world)
    assert world.browser("province").get(address, headers=POLLED).status_code == 200
    for state in ("draft", "submitted", "city_reviewed"):
        assert "order" in page(world, world.submission(state).public_id)
    answer = world.browser("province").get(f"/rounds/{round_id(world)}/panel/nothing")
    assert answer.status_code == 404


@only_sqlite
def test_panel_takes_the_same_statements_however_many_are_on_it(world: World) -> None:
    province, submission = world.browser("province"), world.submission("audited")
    hands.put_sheet(world, submission, "second", "0.8")
    here = f"/rounds/{round_id(world)}/panel"
    for more in (0, 2, 40):
        many_on_the_panel(world, more)
        assert count(world, province, here) == 6
        assert count(world, province, f"{here}/{submission.public_id}") == 6
        address = polled(page(world))
        with counting(world) as statements:
            assert province.get(address, headers=POLLED).status_code == 204
        assert len(statements) == 5
