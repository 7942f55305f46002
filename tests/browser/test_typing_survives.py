"""Nothing that was typed is lost: ended sessions, lost connections, failing servers, second tabs (H06, H08, H10)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from hbreview import clock
from hbreview.acts.rehearsing import PAPER, PASSWORD
from hbreview.extensions import db
from hbreview.model import Attachment, Comment, SignIn, Submission
from tests.browser.form_hands import KEPT, address, change, message, owner, saving, stored, write, write_and_save

if TYPE_CHECKING:
    from tests.browser.conftest import Live

pytestmark = pytest.mark.browser
SCAN = {"name": "台账.pdf", "mimeType": "application/pdf", "buffer": PAPER}
FOREIGN = "<!doctype html><form id='evil'><h1>502 from somewhere before us</h1></form>"


def _end(live: Live, page: Any, how: str) -> None:
    """End the session: on the server, or with the cookie and the CSRF token in it."""
    if how == "cookie":
        page.context.clear_cookies()
        return
    change(live.world, update(SignIn).values(ended_at=clock.now()))


def _at_the_door(live: Live, page: Any, submission: Submission) -> None:
    """The browser stands at the sign-in page; after signing in it is back at the form."""
    page.wait_for_url(lambda url: "/login" in url)
    assert not page.get_by_text("已保存").count()
    page.fill("#in-login", owner(submission))
    page.fill("#in-password", PASSWORD)
    page.click("main button.btn-primary")
    page.wait_for_url(lambda url: url.partition("#")[0] == live.url(address(submission)))
    page.wait_for_load_state("networkidle")  # an answer that is still under way would bring the cookie back


@pytest.mark.parametrize("how", ["server", "cookie"])
def test_an_ended_session_leads_to_the_door_and_back_to_what_was_typed(
    live: Live, signed_in: Callable[..., Any], how: str
) -> None:
    """Autosave, upload and mending after the session's end: nothing is said to be saved, nothing is lost (H08)."""
    row = live.world.submission("returned", "base")
    page = signed_in(owner(row))
    # What the page asks by itself would bring the cookie back that is taken away here.
    page.route(re.compile("/presence$|/notices/unread$"), lambda route: route.fulfill(status=204))
    page.goto(live.url(address(row)), wait_until="networkidle")
    _end(live, page, how)
    write(page, "contact_person", "欧阳小明")
    _at_the_door(live, page, row)
    page.locator("#note-contact_person .saved").wait_for()
    assert stored(live.world, row)["contact_person"] == "欧阳小明"

    _end(live, page, how)
    page.locator("#in-address").fill("裕华路１号")
    page.set_input_files("#file-evidence", SCAN)
    _at_the_door(live, page, row)
    page.locator("#note-address .saved").wait_for()
    assert page.input_value("#in-address") == stored(live.world, row)["address"]
    assert not page.locator("#files-evidence .files li").count()

    _end(live, page, how)
    page.click("#mend li button")
    _at_the_door(live, page, row)
    assert not page.locator("#mend li.mended").count()
    with live.world.app.app_context():
        assert set(db.session.scalars(select(Comment.mended_at))) == {None}
        assert not db.session.scalars(select(Attachment).filter_by(submission_id=row.id, field="evidence")).all()
    assert page.evaluate(KEPT) == ""


def test_a_lost_connection_loses_nothing(live: Live, signed_in: Callable[..., Any]) -> None:
    """Three fields typed offline are all saved as soon as the connection is back, in one request."""
    row = live.world.submission("draft")
    page = signed_in(owner(row))
    page.goto(live.url(address(row)))
    page.context.set_offline(True)
    typed = {"contact_person": "赵小丽", "address": "中山东路９号", "employees": "１,２００"}
    for key, text in typed.items():
        write(page, key, text)
    assert "浏览器" in message(page, "浏览器")
    for key, text in typed.items():
        assert page.input_value(f"#in-{key}") == text
    page.wait_for_timeout(50)
    sent: list[str] = []
    page.on("response", lambda answer: sent.append(answer.url) if answer.url.endswith("/answers") else None)
    page.context.set_offline(False)
    for key in typed:
        page.locator(f"#note-{key} .saved").wait_for()
    assert len(sent) == 1
    kept = stored(live.world, row)
    assert (kept["contact_person"], kept["employees"]) == ("赵小丽", "1200")
    assert page.evaluate(KEPT) == ""


