"""Confirming a decision letter by its code or its number."""

from __future__ import annotations

from flask import Response, make_response, render_template, request

from ...acts.issuing_letters import grouped_code, letter_found, plain_code
from ...extensions import db
from ...security import policy
from ...words import Outcome
from ...workflow.policy import Action
from .routes import public

_LONGEST = 100


@public.get("/letters")
@policy(Action.READ_PUBLIC)
def ask_letter() -> Response:
    """Where somebody with a letter on paper types its code or its number."""
    if request.args.get("code", "").strip():
        return _confirmed(request.args["code"])
    return make_response(render_template("public/letter.html", asked=False, letter=None, code=""))


@public.get("/letters/<code>")
@policy(Action.READ_PUBLIC)
def letter(code: str) -> Response:
    """What a letter with this code or number says, and whether it is in force."""
    return _confirmed(code)


def _confirmed(given: str) -> Response:
    shown = given[:_LONGEST]
    found = letter_found(db.session(), shown)
    by_code = found is not None and plain_code(shown) == found.code  # a number's asker learns no code
    page = render_template(
        "public/letter.html", asked=True, letter=found, code=grouped_code(found.code) if found and by_code else shown,
        outcome=Outcome(found.facts["outcome"]) if found else None,
    )  # fmt: skip
    return make_response(page)
