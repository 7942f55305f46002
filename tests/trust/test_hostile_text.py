"""Texts that want to be something else, in every input of the desk and on every page and paper (H11, I01-I04, D08)."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import docx
import pytest
from sqlalchemy import select

from hbreview.extensions import db
from hbreview.model import Organisation, ServedEnterprise, Submission
from hbreview.programmes.schema import FieldType
from tests.documents.pdf_reading import pdf_pages
from tests.trust import desk_hands as hands
from tests.trust.desk_hands import HTMX, pdf
from tests.trust.test_desk_rules import WARNED, codes, ready, save, submit, take_list
from tests.worlds import World

only_sqlite = hands.only_sqlite

EVIL = (
    "甲{{7*7}}乙 {% for x in y %} {{ cycler.__init__.__globals__ }} <img src=x onerror=alert(1)> "
    '"><script>alert(1)</script> <a hx-get="/evil" hx-on:click="alert(1)" data-hx-post="/evil">b</a> '
    "'; DROP TABLE people;-- ]]></w:t> &amp; &lt;i&gt; %(name)s %s ${7*7} #{7*7}"
)
SHORT = "甲{{7*7}}乙<img src=x onerror=alert(1)>"
# What only a page of ours may have, and nobody's text may bring.
FORBIDDEN = re.compile(r"^on|^hx-on|^data-hx-on")


class Watching(HTMLParser):
    """A page's elements: what runs, what asks, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.faults += [f"{tag} {name}" for name in given if FORBIDDEN.match(name)]
        self.faults += [f"{tag} asks {name}" for name, value in given.items() if "hx-" in name and "/evil" in value]
        if (tag == "script" and "src" not in given) or (tag in {"img", "a"} and given.get("src") == "x"):
            self.faults.append(tag)
        self.text += [value for name, value in given.items() if name in {"value", "aria-label", "title", "data-take"}]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def check(page: str, where: str) -> str:
    """The page's text; it holds nothing of the hostile texts but their letters."""
    watching = Watching(page)
    assert watching.faults == [], where
    text = " ".join(watching.text)
    assert "甲49乙" not in text, where
    assert "built-in" not in text, where
    return text


def spoil(world: World, submission: Submission) -> None:
    """Hostile texts in everything that the enterprise and the city type."""
    programme = hands.programme(world, submission)
    texts = {f.key: EVIL for f in programme.enterprise_fields if f.type is FieldType.TEXTAREA}
    texts |= {f.key: SHORT for f in programme.enterprise_fields if f.type is FieldType.TEXT}
    ready(world, submission, **texts)
    enterprise, city = world.enterprise(submission), world.city(submission)
    assert save(world, enterprise, submission, WARNED | {"remark.C6.service_area_rented": EVIL}).status_code == 303
    row = hands.give(world, submission, "甲{{7*7}}乙<img src=x onerror=alert(1)>.pdf", pdf("恶"))
    data = {"version": world.now(submission).version, "proves": ["1"], "pages-1": "3-5"}
    assert enterprise.post(f"/attachments/{row.public_id}/evidence", data).status_code == 303
    assert submit(world, enterprise, submission).status_code == 303
    assert city.post(hands.address(submission, "indicators/1/comments"), {"body": EVIL}).status_code == 303
    assert world.fire(city, submission, "return", reason=EVIL).status_code == 303
    second = hands.hire(world, submission, "second", SHORT)
    assert enterprise.post("/desk/second-signature", {"wanted": "1"}).status_code == 303
    data = {"version": world.now(submission).version, "say": "decline", "declined": EVIL}
    assert second.post(hands.address(submission, "sign-off"), data).status_code == 303


def rename(world: World, submission: Submission) -> None:
    def work(session: Any) -> None:
        session.get_one(Submission, submission.id).organisation_name = SHORT
        session.get_one(Organisation, submission.organisation_id).name = SHORT

    hands.write(world, work)


@only_sqlite
def test_hostile_texts_are_text_on_every_page_and_paper(world: World) -> None:
    """H11, I02, I04: each page of each reader, each part for htmx, each paper."""
    draft = world.submission("draft")
    spoil(world, draft)
    rename(world, draft)
    row = hands.live(world, draft, "evidence")[0]
    own = ["/desk", hands.address(draft, "review"), f"/attachments/{row.public_id}/evidence"]
    own += [hands.address(draft, "proposals/last"), "/notices"]
    shared = [hands.address(draft, path) for path in ("history", "revisions/1", "diff?from=1&to=1", "indicators/1")]
    shared += [hands.address(draft), "/submissions?q=" + quote(SHORT)]
    for login, paths in (
        (hands.owner(draft), own + shared),
        ("second", own),
        (f"city-{draft.region}", [*shared, "/notices"]),
        ("province", shared),
        ("admin", ["/journal", "/people"]),
    ):
        browser = world.browser(login)
        for path in paths:
            for headers in ({}, HTMX):
                answer = browser.client.get(path, headers=headers)
                if answer.status_code != 200:
                    assert answer.status_code in {303, 404}, path
                    assert path in {"/journal", "/people"} or "diff" in path or "indicators" in path, path
                    continue
                check(answer.get_data(as_text=True), f"{login} {path}")
    enterprise = world.enterprise(draft)
    page = check(enterprise.get(hands.address(draft)).get_data(as_text=True), "form")
    assert page.count("cycler.__init__") >= 4
    _on_paper(world, draft)


