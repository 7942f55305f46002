"""The official form as a Word document, in the notice's layout (attachment 2): title, head line, merged cells.

What people wrote is put in as text and nothing else: no templates, no fields, no macros. The same input gives
the same bytes.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from xml.sax.saxutils import escape

import docx
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Mm, Pt

from ..programmes.layout import SUPPLEMENT_TITLE, Cell, Place, Row, supplementary_rows
from ..programmes.schema import Field, FieldType, Programme
from ..words import Label

# Paragraphs of these styles are no answers: a form that is read back is read without them.
ATTACHMENT_STYLE, REMARK_STYLE = "Form Attachments", "Form Remark"
YES_NO = {"yes": "是", "no": "否"}
_TITLE_FONT, _BODY_FONT = "方正小标宋简体", "仿宋_GB2312"
_WIDTH, _ROOM = 8844, 1418  # twips: A4 less its margins, and the least height for a long text
_BLANK = "    "
_NO_DAY = datetime(2000, 1, 1, tzinfo=UTC)  # a paper says by its own dates when it is from
_STYLES = frozenset(
    {"Normal", "DefaultParagraphFont", "TableNormal", "NoList", "TableGrid"}
    | {name.replace(" ", "") for name in (ATTACHMENT_STYLE, REMARK_STYLE)}
)
_SPARE = ("/stylesWithEffects", "/thumbnail", "/customXml", "/numbering")
_BREAKS = {"\n": "<w:br/>", "\t": "<w:tab/>"}
_NO_XML = frozenset("\ufffe\uffff")


@dataclass(frozen=True, slots=True)
class SealedOpinion:
    """The city's opinion of section seven, and the day of its seal."""

    text: str
    sealed_on: date | None = None


def form_docx(
    programme: Programme,
    answers: Mapping[str, str],
    *,
    attachments: Mapping[str, Sequence[str]] | None = None,
    opinion: SealedOpinion | None = None,
    remark: str = "",
) -> bytes:
    """The form of a submission: ``answers`` is what stands in every field, canonical; empty ones leave the blank.

    ``attachments`` are names of files by field; ``opinion`` goes before what ``answers`` has for section seven;
    ``remark`` is printed below everything.
    """
    given = {**answers, **sealed_answers(programme, opinion)}
    sheet = _Sheet(programme, given, attachments or {})
    body = [*sheet.head(), sheet.table(programme.layout.rows, columns=programme.layout.columns)]
    if added := supplementary_rows(programme):
        body += [_paragraph(SUPPLEMENT_TITLE, bold=True), sheet.table(added, columns=2)]
    # Word wants a paragraph after the last table.
    body.append(_paragraph(f"备注：{printable(remark)}" if remark else "", style=REMARK_STYLE))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in _shell(programme.form_title.zh):
            member = zipfile.ZipInfo(name)  # a fixed date: the same input gives the same bytes
            member.compress_type = zipfile.ZIP_DEFLATED
            whole = content.replace(b"<w:sectPr", "".join(body).encode("utf-8") + b"<w:sectPr", 1)
            packed.writestr(member, whole if name == "word/document.xml" else content)
    return out.getvalue()


def printable(text: str) -> str:
    """The text without what no XML can hold; line breaks and tabs stay."""
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        sign
        for sign in plain
        if sign in "\n\t" or (sign not in _NO_XML and unicodedata.category(sign) not in {"Cc", "Cs"})
    )


def sealed_answers(programme: Programme, opinion: SealedOpinion | None) -> dict[str, str]:
    """The opinion as what stands in the city's fields of section seven; nothing without one."""
    if opinion is None:
        return {}
    day = opinion.sealed_on.isoformat() if opinion.sealed_on else ""
    found = {FieldType.TEXTAREA: opinion.text, FieldType.DATE: day}
    return {field.key: found[field.type] for field in programme.city_fields if field.type in found}


def printed(field: Field, value: str) -> str:
    """An answer as it is printed: 是 and 否, a choice's Chinese label, a day as 2026年 3月 1日."""
    labels: dict[str, Label] = {choice.value: choice.label for choice in field.choices}
    if field.type is FieldType.ATTACHMENT:
        return ""
    if field.type is FieldType.YES_NO:
        return YES_NO.get(value, value)
    if field.type is FieldType.CHOICE and value in labels:
        return labels[value].zh
    if field.type is FieldType.DATE and value:
        day = date.fromisoformat(value)
        return f"{day.year}年{day.month:2d}月{day.day:2d}日"
    return printable(value)


