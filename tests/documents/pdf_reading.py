"""What a PDF shows: the text of its pages, from the glyphs that are drawn and the tables that say what they mean."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

NOT_DRAWN = "\ufffd"  # glyph 0, the box that stands for a sign the font does not have
_OBJECT = re.compile(rb"^(\d+) 0 obj\s(.*?)^endobj", re.DOTALL | re.MULTILINE)
_FONT = re.compile(rb"/(f\d+) [\d.]+ Tf")
_HEXADECIMAL = re.compile(rb"<([0-9A-Fa-f]+)>")
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def pdf_pages(content: bytes) -> list[str]:
    """The text of each page in the order in which it is drawn, blanks and all line breaks taken out."""
    objects = {int(number): body for number, body in _OBJECT.findall(content)}
    pages = [body for body in objects.values() if b"/Type/Page/" in body]
    return [re.sub(r"\s|\u200b", "", _page(body, objects)) for body in pages]


def _reference(body: bytes, name: bytes) -> int:
    found = re.search(rb"/" + name + rb" (\d+) 0 R", body)
    assert found, (name, body[:200])
    return int(found[1])


def _stream(body: bytes) -> bytes:
    return zlib.decompress(body.split(b"stream\n", 1)[1].rpartition(b"\nendstream")[0])


def _page(body: bytes, objects: dict[int, bytes]) -> str:
    resources = objects[_reference(body, b"Resources")]
    named = re.search(rb"/Font<<(.*?)>>", resources)
    assert named
    fonts = {
        name: _meanings(objects[int(number)], objects) for name, number in re.findall(rb"/(f\d+) (\d+) 0 R", named[1])
    }
    text, font = "", {}
    for between, codes in _strings(_stream(objects[_reference(body, b"Contents")])):
        for name in _FONT.findall(between):
            font = fonts[name]
        if between.endswith((b"/Lang", b"/ActualText")):  # said of the next text, and not drawn
            continue
        numbers = [int.from_bytes(codes[at : at + 2], "big") for at in range(0, len(codes), 2)]
        text += "".join(NOT_DRAWN if number == 0 else font[number] for number in numbers)
    return text


def _strings(stream: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each string of a stream and what stands before it: (letters), where brackets may stand in pairs, or <0A1B>."""
    depth, begin, last, at = 0, 0, 0, 0
    while at < len(stream):
        sign = stream[at : at + 1]
        if not depth and (hexadecimal := _HEXADECIMAL.match(stream, at)):
            yield stream[last:at], bytes.fromhex(hexadecimal[1].decode())
            at = last = hexadecimal.end()
            continue
        if sign == b"\\":
            at += 1
        elif sign == b"(":
            begin = begin if depth else at
            depth += 1
        elif sign == b")":
            depth -= 1
            if not depth:
                yield stream[last:begin], _ESCAPE.sub(_unescaped, stream[begin + 1 : at])
                last = at + 1
        at += 1


def _unescaped(match: re.Match[bytes]) -> bytes:
    return bytes([int(match[1], 8)]) if match[1].isdigit() else _LETTERS.get(match[1], match[1])


def _meanings(font: bytes, objects: dict[int, bytes]) -> dict[int, str]:
    table = _stream(objects[_reference(font, b"ToUnicode")])
    found = {}
    for part in re.findall(rb"beginbfchar(.*?)endbfchar", table, re.DOTALL):
        for code, text in re.findall(rb"<([0-9A-F]+)>\s*<([0-9A-F]+)>", part):
            found[int(code, 16)] = bytes.fromhex(text.decode()).decode("utf-16-be")
    for part in re.findall(rb"beginbfrange(.*?)endbfrange", table, re.DOTALL):
        for first, last, text in re.findall(rb"<([0-9A-F]+)>\s*<([0-9A-F]+)>\s*<([0-9A-F]+)>", part):
            start = int(text, 16)
            found |= {code: chr(start + at) for at, code in enumerate(range(int(first, 16), int(last, 16) + 1))}
    return found