def _on_paper(world: World, submission: Submission) -> None:
    client = world.enterprise(submission).client
    word = docx.Document(io.BytesIO(client.get(hands.address(submission, "form.docx")).data))
    text = "\n".join(cell.text for table in word.tables for row in table.rows for cell in row.cells)
    assert EVIL in text
    printed = "".join(pdf_pages(client.get(hands.address(submission, "form.pdf")).data))
    assert "".join(EVIL.split()) in printed
    receipt = "".join(pdf_pages(client.get(hands.address(submission, "revisions/1/receipt.pdf")).data))
    assert "甲{{7*7}}乙" in receipt
    assert "甲49乙" not in text + printed + receipt
    answer = client.get(hands.address(submission, "bundle.zip"))
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        assert EVIL in " ".join(archive.read("意见.txt").decode("utf-8-sig").split("\t"))
        assert not any("<" in name or ".." in name for name in archive.namelist())


@only_sqlite
@pytest.mark.parametrize(
    "text", [EVIL[:190], "{{7*7}}", "%7B%7B7*7%7D%7D", "<script>alert(1)</script>", "a\r\nX-Bad: 1"]
)
def test_what_is_said_back_is_said_as_text(world: World, text: str) -> None:
    """I04: refused values, unknown addresses, searches, receipts, logins, file names."""
    draft = world.submission("draft")
    enterprise, stranger = world.enterprise(draft), world.stranger()
    answers = [
        enterprise.get("/no/" + quote(text)),
        enterprise.get("/submissions?q=" + quote(text)),
        enterprise.get(f"/submissions/{quote(text, safe='')}"),
        stranger.get("/receipts/" + quote(text, safe="")),
        stranger.get("/receipts?digest=" + quote(text)),
        stranger.get("/designations?q=" + quote(text)),
        stranger.post("/login", {"login": text, "password": text}),
        save(world, enterprise, draft, {"employees": text, "email": text}),
        save(world, enterprise, draft, {"employees": text, "email": text}, headers=HTMX),
        hands.send(world, enterprise, draft, (text.replace("\r\n", "") + ".exe", b"MZ")),
        hands.send(world, enterprise, draft, (text.replace("\r\n", "") + ".exe", b"MZ"), headers=HTMX),
        enterprise.post(hands.address(draft, "sign-off"), {"version": "1", "say": text, "declined": text}),
    ]
    for number, answer in enumerate(answers):
        assert answer.status_code < 500, number
        assert "X-Bad" not in answer.headers
        said = check(answer.get_data(as_text=True), str(number))
        if text == "{{7*7}}":
            assert not re.search(r"(?<![\w-])49(?![\w-])", said), number


FORMULAS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "＝1+1", "＋1", "－1", "＠x", '"=1+1', "=cmd|' /C calc'!A0", "-", "--"]


@only_sqlite
def test_no_text_is_a_formula_in_a_workbook(world: World) -> None:
    """I01: each is a string, no cell a formula; a negative number stays a number; reading it back changes nothing."""
    base = world.submission("draft", "base")
    enterprise = world.enterprise(base)
    ready(world, base, total_profit="-12.5")
    keys = [f.key for f in hands.programme(world, base).enterprise_fields if f.type is FieldType.TEXTAREA]
    typed: dict[str, str] = {}
    for number, text in enumerate(FORMULAS):
        typed |= {keys[number % len(keys)]: text}
        if len(typed) == len(keys) or number == len(FORMULAS) - 1:
            assert save(world, enterprise, base, typed).status_code == 303
            _check_workbook(world, base, typed)
            typed = {}


def _check_workbook(world: World, submission: Submission, typed: Mapping[str, str]) -> None:
    enterprise = world.enterprise(submission)
    content = enterprise.client.get(hands.address(submission, "form.xlsx")).data
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheets = "".join(archive.read(name).decode() for name in archive.namelist() if "worksheets/sheet" in name)
        strings = archive.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheets
    assert re.search(r"<v>-12\.50?</v>", sheets)
    assert "-12.5" not in strings
    before = hands.answers(world, submission)
    for key, text in typed.items():
        assert before[key] == text
        assert text.replace("&", "&amp;") in strings.replace("&quot;", '"'), text
    data = {"version": world.now(submission).version, "file": (io.BytesIO(content), "表.xlsx")}
    page = enterprise.post(hands.address(submission, "imports"), data)
    assert page.status_code == 200
    assert 'name="take"' not in page.get_data(as_text=True)


