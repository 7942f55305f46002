"""What the hands of somebody at the enterprise's form do in a real browser, and what the eyes then check."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select
from sqlalchemy.sql import Executable

from hbreview.extensions import db
from hbreview.model import Answer, Submission
from tests.worlds import World

# The elements that stick out of the window; whatever scrolls inside its own frame is none of them.
OVERFLOW = """() => {
  const most = document.documentElement.clientWidth;
  if (Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) <= most) { return []; }
  const inside = (e) => e.parentElement && (getComputedStyle(e.parentElement).overflowX !== 'visible'
    || inside(e.parentElement));
  const wide = (e) => e.getBoundingClientRect().right > most + 1 && !inside(e);
  return [...document.body.querySelectorAll('*')].filter(wide).slice(0, 4)
    .map((e) => `${e.tagName}#${e.id}.${e.className} ${e.getBoundingClientRect().right}`).concat(['wide']);
}"""
# Why the focus cannot be seen, or "": outside the window, under something else, or without an outline.
HIDDEN = """() => {
  const e = document.activeElement;
  if (!e || e === document.body) { return ''; }
  const box = e.getClientRects()[0], style = getComputedStyle(e);
  const x = Math.min(Math.max(box.left + Math.min(box.width / 2, 60), 1), innerWidth - 2);
  const middle = box.top + Math.min(box.height / 2, 20), y = Math.min(Math.max(middle, 1), innerHeight - 2);
  const seen = document.elementFromPoint(x, y);
  const what = `${e.tagName}#${e.id}.${e.className} at ${Math.round(box.left)},${Math.round(box.top)}`;
  if (middle > innerHeight || middle < 0) { return `${what} is outside`; }
  if (!seen || !(e === seen || e.contains(seen) || seen.contains(e))) {
    return `${what} is under ${seen && seen.tagName}.${seen && seen.className}`;
  }
  return style.outlineStyle === 'none' || parseFloat(style.outlineWidth) < 2 ? `${what} shows no focus` : '';
}"""


def owner(submission: Submission) -> str:
    """The login of the submission's own enterprise."""
    return f"hb{submission.organisation_id:04d}"


def address(submission: Submission) -> str:
    """The path of the submission's page."""
    return f"/submissions/{submission.public_id}"


# What the browser keeps of typed text that is not saved yet; "" for nothing.
KEPT = "() => Object.keys(localStorage).map((key) => key + localStorage.getItem(key)).join()"


@contextmanager
def saving(page: Any) -> Iterator[Any]:
    """Around what makes the page save: waits for the answer, and until the page has put it in."""
    with page.expect_response(lambda answer: answer.url.endswith("/answers")) as saved:
        yield saved
    at_rest(page)


def write(page: Any, key: str, text: str) -> None:
    """Type into a field and leave it."""
    field = page.locator(f"[id='in-{key}']")
    field.fill(text)
    field.press("Tab")


def write_and_save(page: Any, key: str, text: str) -> Any:
    """Type into a field, leave it, and give back the answer to its save."""
    with saving(page) as saved:
        write(page, key, text)
    return saved.value


def at_rest(page: Any) -> None:
    """Wait until the page has put in what came back: an answer that has arrived is not one that is shown."""
    page.wait_for_function("() => !document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")


def has_focus(page: Any, name: str, *, within: int = 10_000) -> bool:
    """Whether the cursor comes to stand in the element of this id, within so many milliseconds."""
    try:
        page.wait_for_function("(id) => document.activeElement.id === id", arg=name, timeout=within)
    except Exception as error:
        if "Timeout" not in str(error):
            raise
        return False
    return True


def stored(world: World, submission: Submission) -> dict[str, str]:
    """What the database holds of the form now."""
    with world.app.app_context():
        rows = db.session.execute(select(Answer.key, Answer.value).where(Answer.submission_id == submission.id))
        return {row.key: row.value for row in rows}


def message(page: Any, text: str = "") -> str:
    """What the live region says, once it says something (that has this text)."""
    page.wait_for_function(
        "(text) => { const said = document.getElementById('messages').textContent.trim();"
        " return said && said.includes(text); }", arg=text
    )  # fmt: skip
    return str(page.locator("#messages").inner_text())


def change(world: World, *statements: Executable) -> None:
    """Change the database behind the application's back."""
    with world.app.app_context(), db.engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)
