"""Which fields are open so that some can be mended: those, and what computation or a check ties to them."""

from __future__ import annotations

from collections.abc import Iterable

from ..programmes.expression import compile_expression
from ..programmes.schema import FieldType, Programme


def fields_to_open(programme: Programme, keys: Iterable[str]) -> frozenset[str]:
    """The enterprise's fields that may be changed when these are returned.

    A computed value is mended by what it is computed from; a figure that a check holds against another could not be
    mended alone. One step only: two steps would open nearly everything. The scan of the sealed form always is.
    """
    asked = set(keys)
    tied = asked | {name for key in asked if programme.has_field(key) for name in _inputs(programme, key)}
    for check in programme.checks:
        if asked & set(check.fields):
            tied |= set(check.fields)
            tied |= {name for key in check.fields if programme.has_field(key) for name in _inputs(programme, key)}
    sealed = {field.key for field in programme.enterprise_fields if field.type is FieldType.ATTACHMENT}
    mine = {field.key for field in programme.enterprise_fields}
    return frozenset((tied & mine) | sealed)


def _inputs(programme: Programme, key: str) -> frozenset[str]:
    formula = programme.field(key).formula
    return frozenset(compile_expression(formula).names) if formula else frozenset()
