"""Files that come in over HTTP: kinds, sizes, bombs, whose turn it is, scanners and room (U01-U05, U07, U10-U12)."""

from __future__ import annotations

import io
import logging
import shutil
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, Any

import pytest
from werkzeug.test import TestResponse

from hbreview.acts import attaching, rescanning
from hbreview.clock import SHANGHAI, today
from hbreview.documents.archives import inspect_file
from hbreview.documents.scanning import Finding, Verdict
from hbreview.evaluation import file_kinds
from hbreview.storage import LocalStorage
from hbreview.words import ScanState, Trigger
from tests.documents import archive_builders as builders
from tests.trust import desk_hands as hands
from tests.trust.desk_hands import HTMX, pdf
from tests.worlds import Browser, World

pytestmark = hands.only_sqlite
LIMIT = 1024 * 1024  # of the tests' settings
BOMB = builders.with_parts(builders.word_file(), {"word/media/image1.png": bytes(40 << 20)})
ENTITY = builders.replaced(
    builders.word_file(),
    "word/document.xml",
    ("<w:document ", '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><w:document '),
)
MACRO = builders.with_parts(builders.word_file(), {"word/vbaProject.bin": b"\xd0\xcf\x11\xe0"})
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'

TAKEN = [
    ("审计报告.pdf", pdf()),
    ("大写.PDF", pdf()),
    ("末尾有点.pdf. ", pdf()),
    ("照片.jpg", builders.jpeg_file()),
    ("照片.png", builders.png_file()),
    ("报告.docx", builders.word_file()),
    ("数据.xlsx", builders.excel_file()),
    ("旧.doc", builders.compound_file("WordDocument", "1Table")),
    ("旧.xls", builders.compound_file("Workbook")),
]
# The file, and what the sentence must say.
REFUSED = [
    ("程序.pdf", b"MZ\x90\0" + bytes(64), "扩展名不符"),
    ("网页.jpg", b"<html><script>alert(1)</script>", "扩展名不符"),
    ("图.svg", SVG, "不接收此类"),
    ("报告.pdf.exe", pdf(), "不接收此类"),
    ("报告", pdf(), "不接收此类"),
    ("网页.html", b"<html>", "不接收此类"),
    ("宏.xlsm", builders.excel_file(), "不接收此类"),
    ("截断.pdf\0.exe", pdf(), "不接收此类"),
    ("倒写\u202efdp.exe", pdf(), "不接收此类"),
    ("零.pdf", b"", "文件为空"),
    ("两种.pdf", pdf() + builders.word_file(), "两种类型"),
    ("脚本.pdf", builders.pdf_file(b"/OpenAction <</S /JavaScript /JS (app.alert(1))>>"), "含有脚本"),
    ("炸弹.docx", BOMB, "解压后超出"),
    ("实体.docx", ENTITY, "实体，办公软件"),
    ("宏.docx", MACRO, "文件含有宏"),
    ("大图.png", builders.png_file(50_000, 50_000), "百万像素"),
]


def test_a_file_of_a_listed_kind_is_taken(world: World) -> None:
    """U01: by its ending and by its content, whatever the browser declares it to be."""
    draft = world.submission("draft")
    for name, content in TAKEN:
        given = hands.give(world, draft, name, content)
        assert given.size == len(content)
        assert hands.place_of(world, given.sha256).read_bytes() == content


def test_a_file_of_another_kind_is_refused_with_the_reason_and_leaves_nothing(world: World) -> None:
    """U01, U03, U04, U07: 422, the sentence is on the page, and neither row, file nor journal entry was made."""
    draft = world.submission("draft")
    enterprise, before = world.enterprise(draft), hands.kept(world)
    for name, content, said in REFUSED:
        for headers in (None, HTMX):
            answer = hands.send(world, enterprise, draft, (name, content), headers=headers)
            text = answer.get_data(as_text=True)
            assert answer.status_code == 422, name
            assert said in text.split('class="problem" role="alert">' if headers else 'id="messages"', 1)[1][:600], name
    assert hands.kept(world) == before


