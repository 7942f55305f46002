"""A stranger's Word document into lines of plain text, or the reason why it is not taken.

Only what a reader sees counts: inserted text and content controls do, deleted and hidden text does not. Text
boxes are set apart. Nothing is read before ``archives`` has looked at the file (U03, U04, U07).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO

from docx.oxml.ns import nsmap, qn
from docx.oxml.parser import parse_xml
from docx.oxml.xmlchemy import BaseOxmlElement

from ..words import N_, Reason
from .archives import inspect_archive
from .form_writing import ATTACHMENT_STYLE, REMARK_STYLE
from .package_parts import starts
from .zip_walking import Allowance, damaged, members, unpacked

_MOST_TEXT, _MOST_LINES = 20 * 1024 * 1024, 3000
_MOST_BOXES = 5000  # the forms have some 200
# A long run of blanks means no more than one, and costs every pattern its square.
_BLANKS = re.compile(r"\s{50,}")
_OLE, _ZIP = b"\xd0\xcf\x11\xe0", b"PK\x03\x04"
_LOCKED_PART = "EncryptedPackage".encode("utf-16-le")
_RELATIONS = "_rels/.rels"
_STRICT = b"http://purl.oclc.org/ooxml/wordprocessingml/main"
_VAL, _FONT, _SIGN = qn("w:val"), qn("w:font"), qn("w:char")
_P, _TBL, _TR, _TC, _T = map(qn, ("w:p", "w:tbl", "w:tr", "w:tc", "w:t"))
_WRAPPERS = frozenset(map(qn, ("w:sdt", "w:sdtContent", "w:customXml", "w:ins", "w:moveTo", "w:smartTag")))
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_BOX = qn("w:txbxContent")
# Text below these is not what a reader sees there: deleted, moved away, a setting, a reading aid.
_UNSEEN = frozenset({*map(qn, ("w:del", "w:moveFrom", "w:pPr", "w:rPr", "w:rt", "w:sdtPr")), _FALLBACK, _BOX})
_SIGNS = {qn("w:tab"): "\t", qn("w:ptab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
# Boxes to tick are often signs of a picture font.
_PICTURE_SIGNS = {
    ("wingdings", "fe"): "☑", ("wingdings", "fd"): "☒", ("wingdings", "fc"): "√", ("wingdings", "a8"): "□",
    ("wingdings", "6f"): "□", ("wingdings 2", "52"): "☑", ("wingdings 2", "50"): "√", ("wingdings 2", "a3"): "□",
    ("wingdings 2", "54"): "☒", ("wingdings 2", "2a"): "□",
}  # fmt: skip
_OURS = {ATTACHMENT_STYLE.replace(" ", ""): "附件：", REMARK_STYLE.replace(" ", ""): "备注："}


@dataclass(frozen=True, slots=True)
class Box:
    """The text of a cell, or of a paragraph outside of all tables, and where it stands (counted from 1; 0 for none)."""

    text: str
    table: int = 0
    row: int = 0
    cell: int = 0


@dataclass(slots=True)
class Extract:
    """A document's lines in order, each a row of boxes; merged cells stand once."""

    lines: list[list[Box]] = field(default_factory=list)
    text_boxes: list[str] = field(default_factory=list)
    tables: int = 0
    pictures: bool = False


def extracted(content: bytes) -> Extract | Reason:
    """What the document says, or why it is refused; never raises for what a file holds."""
    if content.startswith(_OLE):
        if _LOCKED_PART in content:
            return _refused(N_("The file has a password: save it without one and upload that."))
        return _refused(N_("This is an old .doc file under another name: save it as .docx and upload that."))
    if not content.startswith(_ZIP):
        return _not_word()
    if fault := inspect_archive(content):
        return fault
    try:
        main = _main_part(io.BytesIO(content))
        return main if isinstance(main, Reason) else _Walk().document(parse_xml(main))
    except Exception:
        # A stranger's file: each way in which it is damaged fails with an error of its own.
        return damaged().reason


def _refused(message: str, rule: str = "U01") -> Reason:
    return Reason(message, "file", rule)


def _not_word() -> Reason:
    return _refused(N_("This is not a Word document (.docx)."))


def _too_large() -> Reason:
    return _refused(N_("The Word file holds more text than a form can."), "U03")


