"""Somebody with a keyboard and no mouse, who must see all the time where the cursor is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.form_hands import HIDDEN, OVERFLOW, at_rest

_NOW = "() => { const e = document.activeElement; return [e.id, e.name || '', e.textContent.trim(), e.tagName]; }"


class Keys:
    """The hands: ``most`` is how often Tab is pressed before something counts as not reached."""

    def __init__(self, page: Any, *, most: int = 300) -> None:
        self.page = page
        self._most = most

    def press(self, *keys: str) -> None:
        """Press keys one after the other, with the focus in sight after the last."""
        for key in keys:
            self.page.keyboard.press(key)
        self.sees(f"after {keys}: ")

    def sees(self, when: str = "") -> None:
        """The focus is in sight."""
        hidden = self.page.evaluate(HIDDEN)
        assert hidden == "", f"{when}{hidden}"

    def now(self) -> list[str]:
        """Id, name, text and tag of what has the focus."""
        found: list[str] = self.page.evaluate(_NOW)
        return found

    def to(self, wanted: Callable[[list[str]], bool], *, key: str = "Tab", most: int = 0) -> None:
        """Press Tab until what is wanted has the focus; ``most`` where fewer must do."""
        for _press in range(most or self._most):
            self.press(key)
            if wanted(self.now()):
                return
        pytest.fail(f"not reached by {key}; the last one was {self.now()}")

    def to_id(self, name: str, *, key: str = "Tab") -> None:
        """As ``to``, for the element of an id."""
        self.to(lambda one: one[0] == name, key=key)

    def to_text(self, text: str, *, key: str = "Tab") -> None:
        """As ``to``, for a link or button that says so."""
        self.to(lambda one: one[2] == text, key=key)

    def type(self, text: str) -> None:
        """Type as an input method does."""
        self.page.keyboard.insert_text(text)

    def type_over(self, text: str) -> None:
        """Replace what stands in the field."""
        self.press("Control+a")
        self.page.keyboard.insert_text(text) if not text.isascii() else self.page.keyboard.type(text)

    def part(self, key: str, ending: str) -> Any:
        """Press what the page answers with a part of itself, until the part is in; the focus is still somewhere."""
        with self.page.expect_response(lambda answer: ending in answer.url and answer.request.method == "POST") as told:
            self.page.keyboard.press(key)
        at_rest(self.page)
        self.page.wait_for_function("() => document.activeElement !== document.body")
        self.sees()
        return told.value

    def follow(self, key: str = "Enter") -> None:
        """Press what leads to another page, and see that the page fits."""
        with self.page.expect_navigation():
            self.page.keyboard.press(key)
        self.fits()

    def fits(self) -> None:
        """Nothing is wider than the window."""
        assert self.page.evaluate(OVERFLOW) == []
