"""How the cells of a form are known again when somebody has typed them anew: patterns made from the layout.

Blanks, the width of punctuation, colons and commas make no difference; brackets do only when they are away.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from ..programmes.layout import Cell, Place, Row, supplementary_rows
from ..programmes.schema import Field, FieldType, Programme

_COLON, _COMMA, _OPEN, _CLOSE = "：:", "，,、；;", "（(〔［[【", "）)〕］]】"
_GROUP = re.compile(rf"[{re.escape(_OPEN)}]([^{re.escape(_CLOSE)}]*)[{re.escape(_CLOSE)}]")
_LONG = {FieldType.TEXT, FieldType.TEXTAREA}
DAY = r"[0-9０-９]{4}\s*年\s*[0-9０-９]{1,2}\s*月\s*[0-9０-９]{1,2}\s*日"
NO_DAY = r"年\s*月\s*日"
SEAL = "盖章"


@dataclass(frozen=True, slots=True)
class Slot:
    """A field's place: ``lead`` matches the words before it, ``tail`` is what is printed after it.

    ``order`` is its number in the form, ``row`` and ``cell`` where it stands; slots of one row go together.
    """

    field: Field
    order: int
    row: int
    cell: int
    lead: re.Pattern[str]
    tail: str


@dataclass(frozen=True, slots=True)
class CellShape:
    """A cell: ``pattern`` matches all of its text and gives the value of each slot.

    ``bare`` says that it begins with the value, so that what is printed after it is left in.
    """

    pattern: re.Pattern[str]
    slots: tuple[Slot, ...]
    bare: bool = False

    @property
    def fixed(self) -> bool:
        """Whether nothing is filled in there."""
        return not self.slots


@dataclass(frozen=True, slots=True)
class RowShape:
    """A row of cells; ``known`` when any of its words can tell it from other rows."""

    cells: tuple[CellShape, ...]
    known: bool

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The row's slots in order."""
        return tuple(slot for cell in self.cells for slot in cell.slots)


@dataclass(frozen=True, slots=True)
class FormShape:
    """All of a form: the line over the table, the rows with the supplementary ones after them, the titles."""

    head: RowShape
    rows: tuple[RowShape, ...]
    titles: tuple[str, ...]
    opinion: Slot | None

    @property
    def slots(self) -> tuple[Slot, ...]:
        """All slots in the form's order."""
        return (*self.head.slots, *(slot for row in self.rows for slot in row.slots))


def plain(text: str) -> str:
    """A text by its letters and digits alone, for comparing."""
    return "".join(c for c in unicodedata.normalize("NFKC", text) if c.isalnum()).casefold()


@lru_cache(maxsize=16)
def form_shape(programme: Programme) -> FormShape:
    """The patterns of a programme's form."""
    maker = _Maker(programme)
    head = maker.row(Row((programme.layout.head,)))
    rows = tuple(maker.row(row) for row in programme.layout.rows if row.cells)
    added = tuple(maker.row(row) for row in supplementary_rows(programme))
    titles = tuple(plain(re.split(r"[（(]", section.label.zh)[0]) for section in programme.sections if section.number)
    opinion = next((slot for row in rows for slot in row.slots if slot.field.filled_by == "city"), None)
    return FormShape(head, rows + added, titles, opinion)


