"""The receipt of a submission as PDF: what was sent, when, by whom, and the digest that a public page confirms."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from ..words import Label
from .square_code import square_of
from .typesetting import paper, typeset

SHORT_DIGEST = 16
_WORDS = {
    "title": Label("提交回执", "Receipt of submission"),
    "files": Label("附件清单", "Attachments"),
    "number": Label("序号", "No."),
    "file": Label("文件名称", "File"),
    "digest": Label("校验码（前16位）", "SHA-256, first 16"),
    "remarks": Label("提示性校验及说明", "Warnings and remarks on them"),
    "remark": Label("说明", "Remark"),
    "declaration": Label("声明", "Declaration"),
    "short": Label("回执编号", "Receipt number"),
    "how": Label(
        "扫描二维码、打开上列核验网址，或在核验网页输入回执编号，可核对本回执与系统中保存的提交内容是否一致。",
        "Scan the square, open the address above, or type the number where receipts are confirmed.",
    ),
}
_FACTS = {
    "organisation": Label("单位名称", "Organisation"),
    "form_title": Label("表格名称", "Form"),
    "round_title": Label("评价年度", "Round"),
    "revision": Label("申报版本", "Revision"),
    "submitted_at": Label("提交时间（北京时间）", "Submitted at (UTC+8)"),
    "submitted_by": Label("提交人", "Submitted by"),
    "contents": Label("提交内容", "Contents"),
    "digest": Label("校验码", "SHA-256 digest"),
    "address": Label("核验网址", "Confirmed at"),
}


@dataclass(frozen=True, slots=True)
class ReceiptFile:
    """An attachment by the name that it was given, with its SHA-256 in hexadecimal."""

    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class ReceiptRemark:
    """A warning of the checks (the rule's number and its text) and what the enterprise says to it."""

    rule: str
    warning: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """What a receipt says. ``submitted_at`` is the moment in Asia/Shanghai as it is to be read.

    ``digest`` is the revision's SHA-256 in hexadecimal; ``address`` the page that confirms it.
    """

    organisation: str
    form_title: Label
    round_title: Label
    revision: int
    submitted_at: str
    submitted_by: str
    digest: str
    address: str
    field_count: int
    declaration: Label
    files: tuple[ReceiptFile, ...] = ()
    remarks: tuple[ReceiptRemark, ...] = ()


def receipt_pdf(facts: ReceiptFacts, *, fonts: Path | None = None) -> bytes:
    """The receipt: Chinese with small English, one A4 page as a rule, more when lists are long."""
    data: dict[str, object] = {
        "title": f"{_WORDS['title'].zh}：{facts.organisation}",
        "words": {key: asdict(label) for key, label in _WORDS.items()},
        "facts": [_fact(key, text) for key, text in _texts(facts).items()],
        "files": [{"name": file.name, "digest": file.digest[:SHORT_DIGEST]} for file in facts.files],
        "remarks": [asdict(remark) for remark in facts.remarks],
        "declaration": asdict(facts.declaration),
        "square": square_of(facts.address),
        "short": facts.digest[:SHORT_DIGEST],
    }
    return typeset(paper("receipt"), data=data, fonts=fonts)


def _texts(facts: ReceiptFacts) -> dict[str, str | Label]:
    count, files = facts.field_count, len(facts.files)
    return {
        "organisation": facts.organisation,
        "form_title": facts.form_title,
        "round_title": facts.round_title,
        "revision": Label(f"申报版本{facts.revision}", f"Revision {facts.revision}"),
        "submitted_at": facts.submitted_at,
        "submitted_by": facts.submitted_by,
        "contents": Label(f"{count}项指标，{files}个附件", f"Fields: {count}, attachments: {files}"),
        "digest": facts.digest,
        "address": facts.address,
    }


def _fact(key: str, text: str | Label) -> dict[str, object]:
    shown = text if isinstance(text, Label) else Label(text, "")
    return {"kind": key, "label": asdict(_FACTS[key]), "text": shown.zh, "en": shown.en}
