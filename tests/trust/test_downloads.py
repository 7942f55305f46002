"""Files that go out: their names, headers, ranges, old versions, damage, and the ZIP (U05-U09, C14, D09)."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import sqlite3
import threading
import zipfile
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from hbreview.documents.bundle import safe_name
from hbreview.evaluation import file_kinds
from hbreview.extensions import db
from hbreview.model import Attachment, Submission
from hbreview.words import Trigger
from tests.documents import archive_builders as builders
from tests.documents.pdf_reading import pdf_pages
from tests.trust import desk_hands as hands
from tests.trust.desk_hands import pdf
from tests.worlds import Browser, World

only_sqlite = hands.only_sqlite

NAMES = [
    "审计报告（终稿）.pdf", '河北省"中小企业"示范平台.pdf', "a;b,c(1).pdf", "专项审计报告（2024）.pdf",
    "报告 & 附件.pdf",
    "emoji👩\u200d👩\u200d👧.pdf", "100% 完成#1+2.pdf", "单'引号'.pdf", "逗号，；.pdf", "a=b&c=d?.pdf", "䶮㛃𠮷.pdf",
    "长" * 300 + ".pdf", "a%0D%0AX-Injected: 1.pdf", "C:\\x\\CON.pdf", "../../etc/passwd.pdf", "__proto__.pdf",
    "filename*=UTF-8''x.pdf",
]  # fmt: skip
# What Windows takes in no name.
FORBIDDEN = set('<>:"/\\|?*') | {chr(n) for n in range(32)}


def disposition(answer: TestResponse) -> str:
    """The one header that names the file, and the name as browsers read it."""
    found = answer.headers.get_all("Content-Disposition")
    assert len(found) == 1
    plain, _marker, starred = found[0].partition("; filename*=UTF-8''")
    assert plain in {
        'attachment; filename="file.pdf"',
        'attachment; filename="file.docx"',
        'inline; filename="file.pdf"',
    }
    assert found[0].isascii()
    assert starred
    assert not set(starred) & set("\"' ;,()")
    return unquote(starred, errors="strict")


def unpacked(answer: TestResponse) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def manifest(files: dict[str, bytes]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files["manifest.json"])
    return found


@only_sqlite
def test_a_name_comes_back_as_it_was_and_breaks_no_header(world: World) -> None:
    """U06, field cases 34 and 35: in the header, on the page and in the ZIP."""
    draft = world.submission("draft")
    enterprise = world.enterprise(draft)
    for number, name in enumerate(NAMES):
        given = hands.give(world, draft, name, pdf(str(number)))
        assert given.name == file_kinds.clean_name(name)
        answer = enterprise.client.get(f"/attachments/{given.public_id}")
        assert answer.status_code == 200
        assert disposition(answer) == given.name
        assert "X-Injected" not in answer.headers
        assert answer.data == pdf(str(number))
        assert (given.name == name) == ("\\" not in name and "/" not in name and len(name) < 80)
    page = enterprise.get(hands.address(draft)).get_data(as_text=True)
    files = unpacked(enterprise.client.get(hands.address(draft, "bundle.zip")))
    for row in hands.live(world, draft, "evidence"):
        escaped = row.name.replace("&", "&amp;").replace('"', "&#34;").replace("'", "&#39;")
        assert escaped in page
        assert f"附件/佐证材料/{safe_name(row.name)}" in files
    for path in files:
        for part in path.split("/"):
            assert not set(part) & FORBIDDEN
            assert part == part.strip(" .")
            assert part.split(".")[0].upper() not in {"CON", "NUL"}


@only_sqlite
def test_files_of_one_name_stand_side_by_side(world: World) -> None:
    """Field case 37: neither lost nor lengthened; Windows sees no difference of case."""
    draft = world.submission("draft")
    for number, name in enumerate(["同名.pdf", "同名.pdf", "A.pdf", "a.PDF"]):
        hands.give(world, draft, name, pdf(str(number)))
    files = unpacked(world.enterprise(draft).client.get(hands.address(draft, "bundle.zip")))
    given = sorted(path.split("/")[-1] for path in files if path.startswith("附件/佐证材料/"))
    assert given == sorted(["同名.pdf", "同名 (2).pdf", "A.pdf", "a (2).PDF"])
    for line in manifest(files)["files"]:
        assert hashlib.sha256(files[line["path"]]).hexdigest() == line["sha256"]


KINDS = [
    ("报告.pdf", pdf(), True),
    ("照片.png", builders.png_file(), True),
    ("照片.jpg", builders.jpeg_file(), True),
    ("报告.docx", builders.word_file(), False),
    ("数据.xlsx", builders.excel_file(), False),
    ("旧.doc", builders.compound_file("WordDocument", "1Table"), False),
]


@only_sqlite
def test_a_file_is_handed_over_and_never_run(world: World) -> None:
    """U07: as an attachment in a sandbox; a preview for pictures and PDF alone, and without a script either."""
    draft = world.submission("draft")
    for name, content, shown in KINDS:
        path = f"/attachments/{hands.give(world, draft, name, content).public_id}"
        plain, preview = (world.enterprise(draft).client.get(path + query) for query in ("", "?inline=1"))
        for answer in (plain, preview):
            assert answer.data == content
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "no-store"
            assert "script-src" not in answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Content-Type"] in {kind for kind, _start in file_kinds.KINDS.values()}
        assert plain.headers["Content-Disposition"].startswith("attachment;")
        assert plain.headers["Content-Security-Policy"].startswith("sandbox")
        assert preview.headers["Content-Disposition"].startswith("inline;" if shown else "attachment;")
        if file_kinds.PDF not in preview.headers["Content-Type"]:
            assert preview.headers["Content-Security-Policy"].startswith("sandbox")


@only_sqlite
def test_a_range_is_the_right_bytes_under_the_same_policy(world: World) -> None:
    """U08: ranges, HEAD, If-Range and ETag; whoever may not GET may not do these either."""
    draft, returned = world.submission("draft"), world.submission("returned")
    content = pdf("0123456789" * 50)
    row = hands.give(world, draft, "报告.pdf", content)
    path, own = f"/attachments/{row.public_id}", world.enterprise(draft).client
    tag = own.get(path).headers["ETag"]
    assert tag == f'"{row.sha256}"'
    cases: list[tuple[dict[str, str], int, bytes]] = [
        ({"Range": "bytes=0-9"}, 206, content[:10]),
        ({"Range": "bytes=10-"}, 206, content[10:]),
        ({"Range": "bytes=-7"}, 206, content[-7:]),
        ({"Range": f"bytes={len(content)}-"}, 416, b""),
        ({"Range": "bytes=0-9", "If-Range": tag}, 206, content[:10]),
        ({"Range": "bytes=0-9", "If-Range": '"another"'}, 200, content),
        ({"If-None-Match": tag}, 304, b""),
        ({"If-None-Match": '"another"'}, 200, content),
    ]
    for headers, status, expected in cases:
        answer = own.get(path, headers=headers)
        assert answer.status_code == status, headers
        if status != 416:
            assert answer.data == expected, headers
        if status == 206:
            assert answer.headers["Content-Range"].endswith(f"/{len(content)}")
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        for browser in (world.enterprise(returned), world.browser("admin")):
            assert browser.client.get(path, headers=headers).status_code in {403, 404}
        assert world.stranger().client.get(path, headers=headers).status_code == 303
    several = own.get(path, headers={"Range": "bytes=0-1,5-9"})
    assert several.status_code in {200, 206, 416}
    if several.status_code == 200:
        assert several.data == content
    head = own.head(path)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(len(content))
    assert world.enterprise(returned).client.head(path).status_code == 404
    assert world.stranger().client.head(path).status_code == 303


def readers(world: World, submission: Submission) -> dict[str, Browser]:
    other = world.submission("draft" if submission.id != world.submission("draft").id else "returned")
    return {
        "own": world.enterprise(submission),
        "city": world.city(submission),
        "province": world.browser("province"),
        "auditor": world.browser("auditor"),
        "expert": world.browser("expert"),
        "other enterprise": world.enterprise(other),
        "other city": world.browser("city-baoding" if submission.region != "baoding" else "city-tangshan"),
        "admin": world.browser("admin"),
        "nobody": world.stranger(),
    }


ALLOWED = {"own", "city", "province", "auditor", "expert"}


def who_gets(world: World, submission: Submission, row: Attachment, content: bytes) -> set[str]:
    found = set()
    for name, browser in readers(world, submission).items():
        answer = browser.client.get(f"/attachments/{row.public_id}")
        assert answer.status_code in {200, 303, 403, 404}, name
        if answer.status_code == 200:
            assert answer.data == content, name
            found.add(name)
    return found


@only_sqlite
def test_an_old_version_stays_for_those_who_could_read_it(world: World) -> None:
    """U09: replaced and removed files of a submitted revision; one that was never submitted is the enterprise's own."""
    submitted = world.submission("submitted")
    city, own = hands.owner(submitted), world.enterprise(submitted)
    hands.fire(world, submitted, Trigger.WITHDRAW, city)
    first = hands.give(world, submitted, "旧.pdf", pdf("旧"))
    second = hands.give(world, submitted, "撤.pdf", pdf("撤"))
    passing = hands.give(world, submitted, "误.pdf", pdf("误"))
    version = {"version": world.now(submitted).version}
    assert own.post(f"/attachments/{passing.public_id}/remove", version).status_code == 303
    hands.fire(world, submitted, Trigger.SUBMIT, hands.owner(submitted), declared="1")
    world.city(submitted).post(hands.address(submitted, "indicators/1/comments"), {"body": "请更换材料"})
    hands.fire(world, submitted, Trigger.RETURN, f"city-{submitted.region}", reason="请更换")

    data = {"version": world.now(submitted).version, "file": (io.BytesIO(pdf("新")), "新.pdf")}
    assert own.post(f"/attachments/{first.public_id}/replace", data).status_code == 303
    new = hands.live(world, submitted, "evidence")[-1]
    version = {"version": world.now(submitted).version}
    assert own.post(f"/attachments/{second.public_id}/remove", version).status_code == 303

    assert [row.name for row in hands.live(world, submitted, "evidence")] == ["新.pdf"]
    assert who_gets(world, submitted, first, pdf("旧")) == ALLOWED
    assert who_gets(world, submitted, second, pdf("撤")) == ALLOWED
    assert who_gets(world, submitted, passing, pdf("误")) == {"own"}
    assert who_gets(world, submitted, new, pdf("新")) == ALLOWED
    page = own.get(hands.address(submitted)).get_data(as_text=True)
    assert new.public_id in page
    assert not any(row.public_id in page for row in (first, second, passing))
    # What is out can be taken out or replaced no second time.
    data = {"version": world.now(submitted).version, "file": (io.BytesIO(pdf("再")), "再.pdf")}
    assert own.post(f"/attachments/{first.public_id}/replace", data).status_code == 409
    frozen = hands.revisions(world, submitted)[-1]
    assert {file["name"] for file in frozen.attachments} >= {"旧.pdf", "撤.pdf"}
    assert world.faults() == []