def _main_part(stream: IO[bytes]) -> bytes | Reason:
    """The part that the package opens as, when it is Word's."""
    named = {member.name.lower(): member for member in members(stream, Allowance())}
    targets = [
        attributes["Target"].lstrip("/").lower()
        for _element, attributes in starts(unpacked(stream, named[_RELATIONS]))
        if attributes.get("Type", "").lower().endswith("/officedocument")
    ]
    if not targets[0].startswith("word/"):
        return _not_word()
    main = named[targets[0]]
    if main.size > _MOST_TEXT:
        return _too_large()
    return b"".join(unpacked(stream, main)).replace(_STRICT, nsmap["w"].encode())


class _Walk:
    """Goes through a document once, in the order in which it is read."""

    def __init__(self) -> None:
        self._found = Extract()

    def document(self, root: BaseOxmlElement) -> Extract | Reason:
        body = root.find(qn("w:body"))
        if body is None:
            return _not_word()
        self._found.text_boxes = [text for text in map(self._box_text, _outer_boxes(root)) if text]
        self._found.pictures = next(root.iter(qn("a:blip"), qn("w:pict"), qn("w:object")), None) is not None
        number = 0
        for block in _inside(body, _P, _TBL):
            if block.tag == _TBL:
                self._table(block)
                continue
            number += 1
            if (text := _paragraph(block)) and text.strip():
                self._found.lines.append([Box(_short(text), row=number)])
        boxes = sum(map(len, self._found.lines))
        return _too_large() if len(self._found.lines) > _MOST_LINES or boxes > _MOST_BOXES else self._found

    def _table(self, table: BaseOxmlElement) -> None:
        self._found.tables += 1
        number = self._found.tables
        nested: list[BaseOxmlElement] = []
        for at, row in enumerate(_inside(table, _TR), start=1):
            if row.find(f"{qn('w:trPr')}/{qn('w:del')}") is not None:
                continue
            line: list[Box] = []
            for cell in _inside(row, _TC):
                if not _goes_on(cell):
                    line.append(Box(_cell_text(cell), number, at, len(line) + 1))
                nested += _inside(cell, _TBL)
            self._found.lines.append(line)
            while nested:
                self._table(nested.pop(0))

    def _box_text(self, box: BaseOxmlElement) -> str:
        return "\n".join(filter(None, map(_paragraph, _inside(box, _P)))).strip()


def _outer_boxes(root: BaseOxmlElement) -> Iterator[BaseOxmlElement]:
    """Text boxes; each is often there twice, the second time for older readers."""
    for box in root.iter(_BOX):
        if not any(parent.tag == _FALLBACK for parent in box.iterancestors()):
            yield box


def _inside(parent: BaseOxmlElement, *tags: str) -> Iterator[BaseOxmlElement]:
    """Children with these tags in order, also within content controls and tracked insertions."""
    for child in parent:
        if child.tag in tags:
            yield child
        elif child.tag in _WRAPPERS:
            yield from _inside(child, *tags)


def _goes_on(cell: BaseOxmlElement) -> bool:
    """Whether the cell only goes on with the merged one above it."""
    merged = cell.find(f"{qn('w:tcPr')}/{qn('w:vMerge')}")
    return merged is not None and merged.get(_VAL, "continue") == "continue"


def _cell_text(cell: BaseOxmlElement) -> str:
    texts = [text for text in map(_paragraph, _inside(cell, _P)) if text is not None]
    return _short("\n".join(texts)).strip()


def _short(text: str) -> str:
    return _BLANKS.sub(lambda run: "\n" if "\n" in run[0] else " ", text)


def _paragraph(paragraph: BaseOxmlElement) -> str | None:
    """A paragraph's text; None for what this application printed beside the answers."""
    text = "".join(_words(paragraph))
    style = paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
    mark = _OURS.get(style.get(_VAL, "")) if style is not None else None
    return None if mark and text.startswith(mark) else text


def _words(element: BaseOxmlElement) -> Iterator[str]:
    for child in element:
        if child.tag in _UNSEEN or (child.tag == qn("w:r") and _hidden(child)):
            continue
        if child.tag == _T:
            yield child.text or ""
        elif child.tag in _SIGNS:
            yield _SIGNS[child.tag]
        elif child.tag == qn("w:sym"):
            code = child.get(_SIGN, "").lower()[-2:]
            yield _PICTURE_SIGNS.get((child.get(_FONT, "").lower(), code), "")
        else:
            yield from _words(child)


def _hidden(run: BaseOxmlElement) -> bool:
    mark = run.find(f"{qn('w:rPr')}/{qn('w:vanish')}")
    return mark is not None and mark.get(_VAL, "true") not in {"0", "false", "off"}
