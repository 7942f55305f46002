"""A round's dates, settings, weights, participants, what is late, and closing the scoring of many."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from flask import Response, make_response, render_template, request, url_for

from ... import clock, hx
from ...acts import setting_rounds, working_through
from ...acts.answering import NotEditableError
from ...acts.holding import version_from
from ...acts.round_settings import BY_NAME, DATES, SETTINGS, WITHOUT_A_TOTAL
from ...acts.running_rounds import left_out_of
from ...acts.setting_rounds import LeavingOut, Settings, Weights
from ...acts.working_through import Item
from ...extensions import db
from ...model import Round, RoundProgramme
from ...model.kept import programme_of
from ...programmes.loader import regions
from ...programmes.rewriting import plain
from ...refusals import sentence_for, status_of
from ...security import origin, policy
from ...transact import Receipt
from ...words import DECIDED, Reason, Role, RoundState
from ...workflow.errors import InvalidError, RefusedError, StaleError
from ...workflow.policy import Action
from ..counter.why_not import why_not
from . import office_queries
from .routes import province, round_or_404

OK, CONFLICT = 200, 409
MOST = 200  # closed in one press: each is a transaction of its own
_NAMES = ("title", *DATES, *BY_NAME)
_INPUT = re.compile(r"(weight|floor)-([a-z]{1,20})-([0-9]{1,3})", re.ASCII)
_CHOSEN = re.compile(r"out-([a-z]{1,20})-([0-9A-Za-z]{1,16})", re.ASCII)


def _typed(error: RefusedError) -> dict[str, object]:
    """What a page that was refused is shown with: every reason beside its input, everything that was typed."""
    reasons = error.reasons if isinstance(error, InvalidError) else (Reason(sentence_for(error)),)
    return {
        "problems": {reason.field: reason for reason in reasons},
        "reasons": reasons,
        "typed": request.form,
        "stale": isinstance(error, StaleError),
    }


def _answered(act: Callable[[], Receipt], page: Callable[..., Response], round_id: str, *, to: str) -> Response:
    try:
        act()
    except (InvalidError, StaleError, NotEditableError) as error:
        return page(round_id, status_of(error), **_typed(error))
    return hx.go_to(url_for(to, round_id=round_id, done="saved"))


@province.get("/rounds/<round_id>/settings")
@policy(Action.RUN_ROUNDS)
def round_settings(round_id: str) -> Response:
    return _settings_page(round_id)


def _settings_page(round_id: str, status: int = OK, **more: object) -> Response:
    session, round_ = db.session(), round_or_404(round_id)
    usual = setting_rounds.usual_rules(session, round_)
    context: dict[str, object] = {
        "round": round_,
        "shown": setting_rounds.shown_settings(round_),
        "settings": SETTINGS,
        "dates": DATES,
        "outcomes": WITHOUT_A_TOTAL,
        "usual": {name: {key: _text(getattr(rules, name, 0)) for key, rules in usual.items()} for name in BY_NAME},
        "programmes": [programme_of(session, line.version_id) for line in _lines(round_)],
        "planned": round_.state is RoundState.PLANNED,
        "decided": round_.state in DECIDED,
        "plain": plain,
        "problems": {},
        "reasons": (),
        "typed": {},
        "stale": False,
    }
    return make_response(render_template("province/settings.html", **context | more), status)


def _lines(round_: Round) -> list[RoundProgramme]:
    return sorted(round_.programmes, key=lambda line: line.programme, reverse=True)


def _text(value: object) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)


@province.post("/rounds/<round_id>/settings")
@policy(Action.RUN_ROUNDS)
def change_round_settings(round_id: str) -> Response:
    form = request.form
    given = {name: form[name] for name in _NAMES if name in form}
    wanted = Settings(round_id, version_from(form.get("version")), given, form.get("reason", ""))
    return _answered(
        lambda: setting_rounds.change_settings(wanted, origin=origin()), _settings_page, round_id,
        to="province.round_settings",
    )  # fmt: skip


@province.post("/rounds/<round_id>/weights")
@policy(Action.RUN_ROUNDS)
def change_weights(round_id: str) -> Response:
    found: dict[str, dict[int, str]] = {"weight": {}, "floor": {}}
    programme = request.form.get("programme", "")
    for name, text in request.form.items():
        match = _INPUT.fullmatch(name)
        if match and match[2] == programme:
            found[match[1]][int(match[3])] = text
    version = version_from(request.form.get("version"))
    wanted = Weights(round_id, version, programme, found["weight"], found["floor"])
    return _answered(
        lambda: setting_rounds.change_weights(wanted, origin=origin()), _settings_page, round_id,
        to="province.round_settings",
    )  # fmt: skip


@province.get("/rounds/<round_id>/participants")
@policy(Action.RUN_ROUNDS)
def participants(round_id: str) -> Response:
    return _participants_page(round_id)


def _participants_page(round_id: str, status: int = OK, **more: object) -> Response:
    session, round_ = db.session(), round_or_404(round_id)
    context: dict[str, object] = {
        "round": round_,
        "participants": setting_rounds.participants(session, round_),
        "left_out": {line.programme: left_out_of(round_, line.programme) for line in round_.programmes},
        "planned": round_.state is RoundState.PLANNED,
        "region_names": {region.key: region.name for region in regions()},
        "problems": {},
        "reasons": (),
        "typed": {},
        "stale": False,
    }
    return make_response(render_template("province/participants.html", **context | more), status)


@province.post("/rounds/<round_id>/participants")
@policy(Action.RUN_ROUNDS)
def leave_out(round_id: str) -> Response:
    wanted = LeavingOut(round_id, version_from(request.form.get("version")), _left_out(request.form))
    return _answered(
        lambda: setting_rounds.leave_out(wanted, origin=origin()), _participants_page, round_id,
        to="province.participants",
    )  # fmt: skip


def _left_out(form: Mapping[str, str]) -> dict[str, dict[str, str]]:
    chosen: dict[str, dict[str, str]] = {}
    for name in form:
        if match := _CHOSEN.fullmatch(name):
            reason = form.get(f"reason-{match[1]}-{match[2]}", "")
            chosen.setdefault(match[1], {})[match[2]] = reason
    return chosen


@province.get("/rounds/<round_id>/late")
@policy(Action.RUN_ROUNDS)
def late(round_id: str) -> Response:
    round_ = round_or_404(round_id)
    page = render_template(
        "province/late.html",
        round=round_,
        groups=office_queries.late_groups(db.session(), round_, today=clock.today()),
        roles=(Role.ENTERPRISE, Role.CITY, Role.AUDITOR, Role.EXPERT, Role.PROVINCE),
        deadlines={
            Role.ENTERPRISE: round_.enterprise_deadline,
            Role.CITY: round_.city_deadline,
            Role.AUDITOR: round_.audit_deadline,
            Role.EXPERT: round_.score_deadline,
        },
        group_of=office_queries.GROUP_OF,
        by_city={Role.ENTERPRISE, Role.CITY},
        by_whom={Role.AUDITOR, Role.EXPERT},
    )
    return make_response(page)


@province.post("/rounds/<round_id>/score-all")
@policy(Action.RUN_ROUNDS)
def score_all(round_id: str) -> Response:
    """Close the scoring of whatever is audited and has all its sheets, one at a time; say what came of each."""
    session, round_ = db.session(), round_or_404(round_id)
    lines, waiting = office_queries.ready_to_close(session, round_, most=MOST)
    title = round_.title
    results = working_through.score_each([Item(line.public_id, line.version) for line in lines], origin=origin())
    told = [(line, why_not(result)) for line, result in zip(lines, results, strict=True)]
    page = render_template(
        "province/score_all.html", round_id=round_id, title=title, told=told, waiting=waiting,
        good=sum(not why for _line, why in told),
    )  # fmt: skip
    return make_response(page)
