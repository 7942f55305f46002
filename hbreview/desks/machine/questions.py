"""What a machine may ask a list for, held to its description: anything else is refused, never guessed (400)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flask import request

from ...programmes.schema import PROGRAMMES
from ...words import N_, Reason
from ...workflow.errors import MalformedError
from .shapes import CURSOR, ID, REGION, Schema

MOST, USUAL = 200, 50


class BadQuestionError(MalformedError):
    """A parameter that the address does not take, or with a value that it does not take."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.message)
        self.reasons = (reason,)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query: its name, what it means, and its schema (an integer, a pattern or a choice)."""

    name: str
    about: str
    schema: Schema

    def take(self, given: str) -> str:
        """The value as given, if its schema has it."""
        kind = self.schema
        fits = len(given) <= kind.get("maxLength", MOST)
        if kind["type"] == "integer":
            fits = re.fullmatch("[0-9]{1,4}", given, re.ASCII) is not None
            fits = fits and kind["minimum"] <= int(given) <= kind["maximum"]
        if "enum" in kind:
            fits = given in kind["enum"]
        if "pattern" in kind:
            fits = re.fullmatch(kind["pattern"].removeprefix("^").removesuffix("$"), given, re.ASCII) is not None
        if not fits:
            raise BadQuestionError(Reason(N_("The parameter does not take this value."), self.name))
        return given


_LIMIT = Parameter("limit", "How many of a page.", {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL})
_AFTER = Parameter(
    "after", "The cursor of the next page, as `next` has it; what is in it may change.",
    {"type": "string", "pattern": CURSOR},
)  # fmt: skip
PAGING = (_LIMIT, _AFTER)
OF_DESIGNATIONS = (
    Parameter("programme", "Only this programme.", {"type": "string", "enum": list(PROGRAMMES)}),
    Parameter("region", "Only this region, by its key.", {"type": "string", "enum": REGION["enum"]}),
    Parameter("q", "Only names that hold this text, however it is spelt.", {"type": "string", "maxLength": 100}),
    Parameter("round", "The roster that came of this round, not the one in force.", {"type": "string", "pattern": ID}),
)


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: the page, and the other parameters by name."""

    limit: int
    after: int
    given: dict[str, str]


def question(*parameters: Parameter) -> Question:
    """The query of this request; BadQuestionError for an unknown parameter, a repeated one or a bad value."""
    known = {parameter.name: parameter for parameter in parameters}
    given: dict[str, str] = {}
    for name, values in request.args.lists():
        if name not in known:
            raise BadQuestionError(Reason(N_("There is no such parameter."), name[:100]))
        if len(values) > 1:
            raise BadQuestionError(Reason(N_("The parameter is given twice."), name))
        given[name] = known[name].take(values[0])
    return Question(int(given.pop("limit", USUAL)), int(given.pop("after", "p0")[1:]), given)


def cursor(row_id: int) -> str:
    """The cursor after this row."""
    return f"p{row_id}"


def described(parameters: tuple[Parameter, ...]) -> list[dict[str, Any]]:
    """The parameters as the description has them."""
    return [
        {"name": one.name, "in": "query", "description": one.about, "required": False, "schema": one.schema}
        for one in parameters
    ]
