"""What a letter says in each language, where its links lead, and that what was typed stays text (I07, I04)."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from hbreview import create_app
from hbreview.languages import LOCALES
from hbreview.notices.audience import TABLE
from hbreview.notices.letters import (
    AUDITOR_REMINDER,
    CITY_REMINDER,
    EXPERT_REMINDER,
    REMINDER,
    WORDINGS,
    Letter,
    harmless,
    write,
)
from hbreview.notices.letters import address_of as link_to
from tests import worlds

AT = datetime(2026, 3, 1, 4, 5, 6, tzinfo=UTC)
FACTS: dict[str, Any] = {
    "sequence": 7, "submission": "abcdefgh", "organisation": "石家庄中小企业服务中心", "round": "2025年度评价",
    "deadline": "2026-03-31", "count": 3, "day": "2026-04-09", "missing": 4,
}  # fmt: skip
HAN = re.compile(r"[\u4e00-\u9fff]")
LIVE = re.compile(r"(?i)https?:/|www\.\w|mailto:\w|javascript:\w")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder = tmp_path_factory.mktemp("letters")
    plain = worlds.settings(f"sqlite:///{folder / 'x.sqlite3'}", folder)
    public = {"public_url": "https://review.example/hb", "mail_from": "office@hebei.example"}
    return create_app(dataclasses.replace(plain, **public))


def letter(kind: str = "return", language: str = "zh", **more: Any) -> Letter:
    name, address = more.pop("name", "王经理"), more.pop("address", "wang@people.example")
    return Letter("entry:7:3", kind, {**FACTS, **more}, address, name, language)


def written(app: Flask, one: Letter) -> EmailMessage:
    """As a reader of mail sees it: through the wire and back."""
    raw = write(app, one, at=AT).as_bytes()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    return message_from_bytes(raw, policy=default)  # type: ignore[return-value]  # by the policy


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_every_telling_has_words_and_every_word_a_telling() -> None:
    assert set(WORDINGS) == {telling.act for telling in TABLE} | {
        REMINDER,
        CITY_REMINDER,
        EXPERT_REMINDER,
        AUDITOR_REMINDER,
    }


@pytest.mark.parametrize("kind", sorted(WORDINGS))
@pytest.mark.parametrize("language", sorted(LOCALES))
def test_letter_is_whole_in_the_readers_language(app: Flask, language: str, kind: str) -> None:
    message = written(app, letter(kind, language))
    for text in (str(message["Subject"]), part(message, "plain"), re.sub("<[^>]*>", " ", part(message, "html"))):
        own = text
        for name in (FACTS["organisation"], FACTS["round"], "王经理"):
            own = own.replace(name, "")
        assert bool(HAN.search(own)) is (language == "zh"), text
        assert "%(" not in text
        assert FACTS["organisation"] in text
    assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in part(message, "html")
    assert part(message, "plain").count("https://review.example/hb/submissions/abcdefgh") == 1
    assert ("2026-03-31" in part(message, "plain")) is ("reminder" in kind)


def test_languages_of_letters_in_a_row_do_not_mix(app: Flask) -> None:
    subjects = [str(written(app, letter(language=one))["Subject"]) for one in ("zh", "en", "zh", "en")]
    assert subjects[0] == subjects[2] != subjects[1] == subjects[3]


def test_links_come_from_the_settings_whatever_a_request_says(app: Flask) -> None:
    with app.test_request_context("/", base_url="http://evil.example"):
        message = written(app, letter())
        assert link_to(app, "counter.home") == "https://review.example/hb/"
    links = re.findall(r'href="([^"]*)"', part(message, "html"))
    assert links == ["https://review.example/hb/submissions/abcdefgh", "https://review.example/hb/account"]
    assert "evil" not in message.as_string()


def test_headers_name_the_letter_and_say_that_no_person_wrote_it(app: Flask) -> None:
    first, again = (written(app, letter()) for _ in range(2))
    other = written(app, dataclasses.replace(letter(), key="entry:7:4"))
    assert first["Message-ID"] == again["Message-ID"] != other["Message-ID"]
    assert str(first["Message-ID"]).endswith("@review.example>")
    assert (first["From"], first["To"]) == ("office@hebei.example", "wang@people.example")
    assert (first["Auto-Submitted"], first["Date"].datetime) == ("auto-generated", AT)


@pytest.mark.parametrize(
    "typed",
    [
        "甲公司\r\nBcc: all@evil.example", "甲\nSubject: 中奖", "甲\rX: y", "甲\u2028Bcc: a@b.cc", "甲\x00\x1b[31m",
        "https://evil.example/login", "www.evil.example", "evil.example", "mailto:a@evil.example",
        '<a href="https://evil.example">点此</a>', "<img src=x onerror=alert(1)>", "javascript:alert(1)",
        "{{ 7*7 }}{% raw %}", "%(deadline)s %s",
    ],
)  # fmt: skip
def test_typed_text_adds_no_header_and_no_link(app: Flask, typed: str) -> None:
    """I07, I04: in the name of the organisation, the round or the person, in both parts."""
    plain = written(app, letter())
    message = written(app, letter(organisation=typed, round=typed, name=typed))
    assert message.keys() == plain.keys()
    assert len(str(message["Subject"]).splitlines()) == 1
    assert message["To"] == plain["To"]
    for kind in ("plain", "html"):
        text = part(message, kind).replace("https://review.example/hb", "")
        assert not LIVE.search(text), text
        assert not re.search(r"evil[.]example", text)
        assert "49" not in text
        if kind == "html":
            assert (text.count("<a "), text.count("<img")) == (2, 0)
        assert part(message, kind).count("\n") == part(plain, kind).count("\n")


@given(st.text(alphabet=st.characters(), max_size=60))
@settings(max_examples=150, deadline=None)
def test_typed_text_in_a_letter_is_one_line_without_address_or_site(typed: str) -> None:
    text = harmless(typed)
    assert len(text.splitlines()) <= 1
    assert text.replace("\u2060", "").isprintable()
    assert not re.search(r"\w[.:@][\w/]", text)


@pytest.mark.parametrize("address", ["a@b.example\r\nBcc: c@d.example", "two@a.example, b@c.example", "<>", ""])
def test_address_that_cannot_stand_in_a_header_is_an_error_of_this_letter(app: Flask, address: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        write(app, letter(address=address), at=AT)
