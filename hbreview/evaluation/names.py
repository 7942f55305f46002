"""Names as they are compared: two spellings of one organisation are one."""

from __future__ import annotations

import unicodedata


def normalised_name(text: str) -> str:
    """Width, case, blanks, zero-width characters folded away; for search and for joining rosters."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c) not in {"Cf", "Cc"})
