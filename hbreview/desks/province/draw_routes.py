"""Drawing lots: who scores what, shown before it is kept; and one expert more for a submission."""

from __future__ import annotations

import secrets

from flask import Response, g, make_response, render_template, request, url_for

from ... import hx
from ...acts import drawing_lots
from ...acts.answering import NotEditableError
from ...acts.barring import rules_of
from ...acts.drawing_lots import LONGEST_SEED, Plan, prospect_of
from ...acts.keeping_experts import FIELDS
from ...extensions import db
from ...model import Round
from ...programmes.loader import regions
from ...refusals import sentence_for
from ...security import origin, policy
from ...words import N_, Reason
from ...workflow.errors import InvalidError, StaleError
from ...workflow.policy import Action
from ..counter import panels
from . import expert_queries
from .routes import province, round_or_404

_TICKED, _FIGURES = "1", 3


@province.get("/rounds/<round_id>/draw")
@policy(Action.ASSIGN_MANY)
def draw(round_id: str) -> Response:
    round_ = round_or_404(round_id)
    rules = rules_of(db.session(), round_)
    each = max((rule.each for rule in rules.values()), default=1)
    plan = Plan(each, any(rule.own_city for rule in rules.values()), "", secrets.token_hex(8))
    return _page(round_, plan)


def _page(round_: Round, plan: Plan, status: int = 200, **more: object) -> Response:
    session = db.session()
    context: dict[str, object] = {
        "round": round_,
        "plan": plan,
        "programmes": sorted((line.programme for line in round_.programmes), reverse=True),
        "kept": expert_queries.kept_draws(session, round_),
        "fields": FIELDS,
        "region_names": {one.key: one.name for one in regions()},
        "longest_seed": LONGEST_SEED,
        "view": None,
        "digest": "",
        "problems": {},
        "reasons": (),
    }
    return make_response(render_template("province/draw.html", **context | more), status)


def _typed_plan() -> Plan:
    form = request.form
    text = form.get("each", "").strip()
    each = int(text) if text.isascii() and text.isdigit() and len(text) <= _FIGURES else 0
    programme = form.get("programme", "")[:20]
    return Plan(each, form.get("own_city") == _TICKED, programme, form.get("seed", "")[: LONGEST_SEED + 1])


@province.post("/rounds/<round_id>/draw")
@policy(Action.ASSIGN_MANY)
def drawn(round_id: str) -> Response:
    round_, plan = round_or_404(round_id), _typed_plan()
    if "keep" not in request.form:
        return _preview(round_, plan)
    try:
        drawing_lots.keep_draw(round_id, plan, digest=request.form.get("digest", ""), origin=origin())
    except StaleError:
        text = N_("What the draw depends on has changed since it was shown. This is the draw as it would be now.")
        return _preview(round_or_404(round_id), plan, 409, reasons=(Reason(text),))
    except InvalidError as error:
        return _refused(round_or_404(round_id), plan, error)
    except NotEditableError as error:
        return _page(round_or_404(round_id), plan, 409, reasons=(Reason(sentence_for(error)),))
    return hx.go_to(url_for("province.draw", round_id=round_id, done="draw"))


def _preview(round_: Round, plan: Plan, status: int = 200, **more: object) -> Response:
    session = db.session()
    try:
        prospect = prospect_of(session, round_, plan)
    except InvalidError as error:
        return _refused(round_, plan, error)
    except NotEditableError as error:
        return _page(round_, plan, 409, reasons=(Reason(sentence_for(error)),))
    view = expert_queries.view_of(session, prospect)
    return _page(round_, prospect.plan, status, view=view, digest=prospect.digest, **more)


def _refused(round_: Round, plan: Plan, error: InvalidError) -> Response:
    return _page(round_, plan, 422, problems={reason.field: reason for reason in error.reasons})


@province.post("/submissions/<submission_id>/further-expert")
@policy(Action.ASSIGN)
def further_expert(submission_id: str) -> Response:
    try:
        drawing_lots.draw_further(submission_id, origin=origin())
    except InvalidError as error:
        return panels.submission_page(422, problems={reason.field: reason for reason in error.reasons})
    except NotEditableError as error:
        return panels.submission_page(409, reasons=(Reason(sentence_for(error)),))
    return hx.go_to(url_for("counter.submission", submission_id=g.submission.public_id))
