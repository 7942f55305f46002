"""The numbered notice that goes with a returned form (退回修改通知), as Word and as PDF."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import docx
from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from ..words import Label
from .form_writing import printable
from .typesetting import paper, typeset

TITLE = Label("退回修改通知", "Notice of return for mending")
_TITLE_FONT, _BODY_FONT = "方正小标宋简体", "仿宋_GB2312"


@dataclass(frozen=True, slots=True)
class ReturnedComment:
    """One thing to mend: the indicator that it is about, what the city says, and the fields that it names."""

    order: int
    indicator: Label
    body: str
    blocking: bool = False
    fields: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class ReturnNotice:
    """What the notice says. ``number`` as it is printed; no ``open_fields``: the whole form is open."""

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


def return_notice_pdf(notice: ReturnNotice, *, fonts: Path | None = None) -> bytes:
    """As PDF; ``fonts`` as for ``typeset``. The same notice gives the same bytes."""
    data: dict[str, object] = {
        "title": f"{TITLE.zh}：{notice.organisation}",
        "heading": asdict(TITLE),
        "number": notice.number,
        "to": f"{notice.organisation}：",
        "paragraphs": list(_opening(notice)),
        "items": [_item(comment) for comment in notice.comments],
        "closing": list(_closing(notice)),
        "by": notice.returned_by,
        "day": printed_day(notice.returned_on),
    }
    return typeset(paper("return_notice"), data=data, fonts=fonts)


def return_notice_docx(notice: ReturnNotice) -> bytes:
    """As Word. What people wrote is put in as text and nothing else."""
    document = docx.Document()
    document.core_properties.title = printable(f"{TITLE.zh}：{notice.organisation}")
    document.core_properties.author = ""
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(26)
    _line(document, TITLE.zh, size=20, font=_TITLE_FONT, align=WD_ALIGN_PARAGRAPH.CENTER)
    _line(document, notice.number, align=WD_ALIGN_PARAGRAPH.CENTER)
    _line(document, f"{notice.organisation}：")
    for text in _opening(notice):
        _line(document, text, indented=True)
    for item in map(_item, notice.comments):
        _line(document, f"{item['head']}", indented=True, bold=True)
        _line(document, item["body"], indented=True)
        if item["fields"]:
            _line(document, item["fields"], indented=True)
    for text in _closing(notice):
        _line(document, text, indented=True)
    _line(document, notice.returned_by, align=WD_ALIGN_PARAGRAPH.RIGHT)
    _line(document, printed_day(notice.returned_on), align=WD_ALIGN_PARAGRAPH.RIGHT)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def printed_day(day: date) -> str:
    """A day as official letters print it."""
    return f"{day.year}年{day.month}月{day.day}日"


def _opening(notice: ReturnNotice) -> Iterator[str]:
    yield (
        f"你单位报送的《{notice.form_title.zh}》（{notice.round_title}，申报版本{notice.revision}）经审核需要修改，"
        f"现予退回。退回理由：{notice.reason}"
    )
    yield f"请在{printed_day(notice.deadline)}前按下列意见修改完善并重新提交。需修改的内容共{len(notice.comments)}项："


def _item(comment: ReturnedComment) -> dict[str, str]:
    must = "（必须修改）" if comment.blocking else ""
    fields = "、".join(field.zh for field in comment.fields)
    return {
        "head": f"指标{comment.order} {comment.indicator.zh}{must}",
        "body": comment.body,
        "fields": f"涉及填报项：{fields}" if fields else "",
    }


def _closing(notice: ReturnNotice) -> Iterator[str]:
    if notice.open_fields:
        names = "、".join(field.zh for field in notice.open_fields)
        yield f"本次仅开放下列填报项供修改，其余内容保持原提交版本：{names}。"
    else:
        yield "本次开放全部填报项供修改。"


def _line(
    document: Document,
    text: str,
    *,
    size: float = 14,
    font: str = _BODY_FONT,
    align: WD_ALIGN_PARAGRAPH = WD_ALIGN_PARAGRAPH.LEFT,
    indented: bool = False,
    bold: bool = False,
) -> None:
    paragraph = document.add_paragraph()
    paragraph.alignment = align
    paragraph.paragraph_format.space_after = Pt(4)
    if indented:
        paragraph.paragraph_format.first_line_indent = Pt(2 * size)
    run = paragraph.add_run(printable(text))
    run.font.size, run.font.bold = Pt(size), bold
    # Word takes the Latin font for Chinese text unless the East Asian one is named too.
    fonts = run._element.get_or_add_rPr().get_or_add_rFonts()
    for attribute in ("w:eastAsia", "w:ascii", "w:hAnsi"):
        fonts.set(qn(attribute), font)