class _Maker:
    """Makes shapes in the form's order."""

    def __init__(self, programme: Programme) -> None:
        self._fields = {field.key: field for field in programme.fields}
        self._sections = {section.number: section.label.zh for section in programme.sections}
        self._orders, self._row = 0, 0

    def row(self, row: Row) -> RowShape:
        """One row; the label of a value is the cell before it."""
        shapes, label = [], ""
        for at, cell in enumerate(row.cells):
            shapes.append(self._cell(cell, at=at, label=label))
            label = "" if cell.keys else cell.text
        self._row += 1
        return RowShape(tuple(shapes), any(cell.text.strip() for cell in row.cells))

    def _cell(self, cell: Cell, *, at: int, label: str) -> CellShape:
        slots, pattern, parts = [], "", cell.parts
        for number, part in enumerate(parts):
            before = parts[number - 1] if number else ""
            after = parts[number + 1] if number + 1 < len(parts) else ""
            if isinstance(part, str):
                pattern += _literal(part) if not part.endswith("\n") else _line(part)
                continue
            field = self._fields[part.key]
            lead, tail = _lead(before), _tail(after)
            if not number:
                lead = label or (self._sections[field.section] if field.filled_by == "city" else "")
            slots.append(Slot(field, self._orders, self._row, at, re.compile(_loose(lead, after=number > 0)), tail))
            self._orders += 1
            pattern += _capture(field, after=after, alone=len(parts) == 1)
        bare = len(slots) == 1 and isinstance(parts[0], Place)
        if bare:
            pattern = "(.*)"
        elif not slots:
            pattern += rf"[{_COLON}]?+\s*+"
        return CellShape(re.compile(rf"\s*+{pattern}", re.DOTALL), tuple(slots), bare)


def _lead(before: str | Place) -> str:
    """The words that belong to the place after them: what comes after the unit of the place before."""
    text = before if isinstance(before, str) else ""
    return re.split(r"[，\n]", text)[-1] if "，" in text else text


def _tail(after: str | Place) -> str:
    text = after if isinstance(after, str) else ""
    return re.split(r"[，\n\t]", text)[0] if re.search(r"[，\n\t]", text) else text


def _literal(text: str, *, colons: bool = False) -> str:
    """A pattern for a fixed text, blind to blanks, widths, colons and commas."""
    return r"\s*+" + "".join(_sign(c, colons=colons) + r"\s*+" for c in text if not c.isspace())


def _line(text: str) -> str:
    """A fixed text with a line of its own: a colon may stand at its end, but not begin what is below it."""
    return _literal(text).removesuffix(r"\s*+") + rf"(?:[^\S\n]*[{_COLON}])?+\s*+"


def _sign(c: str, *, colons: bool) -> str:
    for group in (_COLON, _COMMA):
        if c in group:
            return f"[{re.escape(group)}]" + ("" if colons else "?+")
    for group in (_OPEN, _CLOSE):
        if c in group:
            return f"[{re.escape(group)}]"
    wide = chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c
    return f"[{re.escape(c)}{wide}]" if wide != c else re.escape(c)


def _loose(text: str, *, after: bool) -> str:
    """A lead that may have lost its brackets, its 其中 and the words before its colon."""
    if text.strip() in {"/", ""}:
        return rf"[/／{_COMMA}]" if text.strip() else (r"(?!)" if not after else "(?=)")
    first, colon, rest = text.partition("：")
    if colon and plain(_GROUP.sub("", rest)):
        return f"(?:{_literal(first)}[{_COLON}]?+)?+{_loose(rest, after=after)}"
    if text.startswith("其中"):
        return f"(?:其中[{_COLON}]?+)?+{_loose(text[2:], after=after)}"
    made, at = "", 0
    for group in _GROUP.finditer(text):
        optional = "" if SEAL in group[0] else "?+"
        made += _literal(text[at : group.start()]) + f"(?:{_literal(group[0])}){optional}"
        at = group.end()
    return made + _literal(text[at:]) + rf"[{_COLON}]?+\s*+"


def _capture(field: Field, *, after: str | Place, alone: bool) -> str:
    """A place within a cell: long texts take all they can, figures as little."""
    if alone or field.type in _LONG:
        return "(.*)"
    if field.type is FieldType.DATE:
        return rf"({DAY}|{NO_DAY})"
    if field.type is FieldType.URL and isinstance(after, str) and after:
        return rf"((?:(?!{_literal(after, colons=True)})\S+)?)"
    return "(.{0,200}?)"
