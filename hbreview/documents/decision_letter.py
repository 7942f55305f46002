"""The decision letter (评价结果通知书) as PDF: what was decided, how long the title is valid, how to confirm it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from ..words import Label, Outcome
from .return_notice import printed_day
from .square_code import square_of
from .typesetting import paper, typeset

TITLE = Label("运营情况评价结果通知书", "Decision on the evaluation of operation")
_BY = "河北省中小企业主管部门（盖章）"
_WORDS = {
    "code": Label("核验码", "Code"),
    "how": Label(
        "扫描二维码，或在核验网页输入核验码或文号，可核对本通知书的真伪及是否有效。",
        "Scan the square, or type the code or the number where letters are confirmed, to see whether it is in force.",
    ),
}
TITLES = {
    "platform": Label("中小企业公共服务示范平台", "SME public service demonstration platform"),
    "base": Label("小型微型企业创业创新示范基地", "startup and innovation demonstration base"),
}
OUTCOMES = {
    Outcome.EXCELLENT: Label("优秀", "Excellent"),
    Outcome.PASS: Label("合格", "Qualified"),
    Outcome.FAIL: Label("不合格", "Not qualified"),
    Outcome.DEFERRED: Label("暂缓认定", "Deferred"),
}
REASONS = {
    "not_submitted": Label("未按规定报送运营情况材料", "the form was not submitted"),
    "below_mark": Label("评价得分未达到合格标准", "the total is below the pass mark"),
    "too_few_served": Label("服务企业数量未达到规定要求", "too few enterprises were served"),
}


@dataclass(frozen=True, slots=True)
class DecisionFacts:
    """What a letter says. ``reason`` is one of the rules' reasons or ""; ``code`` as printed, ``address`` confirms it.

    ``void_on`` and ``void_reason`` mark a letter that is no longer in force.
    """

    number: str
    organisation: str
    site: str
    programme: str
    national: bool
    year: int
    outcome: Outcome
    reason: str
    decided_on: date
    valid_until: date | None
    rectify_until: date | None
    code: str
    address: str
    void_on: date | None = None
    void_reason: str = ""


def decision_pdf(facts: DecisionFacts, *, fonts: Path | None = None) -> bytes:
    """The letter on one A4 page, the same bytes for the same facts; ``fonts`` as for ``typeset``."""
    data: dict[str, object] = {
        "title": f"{TITLE.zh}：{facts.organisation}",
        "heading": asdict(TITLE),
        "number": facts.number,
        "to": f"{' '.join(facts.organisation.split())}：",
        "body": [asdict(label) for label in _body(facts)],
        "by": _BY,
        "day": printed_day(facts.decided_on),
        "square": square_of(facts.address),
        "code": facts.code,
        "address": facts.address,
        "words": {key: asdict(label) for key, label in _WORDS.items()},
        "void": asdict(_void(facts)),
    }
    return typeset(paper("decision_letter"), data=data, fonts=fonts)


def _body(facts: DecisionFacts) -> list[Label]:
    title, result = TITLES[facts.programme], OUTCOMES[facts.outcome]
    site = f"（{' '.join(facts.site.split())}）" if facts.site and facts.site != facts.organisation else ""
    reason = REASONS.get(facts.reason)
    found = Label(
        f"根据{facts.year}年度{title.zh}运营情况评价工作安排，经审核、评审和公示，你单位{site}评价结果为：{result.zh}"
        + (f"（{reason.zh}）。" if reason else "。"),
        f"Evaluation of {facts.year}, {title.en}: {result.en}" + (f" ({reason.en})." if reason else "."),
    )
    return [found, *_consequence(facts)]


def _consequence(facts: DecisionFacts) -> list[Label]:
    """What follows for the title; a national one is not the province's to end (P8)."""
    lines = []
    if facts.outcome is Outcome.FAIL:
        lines.append(Label("自决定之日起，不再列入示范名单，称号予以撤销。", "The title ends with this decision."))
    elif facts.outcome is Outcome.DEFERRED:
        lines.append(Label("本年度暂不作出评价结论，原有称号保留。", "Nothing is decided this year; the title stays."))
    elif facts.valid_until:
        until = facts.valid_until
        lines.append(Label(f"称号有效期至{printed_day(until)}。", f"The title is valid until {until.isoformat()}."))
    if facts.rectify_until:
        until = facts.rectify_until
        lines.append(
            Label(
                f"请于{printed_day(until)}前完成整改，整改情况将另行复核。",
                f"What was noted is to be mended by {until.isoformat()} and is evaluated again.",
            )
        )
    if facts.national:
        lines.append(
            Label(
                "国家级称号由工业和信息化部认定和管理，不因本通知变更。",
                "A national title is kept by the ministry and is not changed by this letter.",
            )
        )
    return lines


def _void(facts: DecisionFacts) -> Label:
    if facts.void_on is None:
        return Label("", "")
    reason = " ".join(facts.void_reason.split())
    return Label(
        f"本通知书已于{printed_day(facts.void_on)}作废。原因：{reason}",
        f"This letter is void since {facts.void_on.isoformat()}.",
    )
