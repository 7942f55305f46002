"""The whole desk by keyboard alone, wide and at 360 px, with scripts and without: no mouse, no focus by script."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from hbreview.acts.rehearsing import PASSWORD
from tests.browser.form_hands import address, owner, saving, stored
from tests.browser.keyboard_hands import Keys

if TYPE_CHECKING:
    from tests.browser.conftest import Live

pytestmark = pytest.mark.browser
MOST = 400  # the form has many fields


@pytest.mark.parametrize(
    ("scripts", "width"),
    [(True, 1440), (True, 360), pytest.param(False, 360, marks=pytest.mark.thorough)],
    ids=["wide", "phone", "phone-no-scripts"],
)
def test_the_whole_desk_by_keyboard(live: Live, signed_in: Callable[..., Any], scripts: bool, width: int) -> None:
    """Sign in, open the form, type fields and table, give a remark, mark as mended, review, declare, submit."""
    row = live.world.submission("returned", "base")
    page = signed_in("", width=width, scripts=scripts)
    page.emulate_media(reduced_motion="reduce")
    keys = Keys(page, most=MOST)
    _sign_in(live, page, keys, owner(row))
    keys.to(lambda one: one[2] == "继续填报")
    keys.follow()
    assert page.url.partition("#")[0] == live.url(address(row))
    _mend(page, keys, scripts=scripts)
    _fill_in(page, keys, scripts=scripts)
    _say_why(page, keys, scripts=scripts)
    keys.to_text("核对并提交", key="Shift+Tab")
    keys.follow()
    assert page.url.endswith("/review"), page.url
    keys.to_id("in-declared")
    keys.press("Space")
    assert page.is_checked("#in-declared")
    keys.to_text("提交")
    keys.follow()
    assert live.world.now(row).state == "submitted", page.locator("main").inner_text()[:400]
    kept = stored(live.world, row)
    assert kept["contact_person"] == "王建国"
    assert (kept["service_events_information"], kept["service_people_information"]) == ("41", "4321")
    assert kept["service_events_coaching"] == "42"


def _sign_in(live: Live, page: Any, keys: Keys, login: str) -> None:
    page.goto(live.url("/login?next=/desk"))
    keys.to_id("in-login")
    keys.type_over(login)
    keys.to_id("in-password")
    keys.type_over(PASSWORD)
    keys.follow()
    assert page.url.endswith("/desk")


def _mend(page: Any, keys: Keys, *, scripts: bool) -> None:
    keys.to_text("标记为已整改")
    if scripts:
        with page.expect_response(lambda answer: answer.url.endswith("/mended")):
            keys.press("Enter")
        page.locator("#mend li.mended").wait_for()
        assert keys.now()[2] == "尚未整改", "the focus stays at the button"
    else:
        keys.follow()
    assert page.locator("#mend li.mended").count() == 1


def _fill_in(page: Any, keys: Keys, *, scripts: bool) -> None:
    """A text, then the table: with scripts Enter goes down a row and arrows move; Tab goes along it."""
    keys.to_id("in-contact_person")
    keys.type_over("王建国")
    if scripts:
        with saving(page) as saved:
            keys.press("Enter")
        assert saved.value.status == 200
        assert keys.now()[0] == "in-contact_phone", "Enter goes on to the next field"
    keys.to_id("in-service_events_information")
    keys.type_over("41")
    keys.press("Tab")
    assert keys.now()[0] == "in-service_events_coaching"
    keys.type_over("42")
    if scripts:
        keys.press("Shift+Tab", "Enter")
        assert keys.now()[0] == "in-service_enterprises_information"
        with saving(page):
            keys.press("ArrowDown")
            keys.type_over("4,321")
            keys.press("ArrowUp", "ArrowDown")
        assert keys.now()[0] == "in-service_people_information"
    else:
        keys.to_id("in-service_people_information")
        keys.type_over("4321")


def _say_why(page: Any, keys: Keys, *, scripts: bool) -> None:
    """A figure that does not fit another one asks for a remark; it is typed where it is asked for."""
    keys.to_id("in-base_employment")
    keys.type_over("1")
    if scripts:
        with saving(page):
            keys.press("Tab")
        page.locator("#found-base_employment textarea").wait_for()
    else:
        keys.to(lambda one: one[2] == "保存")
        keys.follow()
    wanting = page.locator("textarea[name^='remark.']").evaluate_all(
        "all => all.filter((one) => !one.value).map((one) => one.id)"
    )
    assert wanting
    for remark in wanting:
        keys.to_id(remark, key="Shift+Tab" if scripts else "Tab")
        keys.type_over("当年一次性支出较多。")
        if scripts:
            with saving(page) as saved:
                keys.press("Tab")
            assert saved.value.status == 200
    if not scripts:
        keys.to(lambda one: one[2] == "保存")
        keys.follow()
