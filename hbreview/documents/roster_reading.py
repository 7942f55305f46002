"""Rosters in: the official text, Word, Excel or CSV into plain rows.

The notice's rosters merge or leave out the region on all but its first line, mark national titles in
several spellings and head their columns differently (domain README, oddities 1 to 10).
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import docx
from docx.table import Table
from python_calamine import CalamineError, CalamineWorkbook

from ..evaluation.names import normalised_name
from ..programmes.loader import region_named
from ..words import N_, Reason

_MOST_UNPACKED, _MOST_MEMBERS = 50 * 1024 * 1024, 2000
# Only at the very end of a name, in any width, with blanks inside: （国家） （国家级） （国家 ） (国家级）
_NATIONAL = re.compile(r"\s*[（(]\s*国家\s*级?\s*[）)]\s*$")
_YES = frozenset({"yes", "是", "1", "true", "国家", "国家级", "√"})
_HEADS = {
    "序号": "seq", "seq": "seq", "地区": "region", "地市": "region", "city": "region", "region": "region",
    "单位名称": "organisation", "organisation": "organisation", "organization": "organisation",
    "基地名称": "site", "base_name": "site", "国家级": "national", "national": "national", "类别": "programme",
    "programme": "programme",
}  # fmt: skip
_PROGRAMMES = {"platform": "platform", "base": "base", "示范平台": "platform", "示范基地": "base"}


class RosterUnreadableError(Exception):
    """The file is no roster that can be read; ``reason`` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One line of a roster: the region by its key and as printed, the name without the national marker."""

    programme: str
    seq: int
    region: str
    printed_region: str
    organisation: str
    site_name: str
    national: bool


@dataclass(frozen=True, slots=True)
class RosterProblem:
    """What is wrong with one line; ``row`` is its sequence number in the file, 0 for the whole."""

    row: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class RosterReading:
    """What a file holds, and what is wrong with it."""

    rows: tuple[RosterRow, ...]
    problems: tuple[RosterProblem, ...]


def read_roster(data: bytes, *, filename: str) -> RosterReading:
    """Read a roster by the file's ending; RosterUnreadableError when it cannot be read at all."""
    ending = filename.rpartition(".")[2].lower()
    readers = {"txt": _from_text, "csv": _from_csv, "docx": _from_docx, "xlsx": _from_xlsx}
    if ending not in readers:
        raise RosterUnreadableError(Reason(N_("Rosters are read from .txt, .csv, .docx and .xlsx files.")))
    rows: list[RosterRow] = []
    problems: list[RosterProblem] = []
    for grid in readers[ending](data):
        _read_grid(grid, rows, problems)
    if not rows:
        raise RosterUnreadableError(Reason(N_("No roster was found in the file.")))
    problems.extend(_faults(rows))
    return RosterReading(tuple(rows), tuple(problems))


Grid = list[list[str]]


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RosterUnreadableError(Reason(N_("The text is neither UTF-8 nor GB18030.")))


def _from_csv(data: bytes) -> Iterator[Grid]:
    yield list(csv.reader(io.StringIO(_decoded(data))))


def _from_text(data: bytes) -> Iterator[Grid]:
    """The official text: one cell a line, a tab before it; the next number begins the next line of the roster."""
    text = _decoded(data)
    for title in ("公共服务示范平台名单", "创业创新示范基地名单"):
        start = text.find(title)
        if start < 0:
            continue
        others = [i for t in ("公共服务示范平台名单", "创业创新示范基地名单") if (i := text.find(t)) > start]
        part = text[start : min(others, default=len(text))]
        width = 4 if "基地名称" in part else 3
        yield list(_text_lines(part, width))


def _text_lines(part: str, width: int) -> Iterator[list[str]]:
    cells: list[str] = []
    for line in part.split("\n")[1:]:
        if not line.startswith("\t") and not line.strip().isdigit():
            if line.strip() and cells:  # a marker on a second line of the cell
                cells[-1] += line.strip()
            continue
        cells.append(line.strip())
    for start in range(0, len(cells) - width + 1, width):
        yield cells[start : start + width]


