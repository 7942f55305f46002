"""Weights and floors of a programme file written anew, and every other byte of it left as it is."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from .reading import ProgrammeError


def with_weights(source: str, weights: Mapping[int, Decimal], floors: Mapping[int, Decimal]) -> str:
    """The source with these weights (points) and floor shares (0 to 1), by the indicators' order.

    What stays the same is not written anew. ProgrammeError for an order, or a floor, that the file does not have;
    whether the result is a programme, e.g. whether its weights sum to 100, is for the loader to say.
    """
    try:
        document = tomlkit.parse(source)
    except TOMLKitError as error:
        raise ProgrammeError(str(error)) from error
    indicators: dict[int, Any] = {int(table["order"]): table for table in document.get("indicator", [])}
    for order, weight in weights.items():
        _put(_of(indicators, order), "weight", weight)
    for order, share in floors.items():
        floor = _of(indicators, order).get("floor")
        if floor is None:
            raise ProgrammeError(f"indicator {order} has no floor")
        _put(floor, "share", share)
    return tomlkit.dumps(document)


def _of(indicators: Mapping[int, Any], order: int) -> Any:
    if order not in indicators:
        raise ProgrammeError(f"there is no indicator {order}")
    return indicators[order]


def _put(table: Any, key: str, value: Decimal) -> None:
    if Decimal(str(table[key])) != value:
        table[key] = plain(value)


def plain(value: Decimal) -> str:
    """A figure as programme files write it: no exponent, no zeros behind the last place that says something."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