class _Sheet:
    """Writes the cells of one submission."""

    def __init__(
        self, programme: Programme, answers: Mapping[str, str], attachments: Mapping[str, Sequence[str]]
    ) -> None:
        self._programme, self._answers, self._attachments = programme, answers, attachments
        self._fields = {field.key: field for field in programme.fields}
        self._titles = {section.number: section.label.zh for section in programme.sections}

    def head(self) -> list[str]:
        """The line over the table, and the files named for it."""
        head = self._programme.layout.head
        return self._cell(head, centred=False)

    def table(self, rows: Sequence[Row], *, columns: int) -> str:
        """A table of these rows over so many equal columns."""
        width = _WIDTH // columns
        grid = f'<w:gridCol w:w="{width}"/>' * columns
        printed_rows = "".join(self._row(row, columns=columns, width=width) for row in rows)
        looks = '<w:tblStyle w:val="TableGrid"/><w:tblW w:w="0" w:type="auto"/><w:tblLayout w:type="fixed"/>'
        return f"<w:tbl><w:tblPr>{looks}</w:tblPr><w:tblGrid>{grid}</w:tblGrid>{printed_rows}</w:tbl>"

    def _row(self, row: Row, *, columns: int, width: int) -> str:
        if row.section:
            title = _paragraph(self._titles[row.section], bold=True)
            return f"<w:tr>{_table_cell([title], width=width, span=columns)}</w:tr>"
        high = any(self._fields[key].type is FieldType.TEXTAREA for cell in row.cells for key in cell.keys)
        height = f'<w:trPr><w:trHeight w:val="{_ROOM}"/></w:trPr>' if high else ""
        cells = "".join(
            _table_cell(self._cell(cell, centred=not cell.keys), width=width, span=cell.span) for cell in row.cells
        )
        return f"<w:tr>{height}{cells}</w:tr>"

    def _cell(self, cell: Cell, *, centred: bool) -> list[str]:
        """The paragraphs of a cell, the names of its files in one of their own."""
        lines: list[list[str]] = [[]]
        days: set[int] = set()
        for part in cell.parts:
            if isinstance(part, Place):
                field = self._fields[part.key]
                lines[-1].append(printed(field, self._answers.get(part.key, "")) or self._blank(field, cell))
                days |= {len(lines)} if field.type is FieldType.DATE else set()
                continue
            first, *others = part.split("\n")
            lines[-1].append(first)
            lines += [[line] for line in others]
        found = []
        for number, line in enumerate(lines, start=1):
            align = "right" if number in days else "center" if centred else ""
            found.append(_paragraph(*line, align=align))
        names = self._names(cell.keys)
        return [*found, _paragraph(names, style=ATTACHMENT_STYLE)] if names else found

    def _blank(self, field: Field, cell: Cell) -> str:
        """What is printed where nothing was answered: room between the words, for a day its three words."""
        if field.type is FieldType.DATE:
            return _BLANK + field.label.zh
        return _BLANK if cell.text and field.type not in {FieldType.TEXTAREA, FieldType.ATTACHMENT} else ""

    def _names(self, keys: Iterable[str]) -> str:
        names = [name for key in keys for name in self._attachments.get(key, ())]
        return f"附件：{'、'.join(' '.join(printable(name).split()) for name in names)}" if names else ""


def _table_cell(paragraphs: list[str], *, width: int, span: int) -> str:
    facts = f'<w:tcW w:w="{width * span}" w:type="dxa"/><w:gridSpan w:val="{span}"/><w:vAlign w:val="center"/>'
    return f"<w:tc><w:tcPr>{facts}</w:tcPr>{''.join(paragraphs)}</w:tc>"


def _paragraph(*texts: str, style: str = "", align: str = "", bold: bool = False) -> str:
    """A paragraph with a run for each text; what the texts hold is only ever text."""
    named = f'<w:pStyle w:val="{style.replace(" ", "")}"/>' if style else ""
    aligned = f'<w:jc w:val="{align}"/>' if align else ""
    strong = "<w:rPr><w:b/></w:rPr>" if bold else ""
    runs = "".join(f"<w:r>{strong}{_run(text)}</w:r>" for text in texts if text)
    return f"<w:p><w:pPr>{named}{aligned}</w:pPr>{runs}</w:p>"


def _run(text: str) -> str:
    pieces = re.split(r"([\n\t])", text)
    return "".join(
        _BREAKS.get(piece) or f'<w:t xml:space="preserve">{escape(piece)}</w:t>' for piece in pieces if piece
    )


@lru_cache(maxsize=8)
def _shell(title: str) -> tuple[tuple[str, bytes], ...]:
    """The parts of a document that has the paper, the fonts and the title, and nothing below it."""
    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    normal = document.styles["Normal"]
    _chinese_font(normal.element, _BODY_FONT)
    normal.font.size = Pt(10.5)
    for name in (ATTACHMENT_STYLE, REMARK_STYLE):
        document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH).base_style = normal
    facts = document.core_properties
    facts.title, facts.author, facts.comments, facts.last_modified_by = title[:255], "", "", ""
    facts.created = facts.modified = _NO_DAY
    paragraph = document.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = paragraph.add_run(title)
    run.font.size = Pt(18)
    _chinese_font(run._element, _TITLE_FONT)
    _lighten(document)
    made = io.BytesIO()
    document.save(made)
    with zipfile.ZipFile(made) as archive:
        return tuple((name, archive.read(name)) for name in archive.namelist())


def _lighten(document: Document) -> None:
    """Take out what the library's own blank document has and the form has no use for: styles, a picture of itself."""
    for style in list(document.styles):
        if style.style_id not in _STYLES:
            style.delete()
    for relations in (document.part.rels, document.part.package.rels):
        for name in [key for key, relation in relations.items() if relation.reltype.endswith(_SPARE)]:
            del relations[name]


def _chinese_font(element: BaseOxmlElement, name: str) -> None:
    # Word takes the Latin font for Chinese text unless the East Asian one is named too.
    fonts = element.get_or_add_rPr().get_or_add_rFonts()
    for attribute in ("w:eastAsia", "w:ascii", "w:hAnsi"):
        fonts.set(qn(attribute), name)
