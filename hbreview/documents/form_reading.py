"""The official form back from a Word document: this application's, or the notice's form filled in by hand.

Rows that stand as the notice has them are read cell by cell, whatever is in the cells. In all others the labels
are looked for, each once; a label that the form has twice goes to the place after the one that was read last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from ..programmes.loader import available, load_file
from ..programmes.schema import FieldType, Programme
from ..words import N_, Reason
from .form_extraction import Box, Extract, extracted
from .form_shapes import DAY, NO_DAY, FormShape, RowShape, Slot, form_shape, plain
from .form_values import cleaned, split_site, without

_LONGEST = 20_000  # no text of a form is longer; what is, is matched with nothing
_FEW = 4  # of a form, less than the fourth part of its places is another table
_KNOWN_LINES = frozenset({"附件2", "补充指标省里增设"})
_UNIT_LINE = re.compile(r"\s+单\s*位\s*[：:]\s*平.*", re.DOTALL)
_AFTER_LABEL = re.compile(r"\s*+(?:\Z|[：:（(）)\[【_＿+\-−0-9０-９%％☑☒☐□√])|\s")


class UnreadKind(StrEnum):
    """Where a text stands that was not understood."""

    CELL = "cell"
    PARAGRAPH = "paragraph"
    TEXT_BOX = "text_box"


@dataclass(frozen=True, slots=True)
class Unread:
    """A text that is no part of the form, and its place: table, row and cell, or the paragraph's number as row."""

    kind: UnreadKind
    text: str
    table: int = 0
    row: int = 0
    cell: int = 0


@dataclass(frozen=True, slots=True)
class FormFound:
    """What a document says.

    ``values`` holds the raw text of each field whose place was found, "" where it was left empty, to be read by
    ``evaluation.values.parse``; files are named beside the form and never in it. ``missing`` are fields without a
    place; the supplementary ones only when the document has some of them. ``problems`` are those of the whole
    document: with one there are no values.
    """

    values: dict[str, str]
    unread: tuple[Unread, ...]
    missing: tuple[str, ...]
    problems: tuple[Reason, ...] = ()


def read_form(content: bytes, programme: Programme) -> FormFound:
    """Read a .docx as the form of this programme; whatever is wrong with the file is in ``problems``."""
    extract = extracted(content)
    if isinstance(extract, Reason):
        return _refused(extract)
    if not extract.tables:
        picture = N_("The form is a picture: fill in the form as a Word table.")
        return _refused(Reason(picture if extract.pictures else N_("The document has no table."), "file"))
    others = [load_file(path) for year, key, path in available() if (year, key) != (programme.year, programme.key)]
    others = [other for other in others if plain(other.form_title.zh) != plain(programme.form_title.zh)]
    titles = {plain(other.form_title.zh): other for other in others} | {plain(programme.form_title.zh): programme}
    named = [found for line in extract.lines if (found := _titled(line, titles))]
    if named and programme not in named:
        return _refused(_another(named[0], programme))
    reader = _Reader(programme, titles=titles)
    reader.read(extract)
    if len(reader.values) * _FEW < (1 if named else len(form_shape(programme).slots)):
        return _refused(_unlike(extract, programme, others=others, found=len(reader.values)))
    return reader.found(extract)


def _without_head_words(text: str) -> str:
    """The rest of the line over the table without its seal and its units."""
    return re.sub(r"\s*[（(]\s*盖\s*章\s*[）)]\s*\Z", "", _UNIT_LINE.sub("", f" {text}")).strip()


def _refused(reason: Reason) -> FormFound:
    return FormFound({}, (), (), (reason,))


def _titled(line: list[Box], titles: dict[str, Programme]) -> Programme | None:
    """Whose form begins here: a title stands alone, and so does no answer."""
    return titles.get(plain(line[0].text)) if len(line) == 1 else None


def _another(other: Programme, programme: Programme) -> Reason:
    names = {"found": other.form_title, "expected": programme.form_title}
    return Reason(N_("This is the form “%(found)s”; “%(expected)s” is needed."), "file", values=names)


def _unlike(extract: Extract, programme: Programme, *, others: list[Programme], found: int) -> Reason:
    for other in others:
        reader = _Reader(other, titles={})
        reader.read(extract)
        if len(reader.values) > found:
            return _another(other, programme)
    text = N_("The table in the document is not that of the form “%(expected)s”.")
    return Reason(text, "file", values={"expected": programme.form_title})