def test_a_reload_without_a_connection_loses_nothing(live: Live, signed_in: Callable[..., Any]) -> None:
    """Typed offline, the page gone; on the next visit the text is back in its field and is saved."""
    row = live.world.submission("draft")
    page = signed_in(owner(row))
    page.goto(live.url(address(row)))
    page.context.set_offline(True)
    for key, text in {"contact_person": "钱多多", "email": "qian@example.cn", "employees": "七十"}.items():
        write(page, key, text)
    with pytest.raises(Exception, match="ERR_INTERNET_DISCONNECTED"):
        page.reload()
    page.context.set_offline(False)
    page = page.context.new_page()  # the other one may come back by itself, which is as good
    with saving(page):
        page.goto(live.url(address(row)))
    page.locator("#note-employees .problem").wait_for()
    page.wait_for_function(f"() => !({KEPT})().includes('qian')")
    kept = stored(live.world, row)
    assert (kept["contact_person"], kept["email"]) == ("钱多多", "qian@example.cn")
    assert page.input_value("#in-employees") == "七十", "what does not fit stays in its field, with why"


STATUSES = (400, 403, 404, 413, 429, 500, 503, "timeout", "dropped")


@pytest.mark.thorough
def test_an_answer_that_is_none_shows_a_message_and_keeps_everything(live: Live, signed_in: Callable[..., Any]) -> None:
    """For an autosave and an upload: a message, no page of somebody else's in ours, and a way to try again (H10)."""
    row = live.world.submission("draft")
    page = signed_in(owner(row))
    page.goto(live.url(address(row)))
    for number, status in enumerate(STATUSES):
        text = f"孙小美{number}"
        _fail(page, status)
        write(page, "contact_person", text)
        assert message(page), status
        assert page.input_value("#in-contact_person") == text, status
        assert text in page.evaluate(KEPT), status
        page.evaluate("document.getElementById('messages').textContent = ''")
        page.set_input_files("#file-evidence", SCAN)
        assert message(page), status
        assert not page.get_by_text("from somewhere").count(), status
        assert page.locator("#files-evidence .files li").count() == number, status
        button = page.locator("#files-evidence button[form=upload-evidence]")
        button.wait_for()
        assert not page.locator("#note-contact_person .saved").count(), status
        page.unroute("**/attachments")
        page.unroute("**/answers")
        page.evaluate("htmx.config.timeout = 0")
        button.click()
        page.locator("#files-evidence .files li").nth(number).wait_for()
        write(page, "address", f"和平路{number}号")
        page.locator("#note-contact_person .saved").wait_for()
        assert stored(live.world, row)["contact_person"] == text, status
        page.evaluate("document.querySelector('#note-contact_person .saved').remove()")


def _fail(page: Any, status: int | str) -> None:
    """Saves and uploads are answered like this from now on."""

    def answer(route: Any) -> None:
        if status == "dropped":
            route.abort("connectionreset")
        elif status != "timeout":
            route.fulfill(status=status, content_type="text/html", body=FOREIGN)

    page.evaluate("document.getElementById('messages').textContent = ''; htmx.config.timeout = 300")
    page.route("**/answers", answer)
    page.route("**/attachments", answer)


def test_what_is_refused_or_stale_keeps_what_was_typed(live: Live, signed_in: Callable[..., Any]) -> None:
    """422 and 409 of the server itself: beside the field, with the text kept, said in the live region (H10)."""
    row = live.world.submission("draft")
    page = signed_in(owner(row))
    page.goto(live.url(address(row)))
    assert write_and_save(page, "employees", "十二个").status == 422
    assert "未能保存" in message(page)
    page.set_input_files("#file-evidence", {"name": "说明.exe", "mimeType": "application/pdf", "buffer": b"MZ"})
    page.locator("#files-evidence .problem").filter(has_text="说明.exe").wait_for()
    assert page.input_value("#in-employees") == "十二个"
    assert write_and_save(page, "contact_person", "一").status == 200
    assert write_and_save(page, "contact_person", "一二").status == 200, "a refused field makes no other one stale"