@only_sqlite
def test_a_list_of_enterprises_is_data_and_its_cells_are_text(world: World) -> None:
    """I01, D08: names as they stand, rare characters too."""
    draft = world.submission("draft")
    names = [
        f"{text} {n}" for n, text in enumerate([*FORMULAS, "河北䶮㛃𠮷有限公司", "（全角）公司", EVIL[:150], "e\u0301"])
    ]
    rows = [[n, name, code, "是"] for n, (name, code) in enumerate(zip(names, codes(len(names)), strict=True))]
    assert take_list(world, draft, rows).status_code == 303
    with world.app.app_context():
        kept = list(db.session.scalars(select(ServedEnterprise.name).order_by(ServedEnterprise.position)))
    assert kept == [" ".join(name.split()) for name in names]


BAD_NAMES = ["甲\u202e乙", "甲\u0007乙", "甲\u200b\u2066乙", "长" * 201, "长" * 30_000]


def test_a_name_of_a_list_that_cannot_be_kept_is_named(world: World) -> None:
    """D08: controls and what is too long are refused with the row, on either database."""
    draft = world.submission("draft")
    good, before = codes(2), hands.kept(world)
    for name in BAD_NAMES:
        answer = take_list(world, draft, [[1, "好", good[0], "是"], [2, name, good[1], "否"]])
        assert answer.status_code == 422, name[:10]
        problems = re.findall(r'<p class="problem" role="alert">([^<]*)</p>', answer.get_data(as_text=True))
        assert len(problems) == 1, name[:10]
        assert "3" in re.findall(r"\d+", problems[0])
    assert hands.kept(world) == before


TEXTS = [
    ("河北䶮㛃𠮷有限公司", True),
    ("（全角）(半角)", True),
    ("e\u0301", True),
    ("👩‍👩‍👧 家庭", True),
    ("a\u202eb", False),
    ("a\u2066b", False),
    ("a\x00b", False),
    ("a\x1b[31mb", False),
    ("a\x07", False),
    ("长" * 1_000_000, False),
]


def test_a_text_is_kept_exactly_or_refused_with_the_reason(world: World) -> None:
    """D08, I03: in a field, a long text and a remark; what is refused takes nothing else with it.

    Accents are kept composed, as everywhere: the same letters to whoever reads or searches.
    """
    draft = world.submission("draft")
    for number, (text, legal) in enumerate(TEXTS):
        for key in ("address", "development_plan", "remark.C6.service_area_rented"):
            before = hands.answers(world, draft)
            answer = _raw_save(world, draft, key, text.encode(), f"人{number}{key}")
            if legal:
                assert answer.status_code == 200, (number, key)
                assert hands.answers(world, draft)[key] == unicodedata.normalize("NFC", text)
                continue
            too_large = len(text) > 100_000  # in bytes it is more than a form's text may be
            assert answer.status_code == (413 if too_large else 422), (number, key)
            now = hands.answers(world, draft)
            assert now.get(key, "") == before.get(key, "")
            assert too_large or now["contact_person"] == f"人{number}{key}"
    enterprise = world.enterprise(draft)
    assert enterprise.client.get(hands.address(draft, "form.docx")).status_code == 200
    assert enterprise.client.get(hands.address(draft, "form.xlsx")).status_code == 200


def _raw_save(world: World, submission: Submission, key: str, value: bytes, person: str) -> Any:
    """As a browser would send it, but with bytes that no browser sends."""
    enterprise = world.enterprise(submission)
    version = world.now(submission).version
    head = f"csrf_token={quote(enterprise.token)}&version={version}&contact_person={quote(person)}&{key}="
    body = head.encode() + quote(value).encode()
    path = hands.address(submission, "answers")
    return enterprise.client.post(path, data=body, content_type="application/x-www-form-urlencoded", headers=HTMX)


@only_sqlite
def test_special_characters_stand_exactly_in_word(world: World) -> None:
    """I03: and the file opens."""
    draft = world.submission("draft")
    special = "<&>\"' ]]> </w:t> &#x0; \u2028 行\n第二行 tab\t尾"
    enterprise = world.enterprise(draft)
    answer = save(world, enterprise, draft, {"development_plan": special})
    if answer.status_code == 422:
        special = special.replace("\u2028", "").replace("\t", " ")
        assert save(world, enterprise, draft, {"development_plan": special}).status_code == 303
    word = docx.Document(io.BytesIO(enterprise.client.get(hands.address(draft, "form.docx")).data))
    text = "\n".join(cell.text for table in word.tables for row in table.rows for cell in row.cells)
    assert "<&>\"' ]]> </w:t> &#x0;" in text
    assert "第二行" in text
    long = "㛃" * 5000
    assert save(world, enterprise, draft, {"development_plan": long}).status_code == 303
    word = docx.Document(io.BytesIO(enterprise.client.get(hands.address(draft, "form.docx")).data))
    assert long in "".join(cell.text for table in word.tables for row in table.rows for cell in row.cells)
