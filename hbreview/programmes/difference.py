"""What differs between two versions of a programme: plain records, paired by what a thing is, never by its place."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from ..words import Label
from .schema import (
    AuditFigure,
    Check,
    ChecklistItem,
    Choice,
    Field,
    Floor,
    Indicator,
    Programme,
    Requirement,
    Section,
    SuggestPart,
)

ADDED, REMOVED, CHANGED = "added", "removed", "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One property before and after: a text, or a label in both languages; "" where there was none."""

    what: str
    before: str | Label
    after: str | Label


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was added, removed or changed: its key, what it is called, and its changes."""

    kind: str
    key: str
    title: Label
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything that differs, by kind; what was removed stands after what is there. ``layout``: the printed form."""

    titles: tuple[Change, ...]
    sections: tuple[Line, ...]
    fields: tuple[Line, ...]
    indicators: tuple[Line, ...]
    checks: tuple[Line, ...]
    audit_figures: tuple[Line, ...]
    checklist: tuple[Line, ...]
    defaults: tuple[Change, ...]
    layout: bool
    order: bool

    @property
    def empty(self) -> bool:
        """Whether both say the same."""
        return not any(getattr(self, part.name) for part in dataclasses.fields(self))


def difference(before: Programme, after: Programme) -> Difference:
    """What is other in ``after``. The data year itself, and a label that only names another year, are no difference."""
    years = (before.year, after.year)
    return Difference(
        titles=tuple(_changes(before, after, only=_TITLES, years=years)),
        sections=_lines(before.sections, after.sections, key=_section_key, years=years),
        fields=_lines(before.fields, after.fields, key=_key, years=years),
        indicators=_indicator_lines(before, after),
        checks=_check_lines(before, after),
        audit_figures=_lines(before.audit_figures, after.audit_figures, key=_key, years=years),
        checklist=_lines(before.checklist, after.checklist, key=_key, years=years),
        defaults=tuple(_changes(before.defaults, after.defaults, years=years)),
        layout=before.layout != after.layout or before.matrix != after.matrix,
        order=_order_changed(before, after),
    )


_TITLES = frozenset({"key", "name", "form_title", "rubric_title", "roster_title"})
_Thing = Section | Field | AuditFigure | ChecklistItem


def _key(thing: Any) -> str:
    return str(thing.key)


def _section_key(section: Any) -> str:
    return str(section.number)


def _order_changed(before: Programme, after: Programme) -> bool:
    """Whether the fields that both have stand in another order."""
    old, new = before.field_keys, after.field_keys
    return [key for key in old if key in new] != [key for key in new if key in old]


def _lines(before: Sequence[_Thing], after: Sequence[_Thing], *, key: Any, years: tuple[int, int]) -> tuple[Line, ...]:
    old: dict[str, _Thing] = {key(thing): thing for thing in before}
    return tuple(_paired([(old.pop(key(thing), None), thing) for thing in after], list(old.values()), key, years))


def _paired(
    pairs: Sequence[tuple[Any, Any]], removed: Sequence[Any], key: Any, years: tuple[int, int]
) -> Iterator[Line]:
    for was, thing in pairs:
        if was is None:
            yield Line(ADDED, key(thing), _title(thing))
        elif changes := tuple(_changes(was, thing, years=years)):
            yield Line(CHANGED, key(thing), _title(thing), changes)
    for thing in removed:
        yield Line(REMOVED, key(thing), _title(thing))


def _title(thing: Any) -> Label:
    if isinstance(thing, Field):
        return thing.title
    if isinstance(thing, Indicator):
        return thing.name
    return thing.message if isinstance(thing, Check) else thing.label


def _indicator_lines(before: Programme, after: Programme) -> tuple[Line, ...]:
    """By their names, as numbers move up when one is taken out; what has a new name by its number."""
    pairs, removed = _matched(before.indicators, after.indicators, by=(lambda i: i.name.zh, lambda i: i.order))
    return tuple(_paired(pairs, removed, lambda i: str(i.order), (before.year, after.year)))


def _check_lines(before: Programme, after: Programme) -> tuple[Line, ...]:
    """Several checks share a number: the same rule first, then the same fields, then the next of that number."""
    by = (lambda c: (c.id, c.rule), lambda c: (c.id, c.fields), lambda c: c.id)
    pairs, removed = _matched(before.checks, after.checks, by=by)
    return tuple(_paired(pairs, removed, lambda c: c.id, (before.year, after.year)))


def _matched(
    before: Sequence[Any], after: Sequence[Any], *, by: Sequence[Any]
) -> tuple[list[tuple[Any, Any]], list[Any]]:
    """Each of ``after`` with what it was, found by the first of the keys ``by`` that fits; and what is left over."""
    found: dict[int, Any] = {}
    left = list(before)
    for key in by:
        waiting: dict[Hashable, list[Any]] = {}
        for thing in left:
            waiting.setdefault(key(thing), []).append(thing)
        for place, thing in enumerate(after):
            if place not in found and (same := waiting.get(key(thing))):
                found[place] = same.pop(0)
        taken = {id(thing) for thing in found.values()}
        left = [thing for thing in left if id(thing) not in taken]
    return [(found.get(place), thing) for place, thing in enumerate(after)], left


def _changes(
    before: Any, after: Any, *, years: tuple[int, int], only: frozenset[str] = frozenset()
) -> Iterator[Change]:
    for part in dataclasses.fields(before):
        if only and part.name not in only:
            continue
        old, new = getattr(before, part.name), getattr(after, part.name)
        if _neutral(old, years[0]) != _neutral(new, years[1]):
            yield Change(part.name, _plain(old), _plain(new))


def _neutral(value: Any, year: int) -> Any:
    if not isinstance(value, Label):
        return value
    return Label(*(text.replace(str(year), "{year}") for text in (value.zh, value.en)))


def _plain(value: Any) -> str | Label:
    """A property as it is shown."""
    if isinstance(value, Label):
        return value
    if isinstance(value, tuple):
        return ", ".join(str(_plain(one)) for one in value)
    return _text(value)


def _text(value: Any) -> str:
    """A single value as a text; "" for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, StrEnum):
        return value.value
    return _part(value)


def _part(value: Any) -> str:
    """A part that has parts of its own, in a few words."""
    if isinstance(value, Requirement):
        return " ".join(part for part in (value.kind, value.other, f"= {value.equals}" if value.equals else "") if part)
    if isinstance(value, Floor):
        return f"{value.rule} ({_text(value.share)})"
    if isinstance(value, SuggestPart):
        return f"{value.field or value.formula}: {_text(value.zero)}–{_text(value.full)} × {_text(value.share)}"
    return f"{value.value} {value.label.zh}" if isinstance(value, Choice) else str(value)