def test_what_the_browser_declares_is_not_asked(world: World) -> None:
    """U01: a declared type neither opens nor closes the door, and is not what the file is served as."""
    draft = world.submission("draft")
    enterprise = world.enterprise(draft)
    for declared in ("text/html", "application/x-msdownload", "", "nonsense"):
        data = {
            "version": world.now(draft).version,
            "field": "evidence",
            "file": (io.BytesIO(pdf(declared)), "报告.pdf", declared),
        }
        assert enterprise.post(hands.address(draft, "attachments"), data).status_code == 303
    assert {row.media_type for row in hands.live(world, draft, "evidence")} == {file_kinds.PDF}
    data = {
        "version": world.now(draft).version,
        "field": "evidence",
        "file": (io.BytesIO(SVG), "图.svg", file_kinds.PDF),
    }
    assert enterprise.post(hands.address(draft, "attachments"), data).status_code == 422


def test_one_refused_file_keeps_no_other_out(world: World) -> None:
    """Field case 41 the other way: of three files two are taken, and the page names the third."""
    draft = world.submission("draft")
    files = [("一.pdf", pdf("1")), ("二.svg", SVG), ("三.pdf", pdf("3"))]
    answer = hands.send(world, world.enterprise(draft), draft, *files)
    assert answer.status_code == 422
    assert "二.svg" in answer.get_data(as_text=True)
    assert [row.name for row in hands.live(world, draft, "evidence")] == ["一.pdf", "三.pdf"]


class Lazy(io.RawIOBase):
    """A body that is made while it is read: its beginning, then one letter for as long as somebody asks."""

    def __init__(self, head: bytes, size: int) -> None:
        self._head, self._left, self.count = head, size, 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.count

    def seek(self, offset: int, _whence: int = 0, /) -> int:
        return offset  # the client of the tests only asks for the length in this way, which is told outright

    def readinto(self, buffer: Any) -> int:
        take = min(len(buffer), self._left + len(self._head))
        piece = self._head[:take]
        self._head = self._head[take:]
        filler = take - len(piece)
        buffer[:take] = piece + b"a" * filler
        self._left -= filler
        self.count += take
        return int(take)


BOUNDARY = "boundary"


def _part(name: str, value: str, *, file: bool = False) -> bytes:
    filename = '; filename="a.pdf"\r\nContent-Type: application/pdf' if file else ""
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{filename}\r\n\r\n{value}'.encode()


def _raw(browser: Browser, path: str, body: IO[bytes] | io.RawIOBase, **options: Any) -> TestResponse:
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return browser.client.open(path, method="POST", input_stream=body, content_type=kind, **options)


def test_a_file_is_taken_up_to_the_limit_and_not_a_byte_more(world: World) -> None:
    """U02: one byte is no PDF; the limit is; one byte above it is refused by the file's own sentence."""
    draft = world.submission("draft")
    for size in (1, LIMIT - 200, LIMIT, LIMIT + 1, 2 * LIMIT):
        content = (pdf() + b"%" * max(0, size - len(pdf()) - 6) + b"%%EOF\n")[:size]
        assert len(content) == size
        before = hands.kept(world)
        answer = hands.send(world, world.enterprise(draft), draft, ("大.pdf", content))
        if size in {LIMIT - 200, LIMIT}:
            assert answer.status_code == 303
            continue
        assert answer.status_code == 422
        assert ("1 MB。" in answer.get_data(as_text=True).split('id="messages"', 1)[1][:300]) == (size > LIMIT)
        assert hands.kept(world) == before


def test_a_request_that_is_too_large_is_refused_before_it_is_read(world: World) -> None:
    """U02: ten times the limit, and a text field of 100 MB: 413, and nothing of it was read."""
    draft = world.submission("draft")
    enterprise, before = world.enterprise(draft), hands.kept(world)
    for head, size in ((_part("file", "%PDF-1.4", file=True), 10 * LIMIT), (_part("field", ""), 100 * LIMIT)):
        body = Lazy(head, size)
        length = {"CONTENT_LENGTH": str(len(head) + size)}
        answer = _raw(enterprise, hands.address(draft, "attachments"), body, environ_overrides=length)
        assert answer.status_code == 413
        assert body.count == 0
    assert hands.kept(world) == before


