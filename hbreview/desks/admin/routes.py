"""Accounts and the journal. An administrator decides nothing and sees no submission's content."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, make_response, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from ... import hx
from ...acts import inviting
from ...acts.inviting import Invited, Newcomer
from ...evaluation.names import normalised_name
from ...extensions import db
from ...model import Entry, Organisation, Person
from ...programmes.loader import regions
from ...security import origin, policy
from ...words import N_, Reason, Role
from ...workflow.errors import InvalidError, MalformedError
from ...workflow.policy import Action

admin = Blueprint("admin", __name__)
PAGE = 100
_DIGITS = 9  # of the largest number that a row may have


@admin.get("/people")
@policy(Action.MANAGE_PEOPLE)
def people() -> Response:
    return _people()


def _people(status: int = 200, **more: object) -> Response:
    q, role, after = request.args.get("q", "")[:100], request.args.get("role", ""), request.args.get("after", "")
    query = select(Person).options(joinedload(Person.organisation), joinedload(Person.firm))
    if q.strip():
        query = query.where(
            Person.login.contains(normalised_name(q), autoescape=True) | Person.name.contains(q, autoescape=True)
        )
    if role in set(Role):
        query = query.filter_by(role=Role(role))
    if after.isascii() and after.isdigit() and len(after) <= _DIGITS:
        query = query.where(Person.id > int(after))
    found = list(db.session().scalars(query.order_by(Person.id).limit(PAGE + 1)))
    page = render_template(
        "admin/people.html",
        people=found[:PAGE],
        next=found[PAGE - 1].id if len(found) > PAGE else "",
        q=q,
        role=role,
        roles=list(Role),
        regions=regions(),
        region_names={region.key: region.name for region in regions()},
        **more,
    )
    return make_response(page, status)


@admin.post("/people")
@policy(Action.MANAGE_PEOPLE)
def invite() -> Response:
    form = request.form
    if form.get("role", "") not in set(Role):
        raise MalformedError("role")
    try:
        newcomer = Newcomer(
            Role(form["role"]),
            form.get("name", "")[:100],
            form.get("login", "")[:100],
            organisation_id=_organisation(form.get("organisation", "")),
            region=form.get("region") or None,
            firm_name=form.get("firm", "")[:200],
        )
        invited = inviting.invite(newcomer, days=_days(), origin=origin())
    except InvalidError as error:
        return _people(422, problems={reason.field: reason for reason in error.reasons}, typed=form)
    return _codes([invited])


def _organisation(name: str) -> int | None:
    if not name.strip():
        return None
    found = db.session().scalar(select(Organisation.id).where(Organisation.search_name == normalised_name(name)))
    if found is None:
        raise InvalidError([Reason(N_("There is no organisation of this name on the roster."), "organisation")])
    return found


def _days() -> int:
    return int(current_app.config["SETTINGS"].invitation_days)


def _codes(invited: list[Invited]) -> Response:
    page = render_template("admin/codes.html", invited=invited, days=_days(), text=inviting.codes_as_text(invited))
    return make_response(page)


@admin.post("/people/<person_id>/code")
@policy(Action.MANAGE_PEOPLE)
def renew(person_id: str) -> Response:
    return _codes([inviting.renew_code(person_id, days=_days(), origin=origin())])


@admin.post("/people/<person_id>/suspend")
@policy(Action.MANAGE_PEOPLE)
def suspend(person_id: str) -> Response:
    inviting.suspend(person_id, suspended=True, origin=origin())
    return hx.go_to(url_for("admin.people"))


@admin.post("/people/<person_id>/restore")
@policy(Action.MANAGE_PEOPLE)
def restore(person_id: str) -> Response:
    inviting.suspend(person_id, suspended=False, origin=origin())
    return hx.go_to(url_for("admin.people"))


@admin.get("/journal")
@policy(Action.READ_JOURNAL)
def journal() -> Response:
    before, act = request.args.get("before", ""), request.args.get("act", "")[:40]
    query = select(Entry)
    if act:
        query = query.where(Entry.act == act)
    if before.isascii() and before.isdigit() and len(before) <= _DIGITS:
        query = query.where(Entry.sequence < int(before))
    found = list(db.session().scalars(query.order_by(Entry.sequence.desc()).limit(PAGE + 1)))
    page = render_template(
        "admin/journal.html", entries=found[:PAGE], next=found[PAGE - 1].sequence if len(found) > PAGE else "", act=act
    )
    return make_response(page)
