"""Files in a real browser: several at once, dropped, refused, shown; and the form filled in with Word."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hbreview.acts.imagining import imagine
from hbreview.acts.rehearsing import PAPER
from hbreview.programmes import loader
from tests.browser.form_hands import address, owner, stored, write_and_save

if TYPE_CHECKING:
    from tests.browser.conftest import Live

pytestmark = pytest.mark.browser
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
NAMES = ("审计报告（终稿）.pdf", "现场照片 1.png", "坏的.pdf")
CONTENT = {NAMES[0]: PAPER, NAMES[1]: PIXEL, NAMES[2]: b"MZ this is a programme"}
PLACE = "communication_channels"
DROP = """([place, files]) => {
  const carried = new DataTransfer();
  for (const [name, content] of files) {
    carried.items.add(new File([Uint8Array.from(atob(content), (c) => c.charCodeAt(0))], name));
  }
  const input = document.getElementById(`file-${place}`);
  input.files = carried.files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
}"""

WATCH = """(place) => { window.progress = []; document.addEventListener('htmx:xhr:progress', () => {
  const bar = document.querySelector(`#files-${place} .upload-progress`);
  window.progress.push([bar.hidden, bar.value]); }); }"""


def _open(live: Live, signed_in: Callable[..., Any], **how: Any) -> Any:
    row = live.world.submission("draft", "base")
    page = signed_in(owner(row), **how)
    page.goto(live.url(address(row)))
    return page


def _give(page: Any, way: str) -> None:
    if way == "dropped":
        page.evaluate(DROP, [PLACE, [[name, base64.b64encode(c).decode()] for name, c in CONTENT.items()]])
        return
    page.set_input_files(
        f"#file-{PLACE}", [{"name": name, "mimeType": "", "buffer": content} for name, content in CONTENT.items()]
    )
    if way == "button":
        with page.expect_navigation():
            page.click(f"#files-{PLACE} button[form=upload-{PLACE}]")


@pytest.mark.parametrize("way", ["chosen", "dropped", "button"])
def test_several_files_at_once(live: Live, signed_in: Callable[..., Any], way: str) -> None:
    """The good ones are kept under their names, the refused one is named; progress shows; a second choice works too."""
    page = _open(live, signed_in, scripts=way != "button")
    if way != "button":
        page.evaluate(WATCH, PLACE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    _give(page, way)
    place = page.locator(f"#files-{PLACE}")
    kept = place.locator(".files li a[download]")
    kept.nth(1).wait_for()
    assert kept.all_inner_texts() == list(NAMES[:2])
    if way != "button":
        assert place.locator(".problem").filter(has_text=NAMES[2]).count() == 1
        shown = page.evaluate("window.progress")
        assert [False, 100] in shown
        assert len([url for url in asked if not url.endswith("/presence")]) == 1, "one request, no autosave"
        assert "未" in page.locator("#messages").inner_text()
        page.set_input_files(f"#file-{PLACE}", {"name": "补充.pdf", "mimeType": "", "buffer": PAPER + b"\n"})
        kept.nth(2).wait_for()
        place.locator("button[form^=upload-]").wait_for(state="hidden")
        assert write_and_save(page, "contact_person", "上传之后").status == 200, "one's own upload makes nothing stale"
    else:
        assert NAMES[2] in page.locator("#messages").inner_text()
    thumb = place.locator("img.thumb")
    thumb.scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('img.thumb').naturalWidth === 1")
    with page.expect_download() as download:
        kept.first.click()
    assert download.value.suggested_filename == NAMES[0]
    assert Path(download.value.path()).read_bytes() == PAPER


def test_a_pdf_opens_without_scripts_of_its_own(live: Live, signed_in: Callable[..., Any]) -> None:
    """The preview is shown by the browser's own viewer and may run no script of this site (U08)."""
    page = _open(live, signed_in)
    page.set_input_files(f"#file-{PLACE}", {"name": "预览.pdf", "mimeType": "", "buffer": PAPER})
    link = page.locator(f"#files-{PLACE} a[href$='inline=1']")
    link.wait_for()
    answer = page.request.get(live.url(link.get_attribute("href")))
    rules = answer.headers["content-security-policy"]
    assert "default-src 'none'" in rules
    assert "script-src" not in rules, "nothing loosens default-src for scripts"
    assert answer.headers["content-disposition"].startswith("inline")
    assert answer.headers["x-content-type-options"] == "nosniff"
    said: list[str] = []
    with page.expect_popup() as opened:
        link.click()
    shown = opened.value
    shown.on("console", lambda line: said.append(line.text))
    shown.wait_for_load_state()
    assert shown.evaluate("() => document.contentType") == "application/pdf"
    shown.wait_for_timeout(300)
    assert any(frame.url.startswith("chrome-extension://") for frame in shown.frames), "the viewer, not a blocked page"
    assert [line for line in said if "Content Security" in line or "sandbox" in line] == []


def test_word_out_and_word_in(live: Live, signed_in: Callable[..., Any]) -> None:
    """The form downloaded, given to another draft, chosen field by field, applied: its answers stand there."""
    row = live.world.submission("returned", "base")
    source = signed_in(owner(row))
    source.goto(live.url(address(row)))
    source.locator("#sources > summary").click()
    with source.expect_download() as download:
        source.locator("#sources").get_by_role("link", name="Word").click()
    paper = Path(download.value.path()).read_bytes()
    assert download.value.suggested_filename.endswith(".docx")

    page = _open(live, signed_in)
    target = live.world.submission("draft", "base")
    page.evaluate("() => { document.getElementById('sources').open = true; }")
    page.set_input_files("#in-filled", {"name": "运营情况表.docx", "mimeType": "", "buffer": paper})
    with page.expect_navigation():
        page.locator("#sources form button").first.click()
    assert page.locator("[role=alert]").all_inner_texts() == []
    before = stored(live.world, target)
    page.check("#take-contact_person")
    page.uncheck("#take-address")
    with page.expect_navigation():
        page.locator("form.card button.btn-primary").click()
    theirs, ours = stored(live.world, row), stored(live.world, target)
    assert ours["contact_person"] == theirs["contact_person"] == page.input_value("#in-contact_person")
    assert ours.get("address") == before.get("address")
    figures = [f.key for f in loader.shipped("base", 2019).enterprise_fields if f.is_number and not f.derived]
    assert imagine(loader.shipped("base", 2019), name="", site="", seed=1).keys() >= set(figures)
    assert {key: ours.get(key) for key in figures} == {key: theirs.get(key) for key in figures}
