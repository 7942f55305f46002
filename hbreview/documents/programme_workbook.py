"""The fields and indicators of a programme file as an .xlsx workbook, and the file rewritten from an edited one.

A row a field and a row an indicator, each known by its key. Only what was changed in the workbook is changed in the
file: comments, the printed layout, checks and everything without a column stay as they are. Whether the new file
holds together is for whoever reads it then.
"""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tomlkit
import xlsxwriter
from tomlkit.exceptions import TOMLKitError

from ..words import N_, Reason
from .form_writing import printable
from .workbook_reading import WorkbookSheet, cell_at, place_name, workbook_sheets

FIELDS, INDICATORS = "字段", "指标"
_KEY, _ORDER = "key", "order"
_MOST_ROWS = 600
Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One property: its heading, how wide it is, how a file's entry says it and how a cell is written back."""

    name: str
    head: str
    width: int
    shown: Callable[[Entry, str], str]
    read: Callable[[str], Any]


class _UnfitError(ValueError):
    """What stands in a cell is not of the kind of its column."""


def _plain(entry: Entry, name: str) -> str:
    return str(entry.get(name, ""))


def _flag(entry: Entry, name: str) -> str:
    return "是" if entry.get(name) else ""


def _list(entry: Entry, name: str) -> str:
    return ", ".join(str(one) for one in entry.get(name, []))


def _part(language: str) -> Callable[[Entry, str], str]:
    def shown(entry: Entry, name: str) -> str:
        return str(entry.get(name.rpartition("_")[0], {}).get(language, ""))

    return shown


def _required(entry: Entry, name: str) -> str:
    found = entry.get(name)
    if found is None:
        return ""
    if found.get("kind") != "when":
        return str(found.get("kind", ""))
    return f"when {found.get('other', '')}" + (f" = {found['equals']}" if "equals" in found else "")


def _text(text: str) -> Any:
    return text


def _whole(text: str) -> Any:
    if not re.fullmatch(r"[0-9]{1,4}", text, re.ASCII):
        raise _UnfitError
    return int(text)


def _truth(text: str) -> Any:
    found = {"是": True, "yes": True, "true": True, "1": True, "否": False, "no": False, "false": False, "0": False}
    if text.casefold() not in found:
        raise _UnfitError
    return found[text.casefold()]


def _wholes(text: str) -> Any:
    return [_whole(part) for part in re.split(r"[,，、;；\s]+", text) if part]


def _requirement(text: str) -> Any:
    words = {"always": "always", "必填": "always", "never": "never", "选填": "never"}
    found = tomlkit.inline_table()
    if text in words:
        found["kind"] = words[text]
        return found
    when = re.fullmatch(r"when\s+([a-z0-9_]+)(?:\s*=\s*(\S+))?", text)
    if not when:
        raise _UnfitError
    found["kind"], found["other"] = "when", when[1]
    if when[2]:
        found["equals"] = when[2]
    return found


def _label(name: str, head: str, width: int) -> tuple[Column, Column]:
    return (
        Column(f"{name}_zh", f"{head}（中文）", width, _part("zh"), _text),
        Column(f"{name}_en", f"{head}（英文）", width, _part("en"), _text),
    )


FIELD_COLUMNS = (
    Column(_KEY, "字段代码", 30, _plain, _text),
    *_label("label", "名称", 28),
    Column("section", "部分", 6, _plain, _whole),
    Column("type", "类型", 11, _plain, _text),
    Column("unit", "单位", 8, _plain, _text),
    Column("formula", "公式", 40, _plain, _text),
    Column("required", "必填", 18, _required, _requirement),
    *_label("hint", "说明", 26),
    Column("attachable", "可后附", 8, _flag, _truth),
    Column("minimum", "最小值", 8, _plain, _text),
    Column("maximum", "最大值", 8, _plain, _text),
    Column("evidence_for", "佐证的指标", 11, _list, _wholes),
    Column("supplementary", "补充字段", 9, _flag, _truth),
)
INDICATOR_COLUMNS = (
    Column(_ORDER, "序号", 6, _plain, _whole),
    *_label("dimension", "一级指标", 18),
    *_label("name", "二级指标", 30),
    *_label("points", "评价要点", 40),
    Column("weight", "权重", 8, _plain, _text),
    *_label("basis", "评分依据", 24),
)
_EVIDENCE = "佐证字段（只供查看，请在“字段”表中修改）"
_ADVICE = (
    "每行一个字段，以字段代码识别：改单元格即改字段，删行即删字段，加行即加字段（新字段的“补充字段”请填“是”）。"
    "类型：text、textarea、integer、decimal、percent、phone、email、url、yes_no、choice、date、attachment。"
    "必填：空（按惯例）、always、never、when 另一字段、when 另一字段 = 值。请保留表头。"
)


def fields_xlsx(source: str) -> bytes:
    """The workbook of a programme file that holds together."""
    parsed, out = tomllib.loads(source), io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"title": f"{parsed['name']['zh']}（{parsed['year']}年）"})
    _sheet(book, FIELDS, FIELD_COLUMNS, entries=_entries(parsed, "field"))
    sheet = _sheet(book, INDICATORS, INDICATOR_COLUMNS, entries=_entries(parsed, "indicator"))
    _evidence(book, sheet, parsed)
    advice = book.add_worksheet("填写说明")
    advice.set_column(0, 0, 100, book.add_format({"text_wrap": True, "valign": "top"}))
    advice.write_string(0, 0, _ADVICE)
    book.close()
    return out.getvalue()


def _entries(parsed: Entry, name: str) -> list[dict[str, Any]]:
    return [dict(entry) for entry in parsed.get(name, [])]


