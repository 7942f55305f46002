"""The numbered notice that goes with a returned form (退回修改通知, design: ``return``), as Word and as PDF.

A letter in the order of official ones: title, number, whom it is to, what is asked and until when, a numbered
list of what to mend, what is open for it, who returns the form and when. Chinese, with small English below.
What people wrote is put in as text and nothing else (I02). The same notice gives the same bytes.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import docx
from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph

from ..words import Label
from .form_writing import printable
from .typesetting import paper, typeset

TITLE = Label("退回修改通知", "Notice of return for correction")
TITLE_FONT, BODY_FONT = "方正小标宋简体", "仿宋_GB2312"
_MUST = Label("（必须修改）", "must be mended")
_ALL_OPEN = Label("本次开放全部填报项供修改。", "The whole form is open.")
_NO_ITEMS = Label("请按上述退回理由修改。", "Mend what the reason above names.")
_ENDING = ("。", "！", "？", "；", ".", "!", "?", ";")
_SIZE, _SMALL = 14, 8
_FAINT = RGBColor(0x5F, 0x63, 0x68)
_LEFT, _CENTRE, _RIGHT = WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.RIGHT


@dataclass(frozen=True, slots=True)
class ReturnedComment:
    """One thing to mend: the indicator that it is about (``order`` is its number in the programme), what the city
    says, and the fields that it names."""

    order: int
    indicator: Label
    body: str
    blocking: bool = False
    fields: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class ReturnNotice:
    """What the notice says.

    ``number`` is printed as it is given; ``returned_by`` is a department and never a person; without
    ``open_fields`` the whole form is open. The form is to be sent again before the end of ``deadline``.
    """

    number: str
    organisation: str
    form_title: Label
    round_title: str
    city: Label
    revision: int
    returned_on: date
    reason: str
    deadline: date
    comments: tuple[ReturnedComment, ...]
    open_fields: tuple[Label, ...]
    returned_by: str


@dataclass(frozen=True, slots=True)
class _Item:
    """An entry of the list: its head, the lines of what is said, the fields that are named."""

    head: Label
    lines: tuple[str, ...]
    fields: Label


def return_notice_pdf(notice: ReturnNotice, *, fonts: Path | None = None) -> bytes:
    """As PDF; ``fonts`` as for ``typeset``."""
    data: dict[str, object] = {
        "title": f"{TITLE.zh}：{notice.organisation}",
        "heading": asdict(TITLE),
        "number": notice.number,
        "to": f"{_one_line(notice.organisation)}：",
        "opening": [asdict(label) for label in _opening(notice)],
        "items": [asdict(_item(comment)) for comment in notice.comments],
        "closing": asdict(_closing(notice)),
        "by": f"{notice.returned_by}（盖章）",
        "day": printed_day(notice.returned_on),
    }
    return typeset(paper("return_notice"), data=data, fonts=fonts)


def return_notice_docx(notice: ReturnNotice) -> bytes:
    """As Word, on A4 with the margins of official letters (GB/T 9704-2012)."""
    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    write_run(_paragraph(document, _CENTRE, keep=True), TITLE.zh, size=22, font=TITLE_FONT)
    _english(_paragraph(document, _CENTRE, keep=True), TITLE.en)
    write_run(_paragraph(document, _CENTRE), notice.number, size=_SIZE)
    write_run(_paragraph(document), f"{_one_line(notice.organisation)}：", size=_SIZE)
    for label in _opening(notice):
        _both(document, label)
    for number, comment in enumerate(notice.comments, start=1):
        _write_item(document, number, _item(comment))
    _both(document, _closing(notice))
    write_run(_paragraph(document, _RIGHT, keep=True, before=36), f"{notice.returned_by}（盖章）", size=_SIZE)
    write_run(_paragraph(document, _RIGHT), printed_day(notice.returned_on), size=_SIZE)
    return document_bytes(document, title=f"{TITLE.zh}：{notice.organisation}")


def printed_day(day: date) -> str:
    """A day as official letters print it."""
    return f"{day.year}年{day.month}月{day.day}日"


def write_run(
    paragraph: Paragraph, text: str, *, size: float, font: str = BODY_FONT, bold: bool = False, faint: bool = False
) -> None:
    """Add a text to a paragraph, ``size`` in points, in a font that is named for Chinese signs too."""
    run = paragraph.add_run(printable(text))
    run.font.size, run.font.bold = Pt(size), bold
    if faint:
        run.font.color.rgb = _FAINT
    # Word takes the Latin font for Chinese text unless the East Asian one is named too.
    fonts = run._element.get_or_add_rPr().get_or_add_rFonts()
    for attribute in ("w:eastAsia", "w:ascii", "w:hAnsi"):
        fonts.set(qn(attribute), font)


def document_bytes(document: Document, *, title: str) -> bytes:
    """The file of a document without an author and without the hour at which it was made."""
    facts = document.core_properties
    facts.title, facts.author, facts.comments = printable(title)[:255], "", ""
    made, out = io.BytesIO(), io.BytesIO()
    document.save(made)
    with zipfile.ZipFile(made) as archive, zipfile.ZipFile(out, "w") as packed:
        for name in archive.namelist():
            member = zipfile.ZipInfo(name)  # a fixed date: the same input gives the same bytes
            member.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(member, archive.read(name))
    return out.getvalue()


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())


def _opening(notice: ReturnNotice) -> list[Label]:
    """What is returned, why, and until when it is to be sent again."""
    form = f"《{notice.form_title.zh}》（{notice.round_title}，申报版本{notice.revision}）"
    reason = notice.reason.strip()
    found = [
        Label(
            f"你单位报送的{form}，经审核需要修改，现予退回。",
            f"{notice.form_title.en}, revision {notice.revision}, is returned for correction.",
        ),
        Label(f"退回理由：{reason}{'' if reason.endswith(_ENDING) else '。'}", "Reason for the return"),
    ]
    last, count = printed_day(notice.deadline), len(notice.comments)
    asked = f"请于{last}前修改后重新提交。"
    english = f"Please mend the form and submit it again by {notice.deadline.isoformat()}."
    if count:
        return [*found, Label(f"{asked}需修改的内容共{count}项：", f"{english} Items to mend: {count}.")]
    return [*found, Label(asked + _NO_ITEMS.zh, f"{english} {_NO_ITEMS.en}")]


def _item(comment: ReturnedComment) -> _Item:
    must = comment.blocking
    english = f"Indicator {comment.order}: {comment.indicator.en}" + (f" ({_MUST.en})" if must else "")
    return _Item(
        Label(f"指标{comment.order}　{comment.indicator.zh}{_MUST.zh if must else ''}", english),
        tuple(printable(comment.body).strip().split("\n")),
        _listed("涉及填报项：", "Fields: ", comment.fields),
    )


def _closing(notice: ReturnNotice) -> Label:
    if not notice.open_fields:
        return _ALL_OPEN
    listed = _listed("本次只开放下列填报项供修改：", "Open for mending are only: ", notice.open_fields)
    return Label(f"{listed.zh}。其余内容保持原提交版本。", f"{listed.en}. All else stays as submitted.")


def _listed(chinese: str, english: str, fields: tuple[Label, ...]) -> Label:
    if not fields:
        return Label("", "")
    return Label(chinese + "、".join(field.zh for field in fields), english + "; ".join(field.en for field in fields))


def _paragraph(
    document: Document, align: WD_ALIGN_PARAGRAPH = _LEFT, *, indent: bool = False, keep: bool = False, before: int = 0
) -> Paragraph:
    """A paragraph; ``keep``: on the page of the next one; ``before``: points of room above it."""
    paragraph = document.add_paragraph()
    paragraph.alignment = align
    looks = paragraph.paragraph_format
    looks.space_before, looks.space_after, looks.keep_with_next = Pt(before), Pt(3), keep
    if indent:
        looks.first_line_indent = Pt(2 * _SIZE)
    return paragraph


def _english(paragraph: Paragraph, text: str) -> None:
    write_run(paragraph, text, size=_SMALL, faint=True)


def _both(document: Document, label: Label) -> None:
    write_run(_paragraph(document, indent=True), label.zh, size=_SIZE)
    _english(_paragraph(document, indent=True), label.en)


def _write_item(document: Document, number: int, item: _Item) -> None:
    head = _paragraph(document, indent=True, keep=True, before=8)
    write_run(head, f"{number}. {item.head.zh}", size=_SIZE, bold=True)
    _english(_paragraph(document, indent=True, keep=True), item.head.en)
    for line in item.lines:
        write_run(_paragraph(document, indent=True), line, size=_SIZE)
    if item.fields.zh:
        write_run(_paragraph(document, indent=True), item.fields.zh, size=10.5, faint=True)
        _english(_paragraph(document, indent=True), item.fields.en)
