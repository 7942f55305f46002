"""The pool of experts: who they are, what they may not score, and a deputy for one who is out."""

from __future__ import annotations

from flask import Response, abort, current_app, make_response, render_template, request, url_for

from ... import hx
from ...acts import handing_over, inviting, keeping_experts
from ...acts.answering import NotEditableError
from ...acts.barring import pool_of
from ...acts.handing_over import open_sheets
from ...acts.holding import version_from
from ...acts.keeping_experts import FIELDS, Facts, unknown_names
from ...extensions import db
from ...programmes.loader import regions
from ...refusals import sentence_for, status_of
from ...security import origin, policy
from ...words import Reason
from ...workflow.errors import InvalidError, StaleError
from ...workflow.policy import Action
from . import expert_queries, queries
from .routes import province

_TICKED = "1"


@province.get("/experts")
@policy(Action.MANAGE_EXPERTS)
def experts() -> Response:
    return _pool()


def _pool(status: int = 200, **more: object) -> Response:
    session = db.session()
    round_ = expert_queries.newest_round(session)
    context: dict[str, object] = {
        "round": round_,
        "lines": expert_queries.pool_lines(session, round_),
        "facts": Facts(),
        "problems": {},
        "typed": {},
        **_choices(),
    }
    return make_response(render_template("province/experts.html", **context | more), status)


def _choices() -> dict[str, object]:
    return {"fields": FIELDS, "regions": regions(), "region_names": {one.key: one.name for one in regions()}}


def _typed_facts() -> Facts:
    form = request.form
    return Facts(
        field=_clean("field"),
        employer=form.get("employer", ""),
        region=_clean("region") or None,
        advised=tuple(form.get("advised", "").splitlines()),
        reserve=form.get("reserve") == _TICKED,
    )


def _clean(name: str) -> str:
    """A word of ours that a form names; what no database keeps is no such word."""
    return request.form.get(name, "").replace("\0", "")[:100]


@province.post("/experts")
@policy(Action.MANAGE_EXPERTS)
def invite_expert() -> Response:
    days, facts = current_app.config["SETTINGS"].invitation_days, _typed_facts()
    try:
        invited = keeping_experts.invite_expert(_clean("name"), _clean("login"), facts, days=days, origin=origin())
    except InvalidError as error:
        problems = {reason.field: reason for reason in error.reasons}
        return _pool(422, problems=problems, typed=request.form, facts=facts)
    text = inviting.codes_as_text([invited])
    page = render_template(
        "admin/codes.html", invited=[invited], days=days, text=text, back=url_for("province.experts")
    )
    return make_response(page)


@province.get("/experts/<person_id>")
@policy(Action.MANAGE_EXPERTS)
def expert(person_id: str) -> Response:
    return _expert(person_id)


def _expert(person_id: str, status: int = 200, **more: object) -> Response:
    """The facts and the open sheets; with ``to``, what this deputy may take of them."""
    session = db.session()
    named = request.values.get("round", "").replace("\0", "")
    round_ = queries.round_of(session, named) if named else expert_queries.newest_round(session)
    lines = expert_queries.pool_lines(session, round_, only=person_id)
    if not lines:
        abort(404)
    person, pool = lines[0].person, pool_of(session)
    deputy = next((one for one in pool if one.public_id == request.values.get("to") and one.id != person.id), None)
    own = next((one for one in pool if one.id == person.id), None)
    context: dict[str, object] = {
        "line": lines[0],
        "person": person,
        "facts": lines[0].facts,
        "version": lines[0].version,
        "unknown": unknown_names(session, lines[0].facts.advised),
        "interests": expert_queries.interests_of(session, person.id),
        "round": round_,
        "deputy": deputy,
        "deputies": [one for one in pool if one.id != person.id],
        "sheets": open_sheets(session, person.id, round_, deputy=deputy) if round_ else [],
        "barred": expert_queries.barred_now(session, own, round_) if own and round_ else {},
        "problems": {},
        "reasons": (),
        **_choices(),
    }
    return make_response(render_template("province/expert.html", **context | more), status)


@province.post("/experts/<person_id>")
@policy(Action.MANAGE_EXPERTS)
def keep_expert(person_id: str) -> Response:
    if not expert_queries.pool_lines(db.session(), None, only=person_id):
        abort(404)
    version, facts = version_from(request.form.get("version")), _typed_facts()
    try:
        keeping_experts.keep_facts(person_id, version, facts, origin=origin())
    except InvalidError as error:
        problems = {reason.field: reason for reason in error.reasons}
        return _expert(person_id, 422, problems=problems, facts=facts, version=version)
    except StaleError as error:
        # What was typed stays, and what stands now is shown above it: sending it again is a choice then.
        return _expert(person_id, 409, reasons=(Reason(sentence_for(error)),), facts=facts, meanwhile=True)
    return hx.go_to(url_for("province.expert", person_id=person_id, done="facts"))


@province.post("/experts/<person_id>/hand-over")
@policy(Action.ASSIGN_MANY)
def hand_over(person_id: str) -> Response:
    if not expert_queries.pool_lines(db.session(), None, only=person_id):
        abort(404)
    deputy, round_id = _clean("to"), _clean("round")
    try:
        receipt = handing_over.hand_over(person_id, deputy_id=deputy, round_id=round_id, origin=origin())
    except InvalidError as error:
        return _expert(person_id, 422, problems={reason.field: reason for reason in error.reasons})
    except NotEditableError as error:
        return _expert(person_id, status_of(error), reasons=(Reason(sentence_for(error)),))
    # What stayed is on the page with its reason, as the address names the deputy.
    address = url_for("province.expert", person_id=person_id, round=round_id, to=deputy, moved=receipt.version)
    return hx.go_to(address)
