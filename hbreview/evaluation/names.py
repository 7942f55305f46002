"""Names as they are compared: two spellings of one organisation are one."""

from __future__ import annotations

import re
import unicodedata

# They choose a drawing of the sign before them and have no width of their own.
_VARIATION = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def normalised_name(text: str) -> str:
    """Width, case, blanks, zero-width characters folded away; for search and for joining rosters.

    What is invisible goes first, so that it cannot keep a letter and its accent apart.
    """
    shown = "".join(c for c in unicodedata.normalize("NFKC", text) if not _is_ignored(c))
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", shown).casefold())
    return "".join(c for c in folded if not _is_ignored(c))


def _is_ignored(c: str) -> bool:
    return c.isspace() or unicodedata.category(c) in {"Cf", "Cc"} or _VARIATION.match(c) is not None


def initials(text: str) -> str:
    """The first letters of a name in pinyin, letters and figures as they are: what a clerk types to find it."""
    # The dictionaries take a second to load: only who imports a roster waits for them.
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 - as said

    letters = lazy_pinyin(normalised_name(text), style=Style.FIRST_LETTER)
    return "".join(letter for letter in "".join(letters) if letter.isalnum()).lower()
