"""Stored text that looks like a page is shown as text wherever it is shown: nothing runs, nothing is fetched (H11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, insert, update

from hbreview.extensions import db
from hbreview.model import Answer, Attachment, Comment, Submission
from tests.browser.form_hands import address, change, owner

if TYPE_CHECKING:
    from tests.browser.conftest import Live

pytestmark = pytest.mark.browser
EVIL = (
    "<img src=/evil-img onerror=\"window.ran=1;alert(1)\"><script src=/evil-script>window.ran=1</script>"
    "<div hx-get=\"/evil-get\" hx-trigger=\"load\" hx-on:load=\"window.ran=1\" data-hx-post=/evil-post>x</div>"
    "\"'><b id=evil-b>{{ 7*7 }}</textarea></title>"
)  # fmt: skip
REMARK = "remark.C22.base_employment"


def _poison(live: Live, row: Submission, sibling: Submission) -> None:
    """Put it into every free text of one organisation's forms, as if it had always been there."""
    answers = {
        "communication_channels": EVIL,
        "contact_person": EVIL,
        "address": EVIL,
        "email": EVIL,
        "base_employment": "1",
        REMARK: EVIL,
    }
    statements: list[Any] = [
        delete(Answer).where(Answer.submission_id == row.id, Answer.key.in_(answers)),
        insert(Answer).values(
            [{"submission_id": row.id, "key": key, "value": text, "version": 1} for key, text in answers.items()]
        ),
        delete(Answer).where(Answer.submission_id == sibling.id),
        insert(Answer).values(
            [{"submission_id": sibling.id, "key": key, "value": EVIL, "version": 1} for key in ("address", "email")]
        ),
        update(Submission)
        .where(Submission.id == sibling.id)
        .values(organisation_id=row.organisation_id, organisation_name=EVIL, site_name=EVIL),
        update(Submission).where(Submission.id == row.id).values(organisation_name=EVIL, site_name=EVIL),
        update(Attachment).where(Attachment.submission_id == row.id).values(name=EVIL + ".pdf"),
        update(Comment).where(Comment.submission_id == row.id).values(body=EVIL),
    ]
    change(live.world, *statements)
    with live.world.app.app_context():
        db.session.remove()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_stored_text_stays_text(live: Live, signed_in: Callable[..., Any], scripts: bool) -> None:
    """Form, review with what changed, proposals, evidence, desk, notices, threads, history, and after a save."""
    row, sibling = live.world.submission("returned", "base"), live.world.submission("draft")
    _poison(live, row, sibling)
    page = signed_in(owner(row), scripts=scripts)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    said: list[str] = []

    def refuse(dialog: Any) -> None:
        said.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)
    own = address(row)
    paths = [
        "/desk", own, f"{own}/review", f"{own}/proposals/sibling", f"{address(sibling)}/proposals/sibling", "/notices",
        f"{own}/history", f"{own}/revisions/1", f"{own}/indicators/4", "/submissions",
    ]  # fmt: skip
    for path in paths:
        page.goto(live.url(path), wait_until="load")
        assert "evil-img" in page.content(), f"{path} does not show it: the test proves nothing there"
        assert not page.locator("#evil-b, main img[src='/evil-img'], main [hx-get='/evil-get'], title b").count(), path
        assert "49" not in page.title()
    if scripts:
        page.goto(live.url(own))
        assert page.input_value("#in-communication_channels") == EVIL
        assert page.input_value(f"[name='{REMARK}']") == EVIL
        with page.expect_response(lambda answer: answer.url.endswith("/answers")):
            page.locator("#in-communication_channels").fill(EVIL + EVIL)
            page.locator("#in-communication_channels").press("Tab")
        page.locator("#note-communication_channels .saved").wait_for()
        assert page.evaluate("() => window.ran") is None
    assert [url for url in asked if "evil" in url] == []
    assert said == []
