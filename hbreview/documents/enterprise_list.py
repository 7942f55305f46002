"""The list of enterprises served as data: an .xlsx template out, rows and what is wrong with them in.

The figures "enterprises served" and "small and micro enterprises served" of the form are counts of such a list;
the base form counts each of its eight categories of service too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..evaluation.credit_code import CodeFault, fault_kind, misplaced_sign, normalised_code
from ..evaluation.names import normalised_name
from ..programmes.schema import Programme
from ..words import N_, Label, Reason
from .workbook_reading import WorkbookCell, WorkbookSheet, cell_at, workbook_sheets

MOST_ROWS = 20_000
LABELS = {
    "number": Label("序号", "No."),
    "name": Label("企业名称", "Enterprise"),
    "credit_code": Label("统一社会信用代码", "Unified social credit code"),
    "small_micro": Label("是否小微企业", "Small or micro enterprise?"),
}
# How else people head these columns.
_SPELLINGS = {
    "number": ("编号", "no", "seq"),
    "name": ("单位名称", "公司名称", "服务企业名称", "服务企业", "企业全称", "name", "company", "enterprise name"),
    "credit_code": ("社会信用代码", "信用代码", "统一信用代码", "credit code", "credit_code"),
    "small_micro": ("小微企业", "是否小微", "是否为小微企业", "是否属于小微企业", "small or micro", "small_micro"),
}
_BRACKETS = re.compile(r"[（(].*?[）)]", re.DOTALL)
_YES = frozenset({"是", "yes", "y", "true", "1", "有", "√", "✓", "✔", "☑"})
_NO = frozenset({"否", "no", "n", "false", "0", "无", "不是", "×", "x", "-", "—", "/", "□"})
_TOTALS = frozenset({"合计", "总计", "共计", "小计", "total"})
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?E\+?\d+")
_CODE_MESSAGES = {
    CodeFault.MISSING: N_("Row %(row)s, column “%(column)s”: the unified social credit code is missing."),
    CodeFault.LENGTH: N_("Row %(row)s, column “%(column)s”: “%(code)s” has %(count)s characters, not 18."),
    CodeFault.ALPHABET: N_("Row %(row)s, column “%(column)s”: in “%(code)s”, “%(sign)s” cannot stand where it does."),
    CodeFault.CHECK: N_(
        "Row %(row)s, column “%(column)s”: the check character of “%(code)s” does not fit:"
        " a character is wrong or two are exchanged."
    ),
}


@dataclass(frozen=True, slots=True)
class ServedRow:
    """One line: ``position`` counts lines from 1, ``row`` is its place in the file; codes are normalised.

    ``small_micro`` is None where the list does not say; ``categories`` are keys of the matrix's columns.
    """

    position: int
    name: str
    credit_code: str
    small_micro: bool | None
    categories: tuple[str, ...]
    row: str = ""


@dataclass(frozen=True, slots=True)
class ListFound:
    """What a file holds, and what is wrong with it. A row may be both there and complained of."""

    rows: tuple[ServedRow, ...]
    problems: tuple[Reason, ...]


def list_columns(programme: Programme) -> dict[str, Label]:
    """The columns of the list by key, in order: four, and for a base one for each category of service."""
    return LABELS | dict(programme.matrix.columns if programme.matrix else ())


def read_list(content: bytes, programme: Programme) -> ListFound:
    """Read every visible sheet with a line that names the columns, wherever they stand; others are passed over."""
    sheets = workbook_sheets(content)
    if isinstance(sheets, Reason):
        return ListFound((), (sheets,))
    reader = _Reader(programme)
    for sheet in sheets:
        reader.take(sheet)
    if not reader.heads_found:
        text = N_("No table was found: one line must name the columns “%(name)s” and “%(code)s”.")
        values = {"name": LABELS["name"], "code": LABELS["credit_code"]}
        return ListFound((), (Reason(text, values=values),))
    if len(reader.rows) > MOST_ROWS:
        text = N_("The list has more than %(count)s lines.")
        return ListFound((), (Reason(text, values={"count": f"{MOST_ROWS:,}"}),))
    return ListFound(tuple(reader.rows), (*reader.problems, *_repetitions(reader.rows)))


def counts(rows: Sequence[ServedRow]) -> dict[str, int]:
    """Distinct enterprises: ``enterprises``, ``small_micro`` and one count for each category that occurs.

    An enterprise is one by its code, or by its name where the code is no code. It is small or micro, and was
    served in a category, if one of its lines says so.
    """
    members: dict[str, set[str]] = {"enterprises": set(), "small_micro": set()}
    for row in rows:
        enterprise = row.credit_code if fault_kind(row.credit_code) is None else normalised_name(row.name)
        kinds = ["enterprises", *(["small_micro"] if row.small_micro else []), *row.categories]
        for kind in kinds:
            members.setdefault(kind, set()).add(enterprise)
    return {kind: len(found) for kind, found in members.items()}


class _Reader:
    def __init__(self, programme: Programme) -> None:
        self.rows: list[ServedRow] = []
        self.problems: list[Reason] = []
        self.heads_found = False
        self._labels = list_columns(programme)
        self._categories = [key for key in self._labels if key not in LABELS]
        self._spelt = {_head(text): key for key, texts in _SPELLINGS.items() for text in texts}
        for key, label in self._labels.items():
            self._spelt |= {_head(text): key for text in (key, label.zh, label.en)}

    def take(self, sheet: WorkbookSheet) -> None:
        prefix = f"{sheet.name}!" if self.heads_found else ""
        columns: dict[str, int] | None = None
        for number, line in enumerate(sheet.lines, start=1):
            # The same heads again are those of the next page.
            if heads := self._heads(line):
                columns, self.heads_found = heads, True
            elif columns is not None and len(self.rows) <= MOST_ROWS:
                cells = {key: cell_at(line, place) for key, place in columns.items()}
                if any(cell.text.strip() for key, cell in cells.items() if key != "number"):
                    self._line(cells, row=f"{prefix}{number}")

    def _heads(self, line: Sequence[WorkbookCell]) -> dict[str, int] | None:
        """Which column holds what, if this line names them; of two with one name the first."""
        named = [(self._spelt.get(_head(cell.text)), place) for place, cell in enumerate(line)]
        found = {key: place for key, place in reversed(named) if key}
        return found if {"name", "credit_code"} <= found.keys() else None

    def _line(self, cells: Mapping[str, WorkbookCell], *, row: str) -> None:
        name, code = " ".join(cells["name"].text.split()), cells["credit_code"]
        if not code.text.strip() and (_is_total(name) or _is_total(cells.get("number", code).text)):
            return
        if not name:
            self._complain(N_("Row %(row)s, column “%(column)s”: the name is missing."), row, "name")
        self._check_code(code, row=row)
        small = self._yes_no(cells, "small_micro", row=row)
        categories = tuple(key for key in self._categories if self._yes_no(cells, key, row=row))
        position = len(self.rows) + 1
        self.rows.append(ServedRow(position, name, normalised_code(code.text), small, categories, row))

    def _check_code(self, cell: WorkbookCell, *, row: str) -> None:
        code = normalised_code(cell.text)
        if cell.number or _SCIENTIFIC.fullmatch(code):
            text = N_(
                "Row %(row)s, column “%(column)s”: the code stands as a number, of which a spreadsheet keeps only"
                " 15 figures. Set the column to text and type the code again."
            )
            self._complain(text, row, "credit_code")
        elif kind := fault_kind(code):
            values = {"code": code, "count": str(len(code)), "sign": misplaced_sign(code)}
            self._complain(_CODE_MESSAGES[kind], row, "credit_code", **values)

    def _yes_no(self, cells: Mapping[str, WorkbookCell], key: str, *, row: str) -> bool | None:
        text = cells[key].text.strip() if key in cells else ""
        plain = normalised_name(text)
        if plain in _YES:
            return True
        if plain and plain not in _NO:
            text_ = N_("Row %(row)s, column “%(column)s”: “%(text)s” is neither yes nor no.")
            self._complain(text_, row, key, text=text[:40])
            return None
        return False if plain else None

    def _complain(self, message: str, row: str, key: str, **values: str) -> None:
        self.problems.append(Reason(message, values={"row": row, "column": self._labels[key], **values}))


def _head(text: str) -> str:
    """A head as it is compared: without what stands in brackets and a final question mark."""
    return normalised_name(_BRACKETS.sub("", text)).rstrip("?:*")


def _is_total(text: str) -> bool:
    return normalised_name(text) in _TOTALS


def _repetitions(rows: Sequence[ServedRow]) -> Iterator[Reason]:
    """Each line whose code stands above already, and each whose name stands above with another code."""
    lines: dict[str, str] = {}
    codes: dict[str, tuple[str, str]] = {}
    known = Counter(row.credit_code for row in rows)
    for row in rows:
        code, name = row.credit_code, normalised_name(row.name)
        if known[code] > 1 and fault_kind(code) is None:
            if code in lines:
                text = N_("Rows %(first)s and %(row)s, column “%(column)s”: the code “%(code)s” stands twice.")
                yield _pair(text, "credit_code", first=lines[code], row=row.row, code=code)
            lines.setdefault(code, row.row)
        if name and code:
            first, other = codes.setdefault(name, (row.row, code))
            if other != code:
                text = N_("Rows %(first)s and %(row)s, column “%(column)s”: “%(name)s” stands with two codes.")
                yield _pair(text, "name", first=first, row=row.row, name=row.name)


def _pair(message: str, key: str, **values: str) -> Reason:
    return Reason(message, values={"column": LABELS[key], **values})
