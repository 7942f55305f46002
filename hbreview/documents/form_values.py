"""One place's text as it stands in a form, less what the form itself or a habit of writing put around it."""

from __future__ import annotations

import re
import unicodedata

from ..programmes.schema import Field, FieldType

_TICKED, _EMPTY = "☑☒√✓✔■●◉", "□☐○◯"
_LONG = {FieldType.TEXT, FieldType.TEXTAREA}
_SITE = re.compile(r"\s*(?P<site>\S*?)(?:\s+|(?=[\u4e00-\u9fff]?ICP))(?P<number>\S.*)", re.DOTALL | re.IGNORECASE)


def cleaned(field: Field, text: str, *, tail: str = "") -> str:
    """The raw answer in ``text``, with what is printed after it (``tail``) cut off.

    Long texts are left as they are but for blanks at their ends; figures lose lines to write on and a unit without
    a figure; of boxes to tick, the word that is ticked stays.
    """
    raw = text.strip()
    if field.type not in _LONG:
        raw = raw.rstrip("，,、；;。 \n")
    raw = without(tail, raw)
    if field.type is FieldType.TEXTAREA:
        return raw
    raw = _one_line(raw)
    if field.type is FieldType.DATE:
        return raw if any(c.isdecimal() for c in raw) else ""
    if field.type is FieldType.YES_NO:
        return _ticked(raw, ["不能", "否", "能", "是"])
    if field.type is FieldType.CHOICE:
        return _ticked(raw, [choice.label.zh for choice in field.choices])
    return raw if field.type in _LONG else _figure(field, raw)


def split_site(text: str) -> tuple[str, str]:
    """A website and its filing number that were written in one go; "" for what is not there."""
    match = _SITE.fullmatch(text)
    return (match["site"], match["number"]) if match else (text, "")


def _one_line(text: str) -> str:
    """A line break within a cell is no part of a short answer; between Latin words it is a blank."""
    return re.sub(r"\s*[\n\t]\s*", lambda m: " " if _latin(text, m) else "", text)


def _latin(text: str, match: re.Match[str]) -> bool:
    around = text[match.start() - 1 : match.start()] + text[match.end() : match.end() + 1]
    return around.isascii()


def without(tail: str, text: str) -> str:
    """The text without what is printed after it: all of it, or its unit without the hint in brackets."""
    unit = re.split(r"[（(]", tail)[0]
    for words in filter(str.strip, (tail, unit)):
        pattern = r"\s*".join(_either(c) for c in words if not c.isspace())
        if match := re.search(rf"{pattern}\s*\Z", text):
            return text[: match.start()].strip()
    return text


def _either(sign: str) -> str:
    for group in ("（(〔", "）)〕", "：:", "%％", "/／"):
        if sign in group:
            return f"[{group}]"
    return re.escape(sign)


def _figure(field: Field, raw: str) -> str:
    text = raw.strip("_＿ \u3000：:") if field.is_number else raw
    for words in (field.hint.zh if field.hint else "", f"（{field.unit}）", f"({field.unit})"):
        if field.is_number and words and text.startswith(words):
            text = text[len(words) :].lstrip("：:_＿ \u3000")
    return "" if field.unit and unicodedata.normalize("NFKC", text) in {field.unit, ""} else text.strip()


def _ticked(text: str, options: list[str]) -> str:
    """Of ☑是 □否 the ticked word, and of boxes that are all empty nothing; a text without boxes is left as it is."""
    signs = f"[{_TICKED}{_EMPTY}]"
    if not re.search(signs, text):
        return text
    words = "|".join(map(re.escape, sorted(options, key=len, reverse=True)))
    parts: list[str] = re.findall(rf"{signs}|{words}", text)
    marks_first = parts[0] in _TICKED + _EMPTY
    chosen: set[str] = set()
    for at, part in enumerate(parts):
        if part in _TICKED:
            near = at + 1 if marks_first else at - 1
            if 0 <= near < len(parts) and parts[near] in options:
                chosen.add(parts[near])
    if len(chosen) == 1:
        return chosen.pop()
    return text if any(sign in text for sign in _TICKED) else ""
