"""Cells that no spreadsheet takes for a formula (I01), and back."""

from __future__ import annotations

import re

# A spreadsheet runs a cell that begins with one of these, in either width; some look past blanks and a quote.
_FORMULA = re.compile(r"""[\t\r]|'*[\s"]*[=+\-@＝＋－＠]""")


def safe_cell(text: str) -> str:
    """The text of a cell of a CSV file, with an apostrophe before it if a spreadsheet might run it."""
    return f"'{text}" if _FORMULA.match(text) else text


def plain_cell(text: str) -> str:
    """What ``safe_cell`` was given; an apostrophe that protects nothing stays."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text[1:]) else text
