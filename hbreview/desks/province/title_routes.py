"""Later decisions on titles: proposed by one person of the province, confirmed by another; and titles that end soon."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Response, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased, joinedload

from ... import clock, hx
from ...acts import deciding_titles
from ...acts.answering import NotEditableError
from ...acts.deciding_titles import Kind, Proposal
from ...acts.importing import latest_roster
from ...evaluation.validity import Standing, validity
from ...extensions import db
from ...model import Designation, Person, Roster, TitleDecision
from ...programmes.loader import regions
from ...programmes.schema import PROGRAMMES
from ...refusals import sentence_for
from ...security import origin, policy, signed_in_actor
from ...words import Reason
from ...workflow.errors import InvalidError
from ...workflow.policy import Action
from .routes import province


@province.get("/titles")
@policy(Action.DECIDE_TITLES)
def titles() -> Response:
    return _page()


def _page(status: int = 200, **more: Any) -> Response:
    session = db.session()
    rosters = [roster for key in PROGRAMMES if (roster := latest_roster(session, key)) is not None]
    terms = [(roster, validity(roster.valid_until, today=clock.today())) for roster in rosters]
    context: dict[str, Any] = {
        "terms": [(roster, term) for roster, term in terms if term.standing in {Standing.ENDING, Standing.OVER}],
        "lines": _lines(session, rosters),
        "decisions": _decisions(session),
        "kinds": list(Kind),
        "today": clock.today(),
        "me": signed_in_actor().person_id,
        "region_names": {region.key: region.name for region in regions()},
        "problems": {},
        "typed": {},
    }
    return hx.page_or_part("province/titles.html", "province/_titles.html", status=status, **context | more)


def _lines(session: Session, rosters: list[Roster]) -> list[tuple[Designation, str, bool]]:
    """Every line of the rosters in force, its programme, and whether it holds the title now."""
    programmes = {roster.id: roster.programme for roster in rosters}
    decisions = {roster.id: deciding_titles.decisions_after(session, roster) for roster in rosters}
    query = (
        select(Designation).where(Designation.roster_id.in_(programmes)).options(joinedload(Designation.organisation))
    )
    ordered = session.scalars(query.order_by(Designation.roster_id, Designation.position))
    return [
        (line, programmes[line.roster_id], deciding_titles.is_valid(line, decisions[line.roster_id]))
        for line in ordered
    ]


def _decisions(session: Session) -> list[Any]:
    proposer, confirmer = aliased(Person), aliased(Person)
    query = (
        select(TitleDecision, proposer.name, confirmer.name)
        .join(proposer, proposer.id == TitleDecision.proposed_by)
        .outerjoin(confirmer, confirmer.id == TitleDecision.confirmed_by)
        .options(joinedload(TitleDecision.organisation))
    )
    return list(session.execute(query.order_by(TitleDecision.id.desc()).limit(200)))


@province.post("/titles")
@policy(Action.DECIDE_TITLES)
def propose_title() -> Response:
    programme, _colon, organisation = request.form.get("title", "").partition(":")
    given = request.form.get("reason", "")
    proposal = Proposal(programme, organisation, request.form.get("kind", ""), given, _day("decided_on"))
    try:
        deciding_titles.propose(proposal, origin=origin())
    except InvalidError as error:
        return _page(422, problems={reason.field: reason for reason in error.reasons}, typed=request.form)
    return hx.go_to(url_for("province.titles"))


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(request.form.get(name, "").strip())
    except ValueError:
        return None


@province.post("/titles/<decision_id>/confirm")
@policy(Action.DECIDE_TITLES)
def confirm_title(decision_id: str) -> Response:
    return _settled(decision_id, confirming=True)


@province.post("/titles/<decision_id>/drop")
@policy(Action.DECIDE_TITLES)
def drop_title(decision_id: str) -> Response:
    return _settled(decision_id, confirming=False)


def _settled(decision_id: str, *, confirming: bool) -> Response:
    act = deciding_titles.confirm if confirming else deciding_titles.drop
    try:
        act(decision_id, origin=origin())
    except InvalidError as error:
        return _page(422, problems={reason.field: reason for reason in error.reasons})
    except NotEditableError as error:
        return _page(409, reasons=(Reason(sentence_for(error)),))
    return hx.go_to(url_for("province.titles"))
