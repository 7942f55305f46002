"""Monthly records that a machine brings, and the description of the interface, which everybody may read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask import Response, abort, g, make_response, request

from ...acts.recording_months import MonthGiven, MonthKept, record_months
from ...refusals import in_english
from ...security import origin, policy
from ...words import N_, Reason
from ...workflow.errors import MalformedError
from ...workflow.policy import Action
from . import description
from .bearer import scope
from .questions import question
from .routes import machine
from .shapes import MONTH_RESULT, MONTHLY_RECORD

MOST, MOST_BYTES = description.MOST_RECORDS, 1024 * 1024
_PROPERTIES = MONTHLY_RECORD["properties"]
_FIGURE_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_FIGURE = re.compile(_PROPERTIES["figures"]["additionalProperties"]["pattern"].removesuffix("$"), re.ASCII)


class BadRecordsError(MalformedError):
    """What was sent is not the list that the description asks for; nothing was kept."""

    def __init__(self, reasons: list[Reason]) -> None:
        super().__init__("records")
        self.reasons = tuple(reasons)


@dataclass(frozen=True, slots=True)
class _Fault:
    field: str
    detail: str


@dataclass(frozen=True, slots=True)
class _Result:
    """One record's result as it is handed out."""

    index: int
    result: str
    faults: tuple[_Fault, ...]


@machine.get("/openapi.json")
@policy(Action.MACHINE)
def openapi() -> Response:
    question()
    response = make_response(json.dumps(description.document(), ensure_ascii=False))
    response.headers["Content-Type"] = "application/json"
    return response


@machine.post("/monthly-records")
@policy(Action.MACHINE)
@scope("monthly:write")
def monthly_records() -> Response:
    question()
    given = _records()
    token = g.token
    kept = record_months(given, origin=origin(), by=f"{token.public_id} {token.name}")
    body = {"results": [MONTH_RESULT.write(_told(place, one)) for place, one in enumerate(kept)]}
    response = make_response(json.dumps(body, ensure_ascii=False))
    response.headers["Content-Type"] = "application/json"
    return response


def _told(place: int, one: MonthKept) -> _Result:
    faults = tuple(_Fault(reason.field, in_english(reason)) for reason in one.reasons)
    return _Result(place, one.outcome.value, faults)


def _records() -> list[MonthGiven]:
    if request.mimetype != "application/json":
        abort(415)
    if (request.content_length or 0) > MOST_BYTES:
        abort(413)
    try:
        # Whole numbers may come as 2019.0: a decimal says so exactly.
        found = json.loads(request.get_data(), parse_float=Decimal, parse_constant=Decimal)
    except (ValueError, RecursionError, ArithmeticError):
        raise BadRecordsError([Reason(N_("This is not JSON."))]) from None
    if not isinstance(found, list) or not 1 <= len(found) <= MOST:
        most = {"most": str(MOST)}
        raise BadRecordsError([Reason(N_("A list of 1 to %(most)s records is wanted."), values=most)])
    faults = [fault for place, one in enumerate(found) for fault in _shape_faults(one, f"{place}.")]
    if faults:
        raise BadRecordsError(faults[:20])
    return [_given(one) for one in found]


def _given(one: dict[str, Any]) -> MonthGiven:
    return MonthGiven(
        organisation=one["organisation"],
        programme=one["programme"],
        year=int(one["year"]),
        month=int(one["month"]),
        reported_on=date.fromisoformat(one["reported_on"]),
        figures=one.get("figures"),
    )


def _shape_faults(one: object, at: str) -> Iterator[Reason]:
    """What the schema of a monthly record does not have."""
    if not isinstance(one, dict):
        yield Reason(N_("This is not an object."), at.rstrip("."))
        return
    for name in one:
        if name not in _PROPERTIES:
            yield Reason(N_("There is no such member."), at + _shown(name))
    for name in MONTHLY_RECORD["required"]:
        if name not in one:
            yield Reason(N_("This is missing."), at + name)
    for name, schema in _PROPERTIES.items():
        if name in one and not _fits(one[name], schema):
            yield Reason(N_("The member does not take this value."), at + name)


def _shown(name: str) -> str:
    """A stranger's name for a member, as text that every encoding can hold."""
    return name[:100].encode("utf-8", "backslashreplace").decode()


def _fits(value: object, schema: dict[str, Any]) -> bool:
    if schema["type"] == "integer":
        # Within its bounds first: 1e999999999 as a whole number would fill the memory.
        if type(value) is not int and not (isinstance(value, Decimal) and value.is_finite()):
            return False
        return bool(schema["minimum"] <= value <= schema["maximum"] and value == int(value))
    if schema["type"] == "object":
        return isinstance(value, dict) and len(value) <= schema["maxProperties"] and _are_figures(value)
    if not isinstance(value, str) or not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 200):
        return False
    if schema.get("format") == "date":
        return re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value, re.ASCII) is not None and _is_day(value)
    return value in schema["enum"] if "enum" in schema else True


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _are_figures(value: dict[str, Any]) -> bool:
    return all(
        _FIGURE_NAME.fullmatch(name) and isinstance(figure, str) and _FIGURE.fullmatch(figure)
        for name, figure in value.items()
    )
