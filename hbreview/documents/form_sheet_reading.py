"""The workbook of ``form_sheet`` read back, as people return it: rows moved, columns taken away, sums typed in.

Rows are known by the hidden column of keys, or where it is gone by their label within their section. Nothing is
judged here: values come out as they stand, for ``evaluation.values.parse``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..evaluation.computed import derive
from ..evaluation.names import normalised_name
from ..evaluation.values import parse
from ..programmes.schema import Field, Programme
from ..words import N_, Label, Reason
from .form_sheet import HEADS, LAST_HEAD, sheet_fields, sheet_notes
from .workbook_reading import WorkbookCell, WorkbookSheet, cell_at, place_name, workbook_sheets

_MARKER = re.compile(r"hbreview/([a-z_]+)/(\d{4})")
_SECTION = re.compile(r"[一二三四五六七八九十]+、")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class SheetFound:
    """What a workbook holds.

    ``values``: raw texts by field key, "" where the cell is empty or its formula failed; computed values are left
    out where what was read gives them anyway. ``unread``: place ("填报表!D17") and text of what belongs to no field.
    ``missing``: keys of fields that have no cell. ``problems``: why a value, or the whole file, could not be taken.
    """

    values: dict[str, str]
    unread: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]
    problems: tuple[Reason, ...]


def read_sheet(content: bytes, programme: Programme, *, last: Mapping[str, str] | None = None) -> SheetFound:
    """Read the form out of an .xlsx; ``last`` are the answers of the year before, for what is computed from them."""
    typed = tuple(field.key for field in sheet_fields(programme) if not field.derived)
    sheets = workbook_sheets(content)
    if isinstance(sheets, Reason):
        return SheetFound({}, (), typed, (sheets,))
    reader = _Reader(programme)
    if wrong := reader.wrong_form(sheets):
        return SheetFound({}, (), typed, (wrong,))
    for sheet in sheets:
        reader.take(sheet)
    if not reader.heads_found:
        text = N_("No form was found: one line must name the columns “%(label)s” and “%(value)s”.")
        reader.problems.append(Reason(text, values={"label": HEADS["label"], "value": HEADS["value"]}))
    values = _without_computed(programme, reader.values, last)
    missing = tuple(key for key in typed if key not in values)
    return SheetFound(values, tuple(reader.unread), missing, tuple(reader.problems))


def _without_computed(
    programme: Programme, values: Mapping[str, str], last: Mapping[str, str] | None
) -> dict[str, str]:
    parsed = {key: parse(programme.field(key), text) for key, text in values.items()}
    known = derive(programme, {key: text for key, text in parsed.items() if isinstance(text, str)}, last=last)
    return {key: text for key, text in values.items() if known.get(key) is None}


class _Reader:
    def __init__(self, programme: Programme) -> None:
        self.values: dict[str, str] = {}
        self.unread: list[tuple[str, str]] = []
        self.problems: list[Reason] = []
        self.heads_found = False
        self._programme = programme
        self._fields = {field.key: field for field in sheet_fields(programme)}
        self._listed = [field for field in self._fields.values() if not field.matrix_row]
        self._notes = {key: normalised_name(text) for key, text in sheet_notes(programme).items()}
        self._sections = {_name(section.label.zh): section.number for section in programme.sections}
        matrix = programme.matrix
        self._rows = _by_name(matrix.rows if matrix else ())
        self._columns = _by_name(matrix.columns if matrix else ())
        self._cells = {(field.matrix_row, field.matrix_column): field for field in self._fields.values()}

    def wrong_form(self, sheets: Sequence[WorkbookSheet]) -> Reason | None:
        """Why the workbook is of another programme, or a remark on its year, which goes to the problems."""
        for line in (line for sheet in sheets for line in sheet.lines[:5]):
            for found in filter(None, (_MARKER.fullmatch(cell.text) for cell in line)):
                if found[1] != self._programme.key:
                    text = N_("This workbook is of another form, not “%(form)s”.")
                    return Reason(text, values={"form": self._programme.form_title})
                if found[2] != str(self._programme.year):
                    text = N_("This workbook is of the data year %(given)s, not %(year)s: check its figures.")
                    values = {"given": found[2], "year": str(self._programme.year)}
                    self.problems = [Reason(text, values=values)]
        return None

    def take(self, sheet: WorkbookSheet) -> None:
        """Read the rows below each line that names columns: those of the list, or of the table of categories."""
        heads: dict[str, int] = {}
        table: dict[str, int] | None = None
        section: int | None = None
        for row, line in enumerate(sheet.lines):
            if found := _heads(line):
                heads, table, self.heads_found = found, None, True
            elif columns := self._table_heads(line):
                table, self.heads_found = columns, True
            elif table is not None and self._table_line(sheet, row, table=table):
                continue
            elif heads:
                titled = self._section(line, heads)
                section = section if titled is None else titled
                if titled is None:
                    self._list_line(sheet, row, heads=heads, section=section)

    def _section(self, line: Sequence[WorkbookCell], heads: Mapping[str, int]) -> int | None:
        """The section that this line is the title of, if it is one."""
        texts = [cell.text.strip() for cell in line if cell.text.strip()]
        if cell_at(line, heads["value"]).text.strip() or not texts:
            return None
        numbered = _SECTION.match(texts[0])
        for name, number in self._sections.items():
            if _name(texts[0]) == name or (numbered and name.startswith(numbered[0])):
                return number
        return None

    def _list_line(self, sheet: WorkbookSheet, row: int, *, heads: Mapping[str, int], section: int | None) -> None:
        line = sheet.lines[row]
        cell, label = cell_at(line, heads["value"]), cell_at(line, heads["label"]).text.strip()
        key = cell_at(line, heads.get("key")).text.strip()
        note = normalised_name(cell_at(line, heads.get("note")).text)
        field = self._fields.get(key) or self._labelled(label, note, section=section)
        place = f"{sheet.name}!{place_name(row, heads['value'])}"
        if field is None:
            if cell.text.strip():
                self.unread.append((place, _short(f"{label}：{cell.text}" if label else cell.text)))
            return
        self._value(field, cell, place=place)

    def _labelled(self, label: str, note: str, *, section: int | None) -> Field | None:
        """The next field of this label in this section: the one with this note, if there are several.

        Where the section's title is gone, the only one of the form with this label.
        """
        name = _name(label)
        alike = [field for field in self._listed if name and _name(field.label.zh) == name]
        here = [field for field in alike if field.section == section and field.key not in self.values]
        noted = [field for field in here if note and self._notes[field.key] == note]
        if noted or here:
            return (noted or here)[0]
        return alike[0] if len(alike) == 1 and section is None else None

    def _table_heads(self, line: Sequence[WorkbookCell]) -> dict[str, int] | None:
        """Which column holds which category, {} for last year's table; None if this line does not name them."""
        names = [_name(cell.text) for cell in line]
        found = {self._columns[name]: place for place, name in enumerate(names) if name in self._columns}
        if len(found) * 2 <= len(set(self._columns.values())):
            return None
        return {"": -1} if _name(LAST_HEAD) in names else found

    def _table_line(self, sheet: WorkbookSheet, row: int, *, table: Mapping[str, int]) -> bool:
        """Whether the line is one of the table's, which is then taken."""
        line = sheet.lines[row]
        keys = [self._rows[name] for name in (_name(cell.text) for cell in line) if name in self._rows]
        if not keys:
            return False
        for column, place in table.items():
            if field := self._cells.get((keys[-1], column)):
                self._value(field, cell_at(line, place), place=f"{sheet.name}!{place_name(row, place)}")
        return True

    def _value(self, field: Field, cell: WorkbookCell, *, place: str) -> None:
        text = cell.text.strip()
        values: dict[str, str | Label] = {"place": place, "label": field.label, "text": _short(text)}
        if field.is_number and cell.number and not cell.exact:
            message = N_(
                "%(place)s, %(label)s: %(text)s has more than the 15 figures that a spreadsheet keeps."
                " Set the cell to text and type the figure again."
            )
            self.problems.append(Reason(message, field.key, "D01", values))
        elif field.key in self.values:
            if text and text != self.values[field.key]:
                message = N_("%(place)s: “%(label)s” stands twice; “%(text)s” is not taken.")
                self.problems.append(Reason(message, field.key, values=values))
        else:
            self.values[field.key] = text


def _by_name(axis: Sequence[tuple[str, Label]]) -> dict[str, str]:
    return {_name(text): key for key, label in axis for text in (key, label.zh)}


def _heads(line: Sequence[WorkbookCell]) -> dict[str, int] | None:
    """Which column holds what, if this line names them; of two with one name the first."""
    names = {_name(text): key for key, text in HEADS.items()}
    named = [(names.get(_name(cell.text)), place) for place, cell in enumerate(line)]
    found = {key: place for key, place in reversed(named) if key}
    return found if {"label", "value"} <= found.keys() else None


def _name(text: str) -> str:
    return normalised_name(text).rstrip(":")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
