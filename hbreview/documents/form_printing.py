"""The official form as PDF, in the notice's layout (attachment 2): the same cells as the Word document has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..programmes.layout import SUPPLEMENT_TITLE, Cell, Place, Row, supplementary_rows
from ..programmes.schema import NUMBERS, Field, FieldType, Programme
from .form_writing import SealedOpinion, printed, sealed_answers
from .typesetting import paper, typeset

_LONG = {FieldType.TEXT, FieldType.TEXTAREA}


def form_pdf(
    programme: Programme,
    answers: Mapping[str, str],
    *,
    attachments: Mapping[str, Sequence[str]] | None = None,
    opinion: SealedOpinion | None = None,
    remark: str = "",
    fonts: Path | None = None,
    draft_mark: bool = False,
) -> bytes:
    """The form of a submission: ``answers`` is what stands in every field, canonical; empty ones leave the blank.

    ``attachments`` are names of files by field; ``opinion`` goes before what ``answers`` has for section seven;
    ``remark`` is printed below everything; ``fonts`` as for ``typeset``; ``draft_mark`` says on every page that
    it is a preview and not in force. The same input gives the same bytes.
    """
    sheet = _Sheet(programme, {**answers, **sealed_answers(programme, opinion)}, attachments or {})
    layout = programme.layout
    data: dict[str, object] = {
        "title": programme.form_title.zh,
        "head": sheet.cell(layout.head),
        "columns": layout.columns,
        "rows": [sheet.row(row, width=layout.columns) for row in layout.rows],
        "added": [sheet.row(row, width=2) for row in supplementary_rows(programme)],
        "added-title": SUPPLEMENT_TITLE,
        "mark": "预览 · 未生效 / Preview, not in force" if draft_mark else "",
        "remark": f"备注：{remark}" if remark else "",
    }
    return typeset(paper("form"), data=data, fonts=fonts)


@dataclass(slots=True)
class _Line:
    """A paragraph of a cell: pieces of kind ``text``, ``value``, ``blank`` or ``tab``."""

    pieces: list[dict[str, str]] = field(default_factory=list)
    right: bool = False

    def add(self, kind: str, text: str = "") -> None:
        self.pieces.append({"kind": kind, "text": text})


class _Sheet:
    """The cells of one submission as the source takes them."""

    def __init__(
        self, programme: Programme, answers: Mapping[str, str], attachments: Mapping[str, Sequence[str]]
    ) -> None:
        self._answers, self._attachments = answers, attachments
        self._fields = {field.key: field for field in programme.fields}
        self._titles = {section.number: section.label.zh for section in programme.sections}

    def row(self, row: Row, *, width: int) -> list[dict[str, object]]:
        """The cells of a row, or the one of a section's title."""
        if row.section:
            return [self.cell(Cell((self._titles[row.section],), width)) | {"title": True, "centred": False}]
        return [self.cell(cell) for cell in row.cells]

    def cell(self, cell: Cell) -> dict[str, object]:
        """One cell: its paragraphs, and how it is to look."""
        kinds = {self._fields[key].type for key in cell.keys}
        return {
            "span": cell.span,
            "lines": [{"pieces": line.pieces, "right": line.right} for line in self._lines(cell)],
            "files": self._names(cell.keys),
            "title": False,
            "centred": not kinds or (kinds <= NUMBERS and not cell.text),
            "tall": FieldType.TEXTAREA in kinds,
            "fit": len(kinds) == 1 and not cell.text and not kinds & _LONG,
        }

    def _lines(self, cell: Cell) -> list[_Line]:
        lines = [_Line()]
        for part in cell.parts:
            if isinstance(part, Place):
                self._value(self._fields[part.key], cell, lines)
                continue
            for number, text in enumerate(part.split("\n")):
                if number:
                    lines.append(_Line())
                for place, piece in enumerate(text.split("\t")):
                    if place:
                        lines[-1].add("tab")
                    if piece:
                        lines[-1].add("text", piece)
        return lines

    def _value(self, asked: Field, cell: Cell, lines: list[_Line]) -> None:
        """An answer, each line break a new paragraph; where there is none, room between the words."""
        text = printed(asked, self._answers.get(asked.key, ""))
        lines[-1].right |= asked.type is FieldType.DATE
        for number, line in enumerate(text.split("\n")):
            if number:
                lines.append(_Line())
            if line:
                lines[-1].add("value", line)
        if text or asked.type in {FieldType.TEXTAREA, FieldType.ATTACHMENT}:
            return
        if asked.type is FieldType.DATE:
            lines[-1].add("text", asked.label.zh)
        elif cell.text:
            lines[-1].add("blank")

    def _names(self, keys: Iterable[str]) -> str:
        names = [" ".join(name.split()) for key in keys for name in self._attachments.get(key, ())]
        return f"附件：{'、'.join(names)}" if names else ""
