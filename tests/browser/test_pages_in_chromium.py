"""Each role's main pages in a real Chromium, wide and narrow: the console, the width, the keyboard, axe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from sqlalchemy import select

from hbreview.extensions import db
from hbreview.model import Attachment, Revision, Round
from tests.browser.form_hands import KEPT, OVERFLOW, stored

if TYPE_CHECKING:
    from tests.browser.conftest import Live

pytestmark = pytest.mark.browser
BASE, NARROW, WIDE = "base", 360, 1440
AXE_ON_A_PHONE = {"", "enterprise", "returned"}
ROLES = ("", "enterprise", "returned", "city", "auditor", "expert", "province", "admin")


def _login(live: Live, role: str) -> str:
    row = live.world.submission("returned", BASE) if role == "returned" else live.world.submission("draft")
    role = "enterprise" if role == "returned" else role
    return {"enterprise": f"hb{row.organisation_id:04d}", "city": f"city-{row.region}"}.get(role, role)


def _of(live: Live, state: str, programme: str = "platform") -> str:
    return f"/submissions/{live.world.submission(state, programme).public_id}"


def _reviewed(live: Live) -> Iterator[str]:
    """Submissions of both programmes in states that have much to show, for those who see all of them."""
    yield _of(live, "submitted")
    yield _of(live, "scored", BASE)


def _paths(live: Live, role: str) -> list[str]:
    """The main pages of a role."""
    if not role:
        return ["/login", "/activate", "/designations", *_receipts(live)]
    with live.world.app.app_context():
        round_ = f"/rounds/{db.session.scalars(select(Round.public_id)).one()}"
    audited, reviewed = _of(live, "audited"), _of(live, "city_reviewed")
    own, returned = _of(live, "draft"), _of(live, "returned", BASE)
    return ["/account", "/designations"] + {
        "enterprise": [
            "/desk", "/submissions", "/notices", own, f"{own}/history", f"{own}/indicators/4", f"{own}/review",
            f"{own}/proposals/last", f"{own}/proposals/sibling",
        ],
        "returned": ["/desk", returned, f"{returned}/review", _evidence(live)],
        "city": ["/submissions", own, f"{own}/indicators/1"],
        "auditor": ["/submissions", reviewed, f"{reviewed}/audit-record", f"{audited}/audit-record"],
        "expert": ["/submissions", audited, f"{audited}/score-sheet"],
        "province": [
            "/submissions", "/rounds", round_, f"{round_}/ranking", *_reviewed(live), f"{audited}/audit-record",
            f"{audited}/score-sheet", f"{audited}/history", f"{audited}/indicators/1",
        ],
        "admin": ["/people", "/journal"],
    }[role]  # fmt: skip


def _receipts(live: Live) -> list[str]:
    """Where anybody confirms a receipt: asked for, found, and not found."""
    with live.world.app.app_context():
        digest = db.session.scalars(select(Revision.digest)).first()
    return ["/receipts", f"/receipts/{digest}", f"/receipts/{'0' * 64}"]


def _evidence(live: Live) -> str:
    """The page that says what a file proves, and replaces it."""
    row = live.world.submission("returned", BASE)
    with live.world.app.app_context():
        file = db.session.scalars(select(Attachment.public_id).filter_by(submission_id=row.id)).one()
    return f"/attachments/{file}/evidence"


def _axe(page: Any) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"axe {one['id']}: {[node['target'] for node in one['nodes']][:3]} {one['nodes'][0].get('failureSummary', '')}"
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role or "public")
def test_pages(live: Live, signed_in: Callable[..., Any], role: str) -> None:
    """No console error, no CSP violation, nothing too wide, nothing serious for axe (H13); wide and narrow."""
    page = signed_in(_login(live, role), width=WIDE)
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text) if line.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    faults: list[str] = []
    for path in _paths(live, role):
        said.clear()
        page.set_viewport_size({"width": WIDE, "height": 900})
        answer = page.goto(live.url(path), wait_until="load")
        found = [*_axe(page), *page.evaluate(OVERFLOW)]
        page.set_viewport_size({"width": NARROW, "height": 900})
        # What axe finds hangs on the width for the enterprise alone: its form is laid out anew on a phone.
        found += [*(_axe(page) if role in AXE_ON_A_PHONE else []), *page.evaluate(OVERFLOW), *said]
        if answer.status != 200:
            found.append(f"status {answer.status}")
        faults += [f"{path}: {text}" for text in found]
    assert faults == [], "\n".join(faults)


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_keyboard_reaches_the_button(live: Live, signed_in: Callable[..., Any], width: int) -> None:
    """Tab alone leads through the sign-in form to its button, and shows where it is."""
    page = signed_in("", width=width)
    page.goto(live.url("/login"))
    passed: list[str] = []
    for _press in range(30):
        page.keyboard.press("Tab")
        passed.append(page.evaluate("() => document.activeElement.id || document.activeElement.className"))
        if passed[-1] == "btn btn-primary":
            break
    assert "in-login" in passed
    assert passed[-1] == "btn btn-primary"
    outline = page.evaluate("() => { const s = getComputedStyle(document.activeElement);"
                            " return [s.outlineStyle, parseFloat(s.outlineWidth)]; }")  # fmt: skip
    assert outline[0] != "none"
    assert outline[1] >= 2


def test_a_refused_field_keeps_its_text(live: Live, signed_in: Callable[..., Any]) -> None:
    """A 422 on autosave puts the message beside the field; the text stays, also when the next field is saved (H10)."""
    page = signed_in(_login(live, "enterprise"))
    page.goto(live.url(_of(live, "draft")))
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    field = page.locator("#in-employees")
    with page.expect_response(lambda answer: answer.url.endswith("/answers")) as saved:
        field.fill("十二个")
        field.press("Tab")
    assert saved.value.status == 422
    problem = page.locator("#field-employees .problem")
    problem.wait_for()
    assert field.input_value() == "十二个"
    assert field.get_attribute("aria-invalid") == "true"
    assert field.get_attribute("aria-describedby") == "note-employees"
    with page.expect_response(lambda answer: answer.url.endswith("/answers")) as saved:
        page.locator("#in-contact_person").fill("王小明")
        page.locator("#in-contact_person").press("Tab")
    assert saved.value.status == 200, "what was refused is not sent again with the next field"
    page.locator("#note-contact_person .saved").wait_for()
    assert problem.count() == 1
    assert field.input_value() == "十二个"
    field.fill("120")
    field.press("Tab")
    page.locator("#note-employees .saved").wait_for()
    assert problem.count() == 0
    assert said == []


def test_a_lost_connection_is_said_and_loses_nothing(live: Live, signed_in: Callable[..., Any]) -> None:
    """Offline, the page says so and keeps the text (H10)."""
    page = signed_in(_login(live, "enterprise"))
    page.goto(live.url(_of(live, "draft")))
    page.context.set_offline(True)
    field = page.locator("#in-contact_person")
    field.fill("赵小丽")
    field.press("Tab")
    page.locator("#messages").filter(has_text="网络连接中断").wait_for()
    assert field.input_value() == "赵小丽"
    page.context.set_offline(False)


def test_typing_goes_on_while_another_field_is_saved(live: Live, signed_in: Callable[..., Any]) -> None:
    """Text that is being typed survives the answer about its own field's earlier text."""
    page = signed_in(_login(live, "enterprise"))
    page.goto(live.url(_of(live, "draft")))
    field = page.locator("#in-contact_person")
    answers: list[int] = []
    page.on("response", lambda answer: answers.append(answer.status) if answer.url.endswith("/answers") else None)
    with page.expect_response(lambda answer: answer.url.endswith("/answers")):
        field.fill("甲")
        field.press("Tab")
        field.fill("甲乙")
    page.locator("#note-contact_person .saved").wait_for()
    assert field.input_value() == "甲乙"
    field.press("Tab")
    # It may have been sent while the field was replaced, or as it is left: once it is saved, it is that.
    page.wait_for_function(f"() => !({KEPT})()")
    assert stored(live.world, live.world.submission("draft"))["contact_person"] == "甲乙"
    assert set(answers) == {200}, "one's own earlier text is nobody else's change"
