"""Whether a text that somebody brought is a programme that a round can use: every reason why not, and no code run.

Expressions go through ``expression.py`` alone (I08). Beyond what any programme file must hold, an uploaded one has
the fields that acts know by name, figures within bounds, and no control characters.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from ..words import N_, Reason
from . import loader
from .fault_words import SOURCE, not_toml, reasons_of
from .reading import ProgrammeError
from .schema import Programme

MOST_BYTES = 1 << 20
_MOST_ENTRIES, _DEEPEST = 600, 12
_KEY = re.compile(r"[a-z][a-z0-9_]{0,59}", re.ASCII)
_YEARS = range(2000, 2101)
_MOST_ORDER = 99
# Names that the forms' own inputs have.
_RESERVED = frozenset({"version", "csrf_token", "request_key", "file", "field", "take", "reason", "declared", "defer"})
# What acts read or write by name, whatever the year's form asks.
_FIELDS = ("organization_name", "enterprises_served", "city_review_date", "city_seal")
_FIGURES = ("audit_report_number", "audit_report_file")
_BOUNDS: Mapping[str, tuple[int, int]] = {
    "pass_mark": (0, 100), "excellent": (0, 100), "supervised_below": (0, 100), "commended_top": (0, 1000),
    "remark_below": (0, 1), "spread": (0, 100), "min_sheets": (1, 99), "publicity_days": (0, 366),
    "minimum_served": (0, 1_000_000), "deduction_per_no": (0, 100), "validity_years": (1, 50),
    "jump_factor": (1, 1_000_000), "jump_least": (0, 1_000_000), "remarks_required": (0, 1),
    "checklist_required": (0, 1), "own_city_barred": (0, 1), "enterprise_brings_report": (0, 1),
}  # fmt: skip


def decoded(content: bytes) -> str | Reason:
    """The text of a file: UTF-8, with or without its mark; a Reason for anything else."""
    if len(content) > MOST_BYTES:
        return Reason(N_("The file is too large: a programme file has at most 1 MiB."), "file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Reason(N_("The file is not UTF-8 text. Save it again as UTF-8."), "file")
    return Reason(N_("The file is empty."), "file") if not text.strip() else text


def examined(text: str, *, year: int | None = None, key: str = "") -> Programme | list[Reason]:
    """The programme, or every reason why it cannot be used; ``year`` and ``key`` are what it should be, where said."""
    try:
        parsed = tomllib.loads(text)
        if faults := list(_shape_faults(parsed)):
            return faults
        programme = loader.load_text(text, source=SOURCE)
    except ProgrammeError as error:
        return reasons_of(error)
    except tomllib.TOMLDecodeError as error:
        return [not_toml(str(error))]
    except RecursionError:
        return [_too_deep()]
    except (ValueError, OverflowError) as error:  # a number of thousands of digits, a day that no calendar has
        return [not_toml(str(error))]
    return list(_faults(programme, year=year, key=key)) or programme


def _too_deep() -> Reason:
    return Reason(N_("The file is nested too deeply."), "file")


def _shape_faults(parsed: Mapping[str, Any]) -> Iterator[Reason]:
    """What would make reading it dear, or a text unprintable."""
    for name, value in parsed.items():
        if isinstance(value, list) and len(value) > _MOST_ENTRIES:
            yield Reason(N_("There are too many entries of “%(name)s”."), "file", values={"name": name[:60]})
    places: list[tuple[str, Any, int]] = [("", parsed, 0)]
    while places:
        place, value, depth = places.pop()
        if depth > _DEEPEST:
            yield _too_deep()
            return
        if isinstance(value, str) and _unprintable(value):
            yield Reason(N_("%(place)s has a character that cannot be printed."), "file", values={"place": place[:200]})
        inner: list[tuple[str, Any]] = []
        if isinstance(value, dict):
            inner = [(f"{place}.{name}" if place else name, one) for name, one in value.items()]
        elif isinstance(value, list):
            inner = [(f"{place}[{number}]", one) for number, one in enumerate(value)]
        places += [(name, one, depth + 1) for name, one in inner]


def _unprintable(text: str) -> bool:
    return any(
        (unicodedata.category(sign) in {"Cc", "Cs"} and sign not in "\n\t")
        or unicodedata.bidirectional(sign) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
        for sign in text
    )  # fmt: skip


def _faults(programme: Programme, *, year: int | None, key: str) -> Iterator[Reason]:
    known = sorted({name for _year, name, _path in loader.available()}, reverse=True)
    if programme.key not in known:
        values = {"key": programme.key[:60], "known": ", ".join(known)}
        yield Reason(N_("There is no programme “%(key)s”: it must be one of %(known)s."), "file", values=values)
    elif key and programme.key != key:
        values = {"key": programme.key, "wanted": key}
        yield Reason(N_("The file is of the programme “%(key)s”, not of “%(wanted)s”."), "programme", values=values)
    if programme.year not in _YEARS:
        yield Reason(N_("The year %(year)s cannot be right."), "file", values={"year": str(programme.year)[:20]})
    elif year is not None and programme.year != year:
        values = {"year": str(programme.year), "wanted": str(year)}
        yield Reason(N_("The file is of %(year)s, not of %(wanted)s."), "year", values=values)
    yield from _key_faults(programme)
    yield from _weight_faults(programme)
    yield from _default_faults(programme)


def _key_faults(programme: Programme) -> Iterator[Reason]:
    for key in [
        *programme.field_keys,
        *(f.key for f in programme.audit_figures),
        *(c.key for c in programme.checklist),
    ]:
        if not _KEY.fullmatch(key) or key in _RESERVED:
            message = N_("The key “%(key)s” cannot be used: small letters, digits and _ only, and no reserved name.")
            yield Reason(message, "file", values={"key": key[:60]})
    figures = {figure.key for figure in programme.audit_figures}
    for key in [*(k for k in _FIELDS if not programme.has_field(k)), *(k for k in _FIGURES if k not in figures)]:
        yield Reason(N_("“%(key)s” must be there: the evaluation needs it."), "file", values={"key": key})


def _weight_faults(programme: Programme) -> Iterator[Reason]:
    for indicator in programme.indicators:
        values = {"order": str(indicator.order)[:20], "weight": format(indicator.weight, "f")}
        if not 1 <= indicator.order <= _MOST_ORDER:
            yield Reason(N_("The indicator number %(order)s is not from 1 to 99."), "file", values=values)
        if indicator.weight <= 0 or indicator.weight * 10 % 1:
            message = N_("The weight of indicator %(order)s must be above 0, with one decimal at most: %(weight)s")
            yield Reason(message, "file", values=values)


def _default_faults(programme: Programme) -> Iterator[Reason]:
    for name, (least, most) in _BOUNDS.items():
        value = Decimal(getattr(programme.defaults, name, least))
        if not least <= value <= most:
            values = {"name": name, "least": str(least), "most": str(most), "given": str(value)[:40]}
            message = N_("defaults.%(name)s must be from %(least)s to %(most)s, not %(given)s.")
            yield Reason(message, "file", values=values)
