"""Computed values: shares, growth and sums from the programme's formulas, never typed where they can be known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation, localcontext
from enum import StrEnum
from functools import lru_cache
from graphlib import TopologicalSorter

from ..programmes.expression import compile_expression
from ..programmes.schema import Field, Programme

# Wide enough that no intermediate result of 18-digit figures is rounded before the last step (D03).
EXACT = Context(prec=60, rounding=ROUND_HALF_UP)


class Source(StrEnum):
    """Where a derived field's value comes from, or why it has none."""

    COMPUTED = "computed"
    TYPED = "typed"
    NEEDS_TYPING = "needs_typing"
    UNDEFINED = "undefined"
    INCOMPLETE = "incomplete"


@lru_cache(maxsize=64)
def derived_fields(programme: Programme) -> tuple[Field, ...]:
    """The programme's derived fields, each after those that its formula needs."""
    fields = {field.key: field for field in programme.fields if field.derived}
    graph = {key: compile_expression(field.formula).names & fields.keys() for key, field in fields.items()}
    return tuple(fields[key] for key in TopologicalSorter(graph).static_order())


def as_value(field: Field, text: str) -> Decimal | str | None:
    """An answer as formulas see it: a Decimal, a text, or None when empty or not of the field's kind."""
    if text == "" or not field.is_number:
        return text or None
    try:
        number = Decimal(text)
    except InvalidOperation:  # an earlier year's form may have asked for a text under the same key
        return None
    return number if number.is_finite() else None


def derive(
    programme: Programme, answers: Mapping[str, str], *, last: Mapping[str, str] | None = None
) -> dict[str, Decimal | None]:
    """Every derived field's value, rounded half up to its scale once; None where it cannot be known.

    Percentages are in percent, amounts in the unit of the form. A divisor of 0 gives None, not an error.
    """
    given = with_last_year(programme, answers, last)
    known: dict[str, Decimal | None] = {}
    with localcontext(EXACT):
        for field in derived_fields(programme):

            def lookup(name: str) -> Decimal | str | None:
                if known.get(name) is not None:
                    return known[name]
                return as_value(programme.field(name), given.get(name, ""))

            value = compile_expression(field.formula).value(lookup)
            known[field.key] = (
                value.quantize(Decimal(1).scaleb(-field.scale), ROUND_HALF_UP) + 0
                if isinstance(value, Decimal)
                else None
            )
    return known


def with_last_year(
    programme: Programme, answers: Mapping[str, str], last: Mapping[str, str] | None
) -> Mapping[str, str]:
    """The answers, with last year's figures from the round before where the form leaves them open."""
    taken = taken_from(programme, answers, last)
    return {**answers, **taken} if taken else answers


@lru_cache(maxsize=64)
def _asked_of_last_year(programme: Programme) -> tuple[tuple[str, str], ...]:
    """What the form asks of last year, and the field of last year's form that answered it."""
    return tuple((field.key, field.last_year_of) for field in programme.fields if field.last_year_of)


def taken_from(programme: Programme, answers: Mapping[str, str], last: Mapping[str, str] | None) -> dict[str, str]:
    """Last year's figures that the round before answers, by the fields that leave them open."""
    return {
        key: last[source]
        for key, source in _asked_of_last_year(programme)
        if last and not answers.get(key) and last.get(source)
    }


def effective(
    programme: Programme, answers: Mapping[str, str], *, last: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What stands in every field: the computed value where there is one, else what was typed."""
    shown = dict(with_last_year(programme, answers, last))
    for key, value in derive(programme, answers, last=last).items():
        if value is not None:
            shown[key] = format(value, "f")
    return shown


def _inputs(programme: Programme, field: Field) -> Iterator[Field]:
    for name in sorted(compile_expression(field.formula).names):
        yield programme.field(name)


def sources(
    programme: Programme, answers: Mapping[str, str], *, last: Mapping[str, str] | None = None
) -> dict[str, Source]:
    """For each derived field, where its value comes from or what is wanting."""
    values = derive(programme, answers, last=last)
    shown = effective(programme, answers, last=last)
    found: dict[str, Source] = {}
    for field in derived_fields(programme):
        if values[field.key] is not None:
            found[field.key] = Source.COMPUTED
        elif answers.get(field.key):
            found[field.key] = Source.TYPED
        else:
            found[field.key] = _want(programme, field, shown=shown, found=found)
    return found


def _want(programme: Programme, field: Field, *, shown: Mapping[str, str], found: Mapping[str, Source]) -> Source:
    empty = [given for given in _inputs(programme, field) if not shown.get(given.key)]
    if not empty or all(found.get(given.key) is Source.UNDEFINED for given in empty):
        return Source.UNDEFINED
    if any(given.supplementary for given in empty):
        return Source.NEEDS_TYPING
    return Source.INCOMPLETE
