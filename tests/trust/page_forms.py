"""A page's plain forms, as a browser without scripts has them: what each sends, and where."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from werkzeug.test import TestResponse

from tests.worlds import Browser

Button = tuple[str, str] | None


@dataclass
class Form:
    """One form: its address, method, fields as they stand, and its buttons with what they add."""

    action: str = ""
    method: str = "get"
    multipart: bool = False
    fields: list[tuple[str, str]] = field(default_factory=list)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


class _Reading(HTMLParser):
    """Finds forms, and what belongs to them by place or by the ``form`` attribute."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, Form]] = []
        self._named: dict[str, Form] = {}
        self._later: list[tuple[str, str, dict[str, str]]] = []
        self._open: Form | None = None
        self._area: tuple[Form | None, str] | None = None
        self._select: tuple[Form | None, str, list[str]] | None = None
        self.feed(page)
        for owner, tag, given in self._later:
            self._control(self._named.get(owner), tag, given)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            found = Form(given.get("action", ""), given.get("method", "get").lower(), "enctype" in given)
            self.forms.append((given.get("id", ""), found))
            self._named[given.get("id", "")] = self._open = found
        elif tag in {"input", "button"} and "form" in given:
            self._later.append((given["form"], tag, given))
        elif tag in {"input", "button"}:
            self._control(self._open, tag, given)
        elif tag == "textarea":
            self._area = (self._open, given.get("name", ""))
            self._text = ""
        elif tag == "select":
            self._select = (self._open, given.get("name", ""), [""])
        elif tag == "option" and self._select and "selected" in given:
            self._select[2][0] = given.get("value", "")

    def _control(self, form: Form | None, tag: str, given: dict[str, str]) -> None:
        kind = given.get("type", "text" if tag == "input" else "submit")
        if form is None or "disabled" in given:
            return
        if tag == "button" or kind == "submit":
            form.buttons.append((given.get("name", ""), given.get("value", ""), given.get("formaction", "")))
        elif kind == "file":
            form.files.append(given["name"])
        elif kind not in {"checkbox", "radio"} or "checked" in given:
            form.fields.append((given.get("name", ""), given.get("value", "on" if kind == "checkbox" else "")))

    def handle_data(self, data: str) -> None:
        if self._area:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "textarea" and self._area:
            owner, name = self._area
            if owner:
                owner.fields.append((name, self._text.removeprefix("\n")))
            self._area = None
        elif tag == "select" and self._select:
            owner, name, chosen = self._select
            if owner:
                owner.fields.append((name, chosen[0]))
            self._select = None


def forms_of(answer: TestResponse) -> Iterator[Form]:
    """The forms of a page that a person can send: a form without a button is none."""
    for _name, form in _Reading(answer.get_data(as_text=True)).forms:
        if form.buttons:
            yield form


def press(
    browser: Browser, page: TestResponse, ending: str, typed: Mapping[str, Any] | None = None, *, button: Button = None
) -> TestResponse:
    """Press a button (its name and value) of the form whose address ends so, after typing; files as (content, name)."""
    typed = typed or {}
    found = [
        form
        for form in forms_of(page)
        if form.action.endswith(ending) and (button is None or button in {b[:2] for b in form.buttons})
    ]
    assert found, (ending, button)
    form = next(
        (f for f in found if set(typed) <= {n for n, _v in f.fields} | set(f.files) or len(found) == 1), found[0]
    )
    data: dict[str, Any] = {}
    for name, value in form.fields:
        if name:
            data.setdefault(name, []).append(value)
    for name, value in typed.items():
        given = value if isinstance(value, list) else [value]
        data[name] = [(io.BytesIO(one[0]), one[1]) if isinstance(one, tuple) else one for one in given]
    if button and button[0]:
        data[button[0]] = [button[1]]
    assert form.multipart or not any(name in form.files for name in typed), ending
    return browser.client.open(form.action, method=form.method.upper(), data=data)
