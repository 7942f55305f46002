"""The interface described (OpenAPI 3.1), from the same shapes and parameters that answer it."""

from __future__ import annotations

from functools import cache
from typing import Any

from .questions import OF_DESIGNATIONS, PAGING, Parameter, described
from .shapes import (
    DESIGNATION,
    HANDED_OUT,
    ID,
    MONTH_RESULT,
    MONTHLY_RECORD,
    PROBLEM,
    ROUND,
    SCORE,
    SUBMISSION,
    SUBMISSION_LINE,
    Schema,
    Shape,
)

MOST_RECORDS = 500
_ABOUT = (
    "What the yearly evaluation (年度评价) of SME public service platforms (中小企业公共服务平台) and startup bases "
    "(创业创新基地) holds, for other systems to read, and the monthly records (每月按时报送) that they bring. "
    "Figures are decimal numbers as text, never JSON numbers; each says its unit. Moments are UTC, days are days in "
    "Asia/Shanghai. Every answer to GET carries an ETag: ask with If-None-Match, and 304 says that nothing changed."
)
_REASONS = {
    "400": "A parameter or the body is not as described.",
    "401": "No token, or one that is not known, has ended or was revoked.",
    "403": "The token does not open this.",
    "404": "There is no such thing.",
    "409": "The round is not finalised.",
    "413": "The body is larger than 1 MB.",
    "415": "The body is not application/json.",
    "503": "Busy: ask again after Retry-After seconds.",
}
_TEXT_HEADER = {"schema": {"type": "string"}}
_CHALLENGE = {"WWW-Authenticate": {"description": "What is asked for.", "required": True, **_TEXT_HEADER}}


@cache
def document() -> dict[str, Any]:
    """The whole description."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "hbreview", "version": "1", "description": _ABOUT},
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "tags": [
            {"name": "reading", "description": "What may be read."},
            {"name": "bringing", "description": "What is brought."},
        ],
        "paths": _paths(),
        "components": {
            "schemas": {
                **{name: shape.schema for name, shape in HANDED_OUT.items()},
                "MonthlyRecord": MONTHLY_RECORD,
                "Problem": PROBLEM,
            },
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of the administrator's page, `hbr_...`; each opens what its scopes say.",
                }
            },
        },
    }  # fmt: skip


def _paths() -> dict[str, Any]:
    return {
        "/rounds": _list("rounds", "All rounds (轮次).", ROUND, scope="rounds:read"),
        "/rounds/{round_id}": _one("round", "One round.", ROUND, scope="rounds:read"),
        "/rounds/{round_id}/submissions": _list(
            "submissions", "A round's submissions (申报), in roster order.", SUBMISSION_LINE,
            scope="submissions:read", refused=("404",), of="round_id",
        ),
        "/rounds/{round_id}/scores": _list(
            "scores", "What a finalised round came to: totals, places, outcomes, means per indicator.", SCORE,
            scope="scores:read", refused=("404", "409"), of="round_id",
        ),
        "/submissions/{public_id}": _one(
            "submission", "One submission with its last submitted answers.", SUBMISSION, scope="submissions:read"
        ),
        "/designations": _list(
            "designations", "The titles in force (认定名单).", DESIGNATION, scope="designations:read",
            refused=("404",), parameters=OF_DESIGNATIONS,
        ),
        "/monthly-records": {"post": _monthly()},
        "/openapi.json": {"get": _itself()},
    }  # fmt: skip


def _list(
    name: str, about: str, shape: Shape, *, scope: str, refused: tuple[str, ...] = (), of: str = "",
    parameters: tuple[Parameter, ...] = (),
) -> dict[str, Any]:  # fmt: skip
    page = {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": shape.reference},
            "next": {"type": ["string", "null"], "description": "The cursor of the next page; null: this is the last."},
        },
        "required": ["items", "next"],
        "additionalProperties": False,
    }
    link = {"Link": {"description": 'The next page (rel="next"), if there is one.', **_TEXT_HEADER}}
    return {
        "get": _reading(
            name, about, page, scope=scope, refused=refused, headers=link,
            parameters=[*_of(of), *described((*PAGING, *parameters))],
        )
    }  # fmt: skip


def _one(name: str, about: str, shape: Shape, *, scope: str) -> dict[str, Any]:
    of = "public_id" if name == "submission" else "round_id"
    return {
        "get": _reading(name, about, shape.reference, scope=scope, refused=("404",), headers={}, parameters=_of(of))
    }


def _of(name: str) -> list[dict[str, Any]]:
    schema = {"type": "string", "pattern": ID}
    return [{"name": name, "in": "path", "required": True, "description": "Its id.", "schema": schema}] if name else []


def _reading(
    name: str, about: str, schema: Schema, *, scope: str, refused: tuple[str, ...], headers: dict[str, Any],
    parameters: list[dict[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    tag = {"ETag": {"description": "Changes with the content.", "required": True, **_TEXT_HEADER}}
    return {
        "operationId": name,
        "tags": ["reading"],
        "summary": about,
        "description": f"Scope: `{scope}`.",
        "parameters": parameters,
        "responses": {
            "200": {
                "description": about,
                "headers": tag | headers,
                "content": {"application/json": {"schema": schema}},
            },
            "304": {"description": "It is as it was, by If-None-Match."},
            **_refusals("400", "401", "403", *refused, "503"),
        },
    }


def _refusals(*statuses: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": _REASONS[status], "content": content}
        | ({"headers": _CHALLENGE} if status in {"401", "403"} else {})
        for status in statuses
    }


def _monthly() -> dict[str, Any]:
    records = {
        "type": "array",
        "items": {"$ref": "#/components/schemas/MonthlyRecord"},
        "minItems": 1,
        "maxItems": MOST_RECORDS,
    }
    results = {
        "type": "object",
        "properties": {"results": {"type": "array", "items": MONTH_RESULT.reference}},
        "required": ["results"],
        "additionalProperties": False,
    }
    return {
        "operationId": "bring_monthly_records",
        "tags": ["bringing"],
        "summary": "Bring monthly reporting records (每月按时报送).",
        "description": (
            "Scope: `monthly:write`. One record for each programme, organisation, year and month: the same again "
            "changes nothing, another takes its place and the former stays in the journal. A record that cannot be "
            "kept (such as one of an unknown organisation) is refused alone; a body that is not as described is "
            "refused whole (400)."
        ),
        "requestBody": {"required": True, "content": {"application/json": {"schema": records}}},
        "responses": {
            "200": {
                "description": "What became of each record, in their order.",
                "content": {"application/json": {"schema": results}},
            },
            **_refusals("400", "401", "403", "413", "415", "503"),
        },
    }  # fmt: skip


def _itself() -> dict[str, Any]:
    return {
        "operationId": "description",
        "tags": ["reading"],
        "summary": "This description; no token is needed.",
        "security": [],
        "responses": {
            "200": {"description": "OpenAPI 3.1.", "content": {"application/json": {"schema": {"type": "object"}}}},
            **_refusals("400"),
        },
    }
