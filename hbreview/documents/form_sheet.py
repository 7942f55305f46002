"""The form as an .xlsx workbook, filled or empty, for who works with a spreadsheet; ``form_sheet_reading`` reads it.

One sheet has a row for each figure and text, by section; the base form's table of categories is a sheet of its
own. Texts are written as texts whatever they begin with (I01). A figure is written as a number only if a
spreadsheet keeps all of its digits, and as text otherwise (D01).
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import xlsxwriter

from ..evaluation.computed import derive
from ..programmes.schema import Field, FieldType, Matrix, Programme
from .form_writing import YES_NO, printable
from .workbook_reading import KEPT_DIGITS

HEADS = {
    "number": "序号", "label": "指标", "unit": "单位", "value": "填报值", "last": "上年值", "note": "说明",
    "key": "字段代码",
}  # fmt: skip
MATRIX_HEAD, LAST_HEAD, MATRIX_SHEET = "项目", "上年值", "分类服务情况"
_WIDTHS = {"number": 6, "label": 44, "unit": 9, "value": 36, "last": 18, "note": 44, "key": 10}
_ADVICE = "请在“填报值”一栏填写；灰色单元格由系统计算，无需填写。可以增减行，但请保留表头。"
_COMPUTED, _IN_PERCENT = "由系统计算", "填百分数的数值，如12.5"
_NO_PASSWORD = ""
_ALLOWED = {"format_cells": True, "format_columns": True, "format_rows": True, "insert_rows": True, "sort": True}
_Formats = dict[str, Any]


def marker(programme: Programme) -> str:
    """What a sheet says of itself in its hidden column."""
    return f"hbreview/{programme.key}/{programme.year}"


def sheet_fields(programme: Programme) -> tuple[Field, ...]:
    """The fields that stand in the workbook: what the enterprise fills in, less the scans."""
    return tuple(field for field in programme.enterprise_fields if field.type is not FieldType.ATTACHMENT)


def sheet_notes(programme: Programme) -> dict[str, str]:
    """What stands beside each field: its hint, what tells it from others of its name, how it is filled in."""
    labels = Counter((field.section, field.label.zh) for field in programme.fields)
    notes, before = {}, ""
    for field in sheet_fields(programme):
        twice = labels[field.section, field.label.zh] > 1
        parts = [field.hint.zh if field.hint else before if twice else ""]
        parts.append(_COMPUTED if field.derived else _IN_PERCENT if field.type is FieldType.PERCENT else "")
        notes[field.key] = "；".join(part for part in parts if part)
        before = before if twice else field.label.zh
    return notes


def form_xlsx(programme: Programme, answers: Mapping[str, str], *, last: Mapping[str, str] | None = None) -> bytes:
    """The workbook with canonical ``answers``; with ``last``, those of the year before, in a column beside them.

    What the formulas give is computed here, shown in grey and locked; where it cannot be known yet, the cell
    is grey and open, for a share may be typed as long as the figures that make it are not given.
    """
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"title": printable(programme.form_title.zh)})
    computed = {
        key: format(value, "f") for key, value in derive(programme, answers, last=last).items() if value is not None
    }
    writer = _Writer(book, programme, answers, computed=computed, last=last)
    writer.fields()
    if programme.matrix is not None:
        writer.matrix(programme.matrix)
    book.close()
    return out.getvalue()


def shown(field: Field, value: str) -> str:
    """A canonical answer as it stands in a cell: 是 and 否, a choice's Chinese label."""
    if field.type is FieldType.YES_NO:
        return YES_NO.get(value, value)
    return next((choice.label.zh for choice in field.choices if choice.value == value), value)


def kept_number(field: Field, value: str) -> Decimal | None:
    """The figure, if a spreadsheet keeps every digit of it."""
    if not field.is_number or not value:
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:  # what another year's form had under this key
        return None
    return number if number.is_finite() and len(number.normalize().as_tuple().digits) <= KEPT_DIGITS else None


