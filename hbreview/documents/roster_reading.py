"""Rosters in: the official text, Word, Excel or CSV into plain rows.

The notice's rosters merge or leave out the region on all but its first line, mark national titles in
several spellings and head their columns differently (domain README, oddities 1 to 10).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..evaluation.names import normalised_name
from ..programmes.loader import region_named
from ..words import N_, Label, Reason
from .roster_files import Grid, RosterUnreadableError, roster_grids

__all__ = ["RosterProblem", "RosterReading", "RosterRow", "RosterUnreadableError", "read_roster", "split_marker"]

# Only at the very end of a name, in any width, with blanks inside: （国家） （国家级） （国家 ） (国家级）
_NATIONAL = re.compile(r"(?:\s*[（(﹙\[［【〔]\s*国\s*家\s*级?\s*[）)﹚\]］】〕])+\s*\Z")
_BREAKS = re.compile(r"[\r\n\v\f\u2028\u2029]+")
_NUMBER = re.compile(r"(\d{1,6})[.、．]?")
_YES = frozenset({"yes", "y", "true", "1", "是", "有", "国家", "国家级", "√"})
_NO = frozenset({"", "no", "n", "false", "0", "否", "无", "-", "—", "/", "×"})
_HEADS = {
    "序号": "seq", "seq": "seq",
    "地区": "region", "地市": "region", "city": "region", "region": "region",
    "单位名称": "organisation", "organisation": "organisation", "organization": "organisation",
    "基地名称": "site", "base_name": "site", "site_name": "site",
    "国家级": "national", "national": "national",
    "类别": "programme", "programme": "programme",
}  # fmt: skip
_PROGRAMMES = {"示范平台": "platform", "platform": "platform", "示范基地": "base", "base": "base"}
_NAMES = {"platform": Label("示范平台", "Platforms"), "base": Label("示范基地", "Bases")}


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
    """What is wrong with one line; ``row`` is its sequence number, or its place in the table if it has none."""

    row: int
    reason: Reason
    programme: str = ""


@dataclass(frozen=True, slots=True)
class RosterReading:
    """What a file holds, and what is wrong with it. A row may be both there and complained of."""

    rows: tuple[RosterRow, ...]
    problems: tuple[RosterProblem, ...]


def read_roster(data: bytes, *, filename: str) -> RosterReading:
    """Read a roster, by the file's ending; RosterUnreadableError when no line of one can be read."""
    reader = _Reader()
    for grid in roster_grids(data, filename=filename):
        reader.take(grid)
    if not reader.rows and not reader.problems:
        raise RosterUnreadableError(Reason(N_("No roster was found in the file.")))
    return RosterReading(tuple(reader.rows), tuple(reader.problems))


def split_marker(text: str) -> tuple[str, bool]:
    """The name without a final national marker, its line breaks joined; other brackets are part of the name."""
    joined = _BREAKS.sub("", text).strip()
    name, found = _NATIONAL.subn("", joined)
    return name.strip(), bool(found)


