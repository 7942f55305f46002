"""How a form is laid out on paper: its rows of merged cells, and in them fixed texts and the fields' places.

The notice's order and words (attachment 2) stand in the programme files, so that a form can be printed and read
back without a template. What the notice does not print, the supplementary fields, comes below in rows made here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .reading import Table

if TYPE_CHECKING:
    from .schema import Field, Programme, Section

SUPPLEMENT_TITLE = "补充指标（省里增设）"
MOST_COLUMNS = 63  # Word's own limit
_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a field's value stands."""

    key: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: fixed texts and places in their order; a line break in a text begins a paragraph."""

    parts: tuple[str | Place, ...]
    span: int = 1

    @property
    def keys(self) -> tuple[str, ...]:
        """The fields that stand in the cell."""
        return tuple(part.key for part in self.parts if isinstance(part, Place))

    @property
    def text(self) -> str:
        """The fixed texts alone."""
        return "".join(part for part in self.parts if isinstance(part, str))


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells, or the title of a section (``section``, 0 for none) over the whole width."""

    cells: tuple[Cell, ...]
    section: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """The whole form: the line over the table, and the table's rows over ``columns`` equal columns."""

    columns: int
    head: Cell
    rows: tuple[Row, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All cells in order, the head first."""
        return (self.head, *(cell for row in self.rows for cell in row.cells))


def read_layout(table: Table) -> Layout:
    """The layout of a programme file; ProgrammeError with the key of what cannot be read."""
    layout = Layout(table.whole("columns"), Cell(_parts(table, "head")), tuple(map(_row, table.tables("row"))))
    table.finish()
    return layout


def plain_layout(sections: Sequence[Section], fields: Sequence[Field]) -> Layout:
    """A row a field, for a programme that gives no layout: a round may keep a version from before there were any."""

    def places(number: int) -> list[Cell]:
        return [
            Cell((f"{field.label.zh}：", Place(field.key), field.unit))
            for field in fields
            if field.section == number and not field.supplementary
        ]

    head = tuple(part for cell in places(0) for part in cell.parts if part)
    rows: list[Row] = []
    for section in sections:
        if section.number:
            rows.append(Row((), section.number))
            rows += [Row((cell,)) for cell in places(section.number)]
    return Layout(1, Cell(head), tuple(rows))


def _row(table: Table) -> Row:
    if table.has("section") == table.has("cell"):
        raise table.fail("", "must have either a section or cells")
    row = Row(tuple(map(_cell, table.tables("cell"))), table.whole("section", 0))
    table.finish()
    return row


def _cell(table: Table) -> Cell:
    cell = Cell(_parts(table, "text"), table.whole("span", 1))
    table.finish()
    return cell


def _parts(table: Table, key: str) -> tuple[str | Place, ...]:
    """The pieces of a text: what stands in braces is a place."""
    pieces = _PLACE.split(table.text(key))
    if any(brace in text for text in pieces[::2] for brace in "{}"):
        raise table.fail(key, "has a brace that is no field's place")
    return tuple(Place(piece) if number % 2 else piece for number, piece in enumerate(pieces) if piece)


def layout_faults(programme: Programme) -> Iterator[tuple[str, str]]:
    """What of a layout does not hold together, each with its place in the file."""
    layout = programme.layout
    if not 1 <= layout.columns <= MOST_COLUMNS:
        yield "layout.columns", f"is not from 1 to {MOST_COLUMNS}: {layout.columns}"
    fields = {field.key: field for field in programme.fields}
    seen: set[str] = set()
    yield from _cell_faults(layout.head, "layout.head", fields=fields, sections={0}, seen=seen)
    titles = [row.section for row in layout.rows if row.section]
    if titles != [section.number for section in programme.sections if section.number]:
        yield "layout.row", f"the sections do not stand in their order: {titles}"
    section = 0
    for number, row in enumerate(layout.rows):
        place = f"layout.row[{number}]"
        section = row.section or section
        width = sum(cell.span for cell in row.cells)
        if any(cell.span < 1 for cell in row.cells):
            yield place, "a cell spans no column"
        if row.cells and width != layout.columns:
            yield place, f"the cells span {width} columns, not {layout.columns}"
        for at, cell in enumerate(row.cells):
            yield from _cell_faults(cell, f"{place}.cell[{at}].text", fields=fields, sections={section}, seen=seen)
    for field in programme.fields:
        if not field.supplementary and field.key not in seen:
            yield "layout", f"the field {field.key!r} has no place"


def _cell_faults(
    cell: Cell, place: str, *, fields: dict[str, Field], sections: set[int], seen: set[str]
) -> Iterator[tuple[str, str]]:
    """Places of fields that are unknown, of another section, not the notice's, or there already."""
    for key in cell.keys:
        field = fields.get(key)
        if field is None:
            yield place, f"unknown field {key!r}"
        elif field.supplementary:
            yield place, f"the supplementary field {key!r} has its place below the form"
        elif field.section not in sections:
            yield place, f"the field {key!r} is of section {field.section}"
        elif key in seen:
            yield place, f"the field {key!r} stands twice"
        seen.add(key)


def supplementary_rows(programme: Programme) -> tuple[Row, ...]:
    """The table below the official one: a row of label and value for each field that the province added."""
    return tuple(
        Row((Cell((field.label.zh,)), Cell((Place(field.key), field.unit) if field.unit else (Place(field.key),))))
        for field in programme.fields
        if field.supplementary
    )