@pytest.mark.parametrize(("file", "most"), [(True, 7 * LIMIT), (False, 3 * LIMIT)], ids=["file", "text"])
def test_an_endless_body_is_cut_off_while_it_is_read(world: World, file: bool, most: int) -> None:
    """U02: in chunks and without a length; a text is held in memory and so ends far earlier than a file."""
    draft = world.submission("draft")
    enterprise, before = world.enterprise(draft), hands.kept(world)
    body = Lazy(_part("file" if file else "field", "%PDF-1.4", file=file), 1000 * LIMIT)
    endless = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    answer = _raw(enterprise, hands.address(draft, "attachments"), body, environ_overrides=endless)
    assert answer.status_code == 413
    assert 0 < body.count < most
    assert hands.kept(world) == before


def test_five_thousand_parts_are_refused(world: World) -> None:
    """U02."""
    draft = world.submission("draft")
    enterprise, before = world.enterprise(draft), hands.kept(world)
    body = b"\r\n".join([_part(f"f{n}", "") for n in range(5000)]) + f"\r\n--{BOUNDARY}--\r\n".encode()
    answer = _raw(enterprise, hands.address(draft, "answers"), io.BytesIO(body), content_length=len(body))
    assert answer.status_code == 413
    assert hands.kept(world) == before


def test_a_wrong_length_stores_nothing(world: World) -> None:
    """U02: a Content-Length that is missing, short, long or none; the answer is one of ours."""
    draft = world.submission("draft")
    enterprise, before = world.enterprise(draft), hands.kept(world)
    given = {"csrf_token": enterprise.token, "version": str(world.now(draft).version), "field": "evidence"}
    parts = [_part(name, value) for name, value in given.items()] + [_part("file", pdf().decode(), file=True)]
    body = b"\r\n".join(parts) + f"\r\n--{BOUNDARY}--\r\n".encode()
    assert 400 < len(body) < 5000
    for told in ("", "0", "10", "400", "5000", "-1", "abc"):
        length = {"CONTENT_LENGTH": told}
        answer = _raw(enterprise, hands.address(draft, "attachments"), io.BytesIO(body), environ_overrides=length)
        assert answer.status_code in {400, 413}, told
    assert hands.kept(world) == before


NAMES = [
    "../../etc/passwd.pdf", "..\\..\\boot.pdf", "C:\\x.pdf", "CON.pdf", "/绝对/路径.pdf", "长" * 300 + ".pdf",
    "x" * 10_000 + ".pdf", "emoji👩‍👩‍👧.pdf", "断\r\n行.pdf", ".隐藏.pdf", "~root.pdf", "a/b/c.pdf",
]  # fmt: skip


def test_a_name_is_data_and_never_a_path(world: World) -> None:
    """U05: everything lies in the store under its digest, whatever the file is called."""
    draft = world.submission("draft")
    root = world.app.config["SETTINGS"].instance
    outside = {path for path in root.parent.rglob("*") if path.is_file()} - hands.store(world)
    for number, name in enumerate(NAMES):
        data = {"version": world.now(draft).version, "field": "evidence"}
        data["file"] = (io.BytesIO(pdf(str(number))), name.replace("\r", "%0D").replace("\n", "%0A"))
        assert world.enterprise(draft).post(hands.address(draft, "attachments"), data).status_code == 303, name
    rows = hands.live(world, draft, "evidence")
    assert len(rows) == len(NAMES)
    for row in rows:
        path = hands.place_of(world, row.sha256)
        assert path.parts[-3:] == (row.sha256[:2], row.sha256[2:4], row.sha256)
        assert len(row.name) <= 200
        assert not set("/\\\r\n") & set(row.name)
    now = {path for path in root.parent.rglob("*") if path.is_file()} - hands.store(world)
    assert {path.name for path in now - outside} <= {"hbreview.sqlite3-wal", "hbreview.sqlite3-shm"}


@dataclass
class Looking:
    """A scanner of the tests: says what it is told to say, and counts how often it was asked."""

    finding: Finding = Finding.CLEAN
    asked: int = 0

    def scan(self, stream: IO[bytes]) -> Verdict:
        assert stream.read(5) == b"%PDF-"
        self.asked += 1
        return Verdict(self.finding, "Eicar-Test" if self.finding is Finding.INFECTED else "")


@pytest.fixture
def scanner(world: World) -> Iterator[Looking]:
    found = Looking()
    world.app.config["SCANNER"] = found
    yield found
    world.app.config["SCANNER"] = None


