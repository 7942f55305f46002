"""On the way to the review nothing that was typed is left behind: it is saved first, or shown with the reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.form_hands import address, has_focus, message, owner, saving, stored, write_and_save

if TYPE_CHECKING:
    from tests.browser.conftest import Live

pytestmark = pytest.mark.browser
READY = "a.ready"


def _form(live: Live, signed_in: Callable[..., Any]) -> tuple[Any, Any]:
    row = live.world.submission("returned")
    page = signed_in(owner(row))
    page.goto(live.url(address(row)))
    return row, page


def test_what_is_typed_and_not_left_yet_is_in_the_review(live: Live, signed_in: Callable[..., Any]) -> None:
    """Typing and pressing at once: the review waits for the save, however slow it is."""
    row, page = _form(live, signed_in)
    page.route("**/answers", lambda route: (page.wait_for_timeout(700), route.continue_()))
    page.locator("#in-contact_person").fill("司马相如")
    page.locator(READY).click()
    page.wait_for_url(lambda url: url.endswith("/review"))
    assert stored(live.world, row)["contact_person"] == "司马相如"
    assert "司马相如" in page.locator("main").inner_text()
    assert page.locator("[data-unsaved-of]").is_hidden()


def test_a_refused_figure_keeps_one_on_the_form(live: Live, signed_in: Callable[..., Any]) -> None:
    """The old figure is not sent in the place of the one that was typed."""
    _row, page = _form(live, signed_in)
    assert write_and_save(page, "total_assets", "2.5亿").status == 422
    # On a busy machine a press may come while the bar above is laid out anew, and miss its link: then once more.
    for _press in range(3):
        page.locator(READY).click()
        assert "未能保存" in message(page)
        assert not page.url.endswith("/review")
        if has_focus(page, "in-total_assets", within=4_000):
            break
    assert has_focus(page, "in-total_assets")
    page.goto(f"{page.url.partition('#')[0]}/review")
    assert page.locator("[data-unsaved-of] b").inner_text() == "1"
    page.go_back()
    with saving(page) as again:
        page.locator("#note-total_assets button").click()  # what was typed is offered again, and refused again
    assert again.value.status == 422
    assert write_and_save(page, "total_assets", "25000").status == 200
    page.locator(READY).click()
    page.wait_for_url(lambda url: url.endswith("/review"))


def test_what_came_too_late_is_offered_and_not_sent_by_itself(live: Live, signed_in: Callable[..., Any]) -> None:
    """Text that a submitted form refused is not put into it when it comes back."""
    row, page = _form(live, signed_in)
    before = stored(live.world, row)["address"]
    assert live.world.fire(live.world.enterprise(row), row, "submit", declared="1").status_code == 303
    assert write_and_save(page, "address", "提交后改").status == 409
    assert live.world.fire(live.world.enterprise(row), row, "withdraw").status_code == 303
    page.goto(live.url(address(row)))
    offered = page.locator("#note-address button")
    offered.wait_for()
    assert page.input_value("#in-address") == before == stored(live.world, row)["address"]
    offered.click()
    page.locator("#note-address .saved").wait_for()
    assert stored(live.world, row)["address"] == "提交后改"
