"""Audit firms and their accounts, and giving them submissions, one or many."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Response, abort, current_app, make_response, render_template, request, url_for

from ... import hx
from ...acts import firms, inviting
from ...acts.inviting import Newcomer
from ...acts.working_through import Result
from ...extensions import db
from ...model import Firm
from ...programmes.loader import regions
from ...programmes.schema import PROGRAMMES
from ...security import origin, policy
from ...words import N_, Reason, Role, State
from ...workflow.errors import InvalidError, MalformedError
from ...workflow.policy import Action
from ..counter.why_not import why_not
from . import firm_queries
from .firm_queries import Choice
from .routes import province

OK, INVALID = 200, 422
# Each is a transaction of its own: so many take a few seconds.
MOST = 300
_PUBLIC_ID = re.compile(r"[0-9A-Za-z]{1,16}")


@dataclass(frozen=True, slots=True)
class Told:
    """What the report says of one submission; no reasons: it went through. ``line`` is None for what is not there."""

    line: object | None
    reasons: tuple[Reason, ...]


@province.get("/firms")
@policy(Action.MANAGE_FIRMS)
def firm_list() -> Response:
    return _page()


def _page(status: int = OK, *, about: str = "", **more: object) -> Response:
    """The firms; ``about`` is the firm whose form is to stand open, with what was typed into it."""
    session = db.session()
    context: dict[str, object] = {
        "firms": firm_queries.firm_cards(session),
        "rounds": firm_queries.open_rounds(session),
        "regions": regions(),
        "region_names": {region.key: region.name for region in regions()},
        "states": list(State),
        "about": about,
        "problems": {},
        "typed": {},
        "chosen": {},
        "reasons": (),
    }
    return hx.page_or_part("province/firms.html", "province/_firms.html", status=status, **context | more)


@province.post("/firms")
@policy(Action.MANAGE_FIRMS)
def add_firm() -> Response:
    try:
        receipt = firms.add_firm(request.form.get("name", ""), origin=origin())
    except InvalidError as error:
        return _page(INVALID, problems={reason.field: reason for reason in error.reasons}, typed=request.form)
    return hx.go_to(url_for("province.firm_list", added=receipt.target, _anchor=f"firm-{receipt.target}"))


@province.post("/firms/<firm_id>/people")
@policy(Action.MANAGE_FIRMS)
def invite_auditor(firm_id: str) -> Response:
    """An account for somebody of the firm; the code is shown once, in the answer."""
    firm, form = _firm(firm_id), request.form
    days = current_app.config["SETTINGS"].invitation_days
    newcomer = Newcomer(Role.AUDITOR, form.get("name", "")[:100], form.get("login", "")[:100], firm_name=firm.name)
    try:
        invited = [inviting.invite(newcomer, days=days, origin=origin())]
    except InvalidError as error:
        problems = {f"{reason.field}-{firm_id}": reason for reason in error.reasons}
        return _page(INVALID, about=firm_id, problems=problems, typed=form)
    text = inviting.codes_as_text(invited)
    back = url_for("province.firm_list", _anchor=f"firm-{firm_id}")
    return make_response(render_template("admin/codes.html", invited=invited, days=days, text=text, back=back))


@province.post("/firms/<firm_id>/assign")
@policy(Action.MANAGE_FIRMS)
def assign_to_firm(firm_id: str) -> Response:
    """Say first which submissions would go to the firm ("ask"), then give it those that stayed ticked ("assign")."""
    firm, what = _firm(firm_id), request.form.get("do", "")
    if what not in {"ask", "assign"}:
        raise MalformedError("do")
    if what == "ask":
        return _preview(firm)
    rows = _rows()
    if not rows:
        nothing = Reason(N_("Nothing is selected: choose at least one submission."))
        return _page(INVALID, about=firm_id, reasons=(nothing,))
    replace = bool(request.form.get("replace"))
    return _report(firm_id, firms.assign_each(rows, firm_id, replace=replace, origin=origin()))


def _firm(public_id: str) -> Firm:
    firm = firm_queries.firm_of(db.session(), public_id)
    if firm is None:
        abort(404)
    return firm


def _preview(firm: Firm) -> Response:
    choice = _choice()
    chosen = {**request.form.to_dict(), "cities": request.form.getlist("cities")}
    if choice is None:
        problems = {f"round-{firm.public_id}": Reason(N_("Please choose the round."), "round")}
        return _page(INVALID, about=firm.public_id, problems=problems, chosen=chosen)
    found = firm_queries.assignable(db.session(), firm, choice)
    if not found:
        none = Reason(N_("There is nothing to assign: nothing of this choice waits for a firm."))
        return _page(about=firm.public_id, reasons=(none,), chosen=chosen)
    return _page(about=firm.public_id, preview=found[:MOST], whole=len(found), replace=choice.replace, chosen=chosen)


def _choice() -> Choice | None:
    """What was chosen; None without a round that is not decided. MalformedError for what no page of ours offers."""
    form = request.form
    programmes, cities = [key for key in form.getlist("programme") if key], form.getlist("cities")
    if not set(programmes) <= set(PROGRAMMES):
        raise MalformedError("programme")
    if not set(cities) <= {region.key for region in regions()}:
        raise MalformedError("cities")
    rounds = {row.public_id: row.id for row in firm_queries.open_rounds(db.session())}
    if form.get("round", "") not in rounds:
        return None
    return Choice(rounds[form["round"]], programmes, cities, bool(form.get("replace")))


def _rows() -> list[str]:
    """The ticked submissions, each once; MalformedError for what no page of ours has, or for more than it lists."""
    rows = list(dict.fromkeys(request.form.getlist("row")))
    if len(rows) > MOST or not all(_PUBLIC_ID.fullmatch(row) for row in rows):
        raise MalformedError("row")
    return rows


def _report(firm_id: str, results: Sequence[Result]) -> Response:
    """One line for each that did not go through, in the order of the selection, and how many did."""
    known = firm_queries.named(db.session(), [result.item.submission for result in results])
    told = [Told(known.get(result.item.submission), why_not(result)) for result in results]
    return _page(about=firm_id, told=told)
