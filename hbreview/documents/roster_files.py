"""Files of rosters into grids of text: the official text, Word, Excel and CSV, and what of them is refused.

Nothing here knows what a roster means; ``roster_reading`` does. A cell below the first of a merged
region is an empty text in a grid, whichever way the file says that.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import docx
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from ..programmes.loader import region_named
from ..words import N_, Reason
from .spreadsheet_cells import plain_cell

_MOST_UNPACKED, _MOST_MEMBERS, _MOST_SHEETS, _MOST_CELLS = 50 * 1024 * 1024, 2000, 100, 1_000_000
_OLE = b"\xd0\xcf\x11\xe0"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_REFERENCE = re.compile(rb"""\br\s*=\s*["']\s*([A-Za-z]*)(\d+)""")
_MARKER_LINE = re.compile(r"\s*[（(]\s*国\s*家\s*级?\s*[）)]\s*")
_VAL, _T = qn("w:val"), qn("w:t")
_P, _TBL, _TR, _TC = map(qn, ("w:p", "w:tbl", "w:tr", "w:tc"))
_WRAPPERS = frozenset(map(qn, ("w:sdt", "w:sdtContent", "w:customXml", "w:ins", "w:moveTo", "w:smartTag")))
# Text below these is not what a reader sees: deleted, moved away, or a setting of the paragraph.
_UNSEEN = frozenset(map(qn, ("w:del", "w:moveFrom", "w:pPr")))
_WORD_TEXT = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}


class RosterUnreadableError(Exception):
    """The file is no roster that can be read; ``reason`` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Grid:
    """One table as lines of cells, with the text that stands over it."""

    title: str
    lines: list[list[str]]


def roster_grids(data: bytes, *, filename: str) -> Iterator[Grid]:
    """The tables of a file, by its ending; RosterUnreadableError when it cannot be read."""
    if len(data) > _MOST_UNPACKED:
        raise _too_large()
    if data.startswith(_OLE):
        text = N_("This is an old .doc or .xls file, or one with a password: save it as .docx or .xlsx without one.")
        raise RosterUnreadableError(Reason(text))
    _name, dot, ending = filename.lower().rpartition(".")
    if not dot or ending not in _READERS:
        raise RosterUnreadableError(Reason(N_("Rosters are read from .txt, .csv, .docx and .xlsx files.")))
    return _READERS[ending](data)


def _unreadable() -> RosterUnreadableError:
    return RosterUnreadableError(
        Reason(N_("The file cannot be read: it is damaged, or of another kind than its name."))
    )


def _too_large() -> RosterUnreadableError:
    return RosterUnreadableError(Reason(N_("The file is too large for a roster.")))


# --- text and CSV ---


def _decoded(data: bytes) -> str:
    """UTF-8, UTF-16 with its mark, or the Chinese GB18030 (which holds GBK and GB2312)."""
    for encoding in ("utf-16",) if data.startswith(_UTF16) else ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise RosterUnreadableError(Reason(N_("The text is neither UTF-8 nor GB18030.")))


def _from_csv(data: bytes) -> Iterator[Grid]:
    text = _decoded(data)
    beginning = text[:2000]
    delimiter = max(",\t;", key=beginning.count)  # Excel's "Unicode text" has tabs, some locales semicolons
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise _unreadable() from error
    yield Grid("", [[plain_cell(cell) for cell in line] for line in lines])


def _from_text(data: bytes) -> Iterator[Grid]:
    """The official text, one cell a line; a table of one row a line is read as CSV."""
    lines = _decoded(data).splitlines()
    heads = [place for place, line in enumerate(lines) if line.strip() == "序号" and _heads(lines, place)]
    if not heads:
        yield from _from_csv(data)
        return
    for place, following in pairwise([*heads, len(lines)]):
        names = _heads(lines, place)
        part = _without_next_title(lines[place + len(names) : following])
        title = next((line.strip() for line in reversed(lines[:place]) if line.strip()), "")
        yield Grid(title, [names, *_text_rows(part, width=len(names), indented=lines[place][:1].isspace())])


def _heads(lines: list[str], place: int) -> list[str]:
    """The names of the columns, one a line, up to the first blank line or number; none if they are no roster's."""
    names = []
    for line in lines[place : place + 8]:
        if not line.strip() or line.strip().isdecimal():
            break
        names.append(line.strip())
    return names if any("名称" in name for name in names) else []


def _without_next_title(part: list[str]) -> list[str]:
    last = max((place for place, line in enumerate(part) if line.strip()), default=0)
    return part[:last] if part and "名单" in part[last] else part


def _text_rows(part: list[str], *, width: int, indented: bool) -> Iterator[list[str]]:
    """Rows of a table in which each cell is a line; a number begins a row.

    The notice sets a tab before each cell, so that a line of only a tab is a blank region, and a line
    without one goes on with the cell above. An editor may have taken such blanks away.
    """
    rows: list[list[str]] = []
    follows = False
    for line in part:
        text, is_cell = line.strip(), line[:1].isspace() if indented else bool(line.strip())
        if text.isdecimal():
            rows.append([text])
        elif rows and text and (_MARKER_LINE.fullmatch(text) or (follows and not is_cell)):
            rows[-1][-1] += f"\n{text}"
        elif rows and is_cell:
            rows[-1].append(text)
        follows = bool(line)
    for row in rows:
        if len(row) == width - 1 and region_named(row[1]) is None:
            row.insert(1, "")
        yield row[:width]


