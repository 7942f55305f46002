"""Names and beginnings of uploads: U01's grid of endings and contents, U05's names."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hbreview.evaluation.file_kinds import (
    DOC,
    DOCX,
    JPEG,
    KINDS,
    PDF,
    PNG,
    SHOWN_INLINE,
    XLS,
    XLSX,
    clean_name,
    media_type,
)
from hbreview.words import Reason

# Names as a browser may send them, and the kinds of content that may stand under each.
NAMES: dict[str, set[str]] = {
    "a.pdf": {PDF},
    "A.PDF": {PDF},
    "a.pdf.": {PDF},
    "a.pdf \u3000.": {PDF},
    "审计报告（终稿）.Pdf": {PDF},
    "a.exe\0.pdf": {PDF},
    "a.png": {PNG},
    "a.jpg": {JPEG},
    "a.jpeg": {JPEG},
    "a.docx": {DOCX},
    "a.xlsx": {XLSX},
    "a.doc": {DOC},
    "a.xls": {XLS},
    "a.pdf.exe": set(),
    "a.pdf\0.exe": set(),
    "a\u202efdp.exe": set(),
    "a.exe\u202e.fdp": set(),
    "a.pdf:a.exe": set(),
    "a.svg": set(),
    "a.html": set(),
    "a.xml": set(),
    "a.zip": set(),
    "a.docm": set(),
    "a.xlsm": set(),
    "a.ｐｄｆ": set(),
    "a．pdf": set(),
    "a.pdf/": {PDF},
    "pdf": set(),
    ".pdf": set(),
    "": set(),
}
# Contents, and the media types as which each may begin: what stands behind is for documents.archives.
CONTENTS: dict[str, tuple[bytes, set[str]]] = {
    "pdf": (b"%PDF-1.7\n", {PDF}),
    "pdf-and-zip": (b"%PDF-1.7\nPK\x03\x04", {PDF}),
    "png": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", {PNG}),
    "jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF", {JPEG}),
    "zip": (b"PK\x03\x04\x14\0\6\0\x08\0", {DOCX, XLSX}),
    "ole": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(8), {DOC, XLS}),
    "exe": (b"MZ\x90\0\3\0\0\0\4\0", set()),
    "elf": (b"\x7fELF\2\1\1", set()),
    "script": (b"#!/bin/sh\n", set()),
    "html": (b"<!DOCTYPE html><html>", set()),
    "svg": (b"<svg xmlns=", set()),
    "xml": (b"<?xml version='1.0'?>", set()),
    "text": ("审计报告".encode(), set()),
    "blank-then-pdf": (b"\n%PDF-1.7\n", set()),
    "exe-then-pdf": (b"MZ%PDF-1.7\n", set()),
    "bom-then-pdf": (b"\xef\xbb\xbf%PDF-1.7", set()),
    "gif": (b"GIF89a", set()),
    "empty-zip": (b"PK\x05\x06" + bytes(12), set()),
    "rar": (b"Rar!\x1a\7\0", set()),
    "one-byte": (b"%", set()),
    "empty": (b"", set()),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("content", CONTENTS)
def test_only_an_ending_and_a_content_on_the_list_together_are_taken(name: str, content: str) -> None:
    beginning, kinds = CONTENTS[content]
    found = media_type(clean_name(name), beginning[:16])
    fitting = NAMES[name] & kinds
    if fitting:
        assert {found} == fitting
        return
    assert isinstance(found, Reason)
    assert found.field == "file"
    if beginning or not NAMES[name]:
        assert found.rule == "U01"
        assert found.values["kinds"] == "pdf png jpg jpeg docx xlsx doc xls"
        assert "%(kinds)s" in found.message
    else:
        assert found.rule == "U02"


def test_a_locked_office_file_is_told_so() -> None:
    reason = media_type("a.docx", CONTENTS["ole"][0])
    assert isinstance(reason, Reason)
    assert "password" in reason.message


def test_nothing_that_runs_in_a_browser_is_shown_inline() -> None:
    assert {PDF, PNG, JPEG} == SHOWN_INLINE < {kind for kind, _beginning in KINDS.values()}


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("审计报告（终稿）.pdf", "审计报告（终稿）.pdf"),
        ('河北省"中小企业"示范平台.pdf', '河北省"中小企业"示范平台.pdf'),
        ("a;b,c(1).pdf", "a;b,c(1).pdf"),
        ("100%.pdf", "100%.pdf"),
        ("<b>&amp;{{7*7}}.pdf", "<b>&amp;{{7*7}}.pdf"),
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\a.pdf", "a.pdf"),
        ("C:\\x", "x"),
        ("C:\\资料\\审计.pdf", "审计.pdf"),
        ("C:a.pdf", "a.pdf"),
        (".C: C:.a.pdf", "a.pdf"),
        ("\\\\host\\share\\a.pdf", "a.pdf"),
        ("..", ""),
        (" . ", ""),
        ("/", ""),
        ("a.pdf. .\u3000.", "a.pdf"),
        (" .a.pdf", "a.pdf"),
        ("a\r\nSet-Cookie: b.pdf", "aSet-Cookie: b.pdf"),
        ("a\u2028b\u2029c\x85d\x1b[31m.pdf", "abcd[31m.pdf"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("\u2066a\u2069\u200e\u061c\u200b\ufeff\u2060\u00adb.pdf", "ab.pdf"),
        ("a\u3164\u115f\u034f.pdf", "a.pdf"),
        ("a\ud800b.pdf", "ab.pdf"),
        ("a\uffffb\ufdd0.pdf", "ab.pdf"),
        # Rare ideographs, also such as this Python has not heard of; private ones of old Chinese fonts.
        ("\U00020bb7\U000323af\ue000.pdf", "\U00020bb7\U000323af\ue000.pdf"),
        ("e\u0301.pdf", "e\u0301.pdf"),
        # Emoji: with skin, of a family, a heart on fire, a key; and joiners that join nothing.
        ("👍🏽👩‍👩‍👧❤️‍🔥5️⃣🏳️‍🌈.pdf", "👍🏽👩‍👩‍👧❤️‍🔥5️⃣🏳️‍🌈.pdf"),
        ("a\u200db👩\u200d\u200d👧👩\u200d.pdf\u200d", "ab👩👧👩.pdf"),
    ],
)
def test_names_are_kept_as_data_and_lose_only_what_deceives(name: str, kept: str) -> None:
    assert clean_name(name) == kept


@pytest.mark.parametrize("device", ["CON", "con", "PRN", "AUX", "NUL", "COM1", "LPT9", "COM¹", "CONIN$", "CLOCK$"])
@pytest.mark.parametrize("rest", ["", ".pdf", ".a.pdf", " .pdf", ":a.pdf", " " * 300 + "a.pdf"])
def test_names_of_devices_are_harmless(device: str, rest: str) -> None:
    assert clean_name(device + rest).startswith(f"_{device}")
    assert clean_name(f"{device}A{rest}").startswith(f"{device}A")


@pytest.mark.parametrize("letter", ["a", "审", "👍", "é"])
@pytest.mark.parametrize("count", [190, 196, 197, 255, 256, 10_000])
def test_long_names_are_cut_before_their_ending(letter: str, count: int) -> None:
    name = clean_name(letter * count + ".pdf")
    assert name.endswith(f"{letter}.pdf")
    assert len(name) <= 200
    assert 255 - len(letter.encode()) < len(name.encode()) <= 255 or len(name) == min(200, count + 4)
    assert clean_name("a." + letter * count) == clean_name("a." + letter * count)[:200]


@given(st.text(st.characters(codec=None) | st.sampled_from(" ./\\:\u200d👩👧\ufe0fCON1审\u202e"), max_size=300))
@example("CON" + " " * 196 + "a.pdf")
@example("." + ("a" * 199) + " b.c")
@example("👩\u200d" * 70 + ".pdf")
def test_whatever_the_name_the_result_is_clean(name: str) -> None:
    clean = clean_name(name)
    assert clean_name(clean) == clean
    assert len(clean) <= 200
    assert len(clean.encode()) <= 255
    assert not {"/", "\\"} & set(clean)
    assert clean == clean.strip().strip(".")
    assert {unicodedata.category(c) for c in clean.replace("\u200d", "")} & {"Cc", "Cf", "Cs", "Zl", "Zp"} == set()
