"""Confirming a decision letter by its code."""

from __future__ import annotations

from flask import Response, make_response, render_template, request
from sqlalchemy import select

from ...acts.issuing_letters import grouped_code, plain_code
from ...extensions import db
from ...model import DecisionLetter
from ...security import policy
from ...words import Outcome
from ...workflow.policy import Action
from .routes import public

_LONGEST = 100


@public.get("/letters")
@policy(Action.READ_PUBLIC)
def ask_letter() -> Response:
    """Where somebody with a letter on paper types its code."""
    if request.args.get("code", "").strip():
        return _confirmed(request.args["code"])
    return make_response(render_template("public/letter.html", asked=False, letter=None, code=""))


@public.get("/letters/<code>")
@policy(Action.READ_PUBLIC)
def letter(code: str) -> Response:
    """What a letter with this code says, and whether it is in force. Who knows no code learns nothing."""
    return _confirmed(code)


def _confirmed(given: str) -> Response:
    code = plain_code(given[:_LONGEST])
    found = db.session().scalar(select(DecisionLetter).where(DecisionLetter.code == code)) if code else None
    page = render_template(
        "public/letter.html", asked=True, letter=found, code=grouped_code(code) if found else given[:_LONGEST],
        outcome=Outcome(found.facts["outcome"]) if found else None,
    )  # fmt: skip
    return make_response(page)