def test_an_infected_file_is_refused_and_leaves_nothing(
    world: World, scanner: Looking, caplog: pytest.LogCaptureFixture
) -> None:
    """U10."""
    draft = world.submission("draft")
    scanner.finding, before = Finding.INFECTED, hands.kept(world)
    answer = hands.send(world, world.enterprise(draft), draft, ("毒.pdf", pdf()))
    assert answer.status_code == 422
    assert "病毒" in answer.get_data(as_text=True)
    assert scanner.asked == 1
    assert hands.kept(world) == before
    assert any("Eicar-Test" in record.getMessage() for record in caplog.records)


def test_a_file_that_was_not_scanned_waits_and_nobody_else_gets_it(world: World, scanner: Looking) -> None:
    """U10: down is not clean; the ZIP leaves it out too; once it is clean everybody has it."""
    returned = world.submission("returned")
    scanner.finding = Finding.UNREACHABLE
    row = hands.give(world, returned, "等待.pdf", pdf("等待"))
    assert row.scan is ScanState.WAITING
    path, zipped = f"/attachments/{row.public_id}", hands.address(returned, "bundle.zip")
    city, province = world.city(returned), world.browser("province")
    for browser in (city, province):
        assert browser.client.get(path).status_code == 404
        assert "等待.pdf".encode() not in browser.client.get(zipped).data
    assert world.enterprise(returned).client.get(path).data == pdf("等待")
    assert "尚未完成病毒扫描" in world.enterprise(returned).get(hands.address(returned)).get_data(as_text=True)

    assert rescanning.turn(world.app) == 0
    assert city.client.get(path).status_code == 404
    scanner.finding = Finding.CLEAN
    assert rescanning.turn(world.app) == 1
    assert city.client.get(path).data == pdf("等待")
    assert "等待.pdf".encode() in city.client.get(zipped).data
    assert world.faults() == []