def _guard_archive(data: bytes) -> None:
    """U03: sizes are looked at before anything is unpacked."""
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise RosterUnreadableError(Reason(N_("This is an old .doc or .xls file: save it as .docx or .xlsx.")))
    try:
        members = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except zipfile.BadZipFile as error:
        raise RosterUnreadableError(Reason(N_("The file cannot be read."))) from error
    if len(members) > _MOST_MEMBERS or sum(member.file_size for member in members) > _MOST_UNPACKED:
        raise RosterUnreadableError(Reason(N_("The file is too large.")))


def _from_docx(data: bytes) -> Iterator[Grid]:
    _guard_archive(data)
    try:
        document = docx.Document(io.BytesIO(data))
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise RosterUnreadableError(Reason(N_("The file cannot be read."))) from error
    for table in document.tables:
        yield list(_docx_lines(table))


def _docx_lines(table: Table) -> Iterator[list[str]]:
    seen = set()
    for row in table.rows:
        line = []
        for cell in row.cells:
            # A vertical merge gives the same cell again in the rows below: there it counts as blank.
            known = cell._tc in seen
            seen.add(cell._tc)
            line.append("" if known else cell.text)
        yield line


def _from_xlsx(data: bytes) -> Iterator[Grid]:
    _guard_archive(data)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        for name in workbook.sheet_names:
            rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
            yield [[_cell(value) for value in row] for row in rows]
    except CalamineError as error:
        raise RosterUnreadableError(Reason(N_("The file cannot be read."))) from error


def _cell(value: object) -> str:
    text = str(value)
    return text.removesuffix(".0") if not isinstance(value, str) else text


def _read_grid(grid: Grid, rows: list[RosterRow], problems: list[RosterProblem]) -> None:
    """Rows below each line that names the columns; the region is filled down."""
    columns: dict[str, int] = {}
    printed = ""
    for line in grid:
        heads = {_HEADS[key]: place for place, cell in enumerate(line) if (key := "".join(cell.split())) in _HEADS}
        if {"seq", "organisation"} <= heads.keys():
            columns, printed = heads, ""
            continue
        cells = {name: line[place].strip() for name, place in columns.items() if place < len(line)}
        if not cells.get("seq", "").isdigit():
            continue
        printed = "".join(cells.get("region", "").split()) or printed
        row = _row(cells, printed, has_site="site" in columns)
        if isinstance(row, RosterProblem):
            problems.append(row)
        else:
            rows.append(row)


def _row(cells: dict[str, str], printed: str, *, has_site: bool) -> RosterRow | RosterProblem:
    seq = int(cells["seq"])
    region = region_named(printed)
    if region is None:
        text = N_("Line %(line)s: the region “%(region)s” is not known.")
        return RosterProblem(seq, Reason(text, values={"line": str(seq), "region": printed}))
    name, marked = _split_marker(cells.get("organisation", ""))
    site, site_marked = _split_marker(cells.get("site", ""))
    if not name:
        text = N_("Line %(line)s: the name is missing.")
        return RosterProblem(seq, Reason(text, values={"line": str(seq)}))
    given = cells.get("programme", "")
    programme = next((key for word, key in _PROGRAMMES.items() if word in given), "base" if has_site else "platform")
    national = marked or site_marked or cells.get("national", "").strip().lower() in _YES
    return RosterRow(programme, seq, region.key, printed, name, site, national)


def _split_marker(text: str) -> tuple[str, bool]:
    """The name without a final national marker, its line breaks joined; other brackets are part of the name."""
    joined = "".join(text.split("\n")).strip().removeprefix("'")
    name, found = _NATIONAL.subn("", joined)
    return name.strip(), bool(found)


def _faults(rows: Sequence[RosterRow]) -> Iterable[RosterProblem]:
    seen: set[tuple[str, str]] = set()
    last: dict[str, int] = {}
    for row in rows:
        key = (row.programme, normalised_name(row.organisation))
        values = {"line": str(row.seq), "name": row.organisation}
        if key in seen:
            yield RosterProblem(row.seq, Reason(N_("Line %(line)s: “%(name)s” stands twice."), values=values))
        seen.add(key)
        if row.seq != last.get(row.programme, 0) + 1:
            yield RosterProblem(row.seq, Reason(N_("Line %(line)s: the numbers do not follow."), values=values))
        last[row.programme] = row.seq