@only_sqlite
def test_a_seal_scan_that_was_sent_back_stays_readable(world: World) -> None:
    """U09, S05: the city's sealed page of a void opinion is kept for those who read it then."""
    reviewed = world.submission("city_reviewed")
    scan = hands.live(world, reviewed, "city_seal")[0]
    content = hands.place_of(world, scan.sha256).read_bytes()
    assert who_gets(world, reviewed, scan, content) == ALLOWED
    hands.fire(world, reviewed, Trigger.SEND_BACK, "province", reason="请核对")
    assert hands.live(world, reviewed, "city_seal") == []
    assert who_gets(world, reviewed, scan, content) == ALLOWED


@only_sqlite
def test_the_same_content_of_two_enterprises_is_two_files_to_the_world(world: World) -> None:
    """U09: one content in the store, two rows; knowing the digest opens nothing, and removing takes nothing away."""
    draft, returned = world.submission("draft"), world.submission("returned")
    files = len(hands.store(world))
    first = hands.give(world, draft, "甲.pdf", pdf("同"))
    again = hands.give(world, draft, "甲.pdf", pdf("同"))
    second = hands.give(world, returned, "乙.pdf", pdf("同"))
    assert first.sha256 == again.sha256 == second.sha256
    assert len({first.public_id, again.public_id, second.public_id}) == 3
    assert len(hands.store(world)) == files + 1
    assert world.enterprise(draft).client.get(f"/attachments/{second.public_id}").status_code == 404
    for guess in (first.sha256, first.sha256[:16], str(first.id)):
        assert world.enterprise(returned).client.get(f"/attachments/{guess}").status_code == 404
    data = {"version": world.now(draft).version}
    assert world.enterprise(draft).post(f"/attachments/{first.public_id}/remove", data).status_code == 303
    assert world.enterprise(returned).client.get(f"/attachments/{second.public_id}").data == pdf("同")
    assert world.faults() == []