def test_a_file_found_infected_later_is_out_of_its_draft_and_nobody_gets_it(world: World, scanner: Looking) -> None:
    """U10."""
    draft = world.submission("draft")
    scanner.finding = Finding.UNREACHABLE
    row = hands.give(world, draft, "等待.pdf", pdf("等待"))
    scanner.finding = Finding.INFECTED
    assert rescanning.turn(world.app) == 1
    for browser in (world.enterprise(draft), world.city(draft), world.browser("province")):
        assert browser.client.get(f"/attachments/{row.public_id}").status_code == 404
    assert hands.live(world, draft, "evidence") == []
    assert world.faults() == []


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What of an upload was looked at or stored; empty when it was refused before that."""
    seen: list[str] = []

    def noting(name: str, real: Any) -> Any:
        def noted(*given: Any, **more: Any) -> Any:
            seen.append(name)
            return real(*given, **more)

        return noted

    monkeypatch.setattr(attaching, "inspect_file", noting("inspected", inspect_file))
    monkeypatch.setattr(LocalStorage, "receive", noting("received", LocalStorage.receive))
    return seen


def test_an_upload_out_of_turn_is_refused_before_its_content_is_looked_at(
    world: World, unread: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """U11: a state that forbids it, another's form, another's file, an ended session, after the deadline."""
    draft, submitted, returned = (world.submission(state) for state in ("draft", "submitted", "returned"))
    file = ("晚.pdf", pdf("晚"))
    left = world.stranger()
    left.sign_in(hands.owner(draft))
    cases: list[tuple[Browser, Any, dict[str, Any], int]] = [
        (world.enterprise(submitted), submitted, {}, 409),
        (world.enterprise(draft), returned, {}, 404),
        (world.city(draft), draft, {}, 403),
        (world.enterprise(draft), draft, {"field": "city_seal"}, 403),
        (world.enterprise(draft), draft, {"field": "no_such_field"}, 400),
        (world.enterprise(draft), draft, {"version": 999}, 400),
    ]
    for browser in {browser.token: browser for browser, *_rest in cases}.values():
        browser.get("/account")
    before = hands.kept(world)
    for browser, submission, more, status in cases:
        for headers in (None, HTMX):
            answer = hands.send(world, browser, submission, file, headers=headers, **more)
            assert answer.status_code == status, more
            if "version" not in more:
                assert unread == [], more
            unread.clear()
    assert hands.kept(world) == before

    last = datetime.combine(today() + timedelta(days=31), datetime.min.time(), SHANGHAI)
    hands.stop_clock(monkeypatch, last)
    late = world.stranger()
    late.sign_in(hands.owner(draft))
    for headers, status in ((None, 409), (HTMX, 409)):
        answer = hands.send(world, late, draft, file, headers=headers)
        assert answer.status_code == status
        assert "期限" in answer.get_data(as_text=True) or "截止" in answer.get_data(as_text=True)
    assert unread == []
    assert hands.kept(world)["store"] == before["store"]
    hands.stop_clock(monkeypatch, last - timedelta(seconds=1))
    intime = world.stranger()
    intime.sign_in(hands.owner(draft))
    assert hands.send(world, intime, draft, file).status_code == 303


def test_an_upload_of_an_ended_session_is_no_success(world: World, unread: list[str]) -> None:
    """U11, H08: 401, the way to the door and back, and no word of a file that was taken."""
    draft = world.submission("draft")
    page, browser = hands.address(draft), world.enterprise(draft)
    hands.end_sessions(world, hands.owner(draft))
    before = hands.kept(world)
    headers = {**HTMX, "HX-Current-URL": f"http://localhost{page}"}
    answer = hands.send(world, browser, draft, ("丢.pdf", pdf()), headers=headers)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == f"/login?next={page}"
    assert answer.headers["HX-Reswap"] == "none"
    assert "files-evidence" not in answer.get_data(as_text=True)
    assert hands.send(world, browser, draft, ("丢.pdf", pdf())).status_code == 401
    assert unread == []
    assert hands.kept(world) == before


def test_a_form_has_its_own_quota_and_others_go_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """U12: removed files count, as they are kept; another organisation does not feel it."""
    draft, returned = world.submission("draft"), world.submission("returned")
    used = sum(row.size for row in hands.files_of(world, draft))
    monkeypatch.setattr(attaching, "QUOTA", max(used, sum(r.size for r in hands.files_of(world, returned))) + 1000)
    first = hands.give(world, draft, "一.pdf", pdf("一") + b"%" * 700)
    version = {"version": world.now(draft).version}
    assert world.enterprise(draft).post(f"/attachments/{first.public_id}/remove", version).status_code == 303
    files = hands.store(world)
    answer = hands.send(world, world.enterprise(draft), draft, ("二.pdf", pdf("二") + b"%" * 700))
    assert answer.status_code == 422
    assert hands.store(world) == files
    hands.give(world, returned, "别家.pdf", pdf("别家") + b"%" * 400)


Usage = namedtuple("Usage", "total used free")


def test_a_nearly_full_disk_takes_no_file_but_answers_and_saves(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """U12: at 95 % the alarm is in the log; without room a sentence; figures are still saved, files still read."""
    draft = world.submission("draft")
    row = hands.give(world, draft, "一.pdf", pdf("一"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**12, 96 * 10**10, 4 * 10**10))
    with caplog.at_level(logging.ERROR, "hbreview"):
        hands.give(world, draft, "二.pdf", pdf("二"))
    assert any("nearly full" in record.getMessage() for record in caplog.records)

    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**12, 10**12 - 10**6, 10**6))
    before = hands.kept(world)
    enterprise = world.enterprise(draft)
    for headers in (None, HTMX):
        answer = hands.send(world, enterprise, draft, ("三.pdf", pdf("三")), headers=headers)
        assert answer.status_code == 507
        assert "运维" in answer.get_data(as_text=True) or "管理员" in answer.get_data(as_text=True)
    assert hands.kept(world) == before
    assert enterprise.client.get(f"/attachments/{row.public_id}").data == pdf("一")
    data = {"version": world.now(draft).version, "contact_person": "照常保存"}
    assert enterprise.post(hands.address(draft, "answers"), data).status_code == 303


def test_a_withdrawn_form_takes_files_again(world: World) -> None:
    """U11: the state now counts, not the one that was on the screen."""
    submitted = world.submission("submitted")
    enterprise = world.enterprise(submitted)
    assert hands.send(world, enterprise, submitted, ("一.pdf", pdf())).status_code == 409
    hands.fire(world, submitted, Trigger.WITHDRAW, hands.owner(submitted))
    assert hands.send(world, enterprise, submitted, ("一.pdf", pdf())).status_code == 303
