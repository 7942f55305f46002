"""Long Word documents of headings, lines and tables, on landscape A4: a hundred tables in about a second.

The tables are written as their XML, as python-docx looks every cell up again; the texts in it are escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from xml.sax.saxutils import escape

import docx
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt

from .form_writing import printable
from .return_notice import BODY_FONT, TITLE_FONT, document_bytes, write_run

_PAGE_MM, _MARGIN_MM = 297, 12
_TWIPS_PER_MM = 56.7
_SIZE = 9  # points, in tables
_RUN = (
    f'<w:rPr><w:rFonts w:ascii="{BODY_FONT}" w:eastAsia="{BODY_FONT}" w:hAnsi="{BODY_FONT}"/>%s'
    f'<w:sz w:val="{_SIZE * 2}"/></w:rPr>'
)
_CENTRED = '<w:jc w:val="center"/>'
_PLAIN, _BOLD = _RUN % "", _RUN % "<w:b/>"


class MeetingDocument:
    """A document that is written from its beginning to its end."""

    def __init__(self, title: str) -> None:
        self._title, self._document = title, docx.Document()
        section = self._document.sections[0]
        section.orientation = WD_ORIENT.LANDSCAPE
        section.page_width, section.page_height = Mm(_PAGE_MM), Mm(210)
        section.left_margin = section.right_margin = Mm(_MARGIN_MM)
        section.top_margin = section.bottom_margin = Mm(16)
        footer = section.footer.paragraphs[0]
        footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
        page = OxmlElement("w:fldSimple")
        page.set(qn("w:instr"), "PAGE")
        footer._p.append(page)

    def heading(self, text: str, *, size: float, new_page: bool = False) -> None:
        """A centred heading, ``size`` in points, that stays with what follows."""
        paragraph = self._document.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        looks = paragraph.paragraph_format
        looks.space_before, looks.space_after = Pt(6), Pt(4)
        looks.keep_with_next, looks.page_break_before = True, new_page
        write_run(paragraph, " ".join(text.split()), size=size, font=TITLE_FONT)

    def line(self, text: str, *, centred: bool = False) -> None:
        """A paragraph."""
        paragraph = self._document.add_paragraph()
        if centred:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(2)
        write_run(paragraph, text, size=10.5)

    def table(
        self, heads: Sequence[str], rows: Sequence[Sequence[str | int | Decimal | None]], *, widths: Sequence[int]
    ) -> None:
        """A table over the whole width, its head on each page; ``widths`` are shares of that."""
        whole = (_PAGE_MM - 2 * _MARGIN_MM) * _TWIPS_PER_MM
        shares = [int(whole * width / sum(widths)) for width in widths]
        body = "".join(_row([_text(value) for value in row], shares, numbers=_numbers(row)) for row in rows)
        xml = (
            f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblStyle w:val="TableGrid"/><w:tblW w:w="{sum(shares)}" w:type="dxa"/>'
            '<w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>'
            + "".join(f'<w:gridCol w:w="{share}"/>' for share in shares)
            + "</w:tblGrid>"
            + _row(heads, shares, numbers=[True] * len(heads), head=True)
            + body
            + "</w:tbl>"
        )
        self._document.element.body.insert_element_before(parse_xml(xml), "w:sectPr")

    def content(self) -> bytes:
        """The file."""
        return document_bytes(self._document, title=self._title)


def _text(value: str | int | Decimal | None) -> str:
    if value is None:
        return ""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _numbers(row: Sequence[object]) -> list[bool]:
    return [not isinstance(value, str) for value in row]


def _row(texts: Sequence[str], widths: Sequence[int], *, numbers: Sequence[bool], head: bool = False) -> str:
    """A row of cells; figures and heads are centred. A row is never broken over two pages."""
    properties = "<w:trPr><w:cantSplit/>" + ("<w:tblHeader/>" if head else "") + "</w:trPr>"
    cells = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>'
        f"<w:p><w:pPr>{_CENTRED if number else ''}</w:pPr>{_runs(text, head=head)}</w:p></w:tc>"
        for text, width, number in zip(texts, widths, numbers, strict=True)
    )
    return f"<w:tr>{properties}{cells}</w:tr>"


def _runs(text: str, *, head: bool) -> str:
    """The text, line by line."""
    looks = _BOLD if head else _PLAIN
    lines = (f'<w:t xml:space="preserve">{escape(part)}</w:t>' for part in printable(text).split("\n"))
    return f"<w:r>{looks}{'<w:br/>'.join(lines)}</w:r>"
