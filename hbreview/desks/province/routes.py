"""The round office: planning and moving rounds, assignments, invitations."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, abort, current_app, g, make_response, render_template, request, url_for

from ... import clock, hx
from ...acts import assigning, inviting, planning_rounds, running_rounds
from ...acts.answering import NotEditableError
from ...acts.holding import version_from
from ...acts.round_settings import BY_NAME, value_of
from ...acts.running_rounds import Plan, RoundFiring
from ...extensions import db
from ...model import Round
from ...programmes import loader
from ...programmes.schema import PROGRAMMES
from ...refusals import sentence_for
from ...security import origin, policy, signed_in_actor
from ...transact import Receipt
from ...words import N_, Reason, RoundTrigger, State
from ...workflow.errors import InvalidError, StaleError, WrongStateError
from ...workflow.policy import Action, may_fire_round
from ...workflow.round_chain import ROUND_BY_TRIGGER, ROUND_STEPS
from ..counter import panels
from ..counter.typed_days import day_from, day_or_none
from . import queries

province = Blueprint("province", __name__)
_LONGEST_WHOLE = 9
_TRIGGERS = ",".join(trigger.value for trigger in RoundTrigger)


def round_or_404(round_id: str) -> Round:
    """The round that an address names, with its programmes."""
    return queries.round_of(db.session(), round_id) or abort(404)


@province.get("/rounds")
@policy(Action.RUN_ROUNDS)
def rounds() -> Response:
    return _rounds()


def _rounds(status: int = 200, **more: object) -> Response:
    session = db.session()
    offered = planning_rounds.offered_versions(session)
    page = render_template(
        "province/rounds.html",
        rounds=queries.round_lines(session),
        offered=offered,
        years=list(dict.fromkeys(one.year for one in offered)),
        programmes=PROGRAMMES,
        today=clock.today(),
        **more,
    )
    return make_response(page, status)


@province.post("/rounds")
@policy(Action.RUN_ROUNDS)
def plan() -> Response:
    form = request.form
    try:
        plan = Plan(
            year=_whole("year"),
            title=form.get("title", ""),
            programmes=tuple(form.getlist("programmes")),
            enterprise_deadline=day_from(form.get("enterprise_deadline", ""), field="enterprise_deadline"),
            city_deadline=day_from(form.get("city_deadline", ""), field="city_deadline"),
            settings=_settings(),
            audit_deadline=day_or_none(form.get("audit_deadline", ""), field="audit_deadline"),
            score_deadline=day_or_none(form.get("score_deadline", ""), field="score_deadline"),
            versions={key: form.get(f"version_{key}", "") for key in PROGRAMMES},
        )
        receipt = running_rounds.plan_round(plan, origin=origin())
    except InvalidError as error:
        return _rounds(422, problems={reason.field: reason for reason in error.reasons}, typed=form)
    return hx.go_to(url_for("province.one_round", round_id=receipt.target))


def _settings() -> dict[str, object]:
    """What the province sets for this round alone; what it leaves empty stays as the programme has it."""
    found = {name: value_of(rule, request.form[name]) for name, rule in BY_NAME.items() if name in request.form}
    if problems := [value for value in found.values() if isinstance(value, Reason)]:
        raise InvalidError(problems)
    return {name: value for name, value in found.items() if value is not None}


def _whole(name: str) -> int:
    text = request.form.get(name, "")
    if not text.isascii() or not text.isdigit() or len(text) > _LONGEST_WHOLE:
        raise InvalidError([Reason(N_("Please give a whole number."), name)])
    return int(text)


def _round_page(round_id: str, status: int = 200, **more: object) -> Response:
    session = db.session()
    round_ = round_or_404(round_id)
    who = signed_in_actor()
    steps = [step for step in ROUND_STEPS if step.source is round_.state and may_fire_round(who, step.trigger)]
    counts = queries.funnel(session, round_)
    context: dict[str, object] = {
        "round": round_,
        "steps": steps,
        "funnel": counts,
        "progress": queries.progress_of(counts),
        "left_out": sum(len(running_rounds.left_out_of(round_, line.programme)) for line in round_.programmes),
        "regions": loader.regions(),
        "states": list(State),
        "publicity_ends": running_rounds.publicity_ends(session, round_),
        "rosters": queries.rosters_of(session, round_),
        "entries": queries.round_course(session, round_),
        "typed": {},
        "step_reasons": (),
        "refused": "",
    }
    return hx.page_or_part("province/round.html", "province/_round.html", status=status, **context | more)


@province.get("/rounds/<round_id>")
@policy(Action.RUN_ROUNDS)
def one_round(round_id: str) -> Response:
    return _round_page(round_id)


@province.post(f"/rounds/<round_id>/<any({_TRIGGERS}):trigger>")
@policy(Action.MOVE_ROUND)
def move(round_id: str, trigger: str) -> Response:
    step = ROUND_BY_TRIGGER[RoundTrigger(trigger)]
    if not may_fire_round(signed_in_actor(), step.trigger):
        abort(403)
    version = version_from(request.form.get("version"))
    data = {name: request.form.get(name, "")[:1000] for name in step.needs}
    try:
        running_rounds.fire_round(RoundFiring(round_id, step.trigger, version, data), origin=origin())
    except InvalidError as error:
        return _round_page(round_id, 422, refused=trigger, step_reasons=error.reasons, typed=data)
    except (StaleError, WrongStateError) as error:
        reasons = (Reason(sentence_for(error)),)
        return _round_page(round_id, 409, refused=trigger, step_reasons=reasons, typed=data)
    return hx.go_to(url_for("province.one_round", round_id=round_id))


@province.post("/rounds/<round_id>/invitations")
@policy(Action.INVITE)
def invitations(round_id: str) -> Response:
    days = current_app.config["SETTINGS"].invitation_days
    invited = inviting.invite_round(round_id, days=days, origin=origin())
    return make_response(
        render_template("admin/codes.html", invited=invited, days=days, text=inviting.codes_as_text(invited))
    )


@province.post("/submissions/<submission_id>/firm")
@policy(Action.ASSIGN)
def assign_firm(submission_id: str) -> Response:
    return _assigned(lambda: assigning.assign_firm(submission_id, request.form.get("firm", ""), origin=origin()))


@province.post("/submissions/<submission_id>/experts")
@policy(Action.ASSIGN)
def assign_expert(submission_id: str) -> Response:
    expert = request.form.get("expert", "")
    return _assigned(lambda: assigning.assign_expert(submission_id, expert, origin=origin()))


@province.post("/submissions/<submission_id>/experts/withdraw")
@policy(Action.ASSIGN)
def withdraw_expert(submission_id: str) -> Response:
    expert = request.form.get("expert", "")
    return _assigned(lambda: assigning.withdraw_expert(submission_id, expert, origin=origin()))


def _assigned(act: Callable[[], Receipt]) -> Response:
    try:
        act()
    except InvalidError as error:
        return panels.submission_page(422, reasons=error.reasons, problems={r.field: r for r in error.reasons})
    except NotEditableError as error:
        return panels.submission_page(409, reasons=(Reason(sentence_for(error)),))
    return hx.go_to(url_for("counter.submission", submission_id=g.submission.public_id))
