"""What looks used twice: contract numbers found in texts, texts that are last year's, lists that are nearly one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..programmes.schema import FieldType, Programme
from .credit_code import fault_kind
from .names import normalised_name

LEAST_SIGNS, LEAST_DIGITS, MOST_SIGNS = 5, 3, 40
# Two platforms of one city have some clients in common as a matter of course: four or fewer say nothing. Where half
# of the shorter list stands in the other one too, the two serve the same circle, or one was copied from the other.
LEAST_IN_COMMON = 5
LEAST_PART_OF_SHORTER = 2  # one in so many: half
# A shorter answer ("none", the name of a department) is rightly the same each year.
LEAST_TEXT = 50

_OPEN, _SHUT = r"(\[{〔【", r")\]}〕】"
_LINE = r"\-‐‒–—−"
_HAN = r"[\u4e00-\u9fff]"
# The word "number" of a contract, with a few signs between, as in 合同（编号; of a certificate it is another number.
_KEYWORD = re.compile(r"(?:合同|协议)(?:[^。;,、\n证照专利款]{0,6}?编号|书?号)码?")
# Between the word and the number: blanks, a colon, 为, a quotation mark, "No.".
_LINK = re.compile(r"\s*[)\]〕】]?\s*(?:分别)?[为是]?\s*(?P<colon>:?)\s*[为是]?[“\"'《]?(?:NO(?:[.:]\s*|\s+))?")
_BODY = (
    rf"(?:[A-Z0-9]|[_/.#&](?=[A-Z0-9{_OPEN}])|\s?[{_LINE}]\s?(?=[A-Z0-9{_OPEN}第])"
    rf"|[{_OPEN}](?:[A-Z0-9]{{1,8}}[{_SHUT}]|{_HAN}{{1,4}}[{_SHUT}](?=[A-Z0-9字第]))"
    r"|字?第(?=[A-Z0-9])|字(?=[A-Z0-9]))+号?"
)
# A number may begin with its office: 冀服〔2025〕12号. Without brackets it takes a colon to tell that from prose.
_OFFICE = rf"{_HAN}{{1,10}}?字?(?=第?[{_OPEN}]\d{{4}})"
_LOOSE_OFFICE = rf"{_HAN}{{1,10}}?(?=第?[A-Z0-9])"
_NUMBER = re.compile(rf"(?P<office>{_OFFICE})?{_BODY}")
_NUMBER_AFTER_COLON = re.compile(rf"(?P<office>{_OFFICE}|{_LOOSE_OFFICE})?{_BODY}")
_NEXT = re.compile(r"[”\"'》]?\s*[、,;和及与]\s*[“\"'《]?(?:NO(?:[.:]\s*|\s+))?")
_NO_OFFICE = re.compile(r"[见附详无如下暂待]|电话|日期|金额|手机|签订")
_AMOUNT = re.compile(r"\s*[元万亿年月日家人个项份件次位户%]")
_TELEPHONE = re.compile(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}|400-?\d{3}-?\d{4}|\d{3}-\d{4}-\d{4}")
_DAY = re.compile(r"(?:19|20)\d{2}[-/.]\d{1,2}(?:[-/.]\d{1,2})?")
_BETWEEN = re.compile(rf"[\s{_OPEN}{_SHUT}{_LINE}_/.#&第]+")


@dataclass(frozen=True, slots=True)
class ContractNumber:
    """A number as it is written (width folded), and as it is compared: letters large, separators all the same."""

    written: str
    key: str

    @property
    def runs(self) -> tuple[str, ...]:
        """What stands between the separators: letters, figures, signs of an office."""
        return tuple(self.key.split("-"))


def contract_numbers(texts: Iterable[str]) -> list[ContractNumber]:
    """The contract numbers that stand in these texts, each once, in their order.

    A number counts only behind a word for it (合同编号, 合同号, 协议编号, 协议号, or 编号 a few signs after 合同), with
    five signs and three figures at least. Years, days, amounts, telephone numbers, credit codes are none.
    """
    found: dict[str, ContractNumber] = {}
    for text in texts:
        folded = unicodedata.normalize("NFKC", text)
        for word in _KEYWORD.finditer(folded):
            for number in _behind(folded.upper() if len(folded.upper()) == len(folded) else folded, word.end()):
                found.setdefault(number.key, number)
    return list(found.values())


def _behind(text: str, place: int) -> Iterator[ContractNumber]:
    """The number behind the word that ends here, and those that follow it in a row."""
    link = _LINK.match(text, place)
    pattern = _NUMBER_AFTER_COLON if link and link["colon"] else _NUMBER
    while link:
        found = pattern.match(text, link.end())
        number = _read(found, text) if found else None
        if found is None or number is None:
            return
        yield number
        pattern, link = _NUMBER, _NEXT.match(text, found.end())


def _read(found: re.Match[str], text: str) -> ContractNumber | None:
    written = re.sub(r"\s", "", found.group()).rstrip("-_/.#&")
    plain = re.sub(r"号$", "", written)
    key = _BETWEEN.sub("-", plain).strip("-")
    if not _is_number(plain, key) or _NO_OFFICE.search(found["office"] or ""):
        return None
    if re.fullmatch(r"[\d.]+", plain) and _AMOUNT.match(text, found.end()):
        return None
    return ContractNumber(written, key)


def _is_number(plain: str, key: str) -> bool:
    signs, digits = len(key.replace("-", "")), sum(sign.isdecimal() for sign in key)
    if not (LEAST_SIGNS <= signs <= MOST_SIGNS and digits >= LEAST_DIGITS):
        return False
    return not (_TELEPHONE.fullmatch(plain) or _DAY.fullmatch(plain) or fault_kind(plain) is None)


def unchanged_texts(programme: Programme, now: Mapping[str, str], last: Mapping[str, str]) -> list[str]:
    """The keys of long texts (50 signs and more, blanks not counted) that say word for word what last year's said."""
    found = []
    for field in programme.fields:
        if field.type is FieldType.TEXTAREA and field.filled_by == "enterprise":
            text = normalised_name(now.get(field.key, ""))
            if len(text) >= LEAST_TEXT and text == normalised_name(last.get(field.key, "")):
                found.append(field.key)
    return found