def flip(world: World, row: Attachment) -> None:
    """Change one bit of a stored file."""
    path = hands.place_of(world, row.sha256)
    content = bytearray(path.read_bytes())
    content[9] ^= 1
    path.chmod(0o600)
    path.write_bytes(bytes(content))


def lose(world: World, row: Attachment) -> None:
    hands.place_of(world, row.sha256).unlink()


@only_sqlite
@pytest.mark.parametrize("harm", [flip, lose])
def test_a_damaged_file_is_not_served_and_stops_nothing_else(
    world: World, harm: Callable[[World, Attachment], None], caplog: pytest.LogCaptureFixture
) -> None:
    """D09, field case 38: refused with an alarm; the page opens; the ZIP goes on and names it; the check finds it."""
    draft = world.submission("draft")
    row = hands.give(world, draft, "坏.pdf", pdf("坏"))
    whole = hands.give(world, draft, "好.pdf", pdf("好"))
    enterprise = world.enterprise(draft)
    assert world.faults() == []
    harm(world, row)
    with caplog.at_level(logging.ERROR, "hbreview"):
        for query, headers in (("", {}), ("?inline=1", {}), ("", {"Range": "bytes=0-1"})):
            answer = enterprise.client.get(f"/attachments/{row.public_id}{query}", headers=headers)
            assert answer.status_code == 410
            assert b"%PDF" not in answer.data
            assert "Content-Disposition" not in answer.headers
    assert len([record for record in caplog.records if row.sha256 in record.getMessage()]) == 3
    assert enterprise.get(hands.address(draft)).status_code == 200
    assert enterprise.client.get(f"/attachments/{whole.public_id}").data == pdf("好")
    files = unpacked(enterprise.client.get(hands.address(draft, "bundle.zip")))
    assert "附件/佐证材料/坏.pdf" not in files
    assert files["附件/佐证材料/好.pdf"] == pdf("好")
    assert {"path": "附件/佐证材料/坏.pdf", "missing": True} in manifest(files)["files"]
    assert [fault for fault in world.faults() if row.public_id in fault] == world.faults() != []
    assert any(row.public_id in line for line in _flask_check(world))


