"""The empty list of enterprises served, for who fills it in with a spreadsheet."""

from __future__ import annotations

import io
from collections.abc import Sequence

import xlsxwriter

from ..programmes.schema import Programme
from ..words import Label
from .enterprise_list import LABELS, MOST_ROWS, list_columns

TITLE = Label("服务企业名单", "Enterprises served")
NOTES = (
    Label("每行填写一家企业，每家企业只填一行。", "One line for each enterprise, each enterprise once."),
    Label(
        "统一社会信用代码为18位，请按文本填写；最后一位是校验码，填错一位即可被发现。",
        "The unified social credit code has 18 characters; write it as text. The last one checks the others.",
    ),
    Label("“是否小微企业”及各服务类别填“是”或“否”。", "Small or micro, and each category: 是 (yes) or 否 (no)."),
    Label("可以增加行，也可以调整列的顺序，但请保留表头。", "Add lines and move columns freely, but keep the heads."),
    Label(f"最多{MOST_ROWS}行。", f"At most {MOST_ROWS} lines."),
)
_WIDTHS = {"number": 7, "name": 40, "credit_code": 24, "small_micro": 14}
_MOST_TO_CHOOSE = MOST_ROWS


def list_template(programme: Programme, *, notes: Sequence[Label] = NOTES) -> bytes:
    """An .xlsx with the columns of ``list_columns``, choices of 是 and 否, and a second sheet of notes."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"title": f"{TITLE.zh}（{programme.name.zh}）"})
    head = book.add_format({"bold": True, "border": 1, "bg_color": "#E7EEF7", "align": "center", "text_wrap": True})
    text = book.add_format({"num_format": "@"})
    sheet = book.add_worksheet(TITLE.zh)
    sheet.set_paper(9)  # A4
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.freeze_panes(1, 0)
    for place, (key, label) in enumerate(list_columns(programme).items()):
        sheet.set_column(place, place, _WIDTHS.get(key, 12), None if key == "number" else text)
        sheet.write_string(0, place, label.zh, head)
        if key not in LABELS or key == "small_micro":
            choice = {"validate": "list", "source": ["是", "否"], "error_message": "请选择“是”或“否”。"}
            sheet.data_validation(1, place, _MOST_TO_CHOOSE, place, choice)
        if key == "credit_code":
            length = {
                "validate": "length", "criteria": "==", "value": 18, "error_type": "warning",
                "error_message": "统一社会信用代码为18位。",
            }  # fmt: skip
            sheet.data_validation(1, place, _MOST_TO_CHOOSE, place, length)
    _notes(book, notes)
    book.close()
    return out.getvalue()


def _notes(book: xlsxwriter.Workbook, notes: Sequence[Label]) -> None:
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet("填写说明")
    sheet.set_column(0, 0, 60)
    sheet.set_column(1, 1, 60)
    for row, note in enumerate(notes):
        sheet.write_string(row, 0, note.zh, wrapped)
        sheet.write_string(row, 1, note.en, wrapped)