# --- Word and Excel ---


def repacked(data: bytes) -> io.BytesIO:
    """U03: the same members packed anew, after their number and sizes were looked at.

    What an archive says of its sizes need not be true, and each reader believes another part of it;
    what is packed anew here holds what was counted and nothing else.
    """
    packed = io.BytesIO()
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = [member for member in archive.infolist() if not member.is_dir()]
        _require_modest(members)
        with zipfile.ZipFile(packed, "w") as clean:
            for member in members:
                clean.writestr(member.filename, archive.read(member))
    except RosterUnreadableError:
        raise
    except Exception as error:
        # A stranger's archive: besides BadZipFile, each way of packing fails with an error of its own.
        raise _unreadable() from error
    packed.seek(0)
    return packed


def _require_modest(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > _MOST_MEMBERS or sum(member.file_size for member in members) > _MOST_UNPACKED:
        raise _too_large()
    names = {member.filename.lower() for member in members}
    if any(name.endswith("vbaproject.bin") for name in names):
        raise RosterUnreadableError(Reason(N_("The file has macros: save it without them.")))
    if len(names) < len(members):  # of two members with one name, readers take different ones
        raise _unreadable()


def _from_docx(data: bytes) -> Iterator[Grid]:
    file = repacked(data)
    try:
        body = docx.Document(file).element.body
        blocks = list(_inside(body, _P, _TBL))
        grids, title = [], ""
        for block in blocks:
            if block.tag == _P:
                title = _words(block) or title
            else:
                grids.append(Grid(title, list(_docx_lines(block))))
                title = ""
    except Exception as error:
        # Whatever a damaged document makes the library stumble over, it means the same to who sent it.
        raise _unreadable() from error
    yield from grids


def _inside(parent: BaseOxmlElement, *tags: str) -> Iterator[BaseOxmlElement]:
    """Children with these tags in order, also within content controls and tracked insertions."""
    for child in parent:
        if child.tag in tags:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _inside(child, *tags)


def _docx_lines(table: BaseOxmlElement) -> Iterator[list[str]]:
    """Lines of a table as its grid has them: wide cells take their columns, merged ones count once.

    The library's own cells are not used: they give a merged text again in each row, leave out columns
    before a row's first cell and believe any width.
    """
    for row in _inside(table, _TR):
        if row.find(f"{qn('w:trPr')}/{qn('w:del')}") is not None:
            continue
        line = [""] * _number(row.find(f"{qn('w:trPr')}/{qn('w:gridBefore')}"), default=0)
        for cell in _inside(row, _TC):
            merged = cell.find(f"{qn('w:tcPr')}/{qn('w:vMerge')}")
            goes_on = merged is not None and merged.get(_VAL, "continue") == "continue"
            text = "" if goes_on else "\n".join(_words(paragraph) for paragraph in _inside(cell, _P))
            wide = _number(cell.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}"), default=1)
            line += [text] + [""] * (wide - 1)
        yield line


def _number(element: BaseOxmlElement | None, *, default: int) -> int:
    """How many columns; Word has at most 63."""
    return default if element is None else min(int(element.get(_VAL, default)), 63)


def _words(paragraph: BaseOxmlElement) -> str:
    texts = [
        _WORD_TEXT.get(element.tag) or element.text or ""
        for element in paragraph.iter(_T, *_WORD_TEXT)
        if not any(parent.tag in _UNSEEN for parent in element.iterancestors())
    ]
    return "".join(texts)


def _from_xlsx(data: bytes) -> Iterator[Grid]:
    file = repacked(data)
    with zipfile.ZipFile(file) as archive:
        require_modest_sheets(archive)
    file.seek(0)
    try:
        workbook = CalamineWorkbook.from_filelike(file)
        # A hidden sheet is nothing that who sends the file means to send.
        shown = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
        if len(shown) > _MOST_SHEETS:
            raise _too_large()
        grids = [Grid(name, _sheet_lines(workbook, name)) for name in shown]
    except CalamineError as error:
        raise _unreadable() from error
    yield from grids


def _sheet_lines(workbook: CalamineWorkbook, name: str) -> list[list[str]]:
    # A merged cell holds its value in its first place and nothing in the others, like blank ones.
    rows = workbook.get_sheet_by_name(name).to_python()
    return [[cell if isinstance(cell, str) else str(cell).removesuffix(".0") for cell in row] for row in rows]


def require_modest_sheets(archive: zipfile.ZipFile) -> None:
    """Refuse cells far out: the reader makes room for all between the first and the last of a sheet."""
    if {"content.xml", "xl/workbook.bin"} & {name.lower() for name in archive.namelist()}:
        raise _unreadable()  # other workbooks, which the reader takes too, repeat cells in ways not counted here
    for name in archive.namelist():
        rows = columns = 1
        for letters, digits in _REFERENCE.findall(archive.read(name)):
            rows = max(rows, int(digits[:9]))
            columns = max(columns, _column(letters))
        if rows * columns > _MOST_CELLS:
            raise _too_large()


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters[:6].upper():
        number = number * 26 + letter - 64
    return number


_READERS: dict[str, Callable[[bytes], Iterator[Grid]]] = {
    "txt": _from_text,
    "csv": _from_csv,
    "docx": _from_docx,
    "xlsx": _from_xlsx,
}
