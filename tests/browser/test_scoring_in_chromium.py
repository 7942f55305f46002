"""Scoring in a real browser: saved while typing, kept without a connection, both texts where two windows differ."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from hbreview.extensions import db
from hbreview.model import Score, ScoreSheet

if TYPE_CHECKING:
    from tests.browser.conftest import Live

pytestmark = pytest.mark.browser


def _stands(live: Live) -> dict[int, tuple[str, str]]:
    with live.world.app.app_context():
        mine = select(ScoreSheet.id).where(ScoreSheet.submission_id == live.world.submission("audited").id)
        rows = db.session.scalars(select(Score).where(Score.sheet_id.in_(mine)))
        return {score.indicator: (str(score.points), score.remark) for score in rows}


def _saved(page: Any) -> Any:
    return page.expect_response(lambda response: response.request.method == "POST" and "score-sheet" in response.url)


def _until(page: Any, expression: str) -> None:
    """The page's policy lets no script be waited for by text: it is asked again and again."""
    for _try in range(100):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(expression)


def test_scores_are_saved_while_typing_and_nothing_typed_is_lost(live: Live, signed_in: Callable[..., Any]) -> None:
    page = signed_in("expert", width=360)
    address = live.url(f"/submissions/{live.world.submission('audited').public_id}/score-sheet")
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    with _saved(page):
        page.fill("#in-points-1", "３")
    assert page.locator("#need-1").is_visible()
    with _saved(page):
        page.fill("#in-remark-1", "材料较少")
    _until(page, "document.querySelector('#sheet-state .total b').textContent === '3.0'")
    assert _stands(live) == {1: ("3.0", "材料较少")}
    with _saved(page):
        page.locator("#indicator-4 button[data-take]").click()
    assert _stands(live)[4][0] == page.input_value("#in-points-4")

    # Without a connection: kept over a reload, and sent by itself when it is back.
    page.route("**/score-sheet", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    page.fill("#in-remark-2", "断网时写的")
    _until(page, "Object.values(localStorage).some((text) => text.includes('断网时写的'))")
    page.reload()
    assert page.input_value("#in-remark-2") == "断网时写的"
    page.unroute("**/score-sheet")
    with _saved(page):
        page.evaluate("window.dispatchEvent(new Event('online'))")
    _until(page, "!Object.keys(localStorage).some((name) => name.startsWith('hbreview.unsaved.'))")
    assert _stands(live)[2] == ("None", "断网时写的")

    # A second window: another field merges and is shown; the same field shows both texts, and one is chosen.
    other = page.context.new_page()
    other.goto(address)
    with _saved(other):
        other.fill("#in-points-3", "5")
    with _saved(page):
        page.fill("#in-points-5", "4")
    _until(page, "document.querySelector('#in-points-3').value === '5.0'")
    with _saved(other) as clash:
        other.fill("#in-points-5", "2")
    assert clash.value.status == 409
    other.locator("#note-points-5 button").first.wait_for(state="visible")
    assert "4.0" in other.locator("#note-points-5").inner_text()
    with _saved(other):
        other.locator("#note-points-5 button").first.click()
    _until(other, "!Object.keys(localStorage).some((name) => name.startsWith('hbreview.unsaved.'))")
    assert _stands(live)[5][0] == "2.0"
