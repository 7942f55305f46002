"""Consistency checks C1 to C25 over the answers of one form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

from ..programmes.expression import compile_expression
from ..programmes.schema import Check, Programme
from ..words import Label, Level
from . import computed


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that failed: its statement, its fields, and the figures in them as (label, value, unit)."""

    check_id: str
    level: Level
    message: Label
    fields: tuple[str, ...]
    figures: tuple[tuple[Label, str, str], ...]

    @property
    def key(self) -> str:
        """What names it within a form: the check and its first field. A remark is kept under it."""
        return f"{self.check_id}.{self.fields[0]}" if self.fields else self.check_id


def run(
    programme: Programme,
    answers: Mapping[str, str],
    *,
    last: Mapping[str, str] | None = None,
    monthly: Mapping[str, str] | None = None,
) -> list[Finding]:
    """All failed checks. A check whose figures are not all known is skipped (RULES.md section 5).

    ``last`` are the answers of the round before, ``monthly`` the reporting records of the year
    (``on_time``: how many months).
    """
    shown = computed.effective(programme, answers, last=last)
    # Shares that last year's form computed were never typed, and are compared all the same (C25).
    before = computed.effective(programme, last) if last else {}

    def lookup(name: str) -> Decimal | str | None:
        prefix, _dot, key = name.rpartition(".")
        if prefix == "monthly":
            text = (monthly or {}).get(key, "")
            return Decimal(text) if text else None
        origin = {"": shown, "last": before, "typed": answers}[prefix]
        return computed.as_value(programme.field(key), origin.get(key, ""))

    found = []
    with localcontext(computed.EXACT):
        for check in programme.checks:
            if compile_expression(check.rule).holds(lookup, check.tolerance) is False:
                found.append(_finding(programme, check, shown=shown, typed=answers))
    return found


def _finding(programme: Programme, check: Check, *, shown: Mapping[str, str], typed: Mapping[str, str]) -> Finding:
    figures = []
    for key in check.fields:
        field = programme.field(key)
        # Where the rule is about what was typed, the typed figure is the one to show.
        value = typed.get(key, "") if f"typed.{key}" in check.rule else shown.get(key, "")
        figures.append((field.title, value, field.unit))
    return Finding(check.id, check.level, check.message, check.fields, tuple(figures))