def _sheet(book: Any, name: str, columns: Sequence[Column], *, entries: Sequence[Entry]) -> Any:
    head = book.add_format({"bold": True, "border": 1, "bg_color": "#e8eef6", "text_wrap": True, "valign": "vcenter"})
    body = book.add_format({"border": 1, "text_wrap": True, "valign": "top", "num_format": "@"})
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 1)
    for place, column in enumerate(columns):
        sheet.set_column(place, place, column.width)
        sheet.write_string(0, place, column.head, head)
    for row, entry in enumerate(entries, start=1):
        for place, column in enumerate(columns):
            sheet.write_string(row, place, printable(column.shown(entry, column.name)), body)
    return sheet


def _evidence(book: Any, sheet: Any, parsed: Entry) -> None:
    grey = book.add_format({"border": 1, "text_wrap": True, "valign": "top", "bg_color": "#eeeeee"})
    place = len(INDICATOR_COLUMNS)
    sheet.set_column(place, place, 50)
    sheet.write_string(0, place, _EVIDENCE, grey)
    for row, indicator in enumerate(_entries(parsed, "indicator"), start=1):
        of_it = [field["key"] for field in parsed["field"] if indicator["order"] in field.get("evidence_for", [])]
        sheet.write_string(row, place, ", ".join(of_it), grey)


def rewritten(source: str, content: bytes, *, year: int | None = None) -> str | list[Reason]:
    """The programme file ``source`` with what an edited workbook of it changed, and of ``year`` where that is given."""
    sheets = workbook_sheets(content)
    if isinstance(sheets, Reason):
        return [Reason(sheets.message, "file", values=sheets.values)]
    try:
        document = tomlkit.parse(source)
        problems: list[Reason] = []
        for name, columns, part in ((FIELDS, FIELD_COLUMNS, "field"), (INDICATORS, INDICATOR_COLUMNS, "indicator")):
            sheet = next((one for one in sheets if one.name.strip() == name), None)
            if sheet is None:
                problems.append(Reason(N_("The workbook has no sheet “%(name)s”."), "file", values={"name": name}))
                continue
            rows = _rows(sheet, columns)
            if isinstance(rows, Reason):
                problems.append(rows)
            else:
                problems += _apply(document, part, columns, rows=rows)
        if year is not None and document.get("year") != year:
            document["year"] = year
        return problems or tomlkit.dumps(document)
    except (TOMLKitError, RecursionError, TypeError, AttributeError):
        return [Reason(N_("The version that you chose cannot be rewritten: bring the TOML file instead."), "base")]


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of a sheet: what its cells say by the names of their columns, and where each stands."""

    cells: Mapping[str, str]
    places: Mapping[str, str]


def _rows(sheet: WorkbookSheet, columns: Sequence[Column]) -> list[_Row] | Reason:
    heads = [cell.text.strip() for cell in sheet.lines[0]] if sheet.lines else []
    at = {column.name: heads.index(column.head) for column in columns if column.head in heads}
    if missing := [column.head for column in columns if column.name not in at]:
        values = {"sheet": sheet.name, "head": missing[0]}
        return Reason(N_("The sheet “%(sheet)s” has no column “%(head)s”."), "file", values=values)
    if len(sheet.lines) > _MOST_ROWS + 1:
        return Reason(N_("There are too many entries of “%(name)s”."), "file", values={"name": sheet.name})
    found = []
    for number, line in enumerate(sheet.lines[1:], start=1):
        cells = {name: cell_at(line, place).text.strip() for name, place in at.items()}
        if any(cells.values()):
            places = {name: f"{sheet.name}!{place_name(number, place)}" for name, place in at.items()}
            found.append(_Row(cells, places))
    return found


def _apply(document: Any, part: str, columns: Sequence[Column], *, rows: Sequence[_Row]) -> Iterator[Reason]:
    """Put the rows into the file's list of tables: changed in place, new ones after the row before, others out."""
    entries, identity = document[part], columns[0]
    there = {identity.shown(entry, identity.name): entry for entry in entries}
    wanted: dict[str, Any] = {}
    for row in rows:
        name = row.cells[identity.name]
        if not name or name in wanted:
            message = N_("%(place)s: the code is missing.") if not name else N_("%(place)s: “%(name)s” stands twice.")
            yield Reason(message, "file", values={"place": row.places[identity.name], "name": name[:60]})
            continue
        wanted[name] = entry = there.get(name) if name in there else tomlkit.table()
        yield from _change(entry, row, columns)
    if list(wanted) != list(there):
        _reorder(document, part, list(wanted.values()))


def _reorder(document: Any, part: str, wanted: Sequence[Any]) -> None:
    made = document[part]
    for place in range(len(made) - 1, -1, -1):
        del made[place]
    for entry in wanted:
        made.append(entry)


def _change(entry: Any, row: _Row, columns: Sequence[Column]) -> Iterator[Reason]:
    """Write the cells that say something else than the entry does."""
    for column in columns:
        given = row.cells[column.name]
        if given == printable(column.shown(entry, column.name)).strip():
            continue
        try:
            _put(entry, column, given)
        except _UnfitError:
            values = {"place": row.places[column.name], "given": given[:60], "head": column.head}
            yield Reason(N_("%(place)s: “%(given)s” cannot stand under “%(head)s”."), "file", values=values)


def _put(entry: Any, column: Column, given: str) -> None:
    label, _, language = column.name.rpartition("_")
    if language in {"zh", "en"}:
        if label not in entry:
            entry[label] = tomlkit.inline_table()
        entry[label][language] = given
        if label == "hint" and not any(entry[label].values()):
            del entry[label]
    elif given == "":
        if column.name in entry:
            del entry[column.name]
    else:
        entry[column.name] = column.read(given)
