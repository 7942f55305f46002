"""Objections to what is publicised, and their answers."""

from __future__ import annotations

from flask import Response, abort, current_app, make_response, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from ... import clock, hx
from ...acts import answering_objections, objecting, ruling
from ...acts.answering import NotEditableError
from ...acts.answering_objections import Answer
from ...acts.attaching import Upload
from ...acts.holding import version_from
from ...acts.objecting import Means, Objecting
from ...acts.running_rounds import publicity_ends
from ...extensions import db
from ...model import Designation, Objection, Person, Roster, Round
from ...refusals import sentence_for
from ...security import origin, policy
from ...words import Outcome, Reason, RoundState
from ...workflow.errors import InvalidError, StaleError
from ...workflow.policy import Action
from ..counter.downloads import download
from ..counter.typed_days import day_from
from .routes import province, round_or_404

_PAPER = ("designation", "name", "contact", "text", "received_on")
_ANSWER = ("upheld", "answer", "outcome", "commended", "supervised", "rectify_until", "reason")
_LONGEST = 6000
_SAID = {"yes": True, "no": False}


@province.get("/rounds/<round_id>/objections")
@policy(Action.ANSWER_OBJECTIONS)
def objections(round_id: str) -> Response:
    return _list_page(round_id)


def _list_page(round_id: str, status: int = 200, **more: object) -> Response:
    session = db.session()
    round_ = round_or_404(round_id)
    query = select(Objection).where(Objection.round_id == round_.id).options(joinedload(Objection.designation))
    lines = (
        select(Designation, Roster.programme)
        .join(Roster, Roster.id == Designation.roster_id)
        .where(Roster.round_id == round_.id)
        .order_by(Roster.programme.desc(), Designation.position)
    )
    context: dict[str, object] = {
        "round": round_,
        "objections": list(session.scalars(query.order_by(Objection.number))),
        "lines": session.execute(lines).all(),
        "ends": publicity_ends(session, round_),
        "is_open": round_.state is RoundState.PUBLICISED,
        "most_files": objecting.MOST_FILES,
        "typed": {"received_on": clock.today().isoformat()},
        "problems": {},
    }
    return make_response(render_template("province/objections.html", **context | more), status)


@province.post("/rounds/<round_id>/objections")
@policy(Action.ANSWER_OBJECTIONS)
def record_objection(round_id: str) -> Response:
    """An objection that came on paper, written down by the province."""
    typed = {name: request.form.get(name, "")[:_LONGEST] for name in _PAPER}
    uploads = [Upload(file.filename, file.stream) for file in request.files.getlist("file") if file.filename]
    config = current_app.config
    means = Means(config["STORAGE"], config["SETTINGS"].upload_bytes, config["SCANNER"])
    try:
        given = Objecting(
            round_id, typed["designation"], typed["name"], typed["contact"], typed["text"], uploads,
            received_on=day_from(typed["received_on"].strip(), field="received_on"),
        )  # fmt: skip
        receipt = objecting.object_to(given, means=means, origin=origin())
    except InvalidError as error:
        problems = {reason.field: reason for reason in reversed(error.reasons)}
        return _list_page(round_id, 422, typed=typed, problems=problems, reasons=error.reasons)
    return hx.go_to(url_for("province.objection", objection_id=receipt.target))


def _one(objection_id: str) -> Objection:
    query = select(Objection).where(Objection.public_id == objection_id).options(joinedload(Objection.designation))
    return db.session().scalar(query.execution_options(populate_existing=True)) or abort(404)


@province.get("/objections/<objection_id>")
@policy(Action.ANSWER_OBJECTIONS)
def objection(objection_id: str) -> Response:
    return _objection_page(objection_id)


def _objection_page(objection_id: str, status: int = 200, **more: object) -> Response:
    session, row = db.session(), _one(objection_id)
    round_ = session.get_one(Round, row.round_id)
    people = {key for key in (row.recorded_by, row.answered_by) if key}
    names = session.execute(select(Person.id, Person.name).where(Person.id.in_(people))).all()
    said = {None: "", True: "yes", False: "no"}
    context: dict[str, object] = {
        "objection": row,
        "round": round_,
        "is_open": round_.state is RoundState.PUBLICISED,
        "names": {key: name for key, name in names},  # noqa: C416 - rows are no pairs to mypy
        "outcomes": list(Outcome),
        "typed": {"upheld": said[row.upheld], "answer": row.answer},
        "problems": {},
    }
    return make_response(render_template("province/objection.html", **context | more), status)


@province.post("/objections/<objection_id>")
@policy(Action.ANSWER_OBJECTIONS)
def answer_objection(objection_id: str) -> Response:
    version = version_from(request.form.get("version"))
    typed = {name: request.form.get(name, "")[:_LONGEST] for name in _ANSWER}
    try:
        # The outcome is touched only by who says so: an answer alone leaves everything as it is publicised.
        word = ruling.word_from(typed) if request.form.get("change") else None
        given = Answer(objection_id, version, _SAID.get(typed["upheld"]), typed["answer"], word)
        answering_objections.answer(given, origin=origin())
    except InvalidError as error:
        problems = {reason.field: reason for reason in error.reasons}
        typed["change"] = request.form.get("change", "")[:1]
        return _objection_page(objection_id, 422, typed=typed, problems=problems, reasons=error.reasons)
    except (StaleError, NotEditableError) as error:
        typed["change"] = request.form.get("change", "")[:1]
        return _objection_page(objection_id, 409, typed=typed, reasons=(Reason(sentence_for(error)),))
    return hx.go_to(url_for("province.objection", objection_id=objection_id, saved=1))


@province.get("/objections/<objection_id>/answer")
@policy(Action.ANSWER_OBJECTIONS)
def objection_answer(objection_id: str) -> Response:
    """The written answer as a page to print and send; 404 before there is one."""
    row = _one(objection_id)
    if row.answered_at is None:
        abort(404)
    round_ = db.session().get_one(Round, row.round_id)
    return make_response(render_template("province/objection_answer.html", objection=row, round=round_))


@province.get("/objections/<objection_id>/files/<int:number>")
@policy(Action.ANSWER_OBJECTIONS)
def objection_file(objection_id: str, number: int) -> Response:
    """The n-th file of evidence, from 1; never shown as a page of ours."""
    files = _one(objection_id).files
    if not 0 < number <= len(files):
        abort(404)
    file = files[number - 1]
    content = current_app.config["STORAGE"].read(file["sha256"])
    return download(content, name=file["name"], media_type=file["media_type"], digest=file["sha256"])