def _flask_check(world: World) -> list[str]:
    result = world.app.test_cli_runner().invoke(args=["check"])
    assert result.exit_code != 0
    return result.output.splitlines()


@only_sqlite
def test_a_changed_revision_is_found(world: World) -> None:
    """D09: one character of a stored snapshot."""
    submitted = world.submission("submitted")

    folder = world.app.config["SETTINGS"].instance
    with contextlib.closing(sqlite3.connect(folder / "hbreview.sqlite3")) as outside:
        guards = outside.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'revisions'")
        for (name,) in guards.fetchall():
            outside.execute(f'DROP TRIGGER "{name}"')
        outside.execute('UPDATE revisions SET answers = replace(answers, \'"employees": "\', \'"employees": "1\')')
        outside.commit()
    assert any(submitted.public_id in fault for fault in world.faults())
    assert any(submitted.public_id in line for line in _flask_check(world))


@only_sqlite
def test_who_reads_while_a_file_is_replaced_gets_one_whole_version(world: World) -> None:
    """C14: each download is the file of its row, each ZIP agrees with its own manifest."""
    draft = world.submission("draft")
    row = hands.give(world, draft, "版本.pdf", pdf("版本 0") + b"%" * 200_000)
    versions = {row.sha256}
    stop, faults = threading.Event(), []
    city = world.city(draft)

    def read() -> None:
        while not stop.is_set():
            with world.app.app_context():
                query = select(Attachment.public_id, Attachment.sha256)
                last = db.session.execute(query.order_by(Attachment.id.desc()).limit(1)).one()
            answer = world.enterprise(draft).client.get(f"/attachments/{last.public_id}")
            if hashlib.sha256(answer.data).hexdigest() != last.sha256:
                faults.append(f"{answer.status_code} {last.sha256}")

    def pack() -> None:
        while not stop.is_set():
            files = unpacked(city.client.get(hands.address(draft, "bundle.zip")))
            lines = {line["path"]: line for line in manifest(files)["files"]}
            if set(lines) != set(files) - {"manifest.json"} or any("missing" in line for line in lines.values()):
                faults.append(repr(sorted(lines)))
            faults.extend(
                path for path, line in lines.items() if hashlib.sha256(files[path]).hexdigest() != line["sha256"]
            )

    threads = [threading.Thread(target=read), threading.Thread(target=pack)]
    for thread in threads:
        thread.start()
    writer = world.stranger()
    writer.sign_in(hands.owner(draft))
    for number in range(1, 7):
        content = pdf(f"版本 {number}") + b"%" * 200_000
        data = {"version": world.now(draft).version, "file": (io.BytesIO(content), "版本.pdf")}
        assert writer.post(f"/attachments/{row.public_id}/replace", data).status_code == 303
        row = hands.live(world, draft, "evidence")[-1]
        versions.add(row.sha256)
    stop.set()
    for thread in threads:
        thread.join(timeout=60)
    assert faults == []
    assert len(versions) == 7
    assert world.faults() == []


