"""The unified social credit code of an organisation (GB 32100-2015): its spelling and its check character.

The code has 18 characters: two for who registers, six digits for where, nine of the organisation's own
code, and the check character. The check is the sum of values times weights (powers of 3) modulo 31.
31 is a prime and 3 a primitive root of it, so that any one wrong character and any two neighbours in the
wrong order are found. Not found: the first and the last character exchanged, which have the same weight,
and one in 31 of all other changes of two characters or more.
"""

from __future__ import annotations

from enum import StrEnum

from ..words import N_, Reason
from .names import normalised_name

LENGTH = 18
# Without I, O, S, V and Z, which are taken for figures and for each other.
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_REGION = slice(2, 8)
_WEIGHTS = tuple(pow(3, place, len(ALPHABET)) for place in range(LENGTH - 1))


class CodeFault(StrEnum):
    """What is wrong with a code."""

    MISSING = "missing"
    LENGTH = "length"
    ALPHABET = "alphabet"
    CHECK = "check"


_MESSAGES = {
    CodeFault.MISSING: N_("Please give the unified social credit code."),
    CodeFault.LENGTH: N_("A unified social credit code has 18 characters, not %(count)s."),
    CodeFault.ALPHABET: N_("“%(code)s” is no unified social credit code: “%(sign)s” cannot stand where it does."),
    CodeFault.CHECK: N_("The check character of “%(code)s” does not fit: a character is wrong or two are exchanged."),
}


def normalised_code(text: str) -> str:
    """The code as it is compared: full-width signs made narrow, letters large, blanks and unseen signs gone."""
    return normalised_name(text).upper()


def check_character(body: str) -> str:
    """The 18th character to 17 given ones, all of the alphabet; ValueError otherwise."""
    if len(body) != LENGTH - 1:
        raise ValueError(body)
    total = sum(ALPHABET.index(sign) * weight for sign, weight in zip(body, _WEIGHTS, strict=True))
    return ALPHABET[-total % len(ALPHABET)]


def fault_kind(code: str) -> CodeFault | None:
    """What is wrong with a normalised code, the first that is found; None when nothing is."""
    if not code:
        return CodeFault.MISSING
    if len(code) != LENGTH:
        return CodeFault.LENGTH
    if misplaced_sign(code):
        return CodeFault.ALPHABET
    return None if check_character(code[:-1]) == code[-1] else CodeFault.CHECK


def misplaced_sign(code: str) -> str:
    """The first character that is not of the alphabet, or no digit in the place of the region; "" if none."""
    region = range(LENGTH)[_REGION]
    for place, sign in enumerate(code):
        if sign not in ALPHABET or (place in region and not sign.isdecimal()):
            return sign
    return ""


def code_fault(code: str) -> Reason | None:
    """Why the text is no unified social credit code, in whatever width and case it is written; None if it is one."""
    plain = normalised_code(code)
    kind = fault_kind(plain)
    if kind is None:
        return None
    return Reason(
        _MESSAGES[kind],
        rule="D08",
        values={"code": plain, "count": str(len(plain)), "sign": misplaced_sign(plain)},
    )
