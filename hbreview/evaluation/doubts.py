"""Figures that may be true and are unlikely: jumps since last year, and units that were mixed up.

A doubt is a finding of level warning: it asks for a remark and blocks nothing else. What counts as a jump is the
round's to set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from ..programmes.schema import Field, FieldType, Programme, RoundDefaults
from ..words import Label, Level
from . import computed
from .checks import Finding

JUMP, UNIT, LIST = "JUMP", "UNIT", "LIST"
# What a slip of units does: a share given as a fraction (100), 元 given as 万元 (10,000); a real change blurs it.
_SLIPS = ((Decimal(50), Decimal(200)), (Decimal(5_000), Decimal(20_000)))
# No two amounts of one honest form lie this far apart.
_APART = Decimal(2_000)
_AMOUNT = "万元"
_WHOLE_SHARE = 100

_JUMPED = Label("与上年相比变化较大，请说明原因", "It differs much from last year: please say why")
_MIXED = Label(
    "数量级与上年相差约一百倍或一万倍，请核对单位（万元与元、百分数与小数）",
    "It is about 100 or 10,000 times off last year’s: please check the unit (万元 or yuan, per cent or fraction)",
)
_FRACTION = Label(
    "占比按百分数填写（如 85 表示 85%），请核对是否误填为小数",
    "A share is given in per cent (85 for 85 %): please check that it is not a fraction",
)
_FAR = Label(
    "远大于本表其他金额，请核对单位是否为万元",
    "It is far above the form’s other amounts: please check that it is in 10,000 yuan",
)
_BEYOND = Label("数值超出常见范围，请核对单位", "It is beyond what is common: please check the unit")
_LISTED = Label(
    "与所附服务企业名单统计的家数不一致", "It is not the number that the attached list of enterprises gives"
)


def run(
    programme: Programme,
    answers: Mapping[str, str],
    *,
    settings: RoundDefaults,
    last: Mapping[str, str] | None = None,
    listed: Mapping[str, int] | None = None,
) -> list[Finding]:
    """All doubts about the figures that somebody typed, one a field at most, in the form's order.

    ``last`` are the answers of the round before; ``listed`` the counts that an attached list gives, by field.
    """
    before = computed.effective(programme, last) if last else {}
    return [
        found
        for field in programme.enterprise_fields
        if field.is_number and answers.get(field.key)
        for found in _first(_doubts(programme, field, answers, before=before, settings=settings, listed=listed or {}))
    ]


def _first(doubts: Iterator[Finding]) -> list[Finding]:
    found = next(doubts, None)
    return [found] if found else []


def _doubts(
    programme: Programme,
    field: Field,
    answers: Mapping[str, str],
    *,
    before: Mapping[str, str],
    settings: RoundDefaults,
    listed: Mapping[str, int],
) -> Iterator[Finding]:
    now, last = _figure(field, answers), _figure(field, before)
    if now is None:
        return
    if field.key in listed and now != listed[field.key]:
        yield _finding(LIST, _LISTED, field, now=now, other=("", str(listed[field.key])))
    if last and _is_slip(now, last):
        yield _finding(UNIT, _MIXED, field, now=now, other=("last", before[field.key]))
    elif _is_fraction(field, now):
        yield _finding(UNIT, _FRACTION, field, now=now)
    elif field.likely_most is not None and now > field.likely_most:
        yield _finding(UNIT, _BEYOND, field, now=now, other=("most", format(field.likely_most, "f")))
    elif field.unit == _AMOUNT and _is_far(programme, field, answers):
        yield _finding(UNIT, _FAR, field, now=now)
    if last and field.type is not FieldType.PERCENT and _jumped(now, last, settings):
        yield _finding(JUMP, _JUMPED, field, now=now, other=("last", before[field.key]))


def _figure(field: Field, answers: Mapping[str, str]) -> Decimal | None:
    value = computed.as_value(field, answers.get(field.key, ""))
    return value if isinstance(value, Decimal) else None


def _is_slip(now: Decimal, last: Decimal) -> bool:
    if now <= 0 or last <= 0:
        return False
    ratio = max(now, last) / min(now, last)
    return any(least <= ratio <= most for least, most in _SLIPS)


def _is_fraction(field: Field, now: Decimal) -> bool:
    share = field.type is FieldType.PERCENT and field.maximum == _WHOLE_SHARE
    return share and 0 < now <= 1


def _is_far(programme: Programme, field: Field, answers: Mapping[str, str]) -> bool:
    others = [
        value
        for other in programme.enterprise_fields
        if other.unit == _AMOUNT and other.key != field.key
        if (value := _figure(other, answers)) is not None and value > 0
    ]
    now = _figure(field, answers) or Decimal(0)
    return len(others) > 1 and now >= _APART * max(others)


def _jumped(now: Decimal, last: Decimal, settings: RoundDefaults) -> bool:
    if last <= 0 or max(now, last) < settings.jump_least or settings.jump_factor <= 0:
        return False
    return now >= last * settings.jump_factor or now * settings.jump_factor <= last


_OTHERS = {
    "last": Label("上年", "last year"),
    "most": Label("常见不超过", "commonly at most"),
    "": Label("名单", "list"),
}


def _finding(
    check_id: str, message: Label, field: Field, *, now: Decimal, other: tuple[str, str] | None = None
) -> Finding:
    figures = [(field.title, format(now, "f"), field.unit)]
    if other:
        figures.append((_OTHERS[other[0]], other[1], field.unit))
    return Finding(check_id, Level.WARNING, message, (field.key,), tuple(figures))
