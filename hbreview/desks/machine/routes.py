"""A machine's way in: what it may read and bring, under /api/v1. Cookies and CSRF have no meaning here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, request

from ...extensions import csrf, db
from ...refusals import problem
from ...security import policy
from ...words import N_, RoundState
from ...workflow.policy import Action
from . import queries
from .bearer import scope
from .questions import OF_DESIGNATIONS, PAGING, Question, cursor, question
from .shapes import DESIGNATION, ROUND, SCORE, SUBMISSION, SUBMISSION_LINE, Shape, write_all

machine = Blueprint("machine", __name__, url_prefix="/api/v1")
csrf.exempt(machine)  # the token of each request is in a header that no page of a stranger can set


@machine.get("/rounds")
@policy(Action.MACHINE)
@scope("rounds:read")
def rounds() -> Response:
    asked = question(*PAGING)
    return _page(ROUND, queries.rounds(db.session(), asked), asked, number=lambda row: row.id)


@machine.get("/rounds/<round_id>")
@policy(Action.MACHINE)
@scope("rounds:read")
def one_round(round_id: str) -> Response:
    question()
    return kept(ROUND.write(queries.round_of(db.session(), round_id)))


@machine.get("/rounds/<round_id>/submissions")
@policy(Action.MACHINE)
@scope("submissions:read")
def submissions(round_id: str) -> Response:
    asked = question(*PAGING)
    session = db.session()
    rows = queries.submissions(session, queries.round_of(session, round_id), asked)
    return _page(SUBMISSION_LINE, rows, asked, number=lambda row: row.submission.id)


# Not called submission_id: the door would look for one that a person may see.
@machine.get("/submissions/<public_id>")
@policy(Action.MACHINE)
@scope("submissions:read")
def submission(public_id: str) -> Response:
    question()
    return kept(SUBMISSION.write(queries.submission_of(db.session(), public_id)))


@machine.get("/rounds/<round_id>/scores")
@policy(Action.MACHINE)
@scope("scores:read")
def scores(round_id: str) -> Response:
    asked = question(*PAGING)
    session = db.session()
    round_ = queries.round_of(session, round_id)
    if round_.state is not RoundState.FINALISED:
        return problem(409, N_("Scores are handed out when the round is finalised."))
    return _page(SCORE, queries.scores(session, round_, asked), asked, number=lambda row: row.designation.id)


@machine.get("/designations")
@policy(Action.MACHINE)
@scope("designations:read")
def designations() -> Response:
    asked = question(*PAGING, *OF_DESIGNATIONS)
    rows = queries.designations(db.session(), asked)
    return _page(DESIGNATION, rows, asked, number=lambda row: row.designation.id)


def _page(shape: Shape, rows: Sequence[Any], asked: Question, *, number: Callable[[Any], int]) -> Response:
    """A page of a list, with the way to the next one where there is one."""
    shown = rows[: asked.limit]
    after = cursor(number(shown[-1])) if len(rows) > asked.limit else None
    response = kept({"items": write_all(shape, shown), "next": after})
    if after is not None:
        given = {**asked.given, "limit": str(asked.limit), "after": after}
        address = f"{request.path}?{urlencode(given)}"
        response.headers["Link"] = f'<{address}>; rel="next"'
    return response


def kept(body: object) -> Response:
    """JSON with a strong tag over it: who has it already is told so (304)."""
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    response = make_response(content)
    response.headers["Content-Type"] = "application/json"
    response.set_etag(hashlib.sha256(content).hexdigest())
    response.make_conditional(request)  # changes it in place
    return response
