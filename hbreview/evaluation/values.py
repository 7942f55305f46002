"""From what a person typed to the canonical text of a field, or the reason why it will not do."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from ..programmes.schema import Field, FieldType
from ..words import N_, Reason

LONGEST_TEXT = 5000
_MOST_DIGITS = 18
_FIRST_YEAR = 1900
# ASCII: a digit of another script would look like another value in a paper.
# One kind of separator throughout, and never after a leading 0: "0,123" may be a decimal comma.
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[1-9]\d{0,2}(?P<by>[, ])\d{3}(?:(?P=by)\d{3})*|\d+)(?:\.(?P<places>\d*))?(?P<rest>.*)",
    re.DOTALL | re.ASCII,
)
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)
_PHONE = re.compile(r"(?:\+?86-?)?(?:1[3-9]\d{9}|(?:0\d{2,3}-?)?[1-9]\d{6,7}(?:-\d{1,6})?|400-?\d{3}-?\d{4})", re.ASCII)
# How people write an area code and an extension: (0311)86012345转8001, ext. 8001.
_AREA_CODE = re.compile(r"\((0\d{2,3})\)-?", re.ASCII)
_EXTENSION = re.compile(r"(?<=\d)(?:转|ext\.?)(?=\d)", re.ASCII | re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@<>\"',;.]+(?:\.[^\s@<>\"',;.]+)*@(?:[^\s@<>\"',;.]+\.)+[^\s@<>\"',;.]{2,}")
_URL = re.compile(
    r"(?:https?://)?(?:[^\s/<>\"'@:.?#]+\.)+[^\s/<>\"'@:.?#]+(?::[0-9]{1,5})?(?:[/?#][^\s<>\"']*)?", re.IGNORECASE
)
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
# No document format can hold these two: a form with one in it could never be printed.
_NO_XML = frozenset("\ufffe\uffff")
# Come along with copied text and are seen by nobody; joiners, which shape letters and emoji, are not among them.
_WIDTHLESS = re.compile("[\u200b\u2060\ufeff]")
# How people shorten a unit.
_ALSO = {"万": "万元"}
_YES_NO = {
    "yes": "yes", "是": "yes", "能": "yes", "no": "no", "否": "no", "不能": "no",
}  # fmt: skip


def parse(field: Field, raw: str) -> str | Reason:
    """The canonical text of ``raw`` for this field ("" when empty), or a Reason at the field.

    Figures come out in the field's scale, exact, with an ASCII point and no separators (D01); more places
    than the scale are refused, never rounded. Dates come out as ISO days, texts as typed with blanks at
    the ends cut and line ends as ``\\n``.
    """
    if fault := _unclean(field, raw):
        return fault
    text = unicodedata.normalize("NFC", _WIDTHLESS.sub("", raw).replace("\r\n", "\n").replace("\r", "\n")).strip()
    if not text:
        return ""
    return _PARSERS.get(field.type, _text)(field, text)


def _unclean(field: Field, raw: str) -> Reason | None:
    """D08: control characters, bidi controls and lone surrogates are no text."""
    allowed = "\r\n\t" if field.type is FieldType.TEXTAREA else ""
    for c in raw.strip():
        if (unicodedata.category(c) in {"Cc", "Cs"} and c not in allowed) or c in _BIDI | _NO_XML:
            return Reason(N_("The text holds control characters."), field.key, "D08")
    return None


def _text(field: Field, text: str) -> str | Reason:
    if len(text) > field.max_length:
        most = {"count": str(field.max_length)}
        return Reason(N_("At most %(count)s characters."), field.key, values=most)
    return text


def _number(field: Field, text: str) -> str | Reason:
    plain = unicodedata.normalize("NFKC", text).replace("−", "-").strip()
    match = _NUMBER.fullmatch(plain)
    # NFKC makes figures of raised, circled and dotted ones (category No): "10²" would be read as 102.
    if not match or any(unicodedata.category(c) == "No" for c in text):
        return Reason(N_("This is not a number."), field.key)
    sign, whole, places, rest = match["sign"], match["whole"], match["places"] or "", match["rest"].strip()
    if rest and _ALSO.get(rest, rest) != unicodedata.normalize("NFKC", field.unit):
        if not field.unit or not re.fullmatch(r"[^\d\s.,eE+-]+", rest):
            return Reason(N_("This is not a number."), field.key)
        units = {"unit": field.unit or "-", "given": rest}
        return Reason(N_("Please give the figure in %(unit)s, not in %(given)s."), field.key, values=units)
    digits = re.sub(r"[, ]", "", whole).lstrip("0") or "0"
    if len(digits) > _MOST_DIGITS:
        return Reason(N_("The number is too large."), field.key)
    return _in_scale(field, sign + digits, places)


def _in_scale(field: Field, whole: str, places: str) -> str | Reason:
    if len(places.rstrip("0")) > field.scale:
        if field.scale == 0:
            return Reason(N_("Please give a whole number."), field.key, "C1")
        most = {"count": str(field.scale)}
        return Reason(N_("At most %(count)s decimal places."), field.key, values=most)
    text = f"{whole}.{places[: field.scale].ljust(field.scale, '0')}" if field.scale else whole
    value = Decimal(text)
    if value == 0:
        value = abs(value)
    if field.minimum is not None and value < field.minimum:
        least = {"least": str(field.minimum)}
        return Reason(N_("Not less than %(least)s."), field.key, "C1", least)
    if field.maximum is not None and value > field.maximum:
        most = {"most": str(field.maximum)}
        return Reason(N_("Not more than %(most)s."), field.key, "C1", most)
    return format(value, "f")


def _date(field: Field, text: str) -> str | Reason:
    match = _DATE.fullmatch(re.sub(r"\s", "", unicodedata.normalize("NFKC", text)))
    try:
        day = date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        day = None
    if day is None or day.year < _FIRST_YEAR:
        return Reason(N_("This is not a date. Write it as 2026-03-01."), field.key)
    return day.isoformat()


def _yes_no(field: Field, text: str) -> str | Reason:
    return _YES_NO.get(unicodedata.normalize("NFKC", text).casefold()) or Reason(
        N_("Please choose yes or no."), field.key
    )


def _choice(field: Field, text: str) -> str | Reason:
    for choice in field.choices:
        if text in {choice.value, choice.label.zh, choice.label.en}:
            return choice.value
    return Reason(N_("Please choose one of the list."), field.key)


def _like(pattern: re.Pattern[str], message: str) -> Callable[[Field, str], str | Reason]:
    def parse_like(field: Field, text: str) -> str | Reason:
        plain = unicodedata.normalize("NFKC", text).replace("—", "-")
        if field.type is FieldType.PHONE:
            plain = _EXTENSION.sub("-", _AREA_CODE.sub(r"\1-", re.sub(r"\s", "", plain)))
        if len(plain) > field.max_length or not pattern.fullmatch(plain):
            return Reason(message, field.key)
        return plain

    return parse_like


_PARSERS: dict[FieldType, Callable[[Field, str], str | Reason]] = {
    FieldType.INTEGER: _number,
    FieldType.DECIMAL: _number,
    FieldType.PERCENT: _number,
    FieldType.DATE: _date,
    FieldType.YES_NO: _yes_no,
    FieldType.CHOICE: _choice,
    FieldType.PHONE: _like(_PHONE, N_("This is not a telephone number.")),
    FieldType.EMAIL: _like(_EMAIL, N_("This is not an e-mail address.")),
    FieldType.URL: _like(_URL, N_("This is not a website address.")),
}