class _Reader:
    """Collects rows over all tables of a file, for numbers and names hold for a whole programme."""

    def __init__(self) -> None:
        self.rows: list[RosterRow] = []
        self.problems: list[RosterProblem] = []
        self._last: dict[str, int] = {}
        self._seen: set[tuple[str, str]] = set()
        self._begin_table()

    def _begin_table(self) -> None:
        self._columns: dict[str, int] = {}
        self._carried = {"region": "", "programme": ""}
        self._title, self._latest = "", 0

    def take(self, grid: Grid) -> None:
        """Read the lines below each that names the columns; what stands above it is the title.

        A table that names none goes on with the one before it if its first number does.
        """
        above = grid.title
        if not self._goes_on(grid):
            self._begin_table()
        for place, line in enumerate(grid.lines, start=1):
            heads = _columns(line)
            if heads is not None:
                # The same heads again are those of the next page; the region may run on over it.
                carried = self._carried if heads == self._columns else {"region": "", "programme": ""}
                self._columns, self._carried, self._title, above = heads, carried, above or self._title, ""
                continue
            # What a short line leaves out is blank, not absent: its table has the column all the same.
            cells = {name: line[at].strip() if at < len(line) else "" for name, at in self._columns.items()}
            if not cells.get("organisation") and _number(cells) is None:
                above += "".join(line)
                continue
            self._carried = {name: cells.get(name) or over for name, over in self._carried.items()}
            self._line(cells | self._carried, title=self._title, place=place)

    def _goes_on(self, grid: Grid) -> bool:
        first = next((line for line in grid.lines if any(cell.strip() for cell in line)), [])
        number = _number({name: first[at] for name, at in self._columns.items() if at < len(first)})
        return number is not None and number == self._latest + 1

    def _line(self, cells: Mapping[str, str], *, title: str, place: int) -> None:
        seq = _number(cells)
        programme = _programme(cells, title)
        if seq is None:
            text = N_("%(programme)s: the line of “%(name)s” has no number.")
            self._complain(text, place, programme, name=cells["organisation"])
            return
        if cells["programme"] and not any(word in cells["programme"].lower() for word in _PROGRAMMES):
            text = N_("%(programme)s, line %(line)s: the programme “%(text)s” is not known.")
            self._complain(text, seq, programme, text=cells["programme"])
        self._require_next(programme, seq)
        printed = "".join(cells["region"].split())
        region = region_named(printed)
        name, marked = split_marker(cells.get("organisation", ""))
        site, site_marked = split_marker(cells.get("site", "")) if programme == "base" else ("", False)
        national = normalised_name(cells.get("national", ""))
        if national not in _YES | _NO:
            text = N_("%(programme)s, line %(line)s: “%(text)s” is neither yes nor no.")
            self._complain(text, seq, programme, text=national)
        if region is None:
            text = N_("%(programme)s, line %(line)s: the region “%(region)s” is not known.")
            self._complain(text, seq, programme, region=printed)
        if not name or ("site" in cells and programme == "base" and not site):
            self._complain(N_("%(programme)s, line %(line)s: the name is missing."), seq, programme)
        elif region is not None:
            self._require_once(programme, seq, name)
            is_national = marked or site_marked or national in _YES
            self.rows.append(RosterRow(programme, seq, region.key, printed, name, site, is_national))

    def _complain(self, message: str, row: int, programme: str, **values: str) -> None:
        reason = Reason(message, values={"programme": _NAMES[programme], "line": str(row), **values})
        self.problems.append(RosterProblem(row, reason, programme))

    def _require_next(self, programme: str, seq: int) -> None:
        expected = self._last.get(programme, 0) + 1
        if seq != expected:
            text = N_("%(programme)s, line %(line)s: the numbers do not follow, %(expected)s was expected.")
            self._complain(text, seq, programme, expected=str(expected))
        self._last[programme] = self._latest = seq

    def _require_once(self, programme: str, seq: int, name: str) -> None:
        key = (programme, normalised_name(name))
        if key in self._seen:
            text = N_("%(programme)s, line %(line)s: “%(name)s” stands twice.")
            self._complain(text, seq, programme, name=name)
        self._seen.add(key)


def _columns(line: list[str]) -> dict[str, int] | None:
    """Which column holds what, if this line names them."""
    keys = [normalised_name(cell) for cell in line]
    found = {_HEADS[key]: at for at, key in reversed(list(enumerate(keys))) if key in _HEADS}
    return found if {"seq", "organisation"} <= found.keys() else None


def _number(cells: Mapping[str, str]) -> int | None:
    found = _NUMBER.fullmatch("".join(cells.get("seq", "").split()))
    return int(found[1]) if found else None


def _programme(cells: Mapping[str, str], title: str) -> str:
    """What the line itself says, or its table: only bases have a second name, and the title names the rest."""
    given = cells.get("programme", "").lower()
    for word, key in _PROGRAMMES.items():
        if word in given:
            return key
    return "base" if "site" in cells or ("示范基地" in title and "平台" not in title) else "platform"
