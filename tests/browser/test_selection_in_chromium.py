"""Many at once in a real browser: how far it is shows, a lost answer costs nothing, and it can be stopped."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Response, request

from hbreview.clock import today
from hbreview.words import State
from tests.browser.conftest import Live
from tests.desks.selections import CITY, OPINION, done_since, gather, last_entry

STOP_AT_ONCE = """() => new MutationObserver(() => {
  const stop = document.querySelector('.selection-stage button');
  if (stop) { stop.click(); }
}).observe(document.querySelector('main'), { childList: true, subtree: true })"""


@pytest.fixture
def losing(live: Live) -> set[int]:
    """The numbers of the answers of the selection's address that get lost on their way, although all was done."""
    lost: set[int] = set()
    counted = [0]

    def lose(response: Response) -> Response:
        if request.path == "/selection":
            counted[0] += 1
            if counted[0] in lost:
                response.status_code = 502
                response.set_data(b"")
        return response

    live.world.app.after_request(lose)
    return lost


def choose_all(page: Any, live: Live) -> None:
    page.goto(live.url("/submissions"))
    for box in page.locator("input[name=row]").all():
        box.check()


def run(page: Any, what: str) -> str:
    """Press the button and wait until the run is over; what is said then."""
    page.locator(f"button[name=do][value={what}]").first.click()
    page.locator(".selection-stage").wait_for()
    page.locator(".selection-stage button").wait_for(state="detached")
    return str(page.locator(".selection-live").inner_text())


def test_reminders_go_group_by_group_and_a_lost_answer_costs_nothing(
    live: Live, signed_in: Callable[..., Any], losing: set[int]
) -> None:
    drafts = gather(live.world, 10, state=State.DRAFT)
    before = last_entry(live.world)
    page = signed_in(f"city-{CITY}", width=360)
    choose_all(page, live)
    assert page.locator(".selection-count").inner_text().endswith("10")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    losing.add(2)
    said = run(page, "remind")
    assert "4" in said
    assert "10" in said
    assert page.locator(".selection-report li").count() == 4
    assert page.locator("input[name=row]:checked").count() == 6
    # Four of these six were reminded by the request whose answer was lost.
    run(page, "remind")
    assert page.locator(".selection-report li[data-done='1']").count() == 6
    assert page.evaluate("document.querySelector('.selection-stage progress').value") == 6
    assert page.locator("input[name=row]:checked").count() == 0
    assert sorted(done_since(live.world, before, "remind")) == sorted(one.id for one in drafts)


def test_approving_is_looked_at_first_and_can_be_stopped(live: Live, signed_in: Callable[..., Any]) -> None:
    chosen = gather(live.world, 9)
    page = signed_in(f"city-{CITY}")
    choose_all(page, live)
    page.locator("#selection button[value=ask]").click()
    page.locator("#in-opinion").wait_for()
    assert {live.world.now(one).state for one in chosen} == {State.SUBMITTED}
    page.fill("#in-opinion", OPINION)
    page.fill("#in-seal_date", today().isoformat())
    page.evaluate(STOP_AT_ONCE)
    run(page, "approve")
    assert page.locator(".selection-report li").count() == 4
    assert page.locator("input[name=row]:checked").count() == 5
    assert [live.world.now(one).state for one in chosen].count(State.CITY_REVIEWED) == 4
    run(page, "approve")
    assert page.locator("input[name=row]:checked").count() == 1
    # As few as one group go with the page: the answer is the whole report.
    page.locator("button[value=approve]").click()
    page.locator(".selection-counts").wait_for()
    assert {live.world.now(one).state for one in chosen} == {State.CITY_REVIEWED}
