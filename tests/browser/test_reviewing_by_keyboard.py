"""A city's week by keyboard: from the queue through every form, commented, returned or approved, and nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from hbreview import clock
from hbreview.acts import commenting
from hbreview.acts.commenting import Remark
from hbreview.acts.rehearsing import PAPER, PASSWORD
from hbreview.clock import today
from hbreview.extensions import db
from hbreview.model import Comment, Opinion, Person, SignIn, Submission
from hbreview.words import State
from tests.acts.test_reviewing import acts, by, hire
from tests.browser.form_hands import OVERFLOW, address, at_rest, change, has_focus, message
from tests.browser.keyboard_hands import Keys
from tests.desks.selections import CITY, gather

if TYPE_CHECKING:
    from tests.browser.conftest import Live

pytestmark = pytest.mark.browser
# Says in the console what the page must never do: drop the focus at a swap, or break its content policy.
WATCH = """() => { let had = null;
  document.addEventListener('focusin', (event) => { had = event.target; });
  const look = () => {
    // Another part may be on its way in: what has the focus is judged when the page is at rest.
    if (document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')) { setTimeout(look, 30); return; }
    if (had && !had.isConnected && document.activeElement === document.body) {
      console.error(`the focus is lost with ${had.tagName}#${had.id}.${had.className} ${had.name || ''}`); had = null; }
  };
  document.addEventListener('htmx:afterSettle', () => setTimeout(look, 30));
  document.addEventListener('securitypolicyviolation', (event) => console.error(`CSP: ${event.violatedDirective}`));
}"""
OPINION, ASKED = "材料齐全，同意推荐。", "请补充相关佐证材料。"
EVIL = '<img src=/evil-img onerror="window.ran=1"><div hx-get=/evil-get hx-trigger=load>x</div>'
LONG = "河北省石家庄市高新技术产业开发区中小企业公共服务示范平台有限责任公司" * 3


def _listen(page: Any) -> list[str]:
    """What the console says of this page from now on that it should not say."""
    said: list[str] = []
    page.add_init_script(f"({WATCH})()")
    page.on("console", lambda line: said.append(line.text) if line.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def _phrases(live: Live) -> None:
    """The city keeps a sentence for either decision."""
    login = f"city-{CITY}"
    for kind, text in (("approve", OPINION), ("return", ASKED)):
        answer = live.world.browser(login).post("/city/phrases", {"kind": kind, "text": text})
        assert answer.status_code == 303


def _comment(keys: Keys, text: str, *, blocking: bool = False, field: bool = False) -> None:
    """C, the text, and by Tab to the button."""
    keys.press("c")
    keys.page.wait_for_function("() => document.activeElement.matches('textarea[data-comment]')")
    at_rest(keys.page)
    keys.sees()
    keys.type(text)
    keys.press("Tab")
    assert keys.now()[1] == "blocking"
    if blocking:
        keys.press("Space")
    if field:
        keys.to(lambda one: one[3] == "SUMMARY", most=6)
        keys.press("Enter", "Tab")
        assert keys.now()[1] == "fields"
        keys.press("Space")
    keys.to_text("提交意见")
    answer = keys.part("Enter", "/comments")
    assert answer.status == 200
    assert "comment-" in keys.now()[0], "what was posted has the cursor"


def _return(keys: Keys, *, place: int) -> None:
    """Two comments, one of which is settled by R; then the return with a reason, the other one, and its fields."""
    keys.press("j")
    _comment(keys, f"第{place}份：佐证材料缺少签章。", blocking=True, field=True)
    keys.press("j")
    _comment(keys, "此处数据已核实。")
    assert keys.part("r", "/resolve").status == 200
    keys.to_text("选择部分意见，或只开放部分填报项")
    with keys.page.expect_response(lambda answer: answer.url.endswith("/return")):
        keys.page.keyboard.press("Enter")
    at_rest(keys.page)
    assert has_focus(keys.page, "in-reason-return")
    keys.press("Shift+Tab", "ArrowDown")
    assert has_focus(keys.page, "in-reason-return")
    assert keys.page.input_value("#in-reason-return") == ASKED
    assert keys.page.locator("#return input[name=mend][type=checkbox]").count() == 1
    keys.to(lambda one: one[1] == "mend")
    keys.press("Space", "Space")
    keys.to(lambda one: one[1] == "narrow")
    keys.press("Space")
    keys.to_text("退回修改")
    keys.follow()


def _approve(keys: Keys, *, place: int) -> None:
    """Every tick by Space, a kept sentence or an own one, today's seal, and for every other one the scan."""
    keys.press("j")
    ticks = keys.page.locator("#checklist button.tick").evaluate_all("all => all.map((one) => one.id)")
    assert ticks
    for tick in ticks:
        keys.to_id(tick)
        assert keys.part("Space", "/ticks").status == 200
        assert keys.now()[0] == tick, "the focus stays at the tick"
    assert keys.page.locator("#checklist [aria-checked=true]").count() == len(ticks)
    keys.to_id("in-phrase-approve")
    if place % 2:
        keys.press("ArrowDown")
        assert has_focus(keys.page, "in-opinion")
    else:
        keys.press("Tab")
        keys.type(OPINION)
    keys.press("Tab")
    keys.type(today().isoformat())
    if place % 2:  # a file chooser is no page: the file is put in by hand
        keys.page.set_input_files("#in-seal_scan", {"name": "盖章.pdf", "mimeType": "application/pdf", "buffer": PAPER})
    keys.to_text("审核通过")
    keys.follow()


def _remark(keys: Keys, *, place: int) -> None:
    """A comment on the third indicator, by J and K; it stays with the city."""
    keys.press("j", "j", "j", "j", "k")
    _comment(keys, f"第{place}份：请核对。")
    head = keys.page.evaluate("() => document.activeElement.closest('[data-indicator]').dataset.indicator")
    assert head == "3"


DECISIONS = (_return, _approve, _remark)
ENDS = (State.DRAFT, State.CITY_REVIEWED, State.SUBMITTED)
ACTS = (["comment", "comment", "resolve_comment", "return"], ["approve"], ["comment"])


@pytest.mark.parametrize("count", [3, pytest.param(40, marks=pytest.mark.thorough)])
def test_every_form_is_opened_and_decided_by_keyboard(live: Live, signed_in: Callable[..., Any], count: int) -> None:
    """From the queue by Tab and Enter, then from form to form by N, until each has what it needs."""
    rows = {row.public_id: row for row in gather(live.world, count)}
    _phrases(live)
    page = signed_in("")
    page.emulate_media(reduced_motion="reduce")
    said = _listen(page)
    keys = Keys(page)
    _door(live, keys, rows)
    seen: list[str] = []
    for place in range(count):
        here = page.url.rpartition("/")[2]
        assert here in rows and here not in seen, "N gives each form once"
        seen.append(here)
        page.locator("#reuse[hx-get]").wait_for(state="detached")
        DECISIONS[place % 3](keys, place=place)
        if place < count - 1:
            keys.follow("n")
    for place, one in enumerate(seen):
        _stands(live, rows[one], place)
    assert said == []
    assert live.world.faults() == []


def _door(live: Live, keys: Keys, rows: dict[str, Submission]) -> None:
    """Sign in, and from the queue to the form of the first row."""
    keys.page.goto(live.url("/login?next=/submissions"))
    keys.to_id("in-login")
    keys.type(f"city-{CITY}")
    keys.to_id("in-password")
    keys.type(PASSWORD)
    keys.follow()
    assert keys.page.locator("#queue tbody tr").count() == len(rows)
    names = {row.organisation_name for row in rows.values()}
    keys.to(lambda one: one[3] == "A" and one[2] in names)
    keys.follow()


def _stands(live: Live, before: Submission, place: int) -> None:
    """The state, the journal, the comments and the opinion of one of the forms."""
    kind, row = place % 3, live.world.now(before)
    assert row.state is ENDS[kind]
    found = acts(live.world, row)
    assert [act for act in found if act in {"comment", "resolve_comment", "return", "approve"}] == ACTS[kind]
    with live.world.app.app_context():
        session = db.session()
        comments = session.scalars(select(Comment).where(Comment.submission_id == row.id).order_by(Comment.id)).all()
        opinions = session.scalars(select(Opinion).where(Opinion.submission_id == row.id)).all()
    if kind == 0:
        assert [one.blocking for one in comments] == [True, False]
        assert [one.resolved_at is not None for one in comments] == [False, True]
        assert row.open_fields, "only the fields that the comment is about"
    elif kind == 1:
        assert "tick" in found
        assert ("attach" in found) == bool(place % 2)
        assert [(one.opinion, one.seal_date) for one in opinions] == [(OPINION, today())]
    else:
        assert [one.indicator for one in comments] == [3]
        assert comments[0].body == f"第{place}份：请核对。"


def _form_on_the_table(live: Live, signed_in: Callable[..., Any], **more: Any) -> tuple[Submission, Any]:
    """A submitted form, and the page of the city's reviewer."""
    row = live.world.submission("submitted")
    page = signed_in(f"city-{row.region}", **more)
    page.emulate_media(reduced_motion="reduce")
    return row, page


def _said(live: Live, row: Submission, *bodies: str, indicator: int = 1, login: str = "", **more: Any) -> list[str]:
    """Comments of the city's reviewer, by public id."""
    who = by(live.world, login or f"city-{row.region}")
    with live.world.app.app_context():
        remarks = [Remark(row.public_id, indicator, body, **more) for body in bodies]
        return [commenting.post_comment(remark, origin=who).target for remark in remarks]


def _settle(live: Live, comment: str, login: str) -> None:
    """A colleague resolves a comment."""
    who = by(live.world, login)
    with live.world.app.app_context():
        commenting.settle(comment, resolved=True, origin=who)


def test_no_answer_drops_the_focus(live: Live, signed_in: Callable[..., Any]) -> None:
    """Edit, reply, resolve, reopen, a refused comment, and every note of the team: the cursor stays there (W03)."""
    row, page = _form_on_the_table(live, signed_in)
    comment = _said(live, row, "请补充合同。")[0]
    said, keys = _listen(page), Keys(page)
    page.goto(live.url(f"{address(row)}?indicator=1"))
    page.locator("#reuse[hx-get]").wait_for(state="detached")
    own = f"comment-{comment}"
    keys.press("j")
    for words, typed, ending in (("修改", "请补充两份合同。", "/edit"), ("回复", "合同须盖章。", "/comments")):
        keys.to_text(words)
        page.keyboard.press("Enter")
        page.wait_for_function("(id) => document.activeElement.matches(`#${id} textarea`)", arg=own)
        at_rest(page)  # the cursor stands in the form a moment before the form knows htmx
        keys.press("Control+a")
        keys.type(typed)
        keys.to(lambda one: one[3] == "BUTTON", most=3)
        assert keys.part("Enter", ending).status == 200
        assert keys.now()[0] == own, "the comment that was worked on"
    for words, ending in (("办结", "/resolve"), ("重新打开", "/reopen")):
        if keys.now()[2] != words:
            keys.to_text(words)
        assert keys.part("Enter", ending).status == 200
        assert keys.now()[2] == {"办结": "重新打开", "重新打开": "办结"}[words]
    keys.to(lambda one: one[2] == "提交意见" and one[3] == "BUTTON")
    assert keys.part("Enter", "/comments").status == 422
    assert (keys.now()[1], keys.now()[3]) == ("body", "TEXTAREA"), "an empty comment is refused where it is written"
    _notes(keys)
    assert len(said) == 1 and "422" in said[0], said


def _notes(keys: Keys) -> None:
    """Assign, tags, a flag up and down: the button keeps the cursor, or what it stood in."""
    keys.to_id("in-assignee")
    keys.press("ArrowDown")
    for button, ending, after in (
        ("do-assign", "/assignee", "do-assign"),
        ("do-tags", "/tags", "do-tags"),
        ("do-flag", "/flag", "do-flag"),
        ("do-unflag", "/flag", "notes"),
    ):
        if button in {"do-tags", "do-flag"}:
            keys.to_id(f"in-{button.removeprefix('do-')}")
            keys.type("重点核查")
        keys.to_id(button)
        assert keys.part("Enter", ending).status == 200
        assert keys.now()[0] == after


@pytest.mark.parametrize("how", [503, 429, "timeout", "dropped"])
def test_a_comment_that_is_not_taken_stays(live: Live, signed_in: Callable[..., Any], how: int | str) -> None:
    """Whatever goes wrong is said, the text stays where it is, and is sent again by the same key (H10)."""
    row, page = _form_on_the_table(live, signed_in)
    page.goto(live.url(f"{address(row)}?indicator=1"))
    keys = Keys(page)
    keys.press("c")
    page.wait_for_function("() => document.activeElement.matches('textarea[data-comment]')")
    at_rest(page)
    keys.type("请核对第三行。")
    keys.to(lambda one: one[2] == "提交意见" and one[3] == "BUTTON")

    def answer(route: Any) -> None:
        if how == "dropped":
            route.abort("connectionreset")
        elif how != "timeout":
            route.fulfill(status=int(how), body="<h1>somebody else's page</h1>", content_type="text/html")

    page.route("**/comments", answer)
    page.evaluate("() => { htmx.config.timeout = 300; }")
    page.keyboard.press("Enter")
    assert message(page)
    at_rest(page)
    keys.sees()
    assert keys.now()[2] == "提交意见"
    assert page.locator("#post-1 textarea").input_value() == "请核对第三行。"
    assert not page.get_by_text("somebody else").count()
    page.unroute("**/comments")
    page.evaluate("() => { htmx.config.timeout = 0; }")
    assert keys.part("Enter", "/comments").status == 200
    assert page.locator("#comments-1 .comment").filter(has_text="请核对第三行。").count() == 1
    assert page.locator("#post-1 textarea").input_value() == ""
    assert page.evaluate("() => localStorage.length") == 0


def test_an_ended_session_keeps_what_the_reviewer_wrote(live: Live, signed_in: Callable[..., Any]) -> None:
    """A comment and an opinion: no sign-in page in ours, nothing said to be saved, the text there afterwards (H08)."""
    row, page = _form_on_the_table(live, signed_in)
    page.goto(live.url(f"{address(row)}?indicator=2"), wait_until="networkidle")
    page.locator("#post-2 textarea").fill("请说明场地变化。")
    change(live.world, update(SignIn).values(ended_at=clock.now()))
    page.locator("#post-2 button.btn-primary").click()
    _in_again(live, page, row)
    page.wait_for_function("() => document.querySelector('#post-2 textarea')?.value === '请说明场地变化。'")
    page.locator("#post-2 button.btn-primary").click()
    page.locator("#comments-2 .comment").filter(has_text="请说明场地变化。").wait_for()
    page.locator("#reuse[hx-get]").wait_for(state="detached")
    page.fill("#in-opinion", OPINION)
    page.fill("#in-seal_date", today().isoformat())
    change(live.world, update(SignIn).values(ended_at=clock.now()))
    page.locator("#approve .btn-primary").click()
    page.locator("main a.btn-primary").click()
    _in_again(live, page, row)
    assert live.world.now(row).state is State.SUBMITTED
    assert page.input_value("#in-opinion") == OPINION
    page.click("form[action$='/logout'] button")
    assert page.evaluate("() => localStorage.length") == 0


def _in_again(live: Live, page: Any, row: Submission) -> None:
    """The browser stands at the door; after signing in it is back at the form."""
    page.wait_for_url(lambda url: "/login" in url)
    assert page.locator("#in-login").count() == 1
    page.fill("#in-login", f"city-{row.region}")
    page.fill("#in-password", PASSWORD)
    page.click("main button.btn-primary")
    page.wait_for_url(lambda url: address(row) in url and "/login" not in url)


def test_two_reviewers_see_each_other_work(live: Live, signed_in: Callable[..., Any]) -> None:
    """What a colleague resolves leaves the counts, and the queue's row follows with its tick and the focus kept."""
    row, page = _form_on_the_table(live, signed_in)
    hire(live.world, "second", row.region)
    comment = _said(live, row, "请补充。", blocking=True)[0]
    said, keys = _listen(page), Keys(page)
    page.clock.install()
    queue = page.context.new_page()
    queue.clock.install()
    queue.goto(live.url("/submissions"))
    page.goto(live.url(f"{address(row)}?indicator=2"), wait_until="networkidle")
    count = page.locator("#count-1")
    assert count.inner_text() == "1条，1条未办结 · 须整改"
    line = queue.locator(f"#row-{row.public_id}")
    assert line.locator(".blocking").count() == 1
    watcher = Keys(queue)
    watcher.to(lambda one: one[1] == "row")
    while not line.locator("input:focus").count():
        watcher.to(lambda one: one[1] == "row")
    watcher.press("Space")
    keys.press("c")
    keys.type("还在写")
    _settle(live, comment, "second")
    page.clock.fast_forward(31_000)
    page.wait_for_function("() => !document.querySelector('#count-1 .text-bg-danger')")
    assert count.inner_text() == "1"
    assert page.locator("#post-2 textarea").input_value() == "还在写"
    assert page.evaluate("() => document.activeElement.matches('#post-2 textarea')")
    queue.clock.fast_forward(21_000)
    queue.locator(f"#row-{row.public_id}.fresh").wait_for()
    assert line.locator(".blocking").count() == 0
    assert line.locator("input[name=row]").is_checked()
    assert line.locator("input:focus").count() == 1
    watcher.sees()
    assert said == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_what_is_said_is_shown_as_text(live: Live, signed_in: Callable[..., Any], scripts: bool) -> None:
    """Thread, mention, return form, queue, phrases: nothing runs and nothing is fetched (H11)."""
    row, page = _form_on_the_table(live, signed_in, scripts=scripts)
    city = f"city-{row.region}"
    hire(live.world, "second", row.region)
    browser = live.world.browser(city)
    assert browser.post(f"{address(row)}/flag", {"flag": EVIL[:120], "say": "flag"}).status_code == 303
    assert browser.post("/city/phrases", {"kind": "return", "text": EVIL}).status_code == 303
    change(live.world, update(Person).where(Person.login == city).values(name="王建国"))
    _said(live, row, f"@王建国 {EVIL}", login="second")
    _said(live, row, EVIL)
    asked: list[str] = []
    said = _listen(page) if scripts else []
    page.on("request", lambda request: asked.append(request.url))
    own = address(row)
    for path in (f"{own}?indicator=1", f"{own}/indicators/1", f"{own}/return", "/submissions", "/city", "/notices"):
        page.goto(live.url(path), wait_until="load")
        if path != "/notices":  # a notice names who it is from, not what was said
            assert "evil-img" in page.content(), path
        assert not page.locator("img[src='/evil-img'], [hx-get='/evil-get']").count(), path
    if scripts:
        page.goto(live.url(f"{own}/return"))
        page.locator("#in-phrase-return").press("ArrowDown")
        assert page.input_value("#in-reason-return") == EVIL
        assert page.evaluate("() => window.ran") is None
    assert [url for url in asked if "evil" in url] == []
    assert said == []


def test_back_after_a_decision_shows_how_it_is_now(live: Live, signed_in: Callable[..., Any]) -> None:
    """The page before the approval is fetched again: no form that could be sent once more (H06)."""
    row = gather(live.world, 1)[0]
    page = signed_in(f"city-{CITY}")
    page.goto(live.url("/submissions"))
    page.goto(live.url(address(row)))
    page.fill("#in-opinion", OPINION)
    page.fill("#in-seal_date", today().isoformat())
    page.locator("#approve .btn-primary").click()
    page.locator("#approve").wait_for(state="detached")
    assert live.world.now(row).state is State.CITY_REVIEWED
    page.go_back(wait_until="load")
    if page.url.endswith(row.public_id):
        assert not page.locator("#approve").count()
        page.go_back(wait_until="load")
    assert page.locator(f"#row-{row.public_id}").inner_text().count("市级已审核") == 1
    assert not page.evaluate("() => JSON.stringify(localStorage).includes('<')")


def test_narrow_pages_hold_long_names(live: Live, signed_in: Callable[..., Any]) -> None:
    """Everything of the desk at 360 px, with names that do not end."""
    row = live.world.submission("returned", "base")
    assert live.world.fire(live.world.enterprise(row), row, "submit", declared="1").status_code == 303
    change(live.world, update(Submission).where(Submission.id == row.id).values(organisation_name=LONG, site_name=LONG))
    city = f"city-{row.region}"
    _said(live, row, "长" * 200 + "a" * 300)
    browser = live.world.browser(city)
    assert browser.post("/city/phrases", {"kind": "return", "text": "b" * 300}).status_code == 303
    page = signed_in(city, width=360)
    said, own = _listen(page), address(row)
    for path in (
        "/submissions", f"{own}?indicator=1", f"{own}/return", f"{own}/diff?from=1&to=2", "/summary", "/city",
        f"{own}/indicators/1", f"{own}/reuse", f"{own}/history",
    ):  # fmt: skip
        page.goto(live.url(path), wait_until="networkidle")
        assert page.evaluate(OVERFLOW) == [], path
    page.goto(live.url("/submissions"))
    page.locator(f"#row-{row.public_id} input[name=row]").check()
    page.locator("#selection button[value=ask]").click()
    page.locator("#in-opinion").wait_for()
    assert page.evaluate(OVERFLOW) == []
    page.fill("#in-opinion", "c" * 300)
    page.fill("#in-seal_date", "2026-13-41")
    page.locator("#selection button[value=approve]").click()
    page.locator("main").get_by_text("2026-13-41").or_(page.locator(".selection-report, .alert")).first.wait_for()
    at_rest(page)
    assert page.evaluate(OVERFLOW) == []
    assert [line for line in said if "422" not in line] == [], "only the refused seal date is told"


def test_the_three_decisions_without_scripts(live: Live, signed_in: Callable[..., Any]) -> None:
    """Comment, resolve, tick, approve and return by mouse and plain forms (H15)."""
    rows = gather(live.world, 3)
    page = signed_in(f"city-{CITY}", scripts=False)
    page.goto(live.url("/submissions"))
    page.locator(f"#row-{rows[0].public_id} .who a").first.click()
    _comment_by_mouse(page, "请补充附件。")
    page.goto(live.url(address(rows[1])))
    for place in range(page.locator("button.tick").count()):
        page.locator("button.tick").nth(place).click()
        assert page.locator("button.tick").nth(place).get_attribute("aria-checked") == "true"
    page.fill("#in-opinion", OPINION)
    page.fill("#in-seal_date", today().isoformat())
    page.locator("#approve .btn-primary").click()
    page.goto(live.url(address(rows[2])))
    _comment_by_mouse(page, "此处须整改。")
    page.goto(live.url(address(rows[2])))
    page.locator("#return a").click()
    page.fill("#in-reason-return", ASKED)
    page.locator("#return button").click()
    assert [live.world.now(row).state for row in rows] == [State.SUBMITTED, State.CITY_REVIEWED, State.DRAFT]
    assert live.world.faults() == []


def _comment_by_mouse(page: Any, text: str) -> None:
    """The indicator's own page, a comment on it, and that one resolved and opened again."""
    if not page.locator("#post-1").is_visible():
        page.locator("#indicator-1 summary").first.click()
    page.locator("#post-1 textarea").fill(text)
    page.locator("#post-1 button.btn-primary").click()
    comment = page.locator(".comment").filter(has_text=text)
    comment.get_by_role("button", name="办结").click()
    page.locator(".comment.settled").filter(has_text=text).get_by_role("button", name="重新打开").click()
    assert page.locator(".comment.settled").count() == 0
