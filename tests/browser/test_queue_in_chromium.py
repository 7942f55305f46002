"""The queue in a real browser: a row that somebody else changed comes by itself and takes nothing away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hbreview.acts import reviewing
from tests.acts.test_reviewing import by, hire
from tests.browser.conftest import Live

POLLED = 21_000  # milliseconds: the page asks every twenty seconds


def test_row_that_others_change_stays_chosen_and_keeps_the_focus(live: Live, signed_in: Callable[..., Any]) -> None:
    submission = live.world.submission("submitted")
    hire(live.world, "second", submission.region)
    page = signed_in(f"city-{submission.region}")
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.clock.install()
    page.goto(live.url("/submissions"))
    row = page.locator(f"#row-{submission.public_id}")
    row.locator("input[name=row]").check()
    row.locator("td.who a").first.focus()
    with live.world.app.app_context():
        reviewing.set_flag(submission.public_id, "合同缺页<b>", origin=by(live.world, "second"))
    page.clock.fast_forward(POLLED)
    row.get_by_text("合同缺页<b>").wait_for()
    assert row.locator("input[name=row]").is_checked()
    assert page.evaluate("document.activeElement.closest('tr').id") == f"row-{submission.public_id}"
    assert page.evaluate("document.activeElement.tagName") == "A"
    with live.world.app.app_context():  # the next question goes on from the newer number
        reviewing.set_flag(submission.public_id, "", origin=by(live.world, "second"))
    page.clock.fast_forward(POLLED)
    row.get_by_text("合同缺页<b>").wait_for(state="detached")
    assert row.locator("input[name=row]").is_checked()
    assert faults == []


def test_one_box_chooses_all_rows_and_says_when_only_some_are(live: Live, signed_in: Callable[..., Any]) -> None:
    page = signed_in("city-baoding", width=360)
    page.goto(live.url("/submissions"))
    boxes = page.locator("input[name=row]")
    assert boxes.count() > 1
    boxes.first.check()
    assert page.evaluate("document.getElementById('all-rows').indeterminate")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator("#all-rows").check()
    assert page.locator("input[name=row]:checked").count() == boxes.count()
    page.locator(".filters select[name=sort]").select_option("name")
    page.wait_for_url("**sort=name**")
    page.locator("#all-rows").wait_for(state="visible")  # the list came anew
    assert page.locator("#view-query").input_value().endswith("sort=name")


def test_without_scripts_the_queue_is_a_plain_page(live: Live, signed_in: Callable[..., Any]) -> None:
    page = signed_in("city-baoding", scripts=False, width=360)
    page.goto(live.url("/submissions"))
    assert not page.locator("#all-rows").is_visible()
    page.locator(".filters input[name=q]").fill("zzzz")
    page.locator(".filters button").click()
    assert page.locator("input[name=row]").count() == 0
    page.locator(".views summary").click()
    page.locator("#in-name").fill("空的")
    page.locator(".views button").last.click()
    page.locator(".views .view a", has_text="空的").click()
    assert "q=zzzz" in page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
