"""What is publicised, and objecting to it."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, abort, current_app, make_response, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from ... import clock, hx
from ...acts import objecting
from ...acts.attaching import Upload
from ...acts.objecting import MOST_FILES, Means, Objecting
from ...acts.running_rounds import publicity_ends
from ...extensions import db
from ...model import Designation, Objection, Roster, Round
from ...programmes.loader import regions
from ...security import origin, policy
from ...words import RoundState
from ...workflow.errors import InvalidError
from ...workflow.policy import Action
from .routes import public

_FIELDS = ("designation", "name", "contact", "text")
_LONGEST = 6000
OK, INVALID = 200, 422


def _in_publicity(session: Session, round_id: str) -> Round:
    query = select(Round).where(Round.public_id == round_id, Round.state == RoundState.PUBLICISED)
    return session.scalar(query.options(selectinload(Round.programmes))) or abort(404)


def _lines(session: Session, round_: Round) -> list[tuple[str, list[Designation]]]:
    """The proposed lines of each programme, platforms first, in the roster's order."""
    query = (
        select(Designation, Roster.programme)
        .join(Roster, Roster.id == Designation.roster_id)
        .where(Roster.round_id == round_.id)
        .order_by(Roster.programme.desc(), Designation.position)
    )
    found: dict[str, list[Designation]] = {}
    for line, programme in session.execute(query):
        found.setdefault(programme, []).append(line)
    return list(found.items())


@public.get("/publicity")
@policy(Action.READ_PUBLIC)
def publicity() -> Response:
    session = db.session()
    query = select(Round).where(Round.state == RoundState.PUBLICISED).options(selectinload(Round.programmes))
    rounds = list(session.scalars(query.order_by(Round.year.desc(), Round.id.desc())))
    found = [(round_, publicity_ends(session, round_)) for round_ in rounds]
    return make_response(render_template("public/publicity.html", rounds=found))


@public.get("/publicity/<round_id>")
@policy(Action.READ_PUBLIC)
def publicity_of(round_id: str) -> Response:
    """The proposed outcomes; once they are final, the address leads to the roster that came of them."""
    session = db.session()
    final = select(Round.id).where(Round.public_id == round_id, Round.state == RoundState.FINALISED)
    if session.scalar(final) is not None:
        return hx.go_to(url_for("public.designations", round=round_id))
    round_ = _in_publicity(session, round_id)
    page = render_template("public/publicity_round.html", tables=_lines(session, round_), **_about(session, round_))
    return make_response(page)


def _about(session: Session, round_: Round) -> dict[str, object]:
    ends = publicity_ends(session, round_)
    return {
        "round": round_,
        "ends": ends,
        "is_open": ends is None or clock.today() <= ends,
        "region_names": {region.key: region.name for region in regions()},
    }


@public.get("/publicity/<round_id>/objections")
@policy(Action.OBJECT)
def objection_form(round_id: str) -> Response:
    return _form(round_id, typed={"designation": request.args.get("designation", "")[:9]})


def _form(round_id: str, status: int = OK, *, typed: Mapping[str, str], **more: object) -> Response:
    session = db.session()
    round_ = _in_publicity(session, round_id)
    context = {"problems": {}, **_about(session, round_), **more}
    tables = _lines(session, round_)
    page = render_template(
        "public/objection.html", tables=tables, typed=typed, longest_text=objecting.LONGEST_TEXT,
        most_files=MOST_FILES, **context,
    )  # fmt: skip
    return make_response(page, status)


@public.post("/publicity/<round_id>/objections")
@policy(Action.OBJECT)
def object_to(round_id: str) -> Response:
    typed = {name: request.form.get(name, "")[:_LONGEST] for name in _FIELDS}
    uploads = [Upload(file.filename, file.stream) for file in request.files.getlist("file") if file.filename]
    config = current_app.config
    means = Means(config["STORAGE"], config["SETTINGS"].upload_bytes, config["SCANNER"])
    try:
        receipt = objecting.object_to(_given(round_id, typed, uploads), means=means, origin=origin())
    except InvalidError as error:
        problems = {reason.field: reason for reason in reversed(error.reasons)}
        return _form(round_id, INVALID, typed=typed, problems=problems, reasons=error.reasons)
    return hx.go_to(url_for("public.objection_received", round_id=round_id, objection_id=receipt.target))


def _given(round_id: str, typed: Mapping[str, str], uploads: list[Upload]) -> Objecting:
    return Objecting(round_id, typed["designation"], typed["name"], typed["contact"], typed["text"], uploads)


@public.get("/publicity/<round_id>/objections/<objection_id>")
@policy(Action.OBJECT)
def objection_received(round_id: str, objection_id: str) -> Response:
    """What somebody who objected sees afterwards: its number and day, and nothing of what was written."""
    query = (
        select(Objection.number, Objection.received_at, Objection.answered_at, Round.title)
        .join(Round, Round.id == Objection.round_id)
        .where(Round.public_id == round_id, Objection.public_id == objection_id)
    )
    found = db.session().execute(query).one_or_none()
    if found is None:
        abort(404)
    return make_response(render_template("public/objection_received.html", objection=found))