class _Reader:
    """Gives each place of the form its text, and remembers what was left over."""

    def __init__(self, programme: Programme, *, titles: dict[str, Programme]) -> None:
        self._programme, self._titles = programme, titles
        self._shape: FormShape = form_shape(programme)
        self._slots = self._shape.slots
        self._free = {slot.order: slot for slot in self._slots}
        self._rows = list(self._shape.rows)
        self._last = -1
        self._columns: list[str] = []
        self._awaited: Slot | None = None
        self._unread: list[Unread] = []
        self._beside: list[Box] = []
        self.values: dict[str, str] = {}

    def read(self, extract: Extract) -> None:
        """Two turns: rows that stand as the form has them first, so that no text in them is taken for a label."""
        lines = [line for line in self._ours(extract.lines) if any(box.text.strip() for box in line)]
        taken = [self._as_printed(line, above=above) for above, line in zip([[], *lines], lines, strict=False)]
        for line, shape in zip(lines, taken, strict=True):
            if shape is not None:
                self._last, self._awaited = max((slot.order for slot in shape.slots), default=self._last), None
            elif not self._fixed(line):
                self._by_labels(line)

    def found(self, extract: Extract) -> FormFound:
        """All that was read, and what was not."""
        added = any(self._programme.field(key).supplementary for key in self.values)
        missing = tuple(
            slot.field.key
            for slot in self._free.values()
            if slot.field.type is not FieldType.ATTACHMENT and (added or not slot.field.supplementary)
        )
        boxes = (Unread(UnreadKind.TEXT_BOX, text) for text in extract.text_boxes)
        for box in self._beside:  # who seals a form writes the name beside it
            if box.text not in self.values.values():
                self._leave(box, box.text)
        unread = (*self._unread, *boxes)
        order = {slot.field.key: slot.order for slot in self._slots}
        return FormFound(dict(sorted(self.values.items(), key=lambda pair: order[pair[0]])), unread, missing)

    def _ours(self, lines: list[list[Box]]) -> Iterator[list[Box]]:
        """The lines of this form: the notice's attachment has both, one after the other."""
        ours = True
        for line in lines:
            if named := _titled(line, self._titles):
                ours = named == self._programme
            elif ours:
                yield line

    # --- rows as printed ---

    def _as_printed(self, line: list[Box], *, above: list[Box]) -> RowShape | None:
        """The row of the form that this line is, when all of its cells are there in their order."""
        if self._begins_opinion(line) and not self._begins_opinion(above):
            return None  # the title and the opinion in one cell
        if line[0].table == 0:
            return self._match(line, self._shape.head) if self._shape.head.slots[0].order in self._free else None
        if self._matrix(line):
            return RowShape((), known=True)
        for shape in self._rows:
            if shape.known and len(shape.cells) == len(line) and (found := self._match(line, shape)):
                self._rows.remove(shape)
                return found
        return None

    def _match(self, line: list[Box], shape: RowShape) -> RowShape | None:
        pairs = list(zip(line, shape.cells, strict=False))
        if any(len(box.text) > _LONGEST for box in line):
            return None
        matches = [cell.pattern.fullmatch(box.text) for box, cell in pairs]
        if None in matches:
            return None
        for (box, cell), match in zip(pairs, matches, strict=True):
            for slot, text in zip(cell.slots, match.groups() if match else (), strict=True):
                self._take(slot, text, box=box, tail=slot.tail if cell.bare else "")
        return shape

    def _matrix(self, line: list[Box]) -> bool:
        """The table of categories: its head says what the columns are, wherever they stand."""
        matrix = self._programme.matrix
        if matrix is None:
            return False
        names = [plain(box.text) for box in line]
        columns = {plain(label.zh): key for key, label in matrix.columns}
        if len(columns.keys() & set(names)) * 2 >= len(columns):
            self._columns = [columns.get(name, "") for name in names[1:]]
            return True
        row = {plain(label.zh): key for key, label in matrix.rows}.get(names[0])
        if row is None:
            return False
        slots = {s.field.matrix_column: s for s in self._free.values() if s.field.matrix_row == row}
        ordered = self._columns or [key for key, _label in matrix.columns]
        for at, box in enumerate(line[1:]):
            slot = slots.pop(ordered[at], None) if at < len(ordered) else None
            if slot is not None:
                self._take(slot, box.text, box=box)
            elif box.text:
                self._leave(box, box.text)
        return True

    def _begins_opinion(self, line: list[Box]) -> bool:
        return bool(line) and plain(line[0].text).startswith(self._shape.titles[-1])

    # --- rows by their labels ---

    def _fixed(self, line: list[Box]) -> bool:
        """Whether the line is only the form's own words: a section's title, a heading."""
        words = "".join(plain(box.text) for box in line)
        known = next((title for title in self._shape.titles if words.startswith(title)), None)
        if known and len(words) - len(known) <= len("截止到2019年12月31日"):
            rest = "".join(box.text for box in line).partition("审核意见")[2]
            if known == self._shape.titles[-1] and plain(rest):
                return False
            self._awaited = self._shape.opinion if known == self._shape.titles[-1] else None
            return True
        return words in _KNOWN_LINES or not words

    def _by_labels(self, line: list[Box]) -> None:
        at = 0
        while at < len(line):
            box = line[at]
            at += 1
            if not box.text or self._only_words(box.text):
                continue
            slot, end = self._label(box.text, head_only=box.table == 0)
            if slot is None and self._awaited is not None and self._awaited.order in self._free and box.table:
                slot, end = self._awaited, 0
            if slot is None:
                self._leave(box, box.text)
                continue
            following = line[at] if at < len(line) else None
            at += self._from_label(slot, box, end=end, following=following)

    def _only_words(self, text: str) -> bool:
        return any(
            cell.fixed and len(text) <= _LONGEST and cell.pattern.fullmatch(text) and not self._is_label(text)
            for row in self._shape.rows
            for cell in row.cells
        )

    def _is_label(self, text: str) -> bool:
        slot, end = self._label(text)
        return slot is not None and not plain(text[end:])

    def _label(self, text: str, *, head_only: bool = False) -> tuple[Slot | None, int]:
        """The free place whose words a text begins with, and where they end."""
        best: tuple[Slot | None, int] = (None, 0)
        offset = len(text) - len(text.lstrip())
        slots = self._shape.head.slots if head_only else self._slots
        for slot in slots:
            match = slot.lead.match(text, offset, _LONGEST) if slot.order in self._free else None
            if not match or not plain(match[0]) or not self._ends(text, match, slot=slot):
                continue
            nearer = match.end() == best[1] and slot.order - 1 == self._last
            if match.end() > best[1] or nearer:
                best = (slot, match.end())
        return best

    def _ends(self, text: str, label: re.Match[str], *, slot: Slot) -> bool:
        """Whether the label is over there, and is not the beginning of a longer word."""
        rest, unit = text[label.end() :], plain(slot.tail)
        over = not label[0][-1].isalnum() or _AFTER_LABEL.match(rest) is not None
        return over or (unit != "" and plain(rest).startswith(unit))

    def _from_label(self, slot: Slot, box: Box, *, end: int, following: Box | None) -> int:
        """Read what stands after a label, there or in the next cell; gives how many more cells that took."""
        rest = box.text[end:]
        if not rest.strip() and following is not None and self._label(following.text)[0] is None:
            self._take(slot, following.text, box=following, tail=slot.tail)
            return 1
        self._run(slot, _without_head_words(rest) if slot.row == 0 else rest, box=box)
        return 0

    def _run(self, slot: Slot, text: str, *, box: Box) -> None:
        """A cell's text from one place on: the places after it in the same row may stand in it too."""
        while slot.field.type is not FieldType.TEXTAREA or slot is self._shape.opinion:
            following, match = self._next(slot, text)
            if following is None or match is None:
                break
            self._take(slot, text[: match.start()], box=box, tail=slot.tail)
            is_day = following.field.type is FieldType.DATE
            slot, text = following, match[0] if is_day else text[match.end() :]
        self._take(slot, text, box=box, tail=slot.tail)

    def _next(self, slot: Slot, text: str) -> tuple[Slot | None, re.Match[str] | None]:
        for other in self._slots:
            if other.row != slot.row or other.order <= slot.order or other.order not in self._free:
                continue
            if other.field.type is FieldType.DATE:
                days = list(re.finditer(f"{DAY}|{NO_DAY}", text[:_LONGEST]))
                return (other, days[-1]) if days else (None, None)
            if other.field.type is FieldType.ATTACHMENT:
                continue
            match = other.lead.search(text, 0, _LONGEST)
            apart = match and (other.cell == slot.cell or match[0].rstrip()[-1:] in {"：", ":"})
            if match and match[0].strip() and apart:
                return other, match
        return None, None

    # --- what was found ---

    def _take(self, slot: Slot, text: str, *, box: Box, tail: str = "") -> None:
        self._free.pop(slot.order, None)
        self._last, self._awaited = slot.order, None
        value = cleaned(slot.field, text, tail=tail)
        if slot.field.type is FieldType.ATTACHMENT:
            self._beside.append(replace(box, text=value))
            return
        following = self._free.get(slot.order + 1)
        if slot.field.type is FieldType.URL and following and (following.row, following.cell) == (slot.row, slot.cell):
            value, number = split_site(without(following.tail, value))
            self._take(following, number, box=box)
        self.values[slot.field.key] = value

    def _leave(self, box: Box, text: str) -> None:
        if plain(text):
            kind = UnreadKind.CELL if box.table else UnreadKind.PARAGRAPH
            self._unread.append(Unread(kind, text.strip(), box.table, box.row, box.cell))