@only_sqlite
def test_the_bundle_holds_what_its_reader_may_see(world: World) -> None:
    """The enterprise finds no audit report, the expert no comments; the manifest's digests are right for each."""
    audited = world.submission("audited")
    report = hands.live(world, audited, "audit_report_file")[0]
    told = {name: browser for name, browser in readers(world, audited).items() if name in ALLOWED}
    for name, browser in told.items():
        answer = browser.client.get(hands.address(audited, "bundle.zip"))
        assert disposition_of_zip(answer) == f"{audited.organisation_name}.zip"
        files = unpacked(answer)
        assert (f"附件/专项审计报告/{report.name}" in files) == (name != "own"), name
        assert ("意见.txt" in files) == (name != "expert"), name
        assert {f"{audited.organisation_name}运营情况表.{ending}" for ending in ("docx", "pdf")} <= set(files)
        for line in manifest(files)["files"]:
            assert hashlib.sha256(files[line["path"]]).hexdigest() == line["sha256"]
            assert len(files[line["path"]]) == line["size"]
        assert manifest(files)["revision"] == world.now(audited).revision_number
    for name in ("other enterprise", "other city", "admin", "nobody"):
        browser = readers(world, audited)[name]
        assert browser.client.get(hands.address(audited, "bundle.zip")).status_code in {303, 403, 404}, name


def disposition_of_zip(answer: TestResponse) -> str:
    header = answer.headers["Content-Disposition"]
    assert header.startswith("attachment; filename=\"file.zip\"; filename*=UTF-8''")
    return unquote(header.rpartition("''")[2])


@only_sqlite
def test_internal_comments_stay_out_of_the_enterprises_bundle(world: World) -> None:
    submitted = world.submission("submitted")
    for visibility in ("enterprise", "internal"):
        data = {"body": f"意见：{visibility}", "visibility": visibility}
        path = hands.address(submitted, "indicators/1/comments")
        assert world.city(submitted).post(path, data).status_code == 303
    for browser, expected in ((world.enterprise(submitted), False), (world.city(submitted), True)):
        said = unpacked(browser.client.get(hands.address(submitted, "bundle.zip")))["意见.txt"].decode("utf-8-sig")
        assert "意见：enterprise" in said
        assert ("意见：internal" in said) == expected


@only_sqlite
def test_papers_show_rare_characters(world: World) -> None:
    """Field case 44: in Word's text, and in the PDF by its own fonts: no boxes."""
    draft = world.submission("draft")
    rare = "河北䶮㛃𠮷有限公司"
    hands.fill(world, draft, contact_person="䶮𠮷", address=rare)
    enterprise = world.enterprise(draft).client
    text = "".join(pdf_pages(enterprise.get(hands.address(draft, "form.pdf")).data))
    assert rare in text
    assert "\ufffd" not in text
    with zipfile.ZipFile(io.BytesIO(enterprise.get(hands.address(draft, "form.docx")).data)) as word:
        assert rare in word.read("word/document.xml").decode()


@only_sqlite
def test_the_receipts_digest_is_confirmed_and_no_other(world: World) -> None:
    """Whoever holds the paper can ask; who guesses learns nothing."""
    submitted = world.submission("submitted")
    digest = hands.revisions(world, submitted)[-1].digest
    paper = world.enterprise(submitted).client.get(hands.address(submitted, "revisions/1/receipt.pdf"))
    assert paper.headers["Content-Type"] == "application/pdf"
    text = "".join(pdf_pages(paper.data))
    assert digest in text.replace("-", "")
    assert submitted.organisation_name in text
    stranger = world.stranger()
    spaced = f" {digest[:32].upper()} {digest[32:]}"
    for path in (f"/receipts/{digest}", f"/receipts/{digest.upper()}", f"/receipts?digest={spaced}"):
        page = stranger.get(path)
        assert page.status_code == 200
        assert submitted.organisation_name in page.get_data(as_text=True)
    changed = digest[:-1] + ("0" if digest[-1] != "0" else "1")
    for wrong in (changed, digest[:32], digest + "0", "%25", "_" * 64, "a" * 10_000):
        page = stranger.get(f"/receipts/{wrong}")
        assert page.status_code == 200
        assert submitted.organisation_name not in page.get_data(as_text=True)
        assert "没有与此校验码相符" in page.get_data(as_text=True)
    assert (
        world.enterprise(submitted).client.get(hands.address(submitted, "revisions/2/receipt.pdf")).status_code == 404
    )
    other = world.enterprise(world.submission("returned")).client
    assert other.get(hands.address(submitted, "revisions/1/receipt.pdf")).status_code == 404