def test_a_server_that_fails_is_asked_again(live: Live, signed_in: Callable[..., Any]) -> None:
    """After a 503 the page tries again by itself, and the field is saved."""
    row = live.world.submission("draft")
    page = signed_in(owner(row))
    page.clock.install()
    page.goto(live.url(address(row)))
    page.route("**/answers", lambda route: route.fulfill(status=503, body=FOREIGN), times=1)
    write(page, "contact_person", "李再试")
    message(page)
    page.clock.fast_forward(11_000)
    page.locator("#note-contact_person .saved").wait_for()
    assert stored(live.world, row)["contact_person"] == "李再试"


def test_two_tabs_lose_nothing_of_each_other(live: Live, signed_in: Callable[..., Any]) -> None:
    """The same field in a stale tab: theirs and yours, and both ways out; another field is simply saved (C04)."""
    row = live.world.submission("draft")
    first = signed_in(owner(row))
    first.goto(live.url(address(row)))
    second = first.context.new_page()
    second.goto(live.url(address(row)))
    assert write_and_save(first, "contact_person", "甲写的").status == 200
    assert write_and_save(first, "employees", "88").status == 200

    answer = write_and_save(second, "email", "b@example.cn")
    assert answer.status == 200
    second.wait_for_function("() => document.getElementById('in-contact_person').value === '甲写的'")
    assert second.input_value("#in-employees") == "88", "what a colleague changed comes along"

    assert write_and_save(first, "contact_person", "甲又写").status == 200
    answer = write_and_save(second, "contact_person", "乙写的")
    assert answer.status == 409
    clash = second.locator("#note-contact_person .clash")
    assert clash.locator("q").all_inner_texts() == ["甲又写", "乙写的"]
    assert second.input_value("#in-contact_person") == "乙写的"
    with saving(second) as saved:
        clash.get_by_role("button").nth(1).click()
    assert saved.value.status == 200
    assert stored(live.world, row)["contact_person"] == "乙写的"

    assert write_and_save(first, "contact_person", "甲第三次").status == 409
    with saving(first) as saved:
        first.locator("#note-contact_person .clash").get_by_role("button").first.click()
    assert saved.value.status == 200
    assert first.input_value("#in-contact_person") == "乙写的"
    assert stored(live.world, row)["contact_person"] == "乙写的"
    assert first.evaluate(KEPT) == ""


@pytest.mark.parametrize("place", ["form", "elsewhere"])
def test_signing_out_leaves_nothing_in_the_browser(live: Live, signed_in: Callable[..., Any], place: str) -> None:
    """What could not be saved is asked about, and then gone with the session; pages are never kept (H06)."""
    row = live.world.submission("draft")
    page = signed_in(owner(row))
    page.goto(live.url(address(row)))
    assert write_and_save(page, "employees", "很多").status == 422
    assert "很多" in page.evaluate(KEPT)
    asked: list[str] = []

    def agree(dialog: Any) -> None:
        asked.append(dialog.message)
        dialog.accept()

    page.on("dialog", agree)
    if place == "elsewhere":
        page.goto(live.url("/desk"))

    def as_over_plain_http(route: Any) -> None:
        """Without the header that clears everything: browsers heed it over HTTPS only."""
        answer = route.fetch(max_redirects=0)
        kept = {name: value for name, value in answer.headers.items() if name.lower() != "clear-site-data"}
        route.fulfill(response=answer, headers=kept)

    page.route("**/logout", as_over_plain_http)
    page.click(".me form[action$='/logout'] button")
    page.wait_for_url(lambda url: "/login" in url)
    assert len(asked) == (place == "form")
    assert page.evaluate(KEPT) == ""
    assert "<" not in page.evaluate("() => Object.values(sessionStorage).join()")
    page.go_back()
    page.wait_for_url(lambda url: "/login" in url)
