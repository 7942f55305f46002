"""The table of the base form: a block that was copied in Excel, pasted with a real clipboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from hbreview.programmes import loader
from tests.browser.form_hands import address, owner, saving, stored

if TYPE_CHECKING:
    from tests.browser.conftest import Live

pytestmark = pytest.mark.browser
# As Excel copies three rows of eight cells, one of them with a thousands separator, some in full width.
BLOCK = "\r\n".join("\t".join(line) for line in (
    ["12", "１３", " 14 ", "15", "16", "17", "18", "19"],
    ["1,234", "210", "２２０", "230", "240", "250", "260", "270"],
    ["１，２３４", "310", "320", "330", "340", "350", "360", "12,345"],
)) + "\r\n"  # fmt: skip
FIGURES = [
    "12 13 14 15 16 17 18 19", "1234 210 220 230 240 250 260 270", "1234 310 320 330 340 350 360 12345",
]  # fmt: skip


def _paste(page: Any, cell: str, text: str) -> Any:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("(text) => navigator.clipboard.writeText(text)", text)
    page.locator(f"#in-{cell}").click()
    with saving(page) as saved:
        page.keyboard.press("Control+v")
    return saved.value


def test_a_pasted_block_fills_the_table_in_one_request(live: Live, signed_in: Callable[..., Any]) -> None:
    """All 24 cells are saved by one request, as figures; the row sums and findings follow."""
    row = live.world.submission("draft", "base")
    matrix = loader.shipped("base", 2019).matrix
    assert matrix is not None
    page = signed_in(owner(row))
    page.goto(live.url(address(row)))
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/answers") else None)
    answer = _paste(page, "service_events_information", BLOCK)
    assert answer.status == 200, answer.text()
    page.wait_for_function("() => document.getElementById('in-service_people_professional').value === '12345'")
    kept = stored(live.world, row)
    for (name, _label), line in zip(matrix.rows, FIGURES, strict=True):
        expected = line.split()
        keys = [f"{name}_{column}" for column, _text in matrix.columns]
        assert [kept[key] for key in keys] == expected
        assert [page.input_value(f"#in-{key}") for key in keys] == expected
    assert len(sent) == 1
    assert page.locator("#pasted").inner_text() == ""


def test_what_has_no_place_in_the_table_is_said(live: Live, signed_in: Callable[..., Any]) -> None:
    """From the last but one column on, six cells of each row have no place: counted, not dropped in silence."""
    row = live.world.submission("draft", "base")
    page = signed_in(owner(row))
    page.goto(live.url(address(row)))
    assert _paste(page, "service_events_consulting", BLOCK).status == 200
    assert "18" in page.locator("#pasted").inner_text()
    assert page.input_value("#in-service_people_professional") == "310"


def test_enter_that_chooses_a_word_of_an_input_method_moves_nowhere(live: Live, signed_in: Callable[..., Any]) -> None:
    """While a word is being composed, Enter belongs to the input method."""
    row = live.world.submission("draft", "base")
    page = signed_in(owner(row))
    page.goto(live.url(address(row)))
    page.locator("#in-contact_person").click()
    press = "(e) => e.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, isComposing: %s}))"
    page.locator("#in-contact_person").evaluate(press % "true")
    assert page.evaluate("document.activeElement.id") == "in-contact_person"
    page.locator("#in-contact_person").evaluate(press % "false")
    assert page.evaluate("document.activeElement.id") == "in-contact_phone"
