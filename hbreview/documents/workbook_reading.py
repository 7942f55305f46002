"""A stranger's .xlsx file as cells of exact text, each in its place.

Numbers come out of a workbook as binary ones. What they were typed as is found again as long as it has no more
figures than a spreadsheet keeps (15); more than that is marked, never guessed (D01).
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from ..words import N_, Reason
from .roster_files import RosterUnreadableError, repacked, require_modest_sheets

_OLE, _ZIP = b"\xd0\xcf\x11\xe0", b"PK"
_MOST_BYTES, _MOST_SHEETS = 20 * 1024 * 1024, 20
KEPT_DIGITS = 15
# Up to here, 15 figures leave at least three decimal places: more than any figure of a form has.
_ROUNDED_BELOW = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class WorkbookCell:
    """The text of a cell; ``number`` if it stood as one, ``exact`` false if its last figures are lost."""

    text: str = ""
    number: bool = False
    exact: bool = True


_BLANK = WorkbookCell()


@dataclass(frozen=True, slots=True)
class WorkbookSheet:
    """A visible sheet; line 0 is row 1 and cell 0 column A."""

    name: str
    lines: list[list[WorkbookCell]]


def workbook_sheets(content: bytes, *, most_sheets: int = _MOST_SHEETS) -> tuple[WorkbookSheet, ...] | Reason:
    """The visible sheets in order, formulas as their last results; a Reason when the file cannot be read."""
    if content.startswith(_OLE):
        return Reason(
            N_("This is an old .doc or .xls file, or one with a password: save it as .docx or .xlsx without one.")
        )
    if not content.startswith(_ZIP):
        return Reason(N_("This is no .xlsx workbook: open it in a spreadsheet program and save it as .xlsx."))
    if len(content) > _MOST_BYTES:
        return _too_large()
    try:
        file = repacked(content)
        with zipfile.ZipFile(file) as archive:
            if "xl/workbook.xml" not in {name.lower() for name in archive.namelist()}:
                return _damaged()
            require_modest_sheets(archive)
        file.seek(0)
        return _sheets(CalamineWorkbook.from_filelike(file), most_sheets=most_sheets)
    except RosterUnreadableError as refused:
        # What is too large for a roster is said here in words of its own.
        return _too_large() if "too large" in refused.reason.message else refused.reason
    except CalamineError:
        return _damaged()


def _sheets(workbook: CalamineWorkbook, *, most_sheets: int) -> tuple[WorkbookSheet, ...] | Reason:
    shown = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
    if len(shown) > most_sheets:
        return _too_large()
    found = []
    for name in shown:
        rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
        found.append(WorkbookSheet(name, [[_cell(value) for value in row] for row in rows]))
    return tuple(found)


def _damaged() -> Reason:
    return Reason(N_("The file cannot be read: it is damaged, or of another kind than its name."))


def _too_large() -> Reason:
    return Reason(N_("The workbook is too large: delete empty rows and columns beyond the table, and other sheets."))


def _cell(value: object) -> WorkbookCell:
    if value == "" and isinstance(value, str):
        return _BLANK
    if isinstance(value, bool):
        return WorkbookCell("是" if value else "否")
    if isinstance(value, float | int):
        return _figure(Decimal(repr(value)))
    if isinstance(value, datetime) and value.time() == value.time().min:
        value = value.date()
    return WorkbookCell(value.isoformat() if isinstance(value, date) else str(value))


def _figure(number: Decimal) -> WorkbookCell:
    """``number`` has the fewest figures that make the binary one: those typed, if they were at most 15."""
    exact = len(number.normalize().as_tuple().digits) <= KEPT_DIGITS
    if not exact and abs(number) < _ROUNDED_BELOW:
        # 0.1 + 0.2 makes 0.30000000000000004, and every spreadsheet shows 0.3.
        number, exact = Decimal(f"{number:.{KEPT_DIGITS}g}"), True
    text = format(number, "f")
    return WorkbookCell(text.rstrip("0").removesuffix(".") if "." in text else text, number=True, exact=exact)


def cell_at(line: Sequence[WorkbookCell], place: int | None) -> WorkbookCell:
    """The cell in this place, blank when the line ends before it or the column is not there."""
    return line[place] if place is not None and place < len(line) else _BLANK


def place_name(row: int, column: int) -> str:
    """How a spreadsheet calls a place, both counted from 0: (16, 3) is D17."""
    letters, rest = "", column + 1
    while rest:
        rest, last = divmod(rest - 1, 26)
        letters = chr(65 + last) + letters
    return f"{letters}{row + 1}"
