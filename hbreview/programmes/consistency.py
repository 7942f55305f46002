"""Whether a programme holds together: names, cycles, weights, references."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter

from .expression import ExpressionError, compile_expression
from .layout import layout_faults
from .reading import ProgrammeError
from .schema import Indicator, Programme, SuggestPart

# What a check may name beside the form's fields: the round before, and the monthly reporting records.
OUTSIDE = ("last.", "typed.")
MONTHLY = "monthly.on_time"
# How a figure of the audit is held against the form's (C23); "" names the field for the reader only.
COMPARISONS = ("", "equal", "at_least", "at_most", "about", "only_if")


def require_consistency(programme: Programme, source: str) -> None:
    """ProgrammeError with the faults found, the first as its message."""
    if faults := [f"{source}.{place}: {fault}" for place, fault in _faults(programme)]:
        raise ProgrammeError(*faults)


def _faults(programme: Programme) -> Iterator[tuple[str, str]]:
    yield from _duplicates(programme)
    yield from _fields(programme)
    yield from _formulas(programme)
    yield from _indicators(programme)
    yield from _checks(programme)
    yield from _audit(programme)
    yield from layout_faults(programme)


def _duplicates(programme: Programme) -> Iterator[tuple[str, str]]:
    lists = {
        "field": [field.key for field in programme.fields],
        "section": [str(section.number) for section in programme.sections],
        "checklist": [item.key for item in programme.checklist],
        "indicator": [str(indicator.order) for indicator in programme.indicators],
        "audit": [figure.key for figure in programme.audit_figures],
    }
    for name, keys in lists.items():
        for number, key in enumerate(keys):
            if key in keys[:number]:
                yield f"{name}[{number}] ({key})", "stands twice"


def _fields(programme: Programme) -> Iterator[tuple[str, str]]:
    sections = {section.number for section in programme.sections}
    orders = {indicator.order for indicator in programme.indicators}
    keys = {field.key for field in programme.fields}
    for number, field in enumerate(programme.fields):
        place = f"field[{number}] ({field.key})"
        if field.section not in sections:
            yield f"{place}.section", f"unknown section {field.section}"
        if unknown := sorted(set(field.evidence_for) - orders):
            yield f"{place}.evidence_for", f"unknown indicator {unknown[0]}"
        if field.required.kind == "when" and field.required.other not in keys:
            yield f"{place}.required.other", f"unknown field {field.required.other!r}"
        if field.filled_by not in {"enterprise", "city"}:
            yield f"{place}.filled_by", f"is none of enterprise, city: {field.filled_by!r}"
        if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
            yield f"{place}.minimum", f"is more than the maximum {field.maximum}"
        if field.last_year_of and field.last_year_of not in keys:
            yield f"{place}.last_year_of", f"unknown field {field.last_year_of!r}"
        if field.type == "choice" and not field.choices:
            yield f"{place}.choice", "is missing"


def _formulas(programme: Programme) -> Iterator[tuple[str, str]]:
    keys = {field.key for field in programme.fields}
    graph: dict[str, set[str]] = {}
    for number, field in enumerate(programme.fields):
        if not field.formula:
            continue
        place = f"field[{number}] ({field.key}).formula"
        try:
            names = compile_expression(field.formula).names
        except ExpressionError as error:
            yield place, str(error)
            continue
        if unknown := sorted(names - keys):
            yield place, f"unknown name {unknown[0]!r}"
        graph[field.key] = set(names)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield "field", f"formulas go in a circle: {' -> '.join(error.args[1])}"


def _indicators(programme: Programme) -> Iterator[tuple[str, str]]:
    weights = sum((indicator.weight for indicator in programme.indicators), Decimal(0))
    if weights != 100:  # noqa: PLR2004 - the rubric's points sum to 100
        yield "indicator.weight", f"the weights sum to {weights}, not 100"
    keys = {field.key for field in programme.fields}
    for number, indicator in enumerate(programme.indicators):
        yield from _suggestions(f"indicator[{number}] ({indicator.order}).suggest", indicator, programme)
        if indicator.floor is None:
            continue
        place = f"indicator[{number}] ({indicator.order}).floor"
        try:
            names = compile_expression(indicator.floor.rule).names
        except ExpressionError as error:
            yield f"{place}.rule", str(error)
            continue
        if unknown := sorted(names - keys):
            yield f"{place}.rule", f"unknown name {unknown[0]!r}"
        if not 0 <= indicator.floor.share <= 1:
            yield f"{place}.share", f"is not from 0 to 1: {indicator.floor.share}"


def _suggestions(place: str, indicator: Indicator, programme: Programme) -> Iterator[tuple[str, str]]:
    """What the sheet suggests: of fields that exist and can be counted, the parts making up the whole."""
    if indicator.suggest and sum((part.share for part in indicator.suggest), Decimal(0)) != 1:
        yield place, "the shares do not sum to 1"
    counted = {field.key for field in programme.fields if field.is_number or field.type == "yes_no"}
    for number, part in enumerate(indicator.suggest):
        if part.full <= part.zero:
            yield f"{place}[{number}].full", f"is not more than zero: {part.full}"
        if part.share <= 0:
            yield f"{place}[{number}].share", f"is not more than 0: {part.share}"
        if bool(part.field) == bool(part.formula):
            yield f"{place}[{number}].field", "exactly one of field and formula is needed"
        if part.field and part.field not in counted:
            yield f"{place}[{number}].field", f"is no figure of the form: {part.field!r}"
        if part.given not in {"", MONTHLY}:
            yield f"{place}[{number}].given", f"is not known: {part.given!r}"
        if part.formula:
            yield from _suggest_formula(f"{place}[{number}]", part, programme)


def _suggest_formula(place: str, part: SuggestPart, programme: Programme) -> Iterator[tuple[str, str]]:
    if part.label is None:
        yield f"{place}.label", "is missing"
    try:
        names = compile_expression(part.formula).names
    except ExpressionError as error:
        yield f"{place}.formula", str(error)
        return
    if unknown := sorted(names - {field.key for field in programme.fields if field.is_number}):
        yield f"{place}.formula", f"unknown name {unknown[0]!r}"


def _checks(programme: Programme) -> Iterator[tuple[str, str]]:
    keys = {field.key for field in programme.fields}
    for number, check in enumerate(programme.checks):
        place = f"check[{number}] ({check.id})"
        try:
            names = compile_expression(check.rule).names
        except ExpressionError as error:
            yield f"{place}.rule", str(error)
            continue
        plain = {name.split(".", 1)[1] if name.startswith(OUTSIDE) else name for name in names} - {MONTHLY}
        if unknown := sorted(plain - keys):
            yield f"{place}.rule", f"unknown name {unknown[0]!r}"
        if unknown := sorted(set(check.fields) - keys):
            yield f"{place}.fields", f"unknown field {unknown[0]!r}"


def _audit(programme: Programme) -> Iterator[tuple[str, str]]:
    keys = {field.key for field in programme.fields}
    for number, figure in enumerate(programme.audit_figures):
        place = f"audit[{number}] ({figure.key})"
        if figure.compare_with and figure.compare_with not in keys:
            yield f"{place}.compare_with", f"unknown field {figure.compare_with!r}"
        if figure.comparison not in COMPARISONS:
            yield f"{place}.comparison", f"is none of {', '.join(COMPARISONS[1:])}: {figure.comparison!r}"
        if figure.comparison and not figure.compare_with:
            yield f"{place}.compare_with", "is missing"
        if unknown := sorted(set(figure.parts) - {other.key for other in programme.audit_figures}):
            yield f"{place}.parts", f"unknown figure {unknown[0]!r}"