class _Writer:
    def __init__(
        self,
        book: xlsxwriter.Workbook,
        programme: Programme,
        answers: Mapping[str, str],
        *,
        computed: Mapping[str, str],
        last: Mapping[str, str] | None,
    ) -> None:
        self._book, self._programme, self._answers = book, programme, answers
        self._computed, self._last = computed, last
        self._made: dict[str, Any] = {}

    def _format(self, *, locked: bool = True, grey: bool = False, bold: bool = False, number: str = "@") -> Any:
        name = f"{locked}{grey}{bold}{number}"
        if name not in self._made:
            facts: _Formats = {"border": 1, "text_wrap": True, "valign": "vcenter", "locked": locked, "bold": bold}
            facts |= {"num_format": number} | ({"bg_color": "#E4E4E4"} if grey else {})
            self._made[name] = self._book.add_format(facts)
        return self._made[name]

    def fields(self) -> None:
        """The sheet of all fields but the table's."""
        columns = [name for name in HEADS if name != "last" or self._last is not None]
        at = {name: place for place, name in enumerate(columns)}
        sheet = self._sheet("填报表", key_column=at["key"], columns=len(columns))
        for name, place in at.items():
            hidden = {"hidden": True} if name == "key" else {}
            sheet.set_column(place, place, _WIDTHS[name], None, hidden)
            sheet.write_string(2, place, HEADS[name], self._format(bold=True, grey=True))
        notes, row, number = sheet_notes(self._programme), 3, 0
        for section in self._programme.sections:
            there = [field for field in sheet_fields(self._programme) if field.section == section.number]
            if not there:
                continue
            for place in range(len(columns) - 1):
                sheet.write_string(row, place, section.label.zh if place == 0 else "", self._format(bold=True))
            sheet.set_row(row, 22)
            row += 1
            if any(field.matrix_row for field in there):
                sheet.write_string(row, at["label"], f"见工作表“{MATRIX_SHEET}”", self._format())
                row += 1
            for field in (field for field in there if not field.matrix_row):
                number += 1
                self._row(sheet, field, row=row, at=at, texts={"number": str(number), "note": notes[field.key]})
                row += 1

    def _row(self, sheet: Any, field: Field, *, row: int, at: Mapping[str, int], texts: Mapping[str, str]) -> None:
        for name, text in {**texts, "label": field.label.zh, "unit": field.unit, "key": field.key}.items():
            sheet.write_string(row, at[name], text, self._format())
        if field.type is FieldType.TEXTAREA:
            sheet.set_row(row, 60)
        self._value(sheet, row, at["value"], field=field)
        if self._last is not None:
            text = self._last.get(field.key, "")
            self._figure(sheet, (row, at["last"]), field=field, text=text, look={"grey": True})

    def _value(self, sheet: Any, row: int, column: int, *, field: Field) -> None:
        text = self._computed.get(field.key) or self._answers.get(field.key, "")
        look = {"grey": field.derived, "locked": field.key in self._computed}
        self._figure(sheet, (row, column), field=field, text=text, look=look)
        choices = list(YES_NO.values()) if field.type is FieldType.YES_NO else [one.label.zh for one in field.choices]
        if choices and sum(map(len, choices)) + len(choices) <= 255:  # noqa: PLR2004 - the format's own limit
            sheet.data_validation(row, column, row, column, {"validate": "list", "source": choices})

    def _figure(self, sheet: Any, place: tuple[int, int], *, field: Field, text: str, look: Mapping[str, bool]) -> None:
        number = kept_number(field, text)
        form = self._format(**look, number=_number_format(field) if field.is_number else "@")
        if number is not None:
            # A Decimal goes into the file digit by digit.
            sheet.write_number(*place, number, form)
        elif text:
            sheet.write_string(*place, printable(shown(field, text)), form)
        else:
            sheet.write_blank(*place, None, form)

    def matrix(self, matrix: Matrix) -> None:
        """The sheet of the table of categories; last year's stands below as a table of the same shape."""
        width = len(matrix.columns) + 2
        sheet = self._sheet(MATRIX_SHEET, key_column=width, columns=width)
        sheet.set_column(0, 0, 20)
        sheet.set_column(1, width - 1, 12)
        sheet.set_column(width, width, 10, None, {"hidden": True})
        self._table(sheet, matrix, row=2, title=MATRIX_HEAD)
        if self._last is not None:
            self._table(sheet, matrix, row=len(matrix.rows) + 5, title=LAST_HEAD)

    def _table(self, sheet: Any, matrix: Matrix, *, row: int, title: str) -> None:
        unit_column, key_column = len(matrix.columns) + 1, len(matrix.columns) + 2
        heads = [title, *(label.zh for _key, label in matrix.columns), HEADS["unit"], HEADS["key"]]
        for column, text in enumerate(heads):
            sheet.write_string(row, column, text, self._format(bold=True, grey=True))
        cells = {(field.matrix_row, field.matrix_column): field for field in self._programme.fields}
        for line, (row_key, label) in enumerate(matrix.rows, start=row + 1):
            sheet.write_string(line, 0, label.zh, self._format(bold=True))
            sheet.write_string(line, key_column, row_key, self._format())
            for column, (column_key, _label) in enumerate(matrix.columns, start=1):
                field = cells[row_key, column_key]
                sheet.write_string(line, unit_column, field.unit, self._format())
                if title == MATRIX_HEAD:
                    self._value(sheet, line, column, field=field)
                else:
                    text = (self._last or {}).get(field.key, "")
                    self._figure(sheet, (line, column), field=field, text=text, look={"grey": True})

    def _sheet(self, name: str, *, key_column: int, columns: int) -> Any:
        sheet = self._book.add_worksheet(name)
        title = self._book.add_format({"bold": True, "font_size": 14})
        sheet.write_string(0, 0, self._programme.form_title.zh, title)
        sheet.write_string(0, key_column, marker(self._programme))
        sheet.write_string(1, 0, _ADVICE)
        sheet.protect(_NO_PASSWORD, _ALLOWED)
        sheet.set_paper(9)  # A4
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.print_area(0, 0, 200, columns - 1)
        sheet.freeze_panes(3, 0)
        return sheet


def _number_format(field: Field) -> str:
    return f"0.{'0' * field.scale}" if field.scale else "0"
